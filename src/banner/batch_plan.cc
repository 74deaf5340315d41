#include "fairpull/banner/batch_plan.h"

#include <algorithm>

namespace fairpull {

LaneArray BatchPlan::Begin(LaneArray value, std::uint32_t batch,
                           bool in_mixture) const {
  for (const Frozen& copy : frozen) value[copy.copy] = value[copy.pity];
  if (batch != size) return value;
  if (left.has_value()) value[*left] = static_cast<std::int16_t>(draws);
  for (const Need& need : needs) {
    value[need.counter] = need.count;
    if (need.pity.has_value() && value[*need.pity] >= need.due_at) {
      value[need.counter] = std::max<std::int16_t>(need.count, 1);
    }
  }
  if (mixed.has_value()) value[*mixed] = in_mixture ? 1 : 0;
  return value;
}

LaneArray BatchPlan::End(LaneArray value) const {
  for (const BatchPity& pity : pities) {
    const bool hit = value[pity.had] != 0;
    const int next = hit ? 0 : std::min<int>(value[pity.pity] + 1, pity.cap);
    value[pity.pity] = static_cast<std::int16_t>(next);
  }
  if (step.has_value()) {
    std::int16_t& now = value[step->counter];
    if (step->had.has_value() && value[*step->had] != 0) {
      now = 1;
    } else if (now < step->steps) {
      ++now;
    } else if (!step->last_repeats) {
      now = 1;
    }
  }
  for (const Frozen& copy : frozen) value[copy.copy] = 0;
  if (left.has_value()) value[*left] = 0;
  for (const Need& need : needs) value[need.counter] = 0;
  for (const Had& hits : had) value[hits.counter] = 0;
  if (mixed.has_value()) value[*mixed] = 0;
  return value;
}

}  // namespace fairpull
