#include "postgres_migrations.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

// Released ones are never edited: a change is a new one at the end.
constexpr std::array<Migration, 1> kMigrations = {{
    {
        "0001_first_tables",
#include "postgres_migrations/0001_first_tables.sql.inc"
    },
}};

// The errors name what is wrong, this adds where.
absl::Status At(const PostgresConnection& connection,
                const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(connection.where(), ": ", status.message()));
}

// How many migrations the database has; an error if one of them is not known
// in that form.
absl::StatusOr<std::int64_t> CountApplied(PostgresConnection& connection) {
  std::vector<PostgresResult> results;
  connection.Queue(PostgresQuery::kHasMigrations);
  FAIRPULL_RETURN_IF_ERROR(connection.Run(results));
  if (results[0].rows() == 0) return 0;
  results.clear();
  connection.Queue(PostgresQuery::kMigrations);
  if (const absl::Status status = connection.Run(results); !status.ok()) {
    if (!absl::IsFailedPrecondition(status)) return status;
    return absl::FailedPreconditionError(absl::StrCat(
        connection.where(),
        ": its table \"migrations\" is another application's; give fairpull a "
        "schema or a database of its own"));
  }
  for (int i = 0; i < results[0].rows(); ++i) {
    PostgresRow row = results[0].Row(i);
    FAIRPULL_RETURN_IF_ERROR(
        At(connection, CheckMigration(kMigrations, {.version = row.Int(),
                                                    .name = row.Text(),
                                                    .checksum = row.Text()})));
  }
  return results[0].rows();
}

absl::Status ApplyMissing(PostgresConnection& connection) {
  // The setting is for tables that Citus distributed, several of which a
  // transaction may alter only one shard after the other; elsewhere it is a
  // name that means nothing.
  FAIRPULL_RETURN_IF_ERROR(
      connection.Execute("BEGIN ISOLATION LEVEL READ COMMITTED;"
                         "SET LOCAL citus.multi_shard_modify_mode TO "
                         "'sequential';"
                         "CREATE TABLE IF NOT EXISTS migrations ("
                         "  version  BIGINT NOT NULL PRIMARY KEY,"
                         "  name     TEXT   NOT NULL,"
                         "  checksum TEXT   NOT NULL);"
                         "LOCK TABLE migrations IN SHARE ROW EXCLUSIVE MODE"));
  // Looked at again under the lock: another process may have been here.
  FAIRPULL_ASSIGN_OR_RETURN(const std::int64_t applied,
                            CountApplied(connection));
  for (std::int64_t version = applied + 1;
       version <= static_cast<std::int64_t>(kMigrations.size()); ++version) {
    FAIRPULL_RETURN_IF_ERROR(connection.Execute(
        kMigrations[static_cast<std::size_t>(version) - 1].sql));
    const AppliedMigration row = AppliedAs(kMigrations, version);
    connection.Queue(PostgresQuery::kInsertMigration, row.version, row.name,
                     row.checksum);
    std::vector<PostgresResult> results;
    FAIRPULL_RETURN_IF_ERROR(connection.Run(results));
  }
  return connection.Execute("COMMIT");
}

}  // namespace

absl::Span<const Migration> PostgresMigrations() { return kMigrations; }

absl::Status CheckMigrated(PostgresConnection& connection) {
  FAIRPULL_ASSIGN_OR_RETURN(const std::int64_t applied,
                            CountApplied(connection));
  if (applied == static_cast<std::int64_t>(kMigrations.size())) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      connection.where(), ": it has ", applied, " of ", kMigrations.size(),
      " migrations; run \"fairpull migrate\", or open it once with "
      "PostgresOptions::migrate, by a user who may create tables"));
}

absl::Status Migrate(PostgresConnection& connection) {
  // Where nothing is missing, no right to create tables is needed.
  FAIRPULL_ASSIGN_OR_RETURN(const std::int64_t applied,
                            CountApplied(connection));
  if (applied == static_cast<std::int64_t>(kMigrations.size())) {
    return absl::OkStatus();
  }
  // Two that make the same table at the same time get in each other's way, for
  // all that it says IF NOT EXISTS: the one that comes second begins again. Its
  // row type may be there before the table is seen, which looks as if another
  // application had it.
  absl::Status status = ApplyMissing(connection);
  const auto may_be_another = [](const absl::Status& failed) {
    return absl::IsAborted(failed) || absl::IsFailedPrecondition(failed);
  };
  for (int again = 1; again < 5 && may_be_another(status); ++again) {
    connection.Rollback();
    status = ApplyMissing(connection);
  }
  if (!status.ok()) connection.Rollback();
  return status;
}

}  // namespace fairpull
