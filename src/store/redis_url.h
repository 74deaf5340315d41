// The parts of a Redis url, and the slot of a key in a Redis Cluster.

#ifndef FAIRPULL_SRC_STORE_REDIS_URL_H_
#define FAIRPULL_SRC_STORE_REDIS_URL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/store/redis_options.h"

namespace fairpull {

struct RedisEndpoint {
  std::string host;
  int port = 6379;

  friend bool operator==(const RedisEndpoint&, const RedisEndpoint&) = default;
};

// "host:port", with brackets around an IPv6 address.
std::string ToText(const RedisEndpoint& endpoint);

struct RedisUrl {
  std::vector<RedisEndpoint> hosts;  // at least one
  std::string user;
  std::string password;
  int database = 0;
};

// InvalidArgument as OpenRedisCache says.
absl::StatusOr<RedisUrl> ParseRedisUrl(absl::string_view url);

// InvalidArgument for an option out of range.
absl::Status CheckRedisOptions(const RedisOptions& options);

// The endpoint spelled "host:port" as Redis spells it, without brackets; no
// host means `same_host`. InvalidArgument for other text.
absl::StatusOr<RedisEndpoint> ParseRedirectTarget(absl::string_view text,
                                                  absl::string_view same_host);

inline constexpr int kRedisSlots = 16384;

// Of the text between the first { and the next } if there is any, else of all.
int RedisSlotOf(absl::string_view key);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_REDIS_URL_H_
