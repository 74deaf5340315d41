#include "postgres_transaction.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "postgres_rows.h"
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

}  // namespace

PostgresWork::PostgresWork(const PostgresShared& shared,
                           absl::Span<const ReadSet> reads)
    : shared_(shared),
      order_(reads.size()),
      connection_(nullptr, PostgresPool::Lease::deleter_type{}),
      snapshots_(reads.size()),
      is_new_(reads.size()) {
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

absl::Status PostgresWork::LockAndRead(absl::Span<const ReadSet> reads) {
  connection_.reset();
  FAIRPULL_ASSIGN_OR_RETURN(connection_, shared_.pool.Take());
  std::vector<PostgresReads> queued(reads.begin(), reads.end());
  connection_->Queue(Q::kBegin);
  for (const std::size_t i : order_) {
    connection_->Queue(Q::kLockPlayer, players_[i]);
    queued[i].Queue(*connection_, PostgresLocking::kForUpdate);
  }
  std::vector<PostgresResult> results;
  if (absl::Status status = connection_->Run(results); !status.ok()) {
    connection_.reset();
    return status;
  }
  std::size_t next = 1;
  for (const std::size_t i : order_) {
    is_new_[i] = results[next++].changes() == 1;
    absl::StatusOr<Snapshot> taken = queued[i].Take(results, next);
    if (!taken.ok()) {
      connection_.reset();
      return taken.status();
    }
    snapshots_[i] = *std::move(taken);
  }
  return absl::OkStatus();
}

absl::Status PostgresWork::Commit(absl::Span<const WriteSet> writes) {
  if (ended_) return absl::FailedPreconditionError("the transaction is over");
  absl::Status status = CommitNow(writes);
  End();
  return status;
}

absl::Status PostgresWork::CommitNow(absl::Span<const WriteSet> writes) {
  FAIRPULL_RETURN_IF_ERROR(CheckRowsOfEach(players_, writes));
  if (std::all_of(writes.begin(), writes.end(), IsEmpty)) {
    return absl::OkStatus();
  }
  FAIRPULL_RETURN_IF_ERROR(LockUnread(writes));
  for (const std::size_t i : order_) {
    if (!IsEmpty(writes[i])) {
      QueueWrites(*connection_, writes[i]);
    } else if (is_new_[i]) {
      connection_->Queue(Q::kForgetPlayer, players_[i]);
    }
  }
  connection_->Queue(Q::kCommit);
  std::vector<PostgresResult> results;
  absl::Status status = connection_->Run(results);
  // Once the server has said so it is kept, even if the line broke after that.
  if (!results.empty() && results.back().command() == "COMMIT") {
    return absl::OkStatus();
  }
  if (!status.ok()) return status;
  return absl::AbortedError(
      absl::StrCat(connection_->where(), ": the transaction was rolled back"));
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
