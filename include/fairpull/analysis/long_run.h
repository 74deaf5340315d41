// Long-run ("consolidated") odds: the share of all pulls that each rarity and
// item has in the end, pity and guarantees included.
//
// The chain is made by asking the banner itself: its wheels for the odds of
// each group in a state, its steps for the state that follows. There is no
// second copy of the rules.
//
//   FAIRPULL_ASSIGN_OR_RETURN(LongRunOdds odds, ComputeLongRunOdds(banner));
//   odds.rarity[0];  // 0.016052… for a base of 0.006 with pity

#ifndef FAIRPULL_ANALYSIS_LONG_RUN_H_
#define FAIRPULL_ANALYSIS_LONG_RUN_H_

#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/banner.h"

namespace fairpull {

// Fractions of 1, by index into the banner's lists; each list sums to 1.
struct LongRunOdds {
  std::vector<double> rarity;
  std::vector<double> group;
  std::vector<double> item;
};

// The largest chain that is solved.
inline constexpr std::size_t kMaxChainStates = 2'000'000;

// The long-run odds of a banner, to a relative error near 1e-14.
// ResourceExhausted, with the limit, if the counters have more states together
// than kMaxChainStates; Internal if the solution does not settle.
[[nodiscard]] absl::StatusOr<LongRunOdds> ComputeLongRunOdds(
    const Banner& banner);

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_LONG_RUN_H_
