// What is looked for in the draws of a chain: a goal that is met again and
// again, a collection, or the groups themselves. Private to the analysis layer.

#ifndef FAIRPULL_SRC_ANALYSIS_OBSERVERS_H_
#define FAIRPULL_SRC_ANALYSIS_OBSERVERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "draw_chain.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/banner/banner.h"
#include "fairpull/pity/counter.h"

namespace fairpull::internal {

// Watches for a goal. The label of a draw is how many hits it brought; of a
// collection, 1 when it became whole.
class GoalObserver : public Observer {
 public:
  // What is had already in a state: the memory to begin with, hits from points
  // that suffice at once, and the counters after these were spent.
  struct Beginning {
    LaneArray value{};
    std::int32_t memory = 0;
    std::uint64_t hits = 0;
  };
  [[nodiscard]] virtual Beginning BeginIn(const PityState& state) const = 0;

  // Whether anything but the drawn group counts: points, gifts, what was drawn
  // before from a pool that remembers.
  [[nodiscard]] virtual bool IsPlain() const = 0;

  // The only rarity whose groups are seen, if there is one.
  [[nodiscard]] virtual std::optional<std::uint8_t> OnlyRarity() const = 0;
};

// ResourceExhausted if a collection has more states than are followed.
[[nodiscard]] absl::StatusOr<std::unique_ptr<GoalObserver>> Watch(
    const Banner& banner, const Goal& goal);

// Every group is seen as itself.
class GroupObserver : public Observer {
 public:
  [[nodiscard]] int KindOf(std::uint32_t group) const override {
    return static_cast<int>(group);
  }
  [[nodiscard]] std::vector<std::size_t> Reads() const override { return {}; }
  void Observe(std::uint32_t group, const ChainState& /*state*/,
               LaneArray& /*after*/,
               std::vector<Observation>& seen) const override {
    seen.push_back({.part = 1, .label = static_cast<int>(group)});
  }
};

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_OBSERVERS_H_
