// Commands to one Redis server, or to the nodes of a Redis Cluster.

#ifndef FAIRPULL_SRC_STORE_REDIS_CLIENT_H_
#define FAIRPULL_SRC_STORE_REDIS_CLIENT_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/store/redis_options.h"
#include "redis_node.h"
#include "redis_url.h"

namespace fairpull {

// Thread-safe. It learns which node has a slot from the redirects of those that
// don't: one more round trip for a slot that is new or was moved. A node that
// fails loses its slots, and the others are asked who has them now.
class RedisClient {
 public:
  using Words = RedisConnection::Words;

  RedisClient(const RedisUrl& url, const RedisOptions& options);

  // The reply, error replies included, of the node that has `key`; of any that
  // answers if `key` is empty. Unavailable if there is no reply.
  absl::StatusOr<RedisReply> Call(absl::string_view key, Words command);

  // Counts an error reply, or another answer of no use.
  void Count(absl::string_view error);

  // Whether a node has redirected.
  [[nodiscard]] bool is_cluster() const { return is_cluster_; }
  [[nodiscard]] std::string last_error() const;
  // Without hits and misses.
  [[nodiscard]] RedisCounters counters() const;

 private:
  // The node at `endpoint`, made if it is new; null if there are too many.
  RedisNode* NodeAt(const RedisEndpoint& endpoint);
  // The nodes to ask about `slot`, in order: its own, or all.
  std::vector<RedisNode*> Candidates(int slot);
  // Asks `node`, and those that it redirects to.
  RedisNode::Answer Follow(RedisNode* node, int slot, Words command);
  void Learn(int slot, RedisNode* node);
  void Unlearn(const RedisNode* node);

  const RedisLogin login_;
  const RedisOptions options_;
  std::atomic<bool> is_cluster_ = false;
  std::atomic<std::int64_t> errors_ = 0;
  std::atomic<std::int64_t> skipped_ = 0;
  std::atomic<std::int64_t> opened_ = 0;
  mutable std::mutex mutex_;
  // Never removed, so that pointers last. The first are those of the url.
  std::vector<std::unique_ptr<RedisNode>> nodes_;
  // Null: not known.
  std::array<RedisNode*, kRedisSlots> slots_ = {};
  std::string last_error_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_REDIS_CLIENT_H_
