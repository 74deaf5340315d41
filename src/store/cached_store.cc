#include "fairpull/store/cached_store.h"

#include <chrono>
#include <string>
#include <utility>

#include "cache_entry.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

// So many players are avoided one by one; when there are more, all are.
constexpr std::size_t kMostAvoided = 10'000;
// The cache counts its time and this store its own: it waits a little longer.
constexpr std::int64_t kSlackMs = 1000;

std::int64_t MonotonicMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool IsCached(const ReadSet& reads) {
  return !reads.player.empty() && reads.operations.empty() &&
         reads.holds.empty() && reads.pull_operations.empty() &&
         !(reads.accounts.empty() && reads.pity.empty());
}

// Whether a commit that ended so has certainly written nothing.
bool WroteNothing(const absl::Status& outcome) {
  return absl::IsAborted(outcome) || absl::IsInvalidArgument(outcome) ||
         absl::IsFailedPrecondition(outcome);
}

}  // namespace

class CachedStore::CachedTransaction : public TransactionWrapper {
 public:
  CachedTransaction(CachedStore& store, PlayerId player,
                    std::unique_ptr<Transaction> target)
      : TransactionWrapper(std::move(target)),
        store_(store),
        player_(std::move(player)) {}

  absl::Status Commit(const WriteSet& writes) override {
    absl::Status outcome = TransactionWrapper::Commit(writes);
    if (!IsEmpty(writes)) {
      store_.Committed(absl::MakeConstSpan(&player_, 1), outcome);
    }
    return outcome;
  }

 private:
  CachedStore& store_;
  const PlayerId player_;
};

class CachedStore::CachedGroup : public GroupTransactionWrapper {
 public:
  CachedGroup(CachedStore& store, const std::vector<ReadSet>& reads,
              std::unique_ptr<GroupTransaction> target)
      : GroupTransactionWrapper(std::move(target)), store_(store) {
    for (const ReadSet& of_one : reads) players_.push_back(of_one.player);
  }

  absl::Status Commit(const std::vector<WriteSet>& writes) override {
    absl::Status outcome = GroupTransactionWrapper::Commit(writes);
    std::vector<PlayerId> written;
    for (std::size_t i = 0; i < writes.size() && i < players_.size(); ++i) {
      if (!IsEmpty(writes[i])) written.push_back(players_[i]);
    }
    store_.Committed(written, outcome);
    return outcome;
  }

 private:
  CachedStore& store_;
  std::vector<PlayerId> players_;
};

CachedStore::CachedStore(Store& target, PlayerCache& cache,
                         std::function<std::int64_t()> monotonic_ms)
    : StoreWrapper(target),
      cache_(cache),
      monotonic_ms_(monotonic_ms ? std::move(monotonic_ms) : MonotonicMs) {}

absl::StatusOr<std::unique_ptr<Transaction>> CachedStore::Begin(
    const ReadSet& reads) {
  FAIRPULL_ASSIGN_OR_RETURN(std::unique_ptr<Transaction> target,
                            StoreWrapper::Begin(reads));
  return std::make_unique<CachedTransaction>(*this, reads.player,
                                             std::move(target));
}

absl::StatusOr<std::unique_ptr<GroupTransaction>> CachedStore::BeginMany(
    const std::vector<ReadSet>& reads) {
  FAIRPULL_ASSIGN_OR_RETURN(std::unique_ptr<GroupTransaction> target,
                            StoreWrapper::BeginMany(reads));
  return std::make_unique<CachedGroup>(*this, reads, std::move(target));
}

template <class Value, class ReadStore>
absl::StatusOr<Value> CachedStore::Through(
    const PlayerId& player, absl::string_view field, const ReadStore& read,
    std::string (*encode)(const Value&),
    absl::StatusOr<Value> (*decode)(absl::string_view)) {
  if (!MayAsk(player)) return read();
  const PlayerCache::Found found = cache_.Get(player, field);
  if (found.value.has_value()) {
    absl::StatusOr<Value> value = decode(*found.value);
    if (value.ok()) return value;
    // Nobody can use it: the next read is to find room for a good one. If it
    // can't be forgotten, it goes with time.
    (void)cache_.Forget(absl::MakeConstSpan(&player, 1));
    return read();
  }
  absl::StatusOr<Value> value = read();
  if (value.ok() && !found.lease.empty()) {
    cache_.Put(player, field, encode(*value), found.lease);
  }
  return value;
}

absl::StatusOr<Snapshot> CachedStore::Read(const ReadSet& reads) {
  const auto read = [&] { return StoreWrapper::Read(reads); };
  if (!IsCached(reads)) return read();
  return Through<Snapshot>(reads.player, FieldOfRead(reads), read,
                           EncodeSnapshot, DecodeSnapshot);
}

absl::StatusOr<std::vector<PullRecord>> CachedStore::History(
    const PlayerId& player, const std::optional<PullCursor>& before,
    int limit) {
  const auto read = [&] {
    return StoreWrapper::History(player, before, limit);
  };
  const bool is_cached = !player.empty() && !before.has_value() && limit >= 1 &&
                         limit <= kMaxCachedPage;
  if (!is_cached) return read();
  return Through<std::vector<PullRecord>>(player, FieldOfHistory(limit), read,
                                          EncodePulls, DecodePulls);
}

void CachedStore::Committed(absl::Span<const PlayerId> players,
                            const absl::Status& outcome) {
  if (players.empty() || WroteNothing(outcome)) return;
  const bool forgotten = cache_.Forget(players);
  if (!forgotten || !outcome.ok()) Avoid(players);
}

bool CachedStore::MayAsk(const PlayerId& player) {
  if (!avoids_.load()) return true;
  const std::int64_t now_ms = monotonic_ms_();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (now_ms < all_avoided_until_ms_) return false;
  const auto found = avoided_.find(player);
  if (found != avoided_.end()) {
    if (now_ms < found->second) return false;
    avoided_.erase(found);
  }
  avoids_ = !avoided_.empty();
  return true;
}

void CachedStore::Avoid(absl::Span<const PlayerId> players) {
  const std::int64_t now_ms = monotonic_ms_();
  const std::int64_t until_ms = now_ms + cache_.ttl_ms() + kSlackMs;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (avoided_.size() + players.size() > kMostAvoided) {
    absl::erase_if(avoided_, [now_ms](const auto& avoided) {
      return avoided.second <= now_ms;
    });
  }
  if (avoided_.size() + players.size() > kMostAvoided) {
    avoided_.clear();
    all_avoided_until_ms_ = until_ms;
  } else {
    for (const PlayerId& player : players) avoided_[player] = until_ms;
  }
  avoids_ = true;
}

namespace {

class OwningCachedStore : public CachedStore {
 public:
  OwningCachedStore(std::unique_ptr<Store> target,
                    std::shared_ptr<PlayerCache> cache)
      : CachedStore(*target, *cache),
        target_(std::move(target)),
        cache_(std::move(cache)) {}

 private:
  const std::unique_ptr<Store> target_;
  const std::shared_ptr<PlayerCache> cache_;
};

}  // namespace

std::unique_ptr<Store> NewCachedStore(std::unique_ptr<Store> target,
                                      std::shared_ptr<PlayerCache> cache) {
  return std::make_unique<OwningCachedStore>(std::move(target),
                                             std::move(cache));
}

}  // namespace fairpull
