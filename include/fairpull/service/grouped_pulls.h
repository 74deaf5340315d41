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
// before. Who pulls alone never waits.

#ifndef FAIRPULL_SERVICE_GROUPED_PULLS_H_
#define FAIRPULL_SERVICE_GROUPED_PULLS_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/service/pull_request.h"
#include "fairpull/service/pull_service.h"

namespace fairpull {

struct GroupedPullsOptions {
  // How many groups may be under way at once, each on a connection of its own
  // where the store has connections. With one, whoever waits for a locked
  // player keeps everybody waiting.
  std::size_t groups = 2;
  // How many requests a group has at most, up to PullService::kMostTogether.
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

  // What PullService::Pull answers. What a group could not do is done anew for
  // each of its callers alone, so that nobody is refused for another. Under a
  // CallDeadline it is Unavailable when that is over, whatever the group comes
  // to; ask again under the same id then.
  [[nodiscard]] absl::StatusOr<PullReceipt> Pull(const PullRequest& request);

  // How many calls wait for a group, for a gauge.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Caller;
  using CallerPtr = std::shared_ptr<Caller>;
  using Lock = std::unique_lock<std::mutex>;

  // Waits until the caller is answered or is to lead a group; false if its time
  // is over before.
  bool WaitForTurn(Lock& lock, Caller& caller);
  // Carries out a group with the caller and those who wait. Unlocked meanwhile.
  void Lead(Lock& lock, const CallerPtr& leader);
  void WaitForOthers(Lock& lock);
  std::vector<CallerPtr> TakeGroup(const CallerPtr& leader);
  void CarryOut(const std::vector<CallerPtr>& group);
  // Answers the group, and lets the next one begin.
  void HandOver(const std::vector<CallerPtr>& group);

  PullService& service_;
  const GroupedPullsOptions options_;

  mutable std::mutex mutex_;
  std::deque<CallerPtr> waiting_;  // the longest first
  std::size_t under_way_ = 0;      // groups
  std::size_t present_ = 0;        // callers, waiting or not
  // Of the group that began last: how many callers there were; of that which
  // ended last: its time.
  std::size_t were_present_ = 0;
  std::chrono::steady_clock::duration took_{};
  // How many a leader waits for, 0 if none does.
  std::size_t wanted_ = 0;
  std::condition_variable enough_wait_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_GROUPED_PULLS_H_
