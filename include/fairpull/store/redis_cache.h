// The cache of players' rows in Redis, for a CachedStore.
//
//   FAIRPULL_ASSIGN_OR_RETURN(
//       auto cache, OpenRedisCache("redis://10.0.0.5", {.name = "game"}));
//   auto store = NewCachedStore(std::move(database), std::move(cache));
//
// A player's rows are one hash, fairpull:1:<name>:{p:<player>}, so that one
// command forgets them and a cluster keeps them on one node. With them is the
// lease: a random word that the first who found nothing put there. Redis itself
// compares it before it takes a value, and it goes with the rest when the
// player is forgotten; so what was read before is refused after.

#ifndef FAIRPULL_STORE_REDIS_CACHE_H_
#define FAIRPULL_STORE_REDIS_CACHE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/store/player_cache.h"
#include "fairpull/store/redis_options.h"

namespace fairpull {

struct RedisCacheOptions {
  RedisOptions redis;
  // Which database this is a cache of: 1 to 64 characters of A-Z a-z 0-9 . _ -.
  // There is no default, since two databases that share a server need different
  // names, and all processes of one database the same.
  std::string name;
  // The longest that a row is found after it was read.
  std::int64_t ttl_ms = 30'000;
  // A longer value is not kept.
  std::int64_t max_value_bytes = 64 * 1024;
};

// Make it after a fork, not before: its connections are one process's.
class RedisCache : public PlayerCache {
 public:
  [[nodiscard]] virtual RedisCounters counters() const = 0;
  // What went wrong last, for a log; empty if nothing ever did. Has no secret.
  [[nodiscard]] virtual std::string last_error() const = 0;
};

// The cache on the server at `url` (redis_options.h). It connects when it is
// first asked, so that a game starts without it.
//
//   InvalidArgument     the url is of another form (also rediss://, over TLS),
//                       or an option is out of range; the message doesn't
//                       repeat the url
[[nodiscard]] absl::StatusOr<std::unique_ptr<RedisCache>> OpenRedisCache(
    absl::string_view url, RedisCacheOptions options);

}  // namespace fairpull

#endif  // FAIRPULL_STORE_REDIS_CACHE_H_
