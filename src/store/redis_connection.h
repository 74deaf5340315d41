// One connection to one Redis server, with a deadline on every call.

#ifndef FAIRPULL_SRC_STORE_REDIS_CONNECTION_H_
#define FAIRPULL_SRC_STORE_REDIS_CONNECTION_H_

#include <hiredis/hiredis.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "redis_url.h"

namespace fairpull {

using RedisDeadline = std::chrono::steady_clock::time_point;

inline RedisDeadline RedisDeadlineIn(std::int64_t ms) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
}

struct FreeRedisReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using RedisReply = std::unique_ptr<redisReply, FreeRedisReply>;

// The text of a string, a status or an error; empty for another reply.
absl::string_view TextOf(const redisReply& reply);
bool IsError(const redisReply& reply);
// The parts of an array; none for another reply.
absl::Span<redisReply* const> PartsOf(const redisReply& reply);

// Who logs in, and where.
struct RedisLogin {
  std::string user;
  std::string password;
  int database = 0;
};

// Used by one thread at a time. hiredis speaks the protocol; the sockets are
// its own, since hiredis limits each read and not a whole call, and lets a
// broken line end the process (SIGPIPE).
class RedisConnection {
 public:
  using Words = absl::Span<const absl::string_view>;

  // Unavailable if nobody answers by `deadline` or the login is refused.
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Connect(
      const RedisEndpoint& endpoint, const RedisLogin& login,
      RedisDeadline deadline);

  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Sends a command. Unavailable if that can't be done by `deadline`; the
  // connection is of no use then, as after any other error.
  absl::Status Send(Words command, RedisDeadline deadline);

  // The next reply, an error reply being one as well. DeadlineExceeded if it
  // hasn't come by `deadline`, Cancelled as soon as `wake_fd` can be read,
  // Unavailable if the line broke or what came is not Redis's protocol.
  absl::StatusOr<RedisReply> Receive(RedisDeadline deadline, int wake_fd = -1);

  // Sends commands at once and returns the reply to the last; Unavailable also
  // for DeadlineExceeded.
  absl::StatusOr<RedisReply> Call(absl::Span<const Words> commands,
                                  RedisDeadline deadline);

  // Whether nothing is to be read: a server that has hung up can be.
  [[nodiscard]] bool quiet() const;

 private:
  explicit RedisConnection(int fd);

  absl::Status LogIn(const RedisEndpoint& endpoint, const RedisLogin& login,
                     RedisDeadline deadline);

  const int fd_;
  redisReader* const reader_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_REDIS_CONNECTION_H_
