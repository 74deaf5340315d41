// Connections that are kept for use again.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_POOL_H_
#define FAIRPULL_SRC_STORE_POSTGRES_POOL_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/store/postgres_store.h"
#include "postgres_connection.h"

namespace fairpull {

// Thread-safe. Must outlive the connections that it lends.
class PostgresPool {
  struct Return {
    PostgresPool* pool;
    void operator()(PostgresConnection* connection) const;
  };

 public:
  // A connection of one's own until it is dropped. An open transaction is
  // rolled back then, and a connection that does not work any more is closed.
  using Lease = std::unique_ptr<PostgresConnection, Return>;

  // Lends at most `limit` at once.
  PostgresPool(std::string url, PostgresOptions options, int limit,
               std::atomic<std::int64_t>& round_trips);

  // A connection that works, as far as can be known without asking: one that
  // was idle for long has been asked. Unavailable if none is free in time, or
  // as PostgresConnection::Connect says.
  absl::StatusOr<Lease> Take();

  // How many connections were opened so far: PostgresConnection::number of the
  // last one.
  [[nodiscard]] std::int64_t opened() const { return opened_; }

 private:
  using Clock = std::chrono::steady_clock;

  struct Idle {
    std::unique_ptr<PostgresConnection> connection;
    Clock::time_point since;
  };

  // The idle connection that was used last and still works, or null; closes
  // those that do not.
  std::unique_ptr<PostgresConnection> TakeIdle();
  [[nodiscard]] bool Works(Idle& idle) const;
  void GiveBack(std::unique_ptr<PostgresConnection> connection);

  const std::string url_;
  const PostgresOptions options_;
  const int limit_;
  std::atomic<std::int64_t>& round_trips_;
  std::atomic<std::int64_t> opened_ = 0;
  // Guards what follows.
  std::mutex mutex_;
  std::condition_variable returned_;
  int lent_ = 0;
  std::vector<Idle> idle_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_POOL_H_
