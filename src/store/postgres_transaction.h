// One database transaction over the rows of one or more players.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_TRANSACTION_H_
#define FAIRPULL_SRC_STORE_POSTGRES_TRANSACTION_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fairpull/store/store.h"
#include "player_locks.h"
#include "postgres_known_rows.h"
#include "postgres_pool.h"
#include "postgres_rows.h"

namespace fairpull {

// What all transactions of a store have in common; what is referred to must
// outlive them.
struct PostgresShared {
  PostgresPool& pool;
  PlayerLocks& locks;
  PostgresKnownRows& known;
  std::int64_t lock_timeout_ms;
  // Whether the tables are split over several servers.
  bool is_sharded = false;
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

  // Whether nothing is locked and the snapshot is what was known before.
  [[nodiscard]] bool unproven() const {
    return !ended_ && connection_ == nullptr;
  }

  absl::Status Commit(absl::Span<const WriteSet> writes);

 private:
  PostgresWork(const PostgresShared& shared, absl::Span<const ReadSet> reads);

  // A player's row in `players`.
  enum class PlayerRow {
    kThere,
    kMissing,  // maybe: to be made with the first of his rows
    kMade,     // by this transaction: not to be left behind alone
  };

  // Takes the snapshots from what is known, if all reads allow it and all is.
  bool TakeKnown(absl::Span<const ReadSet> reads);
  absl::Status LockAndRead(absl::Span<const ReadSet> reads);
  // Takes what was read by `one_by_one`, or together if that is empty.
  absl::Status TakeRead(absl::Span<const PostgresResult> results,
                        absl::Span<const ReadSet> reads,
                        const std::vector<PostgresReads>& one_by_one);
  absl::Status CommitNow(absl::Span<const WriteSet> writes);
  // Begins at last a transaction that was not begun, if `writes` can prove by
  // their guards that what it took for known was true; Aborted otherwise.
  absl::Status BeginUnlocked(absl::Span<const WriteSet> writes);
  void QueueAll(absl::Span<const WriteSet> writes, bool unlocked);
  // Locks the accounts that are to be replaced and were not read. Aborted if
  // one is not there.
  absl::Status LockUnread(absl::Span<const WriteSet> writes);
  void End();

  const PostgresShared shared_;
  // PostgresPool::opened when it began, and when what it takes for known was
  // seen.
  const std::int64_t opened_;
  std::int64_t known_opened_ = std::numeric_limits<std::int64_t>::max();
  // In the order of the read sets, and in ascending order.
  std::vector<PlayerId> players_;
  std::vector<PlayerId> ascending_;
  // The places of the read sets in ascending order of their players.
  std::vector<std::size_t> order_;
  bool holds_locks_ = false;
  bool ended_ = false;
  // None before the commit of a transaction that locks nothing.
  PostgresPool::Lease connection_;
  std::vector<Snapshot> snapshots_;
  std::vector<PlayerRow> player_rows_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_TRANSACTION_H_
