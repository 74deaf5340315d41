// Where copies of players' rows are kept for a while, so that a store is asked
// less often. Nothing in it is a record: whoever loses it loses no money.
//
// Its contract is the one that keeps an old copy from outliving a write: a
// lease that was given before a player was forgotten is worth nothing after.
//
//   PlayerCache::Found found = cache.Get(player, "h20");
//   // … not found: read the store, then
//   cache.Put(player, "h20", value, found.lease);

#ifndef FAIRPULL_STORE_PLAYER_CACHE_H_
#define FAIRPULL_STORE_PLAYER_CACHE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fairpull/base/id.h"

namespace fairpull {

// Safe for use by several threads and processes at once. No call fails or
// throws: a cache that is not to be reached finds nothing and keeps nothing.
class PlayerCache {
 public:
  virtual ~PlayerCache() = default;
  PlayerCache(const PlayerCache&) = delete;
  PlayerCache& operator=(const PlayerCache&) = delete;

  struct Found {
    std::optional<std::string> value;
    // The right to put what is read from the store from now on; empty if the
    // value was found, or nothing is to be put.
    std::string lease;
  };

  // What was put for this player under `field`.
  [[nodiscard]] virtual Found Get(const PlayerId& player,
                                  absl::string_view field) = 0;

  // Keeps `value`, which was read after `lease` was given. Nothing is kept if
  // the player was forgotten since, or the lease is older than ttl_ms().
  virtual void Put(const PlayerId& player, absl::string_view field,
                   absl::string_view value, absl::string_view lease) = 0;

  // True: no Get from now on finds what was put, or is yet to be put, under a
  // lease given before. False: it may for ttl_ms() more.
  [[nodiscard]] virtual bool Forget(absl::Span<const PlayerId> players) = 0;

  // The longest that anything is found after its lease was given.
  [[nodiscard]] virtual std::int64_t ttl_ms() const = 0;

 protected:
  PlayerCache() = default;
};

}  // namespace fairpull

#endif  // FAIRPULL_STORE_PLAYER_CACHE_H_
