// A store that asks a cache first for what is shown often: a player's
// balances and counters, and the newest page of the history of pulls.
//
//   FAIRPULL_ASSIGN_OR_RETURN(
//       auto cache, OpenRedisCache("redis://10.0.0.5", {.name = "game"}));
//   auto store = NewCachedStore(std::move(database), std::move(cache));
//   Wallet wallet(*store, SystemClock());
//
// What comes from the cache: Read of accounts and pity alone, and History from
// the newest pull on, of at most kMaxCachedPage rows. All else is the target's:
// transactions, requests by id, what is verified or counted. So nothing is
// decided by a cached row; it is only shown.
//
// A commit forgets its player's cached rows before it returns. What that gives:
//
//   The cache answers    A read that begins after a commit returned has it, in
//                        each process whose store has the same cache. One that
//                        runs beside the commit has either.
//   It did not answer    Nothing fails and nothing waits longer than the cache
//   a commit             says. This store doesn't ask the cache for that player
//                        until what may be old in it has ended; others may be
//                        shown rows from before the commit for ttl_ms() more.
//   Others write         the same database without this cache, or a process
//                        ends between its commit and the forgetting: rows from
//                        before may be shown for ttl_ms().
//   An unknown outcome   (Unavailable) counts as a commit that the cache did
//                        not answer, since it may be carried out later still.
//
// Each row says by its own version or seq (Balance::version, PityRecord::seq)
// which state of the store it is from.

#ifndef FAIRPULL_STORE_CACHED_STORE_H_
#define FAIRPULL_STORE_CACHED_STORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fairpull/store/player_cache.h"
#include "fairpull/store/store_wrapper.h"

namespace fairpull {

// The longest page of history that is cached.
inline constexpr int kMaxCachedPage = 200;

// As thread-safe as its target. Target and cache must outlive it.
class CachedStore : public StoreWrapper {
 public:
  // `monotonic_ms` gives a time in ms that never goes back; the system's if it
  // is empty.
  CachedStore(Store& target, PlayerCache& cache,
              std::function<std::int64_t()> monotonic_ms = nullptr);

  [[nodiscard]] absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override;
  [[nodiscard]] absl::StatusOr<std::unique_ptr<GroupTransaction>> BeginMany(
      const std::vector<ReadSet>& reads) override;
  [[nodiscard]] absl::StatusOr<Snapshot> Read(const ReadSet& reads) override;
  [[nodiscard]] absl::StatusOr<std::vector<PullRecord>> History(
      const PlayerId& player, const std::optional<PullCursor>& before,
      int limit) override;

 private:
  class CachedTransaction;
  class CachedGroup;

  // The value in the cache, or that of `read`, which is then put there.
  template <class Value, class ReadStore>
  absl::StatusOr<Value> Through(
      const PlayerId& player, absl::string_view field, const ReadStore& read,
      std::string (*encode)(const Value&),
      absl::StatusOr<Value> (*decode)(absl::string_view));

  // After a commit for these players that ended with `outcome`.
  void Committed(absl::Span<const PlayerId> players,
                 const absl::Status& outcome);
  // Whether the cache may be asked for this player.
  [[nodiscard]] bool MayAsk(const PlayerId& player);
  // Doesn't ask the cache for them until what it has now has ended.
  void Avoid(absl::Span<const PlayerId> players);

  PlayerCache& cache_;
  const std::function<std::int64_t()> monotonic_ms_;
  std::mutex mutex_;
  // Until when; empty nearly always, which `avoids_` says without the lock.
  absl::flat_hash_map<PlayerId, std::int64_t> avoided_;
  std::int64_t all_avoided_until_ms_ = 0;
  std::atomic<bool> avoids_ = false;
};

// A CachedStore that keeps its target and its cache.
[[nodiscard]] std::unique_ptr<Store> NewCachedStore(
    std::unique_ptr<Store> target, std::shared_ptr<PlayerCache> cache);

}  // namespace fairpull

#endif  // FAIRPULL_STORE_CACHED_STORE_H_
