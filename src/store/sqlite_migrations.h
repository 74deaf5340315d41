// The tables of the SQLite store, built up by numbered migrations.

#ifndef FAIRPULL_SRC_STORE_SQLITE_MIGRATIONS_H_
#define FAIRPULL_SRC_STORE_SQLITE_MIGRATIONS_H_

#include "absl/status/status.h"
#include "sqlite_connection.h"

namespace fairpull {

// OK if the database is empty or one of fairpull's that this version can work
// with; otherwise FailedPrecondition. Reads only.
absl::Status CheckOwnDatabase(SqliteConnection& connection);

// Applies the migrations that are missing, all of them or none. Several
// processes may do so at once.
absl::Status Migrate(SqliteConnection& connection);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_SQLITE_MIGRATIONS_H_
