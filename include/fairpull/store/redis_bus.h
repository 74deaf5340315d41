// Small messages to all servers of a game, over Redis: a catalog has changed,
// a player has pulled.
//
// A message reaches those who listen at that moment, at most once. What must
// not be missed is in the store; the message only says that there is something
// to look at.
//
//   FAIRPULL_ASSIGN_OR_RETURN(auto bus, OpenRedisBus("redis://10.0.0.5"));
//   FAIRPULL_ASSIGN_OR_RETURN(
//       auto listening,
//       bus->Subscribe({"catalog"}, {.on_gap = [&] { Reload(); },
//                                    .on_message = [&](const BusMessage&) {
//                                      Reload();
//                                    }}));
//   (void)bus->Publish("catalog", "17");

#ifndef FAIRPULL_STORE_REDIS_BUS_H_
#define FAIRPULL_STORE_REDIS_BUS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/store/redis_options.h"

namespace fairpull {

struct BusMessage {
  std::string channel;
  std::string bytes;
};

// Both are called in the subscription's thread, one after the other, and may
// not throw.
struct BusListener {
  // The subscription stands from now on, for the first time or again. Messages
  // from before have not come: load what they would have told of.
  std::function<void()> on_gap;
  std::function<void(const BusMessage&)> on_message;
};

// A subscription that lasts until it is dropped, which waits for a call of the
// listener to end. Not to be dropped by the listener itself.
class BusSubscription {
 public:
  virtual ~BusSubscription() = default;
  BusSubscription(const BusSubscription&) = delete;
  BusSubscription& operator=(const BusSubscription&) = delete;

 protected:
  BusSubscription() = default;
};

// Safe for use by several threads at once. Make it after a fork, not before.
class RedisBus {
 public:
  virtual ~RedisBus() = default;
  RedisBus(const RedisBus&) = delete;
  RedisBus& operator=(const RedisBus&) = delete;

  // Sends `bytes` to all who listen to `channel` now. Unavailable if Redis
  // can't be reached in time or refuses it: whether it was sent is not known.
  [[nodiscard]] virtual absl::Status Publish(absl::string_view channel,
                                             absl::string_view bytes) = 0;

  // Listens in a thread of its own. A line that breaks, or on which nothing
  // comes for 10 s though it was asked, is opened again, after 50 ms at first
  // and 5 s at most; then on_gap is called. It may outlive the bus.
  // InvalidArgument if there is no channel, or a function is missing.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<BusSubscription>>
  Subscribe(std::vector<std::string> channels, BusListener listener) = 0;

  // Of publishing.
  [[nodiscard]] virtual RedisCounters counters() const = 0;

 protected:
  RedisBus() = default;
};

// The bus on the server at `url`; in a cluster all nodes pass messages on. It
// connects when it is first used. Errors as OpenRedisCache.
[[nodiscard]] absl::StatusOr<std::unique_ptr<RedisBus>> OpenRedisBus(
    absl::string_view url, RedisOptions options = {});

}  // namespace fairpull

#endif  // FAIRPULL_STORE_REDIS_BUS_H_
