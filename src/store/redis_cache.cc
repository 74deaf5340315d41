#include "fairpull/store/redis_cache.h"

#include <unistd.h>

#include <atomic>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "redis_client.h"

namespace fairpull {
namespace {

// Both scripts run alone in Redis, one after the other. A player's hash begins
// with the lease and lives for ttl_ms from then on, whatever is put meanwhile;
// so nothing is found longer than that after its lease was given.

// KEYS: the player's hash. ARGV: field, new lease, ttl_ms.
// Gives the value, or nil and the lease.
constexpr absl::string_view kGet = R"(
local found = redis.call('HMGET', KEYS[1], 'lease', ARGV[1])
if found[2] then return {found[2]} end
if found[1] then return {false, found[1]} end
redis.call('HSET', KEYS[1], 'lease', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {false, ARGV[2]}
)";

// KEYS: the player's hash. ARGV: field, lease, value. Gives whether it is kept.
constexpr absl::string_view kPut = R"(
if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
)";

// A word that nobody else has made, in this process or another.
std::string RandomWord() {
  std::random_device device;
  std::string word;
  for (int i = 0; i < 4; ++i) absl::StrAppend(&word, absl::Hex(device()), "-");
  return word;
}

class RedisCacheOnClient : public RedisCache {
 public:
  RedisCacheOnClient(const RedisUrl& url, RedisCacheOptions options)
      : options_(std::move(options)),
        prefix_(absl::StrCat("fairpull:1:", options_.name, ":{p:")),
        client_(url, options_.redis) {}

  Found Get(const PlayerId& player, absl::string_view field) override {
    const std::string key = KeyOf(player);
    const std::string lease =
        absl::StrCat(lease_prefix_, getpid(), "-", leases_.fetch_add(1));
    const std::string ttl = absl::StrCat(options_.ttl_ms);
    const absl::StatusOr<RedisReply> reply =
        client_.Call(key, {"EVAL", kGet, "1", key, field, lease, ttl});
    if (!IsUsable(reply)) return {};
    const absl::Span<redisReply* const> parts = PartsOf(**reply);
    if (parts.size() == 1 && parts[0]->type == REDIS_REPLY_STRING) {
      hits_ += 1;
      return {.value = std::string(TextOf(*parts[0]))};
    }
    if (parts.size() == 2 && parts[1]->type == REDIS_REPLY_STRING) {
      misses_ += 1;
      return {.lease = std::string(TextOf(*parts[1]))};
    }
    client_.Count("Redis answered a script with something else");
    return {};
  }

  void Put(const PlayerId& player, absl::string_view field,
           absl::string_view value, absl::string_view lease) override {
    if (value.size() > static_cast<std::size_t>(options_.max_value_bytes)) {
      return;
    }
    const std::string key = KeyOf(player);
    (void)IsUsable(
        client_.Call(key, {"EVAL", kPut, "1", key, field, lease, value}));
  }

  bool Forget(absl::Span<const PlayerId> players) override {
    std::vector<std::string> keys;
    keys.reserve(players.size());
    for (const PlayerId& player : players) keys.push_back(KeyOf(player));
    if (keys.size() > 1 && !client_.is_cluster()) {
      std::vector<absl::string_view> command = {"UNLINK"};
      command.insert(command.end(), keys.begin(), keys.end());
      const absl::StatusOr<RedisReply> reply = client_.Call(keys[0], command);
      // The keys of a cluster are on several nodes, which it says so.
      const bool is_cluster =
          client_.is_cluster() ||
          (reply.ok() && absl::StartsWith(TextOf(**reply), "CROSSSLOT"));
      if (!is_cluster) return IsUsable(reply);
    }
    bool all = true;
    for (const std::string& key : keys) {
      all = IsUsable(client_.Call(key, {"UNLINK", key})) && all;
    }
    return all;
  }

  std::int64_t ttl_ms() const override { return options_.ttl_ms; }

  RedisCounters counters() const override {
    RedisCounters counters = client_.counters();
    counters.hits = hits_;
    counters.misses = misses_;
    return counters;
  }
  std::string last_error() const override { return client_.last_error(); }

 private:
  std::string KeyOf(const PlayerId& player) const {
    return absl::StrCat(prefix_, player.value(), "}");
  }

  // Whether there is a reply that is no error; one is counted.
  bool IsUsable(const absl::StatusOr<RedisReply>& reply) {
    if (!reply.ok()) return false;
    if (!IsError(**reply)) return true;
    client_.Count(absl::StrCat("Redis answered ", TextOf(**reply)));
    return false;
  }

  const RedisCacheOptions options_;
  const std::string prefix_;
  const std::string lease_prefix_ = RandomWord();
  std::atomic<std::int64_t> leases_ = 0;
  std::atomic<std::int64_t> hits_ = 0;
  std::atomic<std::int64_t> misses_ = 0;
  RedisClient client_;
};

absl::Status CheckOptions(const RedisCacheOptions& options) {
  FAIRPULL_RETURN_IF_ERROR(CheckRedisOptions(options.redis));
  bool is_named = !options.name.empty() && options.name.size() <= 64;
  for (const char c : options.name) {
    is_named =
        is_named && (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                     c == '.' || c == '_' || c == '-');
  }
  constexpr std::int64_t kDayMs = 86'400'000;
  if (is_named && options.ttl_ms >= 1 && options.ttl_ms <= kDayMs &&
      options.max_value_bytes >= 0 &&
      options.max_value_bytes <= 64 * 1024 * 1024) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "an option of the Redis cache is out of range: name is 1 to 64 "
      "characters of A-Z a-z 0-9 . _ -, ttl_ms 1 to 86400000, "
      "max_value_bytes 0 to 67108864");
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisCache>> OpenRedisCache(
    absl::string_view url, RedisCacheOptions options) {
  FAIRPULL_ASSIGN_OR_RETURN(const RedisUrl parsed, ParseRedisUrl(url));
  FAIRPULL_RETURN_IF_ERROR(CheckOptions(options));
  return std::make_unique<RedisCacheOnClient>(parsed, std::move(options));
}

}  // namespace fairpull
