#include "fairpull/service/grouped_pulls.h"

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "fairpull/store/call_deadline.h"

namespace fairpull {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Steady::time_point kNever = Steady::time_point::max();

// Whether the store failed, which may have been for one of a group alone; other
// errors refuse the request that they are the answer to, or all would get them.
bool MayDoAlone(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDataLoss(status);
}

}  // namespace

// A call. Its thread may leave while its group is under way, so it has its own
// copy of the request.
struct GroupedPulls::Caller {
  enum class Is { kWaiting, kInGroup, kLeading, kAnswered };

  // Its turn has come: it leads, or is answered. Who wakes it holds no lock
  // that it needs, or each thread would wake twice.
  void Wake() {
    {
      const std::lock_guard lock(mutex);
      is_turn = true;
    }
    turn.notify_one();
  }
  // False if its time is over before.
  bool WaitForTurn() {
    std::unique_lock lock(mutex);
    const auto has_turn = [this] { return is_turn; };
    if (end != kNever) return turn.wait_until(lock, end, has_turn);
    turn.wait(lock, has_turn);
    return true;
  }

  PullRequest request;
  Steady::time_point end = kNever;
  // Changed under the lock of all; itself may look when its turn has come.
  Is is = Is::kWaiting;
  bool in_company = false;  // with kAnswered: whether the group had others
  // With kAnswered; as it is where the group's thread threw.
  absl::StatusOr<PullReceipt> answer = absl::UnavailableError("no answer");

  std::mutex mutex;
  bool is_turn = false;
  std::condition_variable turn;
};

GroupedPulls::GroupedPulls(PullService& service, GroupedPullsOptions options)
    : service_(service),
      options_{.groups = std::max<std::size_t>(1, options.groups),
               .most = std::clamp<std::size_t>(options.most, 2,
                                               PullService::kMostTogether)} {}

absl::StatusOr<PullReceipt> GroupedPulls::Pull(const PullRequest& request) {
  const auto caller = std::make_shared<Caller>();
  caller->request = request;
  caller->end = CallDeadline::Sooner(kNever);
  ++present_;
  const absl::Cleanup leave = [this] { --present_; };
  CallerPtr leader;
  {
    const Lock lock(mutex_);
    waiting_.push_back(caller);
    if (wanted_ != 0 && waiting_.size() + 1 >= wanted_) {
      enough_wait_.notify_one();
    }
    leader = NextLeader();
  }
  if (leader != nullptr) leader->Wake();
  if (!caller->WaitForTurn()) {
    FAIRPULL_RETURN_IF_ERROR(GiveUp(caller));
  }
  if (caller->is == Caller::Is::kLeading) Lead(caller);
  if (!caller->in_company || !MayDoAlone(caller->answer.status())) {
    return std::move(caller->answer);
  }
  return PullAlone(request, caller->answer.status());
}

absl::Status GroupedPulls::GiveUp(const CallerPtr& caller) {
  const Lock lock(mutex_);
  if (caller->is == Caller::Is::kLeading ||
      caller->is == Caller::Is::kAnswered) {
    return absl::OkStatus();
  }
  const bool begun = caller->is == Caller::Is::kInGroup;
  if (!begun) std::erase(waiting_, caller);
  return absl::UnavailableError(
      absl::StrCat("pull \"", caller->request.id.value(),
                   "\" had no answer before the time of the call was over; ",
                   begun ? "ask again under the same id" : "nothing was done"));
}

absl::StatusOr<PullReceipt> GroupedPulls::PullAlone(
    const PullRequest& request, const absl::Status& failure) {
  std::string alone = "no time was left to try alone";
  if (!CallDeadline::Passed()) {
    absl::StatusOr<PullReceipt> receipt = service_.Pull(request);
    // What is damaged was read, and nothing written.
    if (receipt.ok() || absl::IsDataLoss(failure)) return receipt;
    alone = absl::StrCat("alone: ", receipt.status().message());
  }
  // The group may be kept all the same, whatever was seen after it.
  return absl::UnavailableError(
      absl::StrCat("whether pull \"", request.id.value(),
                   "\" was carried out is not known, ask again under the same "
                   "id (in a group: ",
                   failure.message(), "; ", alone, ")"));
}

std::size_t GroupedPulls::waiting() const {
  const Lock lock(mutex_);
  return waiting_.size();
}

GroupedPulls::CallerPtr GroupedPulls::NextLeader() {
  if (under_way_ == options_.groups || wanted_ != 0) return nullptr;
  // Who has the most time left; the longest here of those who have as much.
  auto next = waiting_.end();
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    const bool later = next == waiting_.end() || (*next)->end < (*it)->end;
    if (later && !players_.contains((*it)->request.player)) next = it;
  }
  if (next == waiting_.end() || (*next)->end <= Steady::now()) return nullptr;
  CallerPtr leader = std::move(*next);
  waiting_.erase(next);
  players_.insert(leader->request.player);
  ++under_way_;
  leader->is = Caller::Is::kLeading;
  return leader;
}

void GroupedPulls::Lead(const CallerPtr& leader) {
  std::vector<CallerPtr> group = {leader};
  auto begun = Steady::now();
  const absl::Cleanup hand_over = [&] {
    CallerPtr next;
    {
      const Lock lock(mutex_);
      took_ = Steady::now() - begun;
      for (const CallerPtr& caller : group) {
        players_.erase(caller->request.player);
        caller->is = Caller::Is::kAnswered;
      }
      --under_way_;
      next = NextLeader();
    }
    if (next != nullptr) next->Wake();
    for (const CallerPtr& caller : group) {
      if (caller != leader) caller->Wake();
    }
  };
  CallerPtr next;
  {
    Lock lock(mutex_);
    WaitForOthers(lock);
    TakeOthers(group);
    next = NextLeader();
  }
  if (next != nullptr) next->Wake();
  begun = Steady::now();
  CarryOut(group);
}

void GroupedPulls::WaitForOthers(Lock& lock) {
  const std::size_t share = std::min(
      options_.most, (were_present_ + options_.groups - 1) / options_.groups);
  if (wanted_ == 0 && waiting_.size() + 1 < share) {
    wanted_ = share;
    enough_wait_.wait_for(lock,
                          std::min<Steady::duration>(took_ / 4, kPatience),
                          [&] { return waiting_.size() + 1 >= share; });
    wanted_ = 0;
  }
  were_present_ = present_;
}

void GroupedPulls::TakeOthers(std::vector<CallerPtr>& group) {
  group.reserve(std::min(options_.most, waiting_.size() + 1));
  const absl::Cleanup remove = [this] {
    std::erase_if(waiting_, [](const CallerPtr& caller) {
      return caller->is != Caller::Is::kWaiting;
    });
  };
  for (const CallerPtr& caller : waiting_) {
    if (group.size() == options_.most) break;
    // A player's second request would have to wait for the first.
    if (!players_.insert(caller->request.player).second) continue;
    caller->is = Caller::Is::kInGroup;
    group.push_back(caller);
  }
}

void GroupedPulls::CarryOut(const std::vector<CallerPtr>& group) {
  if (group.size() == 1) {
    group[0]->answer = service_.Pull(group[0]->request);
    return;
  }
  std::vector<PullRequest> requests;
  requests.reserve(group.size());
  for (const CallerPtr& caller : group) {
    caller->in_company = true;
    requests.push_back(caller->request);
  }
  std::vector<absl::StatusOr<PullReceipt>> answers =
      service_.PullMany(requests);
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i]->answer = std::move(answers[i]);
    // A copy: what one failure left to all is counted inside a library, where
    // the thread sanitizer takes the end of the last one for a race.
    const absl::Status& status = group[i]->answer.status();
    if (MayDoAlone(status)) {
      group[i]->answer = absl::Status(status.code(), status.message());
    }
  }
}

}  // namespace fairpull
