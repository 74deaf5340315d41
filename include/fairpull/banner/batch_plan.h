// What happens to the counters around the draws of a batch: how many draws are
// left, how many of a rarity are still owed, what was frozen at the start.
//
// These are counters like all others, so that the draw itself knows nothing of
// batches: it reads a wheel that the counters name. They are 0 outside of a
// batch.
//
//   LaneArray counters = plan.Begin(before, /*size=*/10, /*mixed=*/false);
//   …ten draws…
//   LaneArray after = plan.End(counters);

#ifndef FAIRPULL_BANNER_BATCH_PLAN_H_
#define FAIRPULL_BANNER_BATCH_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "fairpull/odds/odds.h"
#include "fairpull/pity/lanes.h"

namespace fairpull {

// Places are those of counters in the banner's CounterSet. Immutable once
// compiled; safe to share between threads.
struct BatchPlan {
  // Draws that are owed to a rarity or a higher one.
  struct Need {
    std::uint8_t rarity = 0;
    std::size_t counter = 0;
    std::int16_t count = 0;  // at the start of each batch with rules
    // A pity that counts batches: one is owed in the batch that makes it due.
    std::optional<std::size_t> pity;
    std::int16_t due_at = 0;
  };
  // Hits of a rarity in this batch.
  struct Had {
    std::uint8_t rarity = 0;
    std::size_t counter = 0;
  };
  // A curve's counter, and its copy that the wheels read.
  struct Frozen {
    std::size_t pity = 0;
    std::size_t copy = 0;
    // With this value the pity is due until the first hit; the copy is one
    // more from then on.
    std::optional<std::int16_t> due_at;
  };
  struct BatchPity {
    std::size_t pity = 0;
    std::size_t had = 0;
    std::int16_t cap = 0;
  };
  struct Step {
    std::size_t counter = 0;
    std::int16_t steps = 0;
    std::optional<std::size_t> had;  // goes back to the first step on a hit
    bool last_repeats = true;
  };

  // The size of the batch that has rules of its own, and how many it draws; 0
  // if none has.
  std::uint32_t size = 0;
  std::uint32_t draws = 0;
  std::optional<std::size_t> left;  // draws left in the batch with rules
  std::vector<Need> needs;
  std::vector<Had> had;
  std::optional<std::size_t> mixed;  // whether the mixture's odds hold
  Odds mixture;                      // its chance
  bool shuffle = false;
  std::vector<Frozen> frozen;
  std::vector<BatchPity> pities;
  std::optional<Step> step;

  // Whether a pull on its own needs Begin and End around it.
  [[nodiscard]] bool touches_single_pulls() const {
    return size == 1 || !frozen.empty() || !pities.empty() || !had.empty() ||
           step.has_value();
  }
  // Whether a batch of this size draws a word for its mixture.
  [[nodiscard]] bool mixes(std::uint32_t batch) const {
    return batch == size && mixed.has_value();
  }

  // The counters at the first draw of a batch; `in_mixture` says what the
  // mixture's word said.
  [[nodiscard]] LaneArray Begin(LaneArray value, std::uint32_t batch,
                                bool in_mixture) const;
  // The counters after its last draw.
  [[nodiscard]] LaneArray End(LaneArray value) const;
};

}  // namespace fairpull

#endif  // FAIRPULL_BANNER_BATCH_PLAN_H_
