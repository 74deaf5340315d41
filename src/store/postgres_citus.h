// Splitting the tables of the PostgreSQL store by player, on Citus.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_CITUS_H_
#define FAIRPULL_SRC_STORE_POSTGRES_CITUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "postgres_connection.h"

namespace fairpull {

// The tables that have a row's player, `players` first: the others are put
// beside it.
[[nodiscard]] absl::Span<const std::string> TablesByPlayer();

// OK where tables can be distributed from; otherwise FailedPrecondition, which
// says what is to be installed, set or run. Reads only.
absl::Status CheckCitus(PostgresConnection& connection);

// Distributes what is not yet, all or none, after CheckCitus and Migrate.
// Several processes may do so at once. FailedPrecondition if a table is
// distributed otherwise.
absl::Status Distribute(PostgresConnection& connection);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_CITUS_H_
