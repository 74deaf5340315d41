// Opens the PostgreSQL store with its traffic in sight.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_OPEN_H_
#define FAIRPULL_SRC_STORE_POSTGRES_OPEN_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/store/postgres_store.h"

namespace fairpull {

// As OpenPostgresStore. Every round trip to the server, connecting aside, is
// counted in `round_trips`.
absl::StatusOr<std::unique_ptr<Store>> OpenCountedPostgresStore(
    absl::string_view url, PostgresOptions options,
    std::shared_ptr<std::atomic<std::int64_t>> round_trips);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_OPEN_H_
