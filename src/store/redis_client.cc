#include "redis_client.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace fairpull {
namespace {

// A cluster that is being changed redirects twice at most; more go in circles.
constexpr int kMostRedirects = 4;
constexpr std::size_t kMostNodes = 1000;

struct Redirect {
  bool is_ask = false;
  RedisEndpoint target;
};

// Of "MOVED 3999 127.0.0.1:6381" or "ASK 3999 127.0.0.1:6381".
std::optional<Redirect> RedirectIn(const redisReply& reply,
                                   const RedisEndpoint& from) {
  if (!IsError(reply)) return {};
  const std::vector<absl::string_view> words =
      absl::StrSplit(TextOf(reply), ' ');
  if (words.size() < 3 || (words[0] != "MOVED" && words[0] != "ASK")) return {};
  absl::StatusOr<RedisEndpoint> target =
      ParseRedirectTarget(words[2], from.host);
  if (!target.ok()) return {};
  return Redirect{.is_ask = words[0] == "ASK", .target = *std::move(target)};
}

}  // namespace

RedisClient::RedisClient(const RedisUrl& url, const RedisOptions& options)
    : login_({.user = url.user,
              .password = url.password,
              .database = url.database}),
      options_(options) {
  for (const RedisEndpoint& endpoint : url.hosts) (void)NodeAt(endpoint);
}

absl::StatusOr<RedisReply> RedisClient::Call(absl::string_view key,
                                             Words command) {
  const int slot = key.empty() ? -1 : RedisSlotOf(key);
  RedisNode::Answer answer;
  for (RedisNode* node : Candidates(slot)) {
    answer = Follow(node, slot, command);
    // Where one node sends us to a node that is skipped, all others would.
    if (!answer.skipped || answer.redirected) break;
  }
  if (answer.reply != nullptr) return std::move(answer.reply);
  if (answer.skipped) {
    skipped_ += 1;
  } else {
    Count(answer.status.message());
  }
  return answer.status;
}

RedisNode::Answer RedisClient::Follow(RedisNode* node, int slot,
                                      Words command) {
  constexpr absl::string_view kAsking = "ASKING";
  const std::array<Words, 2> commands = {absl::MakeConstSpan(&kAsking, 1),
                                         command};
  bool is_asking = false;
  bool was_moved = false;
  for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
    RedisNode::Answer answer =
        node->Call(absl::MakeConstSpan(commands).subspan(is_asking ? 0 : 1));
    answer.redirected = redirects > 0;
    if (answer.opened) opened_ += 1;
    if (answer.reply == nullptr) {
      if (!answer.skipped) Unlearn(node);
      return answer;
    }
    const std::optional<Redirect> redirect =
        RedirectIn(*answer.reply, node->endpoint());
    if (!redirect.has_value()) {
      if (was_moved && !is_asking) Learn(slot, node);
      return answer;
    }
    is_cluster_ = true;
    is_asking = redirect->is_ask;
    was_moved = was_moved || !redirect->is_ask;
    node = NodeAt(redirect->target);
    if (node == nullptr) break;
  }
  return {.status = absl::UnavailableError(
              "the nodes of the Redis Cluster redirect to each other")};
}

void RedisClient::Count(absl::string_view error) {
  errors_ += 1;
  const std::lock_guard<std::mutex> lock(mutex_);
  last_error_ = std::string(error);
}

RedisNode* RedisClient::NodeAt(const RedisEndpoint& endpoint) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& node : nodes_) {
    if (node->endpoint() == endpoint) return node.get();
  }
  if (nodes_.size() >= kMostNodes) return nullptr;
  nodes_.push_back(std::make_unique<RedisNode>(endpoint, login_, options_));
  return nodes_.back().get();
}

std::vector<RedisNode*> RedisClient::Candidates(int slot) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (slot >= 0 && slots_[static_cast<std::size_t>(slot)] != nullptr) {
    return {slots_[static_cast<std::size_t>(slot)]};
  }
  std::vector<RedisNode*> all;
  for (const auto& node : nodes_) all.push_back(node.get());
  return all;
}

void RedisClient::Learn(int slot, RedisNode* node) {
  if (slot < 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  slots_[static_cast<std::size_t>(slot)] = node;
}

void RedisClient::Unlearn(const RedisNode* node) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (RedisNode*& of_slot : slots_) {
    if (of_slot == node) of_slot = nullptr;
  }
}

std::string RedisClient::last_error() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return last_error_;
}

RedisCounters RedisClient::counters() const {
  RedisCounters counters = {
      .errors = errors_, .skipped = skipped_, .opened = opened_};
  const std::lock_guard<std::mutex> lock(mutex_);
  counters.servers = static_cast<std::int64_t>(nodes_.size());
  for (const auto& node : nodes_) {
    if (node->skipped()) counters.servers_skipped += 1;
  }
  return counters;
}

}  // namespace fairpull
