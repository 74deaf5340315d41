#include "sqlite_file.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "sqlite_migrations.h"

namespace fairpull {
namespace {

using Clock = std::chrono::steady_clock;

// A path that SQLite takes for something else than the file of that name.
absl::Status CheckPath(const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError("the path of the SQLite file is empty");
  }
  if (const std::size_t nul = path.find('\0'); nul != std::string::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path of the SQLite file has a NUL byte after \"",
                     path.substr(0, nul), "\"; no file's name can have one"));
  }
  // In memory each of the store's connections would have a database of its own.
  if (path.substr(path.find_last_of('/') + 1) == ":memory:" ||
      path.compare(0, 5, "file:") == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "SQLite path ", path,
        ": only plain files are opened, neither \":memory:\" nor \"file:\" "
        "addresses; for a store in memory open the url \"memory:\""));
  }
  return absl::OkStatus();
}

// The folder must be there: SQLite alone would only say that it can't open.
absl::Status CheckPlace(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat found{};
  if (stat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
    return absl::NotFoundError(absl::StrCat(
        "SQLite file ", path, ": the folder ", folder, " does not exist"));
  }
  if (stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat("SQLite file ", path, ": it is not a regular file"));
  }
  return absl::OkStatus();
}

// Several processes may switch the same new file to its log at once; SQLite
// does not wait by itself then.
absl::Status UseWriteAheadLog(SqliteConnection& connection,
                              std::int64_t busy_timeout_ms) {
  const auto limit = Clock::now() + std::chrono::milliseconds(busy_timeout_ms);
  while (true) {
    // EXTRA while the mode changes: the journal of that change is deleted with
    // its folder synced. Come back after a loss of power, it would take the
    // file, and all that was committed to the log since, back to its beginning.
    const absl::Status status = connection.Execute(
        "PRAGMA synchronous=EXTRA; PRAGMA journal_mode=WAL; "
        "PRAGMA synchronous=FULL");
    if (!absl::IsUnavailable(status) || Clock::now() >= limit) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

absl::Status Prepare(SqliteConnection& connection,
                     const SqliteOptions& options) {
  FAIRPULL_RETURN_IF_ERROR(CheckOwnDatabase(connection));
  FAIRPULL_RETURN_IF_ERROR(
      UseWriteAheadLog(connection, options.busy_timeout_ms));
  if (options.max_bytes > 0) {
    FAIRPULL_ASSIGN_OR_RETURN(const std::int64_t page_bytes,
                              connection.QueryInt("PRAGMA page_size"));
    FAIRPULL_RETURN_IF_ERROR(connection.Execute(absl::StrCat(
        "PRAGMA max_page_count=", options.max_bytes / page_bytes)));
  }
  return Migrate(connection);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenSqliteFile(
    const std::string& path, const SqliteOptions& options) {
  FAIRPULL_RETURN_IF_ERROR(CheckPath(path));
  FAIRPULL_RETURN_IF_ERROR(CheckPlace(path));
  FAIRPULL_ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteConnection> writer,
      SqliteConnection::Open(path, options.busy_timeout_ms, true));
  if (writer->read_only()) {
    return absl::PermissionDeniedError(absl::StrCat(
        "SQLite file ", path, " is read-only; it must be writable"));
  }
  if (absl::Status status = Prepare(*writer, options); !status.ok()) {
    return absl::Status(status.code(),
                        absl::StrCat(path, ": ", status.message()));
  }
  return writer;
}

}  // namespace fairpull
