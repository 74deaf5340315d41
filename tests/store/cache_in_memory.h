// A PlayerCache in this process, which can fail and whose time is the test's.

#ifndef FAIRPULL_TESTS_STORE_CACHE_IN_MEMORY_H_
#define FAIRPULL_TESTS_STORE_CACHE_IN_MEMORY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "absl/strings/str_cat.h"
#include "fairpull/store/player_cache.h"

namespace fairpull {

// Thread-safe, but for the public members, which are set while nobody asks.
class CacheInMemory : public PlayerCache {
 public:
  // It can't be reached.
  bool down = false;
  std::int64_t now_ms = 0;
  std::int64_t puts = 0;
  std::int64_t hits = 0;
  // Called with each value before it is given out.
  std::function<void(std::string&)> corrupt;

  Found Get(const PlayerId& player, absl::string_view field) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (down) return {};
    Entry& entry = entries_[player];
    if (entry.lease.empty() || entry.ends_at_ms <= now_ms) {
      entry = {.lease = absl::StrCat("lease-", leases_++),
               .ends_at_ms = now_ms + ttl_ms()};
    }
    const auto found = entry.values.find(std::string(field));
    if (found == entry.values.end()) return {.lease = entry.lease};
    ++hits;
    std::string value = found->second;
    if (corrupt) corrupt(value);
    return {.value = value};
  }

  void Put(const PlayerId& player, absl::string_view field,
           absl::string_view value, absl::string_view lease) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(player);
    if (down || found == entries_.end() || found->second.lease != lease ||
        found->second.ends_at_ms <= now_ms) {
      return;
    }
    ++puts;
    found->second.values[std::string(field)] = std::string(value);
  }

  bool Forget(absl::Span<const PlayerId> players) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (down) return false;
    for (const PlayerId& player : players) entries_.erase(player);
    return true;
  }

  std::int64_t ttl_ms() const override { return 30'000; }

 private:
  struct Entry {
    std::string lease;
    std::int64_t ends_at_ms = 0;
    std::map<std::string, std::string> values;
  };

  std::mutex mutex_;
  std::map<PlayerId, Entry> entries_;
  std::int64_t leases_ = 0;
};

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_CACHE_IN_MEMORY_H_
