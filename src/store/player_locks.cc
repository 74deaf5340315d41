#include "player_locks.h"

#include <chrono>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "fairpull/store/call_deadline.h"

namespace fairpull {

absl::Status PlayerLocks::Lock(const std::vector<PlayerId>& players,
                               std::int64_t timeout_ms) {
  const auto limit = CallDeadline::Sooner(
      CallDeadline::Clock::now() + std::chrono::milliseconds(timeout_ms));
  std::unique_lock<std::mutex> lock(mutex_);
  for (std::size_t i = 0; i < players.size(); ++i) {
    const bool free = unlocked_.wait_until(
        lock, limit, [&] { return locked_.count(players[i]) == 0; });
    if (!free) {
      for (std::size_t taken = 0; taken < i; ++taken) {
        locked_.erase(players[taken]);
      }
      if (i > 0) unlocked_.notify_all();
      return absl::UnavailableError(absl::StrCat(
          "the rows of player ", players[i].value(), " were still locked ",
          CallDeadline::Passed() ? "when the time of the call was over"
                                 : absl::StrCat("after ", timeout_ms, " ms"),
          "; nothing was changed"));
    }
    locked_.insert(players[i]);
  }
  return absl::OkStatus();
}

void PlayerLocks::Unlock(const std::vector<PlayerId>& players) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const PlayerId& player : players) locked_.erase(player);
  }
  unlocked_.notify_all();
}

}  // namespace fairpull
