// Goals that are decided at hits of one rarity: the waits between such hits
// are independent and alike, and what a hit is depends on the hits before it
// alone. Then the number of hits and the waits can be worked out apart. Private
// to the analysis layer.

#ifndef FAIRPULL_SRC_ANALYSIS_BY_HITS_H_
#define FAIRPULL_SRC_ANALYSIS_BY_HITS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "fairpull/banner/banner.h"
#include "observers.h"

namespace fairpull::internal {

// A banner's counters as a goal sees them, taken apart.
struct ByHits {
  std::uint8_t rarity = 0;
  std::vector<bool> moved_by_hits;   // counters that only its hits move
  std::vector<bool> moved_by_draws;  // the others that matter
  // What the latter are after a hit; the former are as in a clean state.
  LaneArray after_hit{};
};

// The parts, or nothing if the goal can't be taken apart on this banner.
[[nodiscard]] std::optional<ByHits> TakeApart(const Banner& banner,
                                              std::uint32_t batch,
                                              const GoalObserver& observer);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_BY_HITS_H_
