#include "fairpull/service/grouped_pulls.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fairpull/store/call_deadline.h"

namespace fairpull {
namespace {

using Duration = std::chrono::steady_clock::duration;

}  // namespace

// A call. Its thread may leave while its group is under way, so it has its own
// copy of the request.
struct GroupedPulls::Caller {
  enum class Is { kWaiting, kInGroup, kLeading, kAnswered };

  PullRequest request;
  Is is = Is::kWaiting;
  // With kAnswered: nothing where the group could not do it.
  std::optional<absl::StatusOr<PullReceipt>> answer;
  std::condition_variable changed;
};

GroupedPulls::GroupedPulls(PullService& service, GroupedPullsOptions options)
    : service_(service),
      options_{.groups = std::max<std::size_t>(1, options.groups),
               .most = std::clamp<std::size_t>(options.most, 1,
                                               PullService::kMostTogether)} {}

absl::StatusOr<PullReceipt> GroupedPulls::Pull(const PullRequest& request) {
  const auto caller = std::make_shared<Caller>();
  caller->request = request;
  {
    Lock lock(mutex_);
    ++present_;
    const absl::Cleanup leave = [this] { --present_; };
    if (under_way_ < options_.groups && wanted_ == 0) {
      ++under_way_;
      caller->is = Caller::Is::kLeading;
    } else {
      waiting_.push_back(caller);
      if (waiting_.size() + 1 >= wanted_) enough_wait_.notify_one();
      if (!WaitForTurn(lock, *caller)) {
        const bool begun = caller->is == Caller::Is::kInGroup;
        if (!begun) std::erase(waiting_, caller);
        return absl::UnavailableError(absl::StrCat(
            "pull \"", request.id.value(),
            "\" had no answer before the time of the call was over; ",
            begun ? "ask again under the same id" : "nothing was done"));
      }
    }
    if (caller->is == Caller::Is::kLeading) Lead(lock, caller);
  }
  if (caller->answer.has_value()) return *std::move(caller->answer);
  return service_.Pull(request);
}

std::size_t GroupedPulls::waiting() const {
  const Lock lock(mutex_);
  return waiting_.size();
}

bool GroupedPulls::WaitForTurn(Lock& lock, Caller& caller) {
  const auto has_turn = [&caller] {
    return caller.is == Caller::Is::kLeading ||
           caller.is == Caller::Is::kAnswered;
  };
  constexpr auto kNever = CallDeadline::Clock::time_point::max();
  const auto end = CallDeadline::Sooner(kNever);
  if (end != kNever) return caller.changed.wait_until(lock, end, has_turn);
  caller.changed.wait(lock, has_turn);
  return true;
}

void GroupedPulls::Lead(Lock& lock, const CallerPtr& leader) {
  WaitForOthers(lock);
  const std::vector<CallerPtr> group = TakeGroup(leader);
  const auto begun = std::chrono::steady_clock::now();
  const absl::Cleanup hand_over = [&] {
    lock.lock();
    took_ = std::chrono::steady_clock::now() - begun;
    HandOver(group);
  };
  lock.unlock();
  CarryOut(group);
}

void GroupedPulls::WaitForOthers(Lock& lock) {
  const std::size_t share = std::min(
      options_.most, (were_present_ + options_.groups - 1) / options_.groups);
  if (wanted_ == 0 && waiting_.size() + 1 < share) {
    wanted_ = share;
    enough_wait_.wait_for(lock, std::min<Duration>(took_ / 4, kPatience),
                          [&] { return waiting_.size() + 1 >= share; });
    wanted_ = 0;
  }
  were_present_ = present_;
}

std::vector<GroupedPulls::CallerPtr> GroupedPulls::TakeGroup(
    const CallerPtr& leader) {
  // A second request of a player would have to wait for the first.
  std::set<PlayerId> players = {leader->request.player};
  std::vector<CallerPtr> group = {leader};
  std::deque<CallerPtr> later;
  for (const CallerPtr& caller : waiting_) {
    if (group.size() < options_.most &&
        players.insert(caller->request.player).second) {
      caller->is = Caller::Is::kInGroup;
      group.push_back(caller);
    } else {
      later.push_back(caller);
    }
  }
  waiting_ = std::move(later);
  return group;
}

void GroupedPulls::CarryOut(const std::vector<CallerPtr>& group) {
  if (group.size() == 1) {
    group[0]->answer = service_.Pull(group[0]->request);
    return;
  }
  std::vector<PullRequest> requests;
  requests.reserve(group.size());
  for (const CallerPtr& caller : group) requests.push_back(caller->request);
  std::vector<absl::StatusOr<PullReceipt>> answers =
      service_.PullMany(requests);
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (answers[i].ok()) group[i]->answer = std::move(answers[i]);
  }
}

void GroupedPulls::HandOver(const std::vector<CallerPtr>& group) {
  for (const CallerPtr& caller : group) {
    caller->is = Caller::Is::kAnswered;
    caller->changed.notify_one();
  }
  if (waiting_.empty()) {
    --under_way_;
    return;
  }
  waiting_.front()->is = Caller::Is::kLeading;
  waiting_.front()->changed.notify_one();
  waiting_.pop_front();
}

}  // namespace fairpull
