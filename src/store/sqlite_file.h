// Opens the file of an SQLite store, or says plainly why it can't be used.

#ifndef FAIRPULL_SRC_STORE_SQLITE_FILE_H_
#define FAIRPULL_SRC_STORE_SQLITE_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fairpull/store/sqlite_store.h"
#include "sqlite_connection.h"

namespace fairpull {

// A connection that may write, with the tables up to date and every commit
// synced to the disk. Fails as OpenSqliteStore says.
absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenSqliteFile(
    const std::string& path, const SqliteOptions& options);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_SQLITE_FILE_H_
