// Whose rows this process has a transaction open for.

#ifndef FAIRPULL_SRC_STORE_PLAYER_LOCKS_H_
#define FAIRPULL_SRC_STORE_PLAYER_LOCKS_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "fairpull/base/id.h"

namespace fairpull {

// Thread-safe.
class PlayerLocks {
 public:
  // Locks all of `players`, one after the other: given in ascending order by
  // everybody, no two callers wait for each other. Unavailable, and nothing is
  // locked, if that takes longer than `timeout_ms`.
  absl::Status Lock(const std::vector<PlayerId>& players,
                    std::int64_t timeout_ms);

  void Unlock(const std::vector<PlayerId>& players);

 private:
  std::mutex mutex_;
  std::condition_variable unlocked_;
  std::set<PlayerId> locked_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_PLAYER_LOCKS_H_
