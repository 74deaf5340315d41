#include "redis_node.h"

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fairpull {
namespace {

std::int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Whether a connection is to be made anew after this reply: the server that
// may be written is behind the same name by now, perhaps.
bool IsReplica(const redisReply& reply) {
  return IsError(reply) && (absl::StartsWith(TextOf(reply), "READONLY") ||
                            absl::StartsWith(TextOf(reply), "MASTERDOWN"));
}

}  // namespace

RedisNode::RedisNode(RedisEndpoint endpoint, RedisLogin login,
                     const RedisOptions& options)
    : endpoint_(std::move(endpoint)),
      login_(std::move(login)),
      options_(options),
      breaker_(options.skip_ms) {}

RedisNode::Answer RedisNode::Call(absl::Span<const Words> commands) {
  if (!Reserve()) {
    // Too many callers are no fault of the server's.
    return {.status = absl::UnavailableError(absl::StrCat(
                "all ", options_.max_connections,
                " connections to the Redis at ", ToText(endpoint_),
                " were in use for ", options_.command_timeout_ms, " ms")),
            .skipped = true};
  }
  // Asked only now: while the caller waited for room, others may have failed.
  if (!breaker_.Admit(NowMs())) {
    GiveBack(nullptr);
    return {.status = absl::UnavailableError(absl::StrCat(
                "the Redis at ", ToText(endpoint_), " is being skipped")),
            .skipped = true};
  }
  absl::StatusOr<std::unique_ptr<RedisConnection>> connection = Take();
  absl::StatusOr<RedisReply> reply =
      connection.ok()
          ? (*connection)
                ->Call(commands, RedisDeadlineIn(options_.command_timeout_ms))
          : absl::StatusOr<RedisReply>(connection.status());
  if (!reply.ok()) {
    // Before there is room for the next one, who would fail as well.
    const bool opened = breaker_.Failed(NowMs());
    GiveBack(nullptr);
    DropIdle();
    return {.status = reply.status(), .opened = opened};
  }
  breaker_.Succeeded();
  GiveBack(IsReplica(**reply) ? nullptr : *std::move(connection));
  return {.reply = *std::move(reply)};
}

bool RedisNode::Reserve() {
  std::unique_lock<std::mutex> lock(mutex_);
  const bool free = returned_.wait_for(
      lock, std::chrono::milliseconds(options_.command_timeout_ms),
      [this] { return lent_ < options_.max_connections; });
  if (free) lent_ += 1;
  return free;
}

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisNode::Take() {
  std::unique_ptr<RedisConnection> connection;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (!idle_.empty() && connection == nullptr) {
      // A server that was started again has hung up on the old ones.
      if (idle_.back()->quiet()) connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection != nullptr) return connection;
  return RedisConnection::Connect(endpoint_, login_,
                                  RedisDeadlineIn(options_.connect_timeout_ms));
}

void RedisNode::GiveBack(std::unique_ptr<RedisConnection> connection) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    lent_ -= 1;
    if (connection != nullptr) idle_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

void RedisNode::DropIdle() {
  std::vector<std::unique_ptr<RedisConnection>> dropped;
  const std::lock_guard<std::mutex> lock(mutex_);
  dropped.swap(idle_);
}

}  // namespace fairpull
