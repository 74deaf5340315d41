// Each kind of row, to and from PostgreSQL.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_ROWS_H_
#define FAIRPULL_SRC_STORE_POSTGRES_ROWS_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/records.h"
#include "fairpull/store/write_set.h"
#include "postgres_connection.h"

namespace fairpull {

// Whether rows that are read are kept from change until the transaction ends.
enum class PostgresLocking { kNone, kForUpdate };

// The rows of one read set: queued first, then taken from the results.
class PostgresReads {
 public:
  // Each key once.
  explicit PostgresReads(const ReadSet& reads);

  // Locks the accounts first, so that whatever comes after them is as it stays.
  void Queue(PostgresConnection& connection, PostgresLocking locking) const;

  // The rows that were found, from the results of what Queue queued, which
  // begin at `next`. Moves `next` past them.
  absl::StatusOr<Snapshot> Take(absl::Span<const PostgresResult> results,
                                std::size_t& next) const;

 private:
  ReadSet reads_;
};

// Queues everything in `writes`. A guard of WriteSet that does not hold ends
// the transaction with Aborted, and so does another pity than the one that was
// read; the accounts with a version above 0 must be there.
void QueueWrites(PostgresConnection& connection, const Snapshot& read,
                 const WriteSet& writes);

// The same where nothing is locked: each account is one of `known` and replaced
// once, and another chain than the known one is Aborted too.
void QueueKnownWrites(PostgresConnection& connection, const Snapshot& known,
                      const WriteSet& writes);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_ROWS_H_
