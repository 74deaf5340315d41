#include "postgres_pool.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/store/call_deadline.h"

namespace fairpull {

PostgresPool::PostgresPool(std::string url, PostgresOptions options, int limit,
                           std::atomic<std::int64_t>& round_trips)
    : url_(std::move(url)),
      options_(options),
      limit_(limit),
      round_trips_(round_trips) {}

void PostgresPool::Return::operator()(PostgresConnection* connection) const {
  pool->GiveBack(std::unique_ptr<PostgresConnection>(connection));
}

absl::StatusOr<PostgresPool::Lease> PostgresPool::Take() {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const bool free = returned_.wait_until(
        lock,
        CallDeadline::Sooner(Clock::now() + std::chrono::milliseconds(
                                                options_.connection_wait_ms)),
        [this] { return lent_ < limit_; });
    if (!free) {
      return absl::UnavailableError(absl::StrCat(
          "all ", limit_, " connections to PostgreSQL were in use ",
          CallDeadline::Passed()
              ? "until the time of the call was over"
              : absl::StrCat("for ", options_.connection_wait_ms, " ms"),
          "; nothing was changed (PostgresOptions::max_connections)"));
    }
    lent_ += 1;
  }
  // From here on the place is ours, whoever else comes.
  std::unique_ptr<PostgresConnection> connection = TakeIdle();
  if (connection == nullptr) {
    auto opened = PostgresConnection::Connect(url_, options_, round_trips_);
    if (!opened.ok()) {
      GiveBack(nullptr);
      return opened.status();
    }
    connection = *std::move(opened);
    connection->set_number(++opened_);
  }
  return Lease(connection.release(), Return{this});
}

std::unique_ptr<PostgresConnection> PostgresPool::TakeIdle() {
  while (true) {
    Idle idle;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (idle_.empty()) return nullptr;
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
    if (Works(idle)) return std::move(idle.connection);
  }
}

bool PostgresPool::Works(Idle& idle) const {
  if (!idle.connection->quiet()) return false;
  if (Clock::now() - idle.since <
      std::chrono::milliseconds(options_.idle_check_ms)) {
    return true;
  }
  std::vector<PostgresResult> results;
  idle.connection->Queue(PostgresQuery::kPing);
  return idle.connection->Run(results).ok();
}

void PostgresPool::GiveBack(std::unique_ptr<PostgresConnection> connection) {
  if (connection != nullptr) connection->Rollback();
  const bool works = connection != nullptr && connection->idle();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    lent_ -= 1;
    if (works) {
      idle_.push_back(
          {.connection = std::move(connection), .since = Clock::now()});
    }
  }
  returned_.notify_one();
}

}  // namespace fairpull
