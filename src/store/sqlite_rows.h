// The SQL of the SQLite store: each kind of row, read and written.

#ifndef FAIRPULL_SRC_STORE_SQLITE_ROWS_H_
#define FAIRPULL_SRC_STORE_SQLITE_ROWS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/records.h"
#include "fairpull/store/write_set.h"
#include "sqlite_connection.h"

namespace fairpull {

// The rows of `reads` that are there.
absl::StatusOr<Snapshot> ReadRows(SqliteConnection& connection,
                                  const ReadSet& reads);

// Writes everything in `writes`, within the open transaction. Aborted if a
// guard of WriteSet does not hold; what was written before stays to be rolled
// back.
absl::Status WriteRows(SqliteConnection& connection, const WriteSet& writes);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_SQLITE_ROWS_H_
