#include "fairpull/banner/reachable.h"

#include <algorithm>
#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fairpull {
namespace {

// Follows draws and the boundaries of batches until nothing new is found.
class Search {
 public:
  Search(const Banner& banner, std::size_t limit)
      : banner_(banner), limit_(limit) {}

  absl::StatusOr<std::vector<LaneArray>> Run() {
    FinishBatch(banner_.counters().Start().value);
    while (!open_.empty() && Found() <= limit_) {
      const LaneArray state = open_.back();
      open_.pop_back();
      const std::uint32_t row = banner_.Row(state);
      for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
        if (banner_.wheels().Weight(row, g) == 0) continue;
        LaneArray next = banner_.groups()[g].step.After(state);
        banner_.Settle(next);
        Reach(next);
      }
    }
    if (Found() > limit_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the counters have more than ", limit_,
                       " states together, which is the limit"));
    }
    std::vector<LaneArray> states(drawn_in_.begin(), drawn_in_.end());
    std::sort(states.begin(), states.end());
    return states;
  }

 private:
  [[nodiscard]] std::size_t Found() const {
    return std::max(between_.size(), drawn_in_.size());
  }

  // A state after a draw: of a batch that goes on, or that ends here.
  void Reach(const LaneArray& state) {
    const std::optional<std::size_t> left = banner_.batch_plan().left;
    if (!left.has_value() || state[*left] == 0) {
      FinishBatch(banner_.batch_plan().End(state));
    }
    if (!left.has_value() || state[*left] != 0) DrawIn(state);
  }

  // A state between batches.
  void FinishBatch(const LaneArray& state) {
    if (!between_.insert(state).second) return;
    const BatchPlan& plan = banner_.batch_plan();
    for (const BatchSpec& batch : banner_.spec().batches) {
      DrawIn(plan.Begin(state, batch.size, false));
      if (plan.mixes(batch.size)) DrawIn(plan.Begin(state, batch.size, true));
    }
  }

  void DrawIn(const LaneArray& state) {
    if (!drawn_in_.insert(state).second) return;
    open_.push_back(state);
  }

  const Banner& banner_;
  std::size_t limit_;
  absl::flat_hash_set<LaneArray> between_;
  absl::flat_hash_set<LaneArray> drawn_in_;
  std::vector<LaneArray> open_;
};

}  // namespace

absl::StatusOr<std::vector<LaneArray>> ReachableStates(const Banner& banner,
                                                       std::size_t limit) {
  return Search(banner, limit).Run();
}

}  // namespace fairpull
