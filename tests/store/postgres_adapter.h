// The PostgreSQL store under test.

#ifndef FAIRPULL_TESTS_STORE_POSTGRES_ADAPTER_H_
#define FAIRPULL_TESTS_STORE_POSTGRES_ADAPTER_H_

#include <memory>
#include <stdexcept>
#include <string>

#include "fairpull/store/postgres_store.h"
#include "store/conformance.h"
#include "store/postgres_server.h"

namespace fairpull {

// A database for each store, on the server of this process.
inline StoreAdapter PostgresAdapter() {
  return {.name = "postgres", .make = [](std::int64_t lock_timeout_ms) {
            auto store =
                OpenPostgresStore(PostgresServer::OfThisProcess().NewDatabase(),
                                  {.connection_wait_ms = 120'000,
                                   .lock_timeout_ms = lock_timeout_ms});
            if (!store.ok()) {
              throw std::runtime_error(store.status().ToString());
            }
            return *std::move(store);
          }};
}

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_POSTGRES_ADAPTER_H_
