#include "sqlite_migrations.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "migrations.h"

namespace fairpull {
namespace {

// In order of their numbers, from 1 on. Released ones are never edited: a
// change is a new one at the end.
constexpr std::array<Migration, 1> kMigrations = {{
    {
        "0001_first_tables",
#include "sqlite_migrations/0001_first_tables.sql.inc"
    },
}};

// "FPUL", in the header of the file: tells our files from others'.
constexpr std::int64_t kApplicationId = 0x4650554c;

absl::Status CheckApplied(SqliteConnection& connection) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto rows,
      connection.Prepare("SELECT version, name, checksum FROM migrations "
                         "ORDER BY version"));
  while (true) {
    FAIRPULL_ASSIGN_OR_RETURN(const bool more, rows->Step());
    if (!more) return absl::OkStatus();
    FAIRPULL_RETURN_IF_ERROR(
        CheckMigration(kMigrations, {.version = rows->Int(),
                                     .name = rows->Text(),
                                     .checksum = rows->Text()}));
  }
}

absl::Status ApplyMissing(SqliteConnection& connection) {
  FAIRPULL_RETURN_IF_ERROR(
      connection.Execute("CREATE TABLE IF NOT EXISTS migrations ("
                         "  version  INTEGER NOT NULL PRIMARY KEY,"
                         "  name     TEXT    NOT NULL,"
                         "  checksum TEXT    NOT NULL) STRICT"));
  FAIRPULL_RETURN_IF_ERROR(CheckApplied(connection));
  FAIRPULL_ASSIGN_OR_RETURN(
      const std::int64_t applied,
      connection.QueryInt("SELECT coalesce(max(version), 0) FROM migrations"));
  for (std::size_t i = static_cast<std::size_t>(applied);
       i < kMigrations.size(); ++i) {
    const AppliedMigration row =
        AppliedAs(kMigrations, static_cast<std::int64_t>(i) + 1);
    FAIRPULL_RETURN_IF_ERROR(connection.Execute(kMigrations[i].sql));
    FAIRPULL_ASSIGN_OR_RETURN(
        const auto insert,
        connection.Prepare("INSERT INTO migrations VALUES (?1, ?2, ?3)"));
    FAIRPULL_RETURN_IF_ERROR(
        insert->Bind(row.version).Bind(row.name).Bind(row.checksum).Run());
  }
  return connection.Execute(
      absl::StrCat("PRAGMA application_id = ", kApplicationId));
}

}  // namespace

absl::Status CheckOwnDatabase(SqliteConnection& connection) {
  FAIRPULL_ASSIGN_OR_RETURN(const std::int64_t tables,
                            connection.QueryInt("SELECT count(*) FROM "
                                                "sqlite_schema"));
  FAIRPULL_ASSIGN_OR_RETURN(const std::int64_t application_id,
                            connection.QueryInt("PRAGMA application_id"));
  if (application_id == kApplicationId) return CheckApplied(connection);
  if (tables == 0 && application_id == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the SQLite database belongs to another application (id ", application_id,
      ", ", tables,
      " tables and indexes); give a new file or one of fairpull's"));
}

absl::Status Migrate(SqliteConnection& connection) {
  FAIRPULL_RETURN_IF_ERROR(connection.Execute("BEGIN IMMEDIATE"));
  // Looked at again under the lock: another process may have been here.
  absl::Status status = CheckOwnDatabase(connection);
  if (status.ok()) status = ApplyMissing(connection);
  if (status.ok()) status = connection.Execute("COMMIT");
  if (!status.ok()) connection.Rollback();
  return status;
}

}  // namespace fairpull
