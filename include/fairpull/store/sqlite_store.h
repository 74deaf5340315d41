// A store in one SQLite file: durable, without a server.
//
// Every commit is on the disk before it is acknowledged. Several processes may
// open the same file; one of them writes at a time. Keep the file on a local
// disk, and keep the files "-wal" and "-shm" beside it together with it.
//
//   FAIRPULL_ASSIGN_OR_RETURN(auto store, OpenSqliteStore("/var/game.db"));

#ifndef FAIRPULL_STORE_SQLITE_STORE_H_
#define FAIRPULL_STORE_SQLITE_STORE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/store/store.h"

namespace fairpull {

struct SqliteOptions {
  // How long a call waits for other writers, in this process or another.
  std::int64_t busy_timeout_ms = 5000;
  // The most that the file may grow to, its log aside; 0 for no limit. Past it
  // a commit fails as on a full disk.
  std::int64_t max_bytes = 0;
};

// Opens the file at `path`, or makes it, and brings its tables up to date.
//
//   InvalidArgument     no file can be meant: the path is empty, has a NUL
//   byte,
//                       is a folder, ":memory:" or a "file:" address
//   NotFound            the folder does not exist
//   PermissionDenied    file or folder may not be written
//   DataLoss            the file is no SQLite database, or damaged
//   FailedPrecondition  the database belongs to another application, was
//                       written by a newer version of fairpull, or had a
//                       migration that this version does not know in that form
//
// In all of these the file is left as it was found.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(
    absl::string_view path, SqliteOptions options = {});

}  // namespace fairpull

#endif  // FAIRPULL_STORE_SQLITE_STORE_H_
