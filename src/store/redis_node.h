// One Redis server: its connections, and whether it is worth asking.

#ifndef FAIRPULL_SRC_STORE_REDIS_NODE_H_
#define FAIRPULL_SRC_STORE_REDIS_NODE_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "circuit_breaker.h"
#include "fairpull/store/redis_options.h"
#include "redis_connection.h"
#include "redis_url.h"

namespace fairpull {

// Thread-safe.
class RedisNode {
 public:
  using Words = RedisConnection::Words;

  struct Answer {
    // Null if there is none.
    RedisReply reply;
    // Why there is none.
    absl::Status status;
    // It was not asked.
    bool skipped = false;
    // From now on it is not.
    bool opened = false;
    // Another node sent the caller there.
    bool redirected = false;
  };

  RedisNode(RedisEndpoint endpoint, RedisLogin login,
            const RedisOptions& options);

  // The reply to the last of `commands`, sent together.
  Answer Call(absl::Span<const Words> commands);

  [[nodiscard]] const RedisEndpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] bool skipped() const { return breaker_.open(); }

 private:
  // Whether there is room for one more connection within command_timeout_ms;
  // who has it gives back a connection, or null if it is of no more use.
  bool Reserve();
  void GiveBack(std::unique_ptr<RedisConnection> connection);
  // One that works, as far as can be known without asking.
  absl::StatusOr<std::unique_ptr<RedisConnection>> Take();
  // Closes what is idle: it was there before the server failed.
  void DropIdle();

  const RedisEndpoint endpoint_;
  const RedisLogin login_;
  const RedisOptions options_;
  CircuitBreaker breaker_;
  std::mutex mutex_;
  std::condition_variable returned_;
  int lent_ = 0;
  std::vector<std::unique_ptr<RedisConnection>> idle_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_REDIS_NODE_H_
