#include "fairpull/banner/reachable.h"

#include <cstdint>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fairpull {

absl::StatusOr<std::vector<PityState>> ReachableStates(const Banner& banner,
                                                       std::size_t limit) {
  std::set<LaneArray> seen = {PityState{}.value};
  std::vector<PityState> open = {PityState{}};
  while (!open.empty()) {
    const PityState state = open.back();
    open.pop_back();
    const std::uint32_t row = banner.Row(state);
    for (std::uint32_t g = 0; g < banner.groups().size(); ++g) {
      if (banner.wheels().Weight(row, g) == 0) continue;
      const PityState next = banner.groups()[g].step.After(state);
      if (!seen.insert(next.value).second) continue;
      if (seen.size() > limit) {
        return absl::ResourceExhaustedError(
            absl::StrCat("the counters have more than ", limit,
                         " states together, which is the limit"));
      }
      open.push_back(next);
    }
  }
  std::vector<PityState> states;
  states.reserve(seen.size());
  for (const LaneArray& value : seen) states.push_back({value});
  return states;
}

}  // namespace fairpull
