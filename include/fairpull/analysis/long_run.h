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

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/banner.h"

namespace fairpull {

// Fractions of 1, by index into the banner's lists; each list sums to 1.
// Gifts and exchanges are not counted, only what is drawn.
struct LongRunOdds {
  std::vector<double> rarity;
  std::vector<double> group;
  std::vector<double> item;
};

// The long-run odds of draws in batches of `batch` (1 if that is sold, else the
// smallest), within 1e-13 relative. InvalidArgument for a batch that is not
// sold; ResourceExhausted, with the limit, if the counters have too many states
// together; FailedPrecondition if there are none, since luck decides in which
// states a player stays.
[[nodiscard]] absl::StatusOr<LongRunOdds> ComputeLongRunOdds(
    const Banner& banner, std::optional<std::uint32_t> batch = std::nullopt);

// The odds of a new player's draws, which come to the long-run odds with time.
// By index of the rarity, then entry t - 1 of the t-th draw.
struct EarlyOdds {
  std::vector<std::vector<double>> rarity;
  std::vector<std::vector<double>> featured;  // of it and featured
};

// Of the first `draws` draws, or of so many that the next ones have the
// long-run odds within 1e-12; lists have one length. Errors as
// ComputeLongRunOdds.
[[nodiscard]] absl::StatusOr<EarlyOdds> ComputeEarlyOdds(
    const Banner& banner, std::size_t draws,
    std::optional<std::uint32_t> batch = std::nullopt);

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_LONG_RUN_H_
