#include "postgres_transaction.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "postgres_group_rows.h"
#include "rows_check.h"

namespace fairpull {
namespace {

using Q = PostgresQuery;

constexpr int kMostAttempts = 5;
constexpr std::int64_t kFirstPauseUs = 5000;

// Somewhere between none and a longest pause that doubles: those who collided
// do not collide again.
void Pause(int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::int64_t> pause_us(
      0, kFirstPauseUs << (attempt - 1));
  std::this_thread::sleep_for(std::chrono::microseconds(pause_us(random)));
}

// Whether the row in `players` is what keeps others out. Where an account is
// read, that one does, and whoever finds none is kept apart by the guards.
bool LocksPlayer(const ReadSet& reads) {
  return !reads.pull_operations.empty() ||
         (reads.accounts.empty() && !reads.accounts_of_holds);
}

// Whether the guards of `writes` replace each of the rows that were taken for
// known, and no others.
bool Proves(const WriteSet& writes, const Snapshot& known) {
  return writes.pull_operations.empty() &&
         writes.accounts.size() == known.accounts.size() &&
         writes.pity.size() == known.pity.size() &&
         std::all_of(known.accounts.begin(), known.accounts.end(),
                     [&](const Account& before) {
                       return std::any_of(
                           writes.accounts.begin(), writes.accounts.end(),
                           [&](const Account& account) {
                             return account.currency == before.currency &&
                                    account.balance.version ==
                                        before.balance.version + 1;
                           });
                     }) &&
         std::all_of(known.pity.begin(), known.pity.end(),
                     [&](const PityRecord& before) {
                       return std::any_of(writes.pity.begin(),
                                          writes.pity.end(),
                                          [&](const PityRecord& pity) {
                                            return pity.scope == before.scope;
                                          });
                     });
}

}  // namespace

PostgresWork::PostgresWork(const PostgresShared& shared,
                           absl::Span<const ReadSet> reads)
    : shared_(shared),
      opened_(shared.pool.opened()),
      order_(reads.size()),
      connection_(nullptr, PostgresPool::Lease::deleter_type{}),
      snapshots_(reads.size()),
      player_rows_(reads.size(), PlayerRow::kThere) {
  for (const ReadSet& read : reads) players_.push_back(read.player);
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::sort(order_.begin(), order_.end(),
            [this](auto a, auto b) { return players_[a] < players_[b]; });
  for (const std::size_t i : order_) ascending_.push_back(players_[i]);
}

PostgresWork::~PostgresWork() { End(); }

absl::StatusOr<std::unique_ptr<PostgresWork>> PostgresWork::Begin(
    const PostgresShared& shared, absl::Span<const ReadSet> reads) {
  FAIRPULL_RETURN_IF_ERROR(CheckPlayers(reads));
  std::unique_ptr<PostgresWork> work(new PostgresWork(shared, reads));
  // Waiting for each other in this process first, its threads do not keep
  // connections that players of other threads could use.
  FAIRPULL_RETURN_IF_ERROR(
      shared.locks.Lock(work->ascending_, shared.lock_timeout_ms));
  work->holds_locks_ = true;
  if (work->TakeKnown(reads)) return work;
  absl::Status status = work->LockAndRead(reads);
  for (int attempt = 1; attempt < kMostAttempts && absl::IsAborted(status);
       ++attempt) {
    Pause(attempt);
    status = work->LockAndRead(reads);
  }
  if (status.ok()) return work;
  if (!absl::IsAborted(status)) return status;
  return absl::UnavailableError(absl::StrCat(status.message(),
                                             "; given up after ", kMostAttempts,
                                             " attempts, nothing was changed"));
}

bool PostgresWork::TakeKnown(absl::Span<const ReadSet> reads) {
  for (std::size_t i = 0; i < reads.size(); ++i) {
    if (!reads[i].optimistic) return false;
    std::optional<PostgresKnownRows::Known> known =
        shared_.known.Find(reads[i]);
    if (!known) return false;
    snapshots_[i] = std::move(known->snapshot);
    known_opened_ = std::min(known_opened_, known->opened);
  }
  return true;
}

absl::Status PostgresWork::LockAndRead(absl::Span<const ReadSet> reads) {
  connection_.reset();
  FAIRPULL_ASSIGN_OR_RETURN(connection_, shared_.pool.Take());
  connection_->Queue(Q::kBegin);
  std::vector<PostgresReads> one_by_one;
  if (reads.size() > 1 && !shared_.is_sharded && CanReadTogether(reads)) {
    QueueReadsTogether(*connection_, reads, order_);
  } else {
    for (const ReadSet& read : reads) one_by_one.emplace_back(read);
    for (const std::size_t i : order_) {
      if (LocksPlayer(reads[i])) {
        connection_->Queue(Q::kLockPlayer, players_[i]);
      }
      one_by_one[i].Queue(*connection_, PostgresLocking::kForUpdate);
    }
  }
  std::vector<PostgresResult> results;
  absl::Status status = connection_->Run(results);
  if (status.ok()) status = TakeRead(results, reads, one_by_one);
  if (!status.ok()) connection_.reset();
  return status;
}

absl::Status PostgresWork::TakeRead(
    absl::Span<const PostgresResult> results, absl::Span<const ReadSet> reads,
    const std::vector<PostgresReads>& one_by_one) {
  std::size_t next = 1;
  snapshots_.assign(reads.size(), {});
  if (one_by_one.empty()) {
    FAIRPULL_RETURN_IF_ERROR(
        TakeReadsTogether(results, next, reads, snapshots_));
  }
  for (const std::size_t i : order_) {
    bool is_made = false;
    if (LocksPlayer(reads[i])) is_made = results[next++].changes() == 1;
    if (!one_by_one.empty()) {
      FAIRPULL_ASSIGN_OR_RETURN(snapshots_[i],
                                one_by_one[i].Take(results, next));
    }
    const bool may_be_missing =
        !LocksPlayer(reads[i]) && snapshots_[i].accounts.empty();
    player_rows_[i] = is_made          ? PlayerRow::kMade
                      : may_be_missing ? PlayerRow::kMissing
                                       : PlayerRow::kThere;
  }
  return absl::OkStatus();
}

absl::Status PostgresWork::Commit(absl::Span<const WriteSet> writes) {
  if (ended_) return absl::FailedPreconditionError("the transaction is over");
  absl::Status status = CommitNow(writes);
  for (std::size_t i = 0; i < players_.size(); ++i) {
    if (!status.ok()) {
      shared_.known.Forget(players_[i]);
    } else if (!IsEmpty(writes[i])) {
      shared_.known.Keep(players_[i], snapshots_[i], writes[i], opened_);
    }
  }
  End();
  return status;
}

absl::Status PostgresWork::CommitNow(absl::Span<const WriteSet> writes) {
  FAIRPULL_RETURN_IF_ERROR(CheckRowsOfEach(players_, writes));
  const bool unlocked = connection_ == nullptr;
  if (unlocked) {
    FAIRPULL_RETURN_IF_ERROR(BeginUnlocked(writes));
  } else {
    if (std::all_of(writes.begin(), writes.end(), IsEmpty)) {
      return absl::OkStatus();
    }
    FAIRPULL_RETURN_IF_ERROR(LockUnread(writes));
  }
  QueueAll(writes, unlocked);
  connection_->Queue(Q::kCommit);
  std::vector<PostgresResult> results;
  absl::Status status = connection_->Run(results);
  // Once the server has said so it is kept, even if the line broke after that.
  if (!results.empty() && results.back().command() == "COMMIT") {
    return absl::OkStatus();
  }
  // What Citus says if a worker is lost in the COMMIT, which the worker may
  // have carried out: it has no code of its own.
  if (absl::IsInternal(status)) {
    return absl::UnavailableError(absl::StrCat(
        status.message(),
        "; the outcome is not known: read again before believing either"));
  }
  if (!status.ok()) return status;
  return absl::AbortedError(
      absl::StrCat(connection_->where(), ": the transaction was rolled back"));
}

absl::Status PostgresWork::BeginUnlocked(absl::Span<const WriteSet> writes) {
  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (Proves(writes[i], snapshots_[i])) continue;
    return absl::AbortedError(
        "the rows must be read under lock, since the commit does not replace "
        "each of them");
  }
  FAIRPULL_ASSIGN_OR_RETURN(connection_, shared_.pool.Take());
  if (connection_->number() > known_opened_) {
    return absl::AbortedError(
        "the rows must be read under lock, since they were seen before the "
        "connection was made, maybe on another server");
  }
  connection_->Queue(Q::kBegin);
  return absl::OkStatus();
}

void PostgresWork::QueueAll(absl::Span<const WriteSet> writes, bool unlocked) {
  for (const std::size_t i : order_) {
    const bool is_empty = IsEmpty(writes[i]);
    if (is_empty && player_rows_[i] == PlayerRow::kMade) {
      connection_->Queue(Q::kForgetPlayer, players_[i]);
    }
    if (!is_empty && player_rows_[i] == PlayerRow::kMissing) {
      connection_->Queue(Q::kLockPlayer, players_[i]);
    }
  }
  if (writes.size() > 1 && !shared_.is_sharded &&
      CanWriteTogether(writes, snapshots_)) {
    QueueWritesTogether(*connection_, snapshots_, writes, order_);
    return;
  }
  for (const std::size_t i : order_) {
    if (unlocked) {
      QueueKnownWrites(*connection_, snapshots_[i], writes[i]);
    } else {
      QueueWrites(*connection_, snapshots_[i], writes[i]);
    }
  }
}

absl::Status PostgresWork::LockUnread(absl::Span<const WriteSet> writes) {
  std::vector<const Account*> unread;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto& accounts = writes[i].accounts;
    for (auto row = accounts.begin(); row != accounts.end(); ++row) {
      if (row->balance.version == 0 ||
          snapshots_[i].FindAccount(row->currency) != nullptr) {
        continue;
      }
      // Made by this very commit.
      if (std::any_of(accounts.begin(), row, [&](const Account& before) {
            return before.currency == row->currency;
          })) {
        continue;
      }
      unread.push_back(&*row);
      connection_->Queue(Q::kAccountLocked, row->player, row->currency);
    }
  }
  if (unread.empty()) return absl::OkStatus();
  std::vector<PostgresResult> results;
  FAIRPULL_RETURN_IF_ERROR(connection_->Run(results));
  for (std::size_t i = 0; i < unread.size(); ++i) {
    if (results[i].rows() == 1) continue;
    return absl::AbortedError(
        absl::StrCat("account ", unread[i]->currency.value(), " of player ",
                     unread[i]->player.value(), " is not there"));
  }
  return absl::OkStatus();
}

void PostgresWork::End() {
  ended_ = true;
  connection_.reset();  // rolls back what was not committed
  if (holds_locks_) shared_.locks.Unlock(ascending_);
  holds_locks_ = false;
}

}  // namespace fairpull
