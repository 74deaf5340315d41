#include "fairpull/store/memory_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/types/span.h"
#include "fairpull/base/status.h"
#include "memory_player.h"
#include "player_locks.h"
#include "rows_check.h"

namespace fairpull {
namespace {

// A due time, then whose row it is: the order of background work.
using Due = std::tuple<std::int64_t, PlayerId, OperationId>;

class MemoryStore : public Store {
 public:
  explicit MemoryStore(MemoryOptions options) : options_(options) {}

  absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override;
  absl::StatusOr<std::unique_ptr<GroupTransaction>> BeginMany(
      const std::vector<ReadSet>& reads) override;
  absl::StatusOr<Snapshot> Read(const ReadSet& reads) override;
  absl::StatusOr<std::vector<Entry>> Entries(const PlayerId& player,
                                             const CurrencyId& currency,
                                             std::int64_t after_seq,
                                             int limit) override;
  absl::StatusOr<std::optional<Entry>> EntryAsOf(const PlayerId& player,
                                                 const CurrencyId& currency,
                                                 std::int64_t at_ms) override;
  absl::StatusOr<std::vector<PullRecord>> History(
      const PlayerId& player, const std::optional<PullCursor>& before,
      int limit) override;
  absl::StatusOr<std::vector<PullRecord>> Pulls(const PlayerId& player,
                                                const ScopeId& scope,
                                                std::int64_t after_seq,
                                                int limit) override;
  absl::StatusOr<std::vector<Operation>> Operations(const PlayerId& player,
                                                    const OperationId& after,
                                                    int limit) override;
  absl::StatusOr<std::vector<Hold>> Holds(const PlayerId& player,
                                          const OperationId& after,
                                          int limit) override;
  absl::StatusOr<std::vector<PullOperation>> PullOperations(
      const PlayerId& player, const OperationId& after, int limit) override;
  absl::StatusOr<std::vector<Account>> Accounts(
      const PlayerId& player) override;
  absl::StatusOr<std::vector<PityRecord>> Pity(const PlayerId& player) override;
  absl::StatusOr<std::vector<InventoryRecord>> Inventory(
      const PlayerId& player) override;
  absl::StatusOr<std::vector<Hold>> PendingHolds(std::int64_t due_ms,
                                                 int limit) override;
  absl::StatusOr<std::vector<PullOperation>> UnsettledPulls(std::int64_t due_ms,
                                                            int limit) override;
  absl::StatusOr<std::vector<PlayerId>> Players(const PlayerId& after,
                                                int limit) override;

 private:
  class Work;
  class MemoryTransaction;
  class MemoryGroup;

  // The rows that `select` finds in a player's `table`, from the first key
  // above `after` for as long as `belongs` holds.
  template <class Row, class Table, class Key, class Belongs>
  absl::StatusOr<std::vector<Row>> Page(const PlayerId& player,
                                        const Table& table, const Key& after,
                                        int limit, const Belongs& belongs);

  // Everything in a player's `table`.
  template <class Row, class Table>
  absl::StatusOr<std::vector<Row>> All(const PlayerId& player,
                                       const Table& table);

  // Writes all of it, or nothing if a guard of one player does not hold.
  absl::Status Commit(const std::vector<PlayerId>& players,
                      absl::Span<const WriteSet> writes);
  // Writes one player's; the guards must hold.
  void Apply(const PlayerId& player, const WriteSet& writes);

  const MemoryOptions options_;
  PlayerLocks locks_;
  // Guards all that follows.
  std::mutex mutex_;
  std::map<PlayerId, MemoryPlayer> players_;
  std::set<Due> due_holds_;
  std::set<Due> due_pulls_;
};

// An open transaction over the rows of one or more players.
class MemoryStore::Work {
 public:
  static absl::StatusOr<std::unique_ptr<Work>> Begin(
      MemoryStore& store, absl::Span<const ReadSet> reads);
  ~Work() { End(); }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  const std::vector<Snapshot>& snapshots() const { return snapshots_; }

  absl::Status Commit(absl::Span<const WriteSet> writes) {
    if (ended_) {
      return absl::FailedPreconditionError("the transaction is over");
    }
    absl::Status status = CheckRowsOfEach(players_, writes);
    if (status.ok()) status = store_.Commit(players_, writes);
    End();
    return status;
  }

 private:
  explicit Work(MemoryStore& store) : store_(store) {}

  void End() {
    if (!ended_) store_.locks_.Unlock(players_);
    ended_ = true;
  }

  MemoryStore& store_;
  std::vector<PlayerId> players_;
  std::vector<Snapshot> snapshots_;
  bool ended_ = true;  // until the players are locked
};

class MemoryStore::MemoryTransaction : public Transaction {
 public:
  explicit MemoryTransaction(std::unique_ptr<Work> work)
      : work_(std::move(work)) {}

  const Snapshot& snapshot() const override { return work_->snapshots()[0]; }
  absl::Status Commit(const WriteSet& writes) override {
    return work_->Commit(absl::MakeConstSpan(&writes, 1));
  }

 private:
  const std::unique_ptr<Work> work_;
};

class MemoryStore::MemoryGroup : public GroupTransaction {
 public:
  explicit MemoryGroup(std::unique_ptr<Work> work) : work_(std::move(work)) {}

  const std::vector<Snapshot>& snapshots() const override {
    return work_->snapshots();
  }
  absl::Status Commit(const std::vector<WriteSet>& writes) override {
    return work_->Commit(writes);
  }

 private:
  const std::unique_ptr<Work> work_;
};

absl::StatusOr<std::unique_ptr<MemoryStore::Work>> MemoryStore::Work::Begin(
    MemoryStore& store, absl::Span<const ReadSet> reads) {
  FAIRPULL_RETURN_IF_ERROR(CheckPlayers(reads));
  std::unique_ptr<Work> work(new Work(store));
  for (const ReadSet& read : reads) work->players_.push_back(read.player);
  std::vector<PlayerId> ascending = work->players_;
  std::sort(ascending.begin(), ascending.end());
  FAIRPULL_RETURN_IF_ERROR(
      store.locks_.Lock(ascending, store.options_.lock_timeout_ms));
  work->ended_ = false;
  const std::lock_guard<std::mutex> lock(store.mutex_);
  for (const ReadSet& read : reads) {
    const auto found = store.players_.find(read.player);
    work->snapshots_.push_back(
        found == store.players_.end() ? Snapshot() : found->second.Read(read));
  }
  return work;
}

absl::StatusOr<std::unique_ptr<Transaction>> MemoryStore::Begin(
    const ReadSet& reads) {
  FAIRPULL_ASSIGN_OR_RETURN(std::unique_ptr<Work> work,
                            Work::Begin(*this, absl::MakeConstSpan(&reads, 1)));
  return std::make_unique<MemoryTransaction>(std::move(work));
}

absl::StatusOr<std::unique_ptr<GroupTransaction>> MemoryStore::BeginMany(
    const std::vector<ReadSet>& reads) {
  FAIRPULL_ASSIGN_OR_RETURN(std::unique_ptr<Work> work,
                            Work::Begin(*this, reads));
  return std::make_unique<MemoryGroup>(std::move(work));
}

absl::StatusOr<Snapshot> MemoryStore::Read(const ReadSet& reads) {
  FAIRPULL_RETURN_IF_ERROR(CheckPlayer(reads.player));
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = players_.find(reads.player);
  return found == players_.end() ? Snapshot() : found->second.Read(reads);
}

absl::Status MemoryStore::Commit(const std::vector<PlayerId>& players,
                                 absl::Span<const WriteSet> writes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const MemoryPlayer nobody;
  for (std::size_t i = 0; i < players.size(); ++i) {
    const auto found = players_.find(players[i]);
    FAIRPULL_RETURN_IF_ERROR((found == players_.end() ? nobody : found->second)
                                 .CheckGuards(writes[i]));
  }
  for (std::size_t i = 0; i < players.size(); ++i) {
    if (!IsEmpty(writes[i])) Apply(players[i], writes[i]);
  }
  return absl::OkStatus();
}

void MemoryStore::Apply(const PlayerId& player, const WriteSet& writes) {
  MemoryPlayer& rows = players_[player];
  for (const Hold& hold : writes.holds) {
    if (hold.state == HoldState::kPending) {
      due_holds_.emplace(hold.ask_at_ms, player, hold.id);
    } else if (const auto before = rows.holds.find(hold.id);
               before != rows.holds.end()) {
      due_holds_.erase({before->second.ask_at_ms, player, hold.id});
    }
  }
  for (const PullOperation& pull : writes.pull_operations) {
    if (const auto before = rows.pull_operations.find(pull.id);
        before != rows.pull_operations.end()) {
      due_pulls_.erase({before->second.next_due_ms, player, pull.id});
    }
    if (!pull.settled) due_pulls_.emplace(pull.next_due_ms, player, pull.id);
  }
  rows.Apply(writes);
}

template <class Row, class Table, class Key, class Belongs>
absl::StatusOr<std::vector<Row>> MemoryStore::Page(const PlayerId& player,
                                                   const Table& table,
                                                   const Key& after, int limit,
                                                   const Belongs& belongs) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Row> page;
  const auto found = players_.find(player);
  if (found == players_.end()) return page;
  const auto& rows = found->second.*table;
  for (auto row = rows.upper_bound(after);
       row != rows.end() && belongs(row->second) &&
       static_cast<int>(page.size()) < limit;
       ++row) {
    page.push_back(row->second);
  }
  return page;
}

template <class Row, class Table>
absl::StatusOr<std::vector<Row>> MemoryStore::All(const PlayerId& player,
                                                  const Table& table) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Row> all;
  const auto found = players_.find(player);
  if (found == players_.end()) return all;
  for (const auto& [key, row] : found->second.*table) all.push_back(row);
  return all;
}

absl::StatusOr<std::vector<Entry>> MemoryStore::Entries(
    const PlayerId& player, const CurrencyId& currency, std::int64_t after_seq,
    int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = players_.find(player);
  if (found == players_.end()) return std::vector<Entry>();
  return found->second.Entries(currency, after_seq, limit);
}

absl::StatusOr<std::optional<Entry>> MemoryStore::EntryAsOf(
    const PlayerId& player, const CurrencyId& currency, std::int64_t at_ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = players_.find(player);
  if (found == players_.end()) return std::optional<Entry>();
  return found->second.EntryAsOf(currency, at_ms);
}

absl::StatusOr<std::vector<PullRecord>> MemoryStore::History(
    const PlayerId& player, const std::optional<PullCursor>& before,
    int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = players_.find(player);
  if (found == players_.end()) return std::vector<PullRecord>();
  return found->second.History(before, limit);
}

absl::StatusOr<std::vector<PullRecord>> MemoryStore::Pulls(
    const PlayerId& player, const ScopeId& scope, std::int64_t after_seq,
    int limit) {
  return Page<PullRecord>(
      player, &MemoryPlayer::pulls, std::make_pair(scope, after_seq), limit,
      [&](const PullRecord& row) { return row.scope == scope; });
}

constexpr auto kEveryRow = [](const auto&) { return true; };

absl::StatusOr<std::vector<Operation>> MemoryStore::Operations(
    const PlayerId& player, const OperationId& after, int limit) {
  return Page<Operation>(player, &MemoryPlayer::operations, after, limit,
                         kEveryRow);
}

absl::StatusOr<std::vector<Hold>> MemoryStore::Holds(const PlayerId& player,
                                                     const OperationId& after,
                                                     int limit) {
  return Page<Hold>(player, &MemoryPlayer::holds, after, limit, kEveryRow);
}

absl::StatusOr<std::vector<PullOperation>> MemoryStore::PullOperations(
    const PlayerId& player, const OperationId& after, int limit) {
  return Page<PullOperation>(player, &MemoryPlayer::pull_operations, after,
                             limit, kEveryRow);
}

absl::StatusOr<std::vector<Account>> MemoryStore::Accounts(
    const PlayerId& player) {
  return All<Account>(player, &MemoryPlayer::accounts);
}

absl::StatusOr<std::vector<PityRecord>> MemoryStore::Pity(
    const PlayerId& player) {
  return All<PityRecord>(player, &MemoryPlayer::pity);
}

absl::StatusOr<std::vector<InventoryRecord>> MemoryStore::Inventory(
    const PlayerId& player) {
  return All<InventoryRecord>(player, &MemoryPlayer::inventory);
}

absl::StatusOr<std::vector<Hold>> MemoryStore::PendingHolds(std::int64_t due_ms,
                                                            int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Hold> holds;
  for (const auto& [due, player, id] : due_holds_) {
    if (due > due_ms || static_cast<int>(holds.size()) == limit) break;
    holds.push_back(players_.at(player).holds.at(id));
  }
  return holds;
}

absl::StatusOr<std::vector<PullOperation>> MemoryStore::UnsettledPulls(
    std::int64_t due_ms, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<PullOperation> pulls;
  for (const auto& [due, player, id] : due_pulls_) {
    if (due > due_ms || static_cast<int>(pulls.size()) == limit) break;
    pulls.push_back(players_.at(player).pull_operations.at(id));
  }
  return pulls;
}

absl::StatusOr<std::vector<PlayerId>> MemoryStore::Players(
    const PlayerId& after, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<PlayerId> ids;
  for (auto player = players_.upper_bound(after);
       player != players_.end() && static_cast<int>(ids.size()) < limit;
       ++player) {
    ids.push_back(player->first);
  }
  return ids;
}

}  // namespace

std::unique_ptr<Store> NewMemoryStore(MemoryOptions options) {
  return std::make_unique<MemoryStore>(options);
}

}  // namespace fairpull
