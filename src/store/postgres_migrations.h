// The tables of the PostgreSQL store, built up by numbered migrations.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_MIGRATIONS_H_
#define FAIRPULL_SRC_STORE_POSTGRES_MIGRATIONS_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "migrations.h"
#include "postgres_connection.h"

namespace fairpull {

// In order of their numbers, from 1 on.
[[nodiscard]] absl::Span<const Migration> PostgresMigrations();

// OK if the database has all migrations, in the form that this version knows;
// otherwise FailedPrecondition. Reads only.
absl::Status CheckMigrated(PostgresConnection& connection);

// Applies the migrations that are missing, all of them or none. Several
// processes may do so at once. FailedPrecondition if the database is not one
// that this version can work with.
absl::Status Migrate(PostgresConnection& connection);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_MIGRATIONS_H_
