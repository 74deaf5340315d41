// One database transaction over the rows of one or more players.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_TRANSACTION_H_
#define FAIRPULL_SRC_STORE_POSTGRES_TRANSACTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fairpull/store/store.h"
#include "player_locks.h"
#include "postgres_pool.h"

namespace fairpull {

// Where its connection and its place among this process's players come from;
// both must outlive it.
struct PostgresShared {
  PostgresPool& pool;
  PlayerLocks& locks;
  std::int64_t lock_timeout_ms;
};

// Not thread-safe. What is said of Transaction and GroupTransaction holds; a
// single transaction is a group of one.
class PostgresWork {
 public:
  static absl::StatusOr<std::unique_ptr<PostgresWork>> Begin(
      const PostgresShared& shared, absl::Span<const ReadSet> reads);
  ~PostgresWork();
  PostgresWork(const PostgresWork&) = delete;
  PostgresWork& operator=(const PostgresWork&) = delete;

  // One for each read set, in their order.
  [[nodiscard]] const std::vector<Snapshot>& snapshots() const {
    return snapshots_;
  }

  absl::Status Commit(absl::Span<const WriteSet> writes);

 private:
  PostgresWork(const PostgresShared& shared, absl::Span<const ReadSet> reads);

  absl::Status LockAndRead(absl::Span<const ReadSet> reads);
  absl::Status CommitNow(absl::Span<const WriteSet> writes);
  // Locks the accounts that are to be replaced and were not read. Aborted if
  // one is not there.
  absl::Status LockUnread(absl::Span<const WriteSet> writes);
  void End();

  const PostgresShared shared_;
  // In the order of the read sets, and in ascending order.
  std::vector<PlayerId> players_;
  std::vector<PlayerId> ascending_;
  // The places of the read sets in ascending order of their players.
  std::vector<std::size_t> order_;
  bool holds_locks_ = false;
  bool ended_ = false;
  PostgresPool::Lease connection_;
  std::vector<Snapshot> snapshots_;
  // Whose row in `players` this transaction made.
  std::vector<bool> is_new_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_TRANSACTION_H_
