// The PostgreSQL store under test.

#ifndef FAIRPULL_TESTS_STORE_POSTGRES_ADAPTER_H_
#define FAIRPULL_TESTS_STORE_POSTGRES_ADAPTER_H_

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "fairpull/store/postgres_store.h"
#include "store/conformance.h"
#include "store/postgres_server.h"

namespace fairpull {

// What opens, or std::runtime_error.
inline std::unique_ptr<Store> OpenedPostgres(const std::string& url,
                                             const PostgresOptions& options) {
  auto store = OpenPostgresStore(url, options);
  if (!store.ok()) throw std::runtime_error(store.status().ToString());
  return *std::move(store);
}

// A database for each store, on the server of this process.
inline StoreAdapter PostgresAdapter() {
  return {.name = "postgres", .make = [](std::int64_t lock_timeout_ms) {
            return OpenedPostgres(PostgresServer::OfThisProcess().NewDatabase(),
                                  {.connection_wait_ms = 120'000,
                                   .lock_timeout_ms = lock_timeout_ms});
          }};
}

// Four databases on the server of this process behind a HashRouter; a store has
// schemas in them to itself while it lives.
StoreAdapter HashedPostgresAdapter();

// The cluster at the url in FAIRPULL_TEST_CITUS_URL, of a user with every right
// there; a store has a distributed schema to itself while it lives. None
// without that variable.
std::vector<StoreAdapter> CitusAdapters();

// A schema of its own on that cluster, dropped in the end.
class CitusSchema {
 public:
  CitusSchema();
  ~CitusSchema();
  CitusSchema(const CitusSchema&) = delete;
  CitusSchema& operator=(const CitusSchema&) = delete;

  // Whether there is a cluster to test on.
  static bool HasCluster();

  [[nodiscard]] const std::string& name() const { return name_; }
  // Of the database, as seen from this schema; `options` are libpq's, as
  // "-cname%3Dvalue".
  [[nodiscard]] std::string Url(const std::string& options = "") const;

 private:
  std::string name_;
};

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_POSTGRES_ADAPTER_H_
