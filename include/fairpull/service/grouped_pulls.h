// Pulls of many threads: those that come at once are committed together.
//
//   PullService service(*store, catalog, seeds, SystemClock());
//   GroupedPulls pulls(service);           // one for all threads
//   auto receipt = pulls.Pull(request);    // in each of them
//
// A durable store spends most of a pull on beginning statements and on waiting
// for the disk, and both can be shared, as PullMany does. What comes while the
// groups before are under way is the next one; and a group waits a moment, at
// most kPatience, for those who are on their way back, if more were there
// before. Who pulls alone waits once at most.

#ifndef FAIRPULL_SERVICE_GROUPED_PULLS_H_
#define FAIRPULL_SERVICE_GROUPED_PULLS_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fairpull/base/id.h"
#include "fairpull/service/pull_request.h"
#include "fairpull/service/pull_service.h"

namespace fairpull {

struct GroupedPullsOptions {
  // How many groups may be under way at once, at least 1; each on a connection
  // of its own where the store has connections. With one, whoever waits for a
  // locked player keeps everybody waiting.
  std::size_t groups = 2;
  // How many requests a group has at most, 2 to PullService::kMostTogether.
  std::size_t most = PullService::kMostTogether;
};

// Safe for use by several threads at once. The service must outlive it, and it
// the calls.
class GroupedPulls {
 public:
  // It is also no longer than a fourth of what the group before took.
  static constexpr std::chrono::milliseconds kPatience{1};

  // Options out of their range are taken as the nearest in it.
  explicit GroupedPulls(PullService& service, GroupedPullsOptions options = {});
  GroupedPulls(const GroupedPulls&) = delete;
  GroupedPulls& operator=(const GroupedPulls&) = delete;

  // What PullService::Pull answers. A group has one request of a player, and
  // runs on the thread of that caller among those who wait when it begins whose
  // CallDeadline is the last, under that deadline. Where the store fails it,
  // each of its callers tries alone; who has no luck then either, or no time,
  // gets Unavailable, and the outcome is not known: ask again under the same
  // id. A caller whose deadline is over while others work for him does not wait
  // for them.
  [[nodiscard]] absl::StatusOr<PullReceipt> Pull(const PullRequest& request);

  // How many calls wait for a group, for a gauge.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Caller;
  using CallerPtr = std::shared_ptr<Caller>;
  using Lock = std::unique_lock<std::mutex>;

  // After a group failed with `failure`.
  absl::StatusOr<PullReceipt> PullAlone(const PullRequest& request,
                                        const absl::Status& failure);
  // Makes one of those who wait a leader, if a group may begin, and gives it to
  // be woken; null if none may.
  [[nodiscard]] CallerPtr NextLeader();
  // Takes back a call whose time is over. OK if it was its turn just then.
  absl::Status GiveUp(const CallerPtr& caller);
  // Carries out a group with the caller and those who wait.
  void Lead(const CallerPtr& leader);
  void WaitForOthers(Lock& lock);
  void TakeOthers(std::vector<CallerPtr>& group);
  void CarryOut(const std::vector<CallerPtr>& group);

  PullService& service_;
  const GroupedPullsOptions options_;

  mutable std::mutex mutex_;
  std::deque<CallerPtr> waiting_;  // the longest first
  std::size_t under_way_ = 0;      // groups
  std::set<PlayerId> players_;     // of those groups
  // Of the group that began last: how many callers there were; of that which
  // ended last: its time.
  std::size_t were_present_ = 0;
  std::chrono::steady_clock::duration took_{};
  // How many a leader waits for, 0 if none does.
  std::size_t wanted_ = 0;
  std::condition_variable enough_wait_;
  // Callers, waiting or not. Not guarded: who is answered leaves at once.
  std::atomic<std::size_t> present_ = 0;
};

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_GROUPED_PULLS_H_
