// How likely a pull brings a rarity, by how many pulls the player has waited
// for it: the hazards that a recorded history shows, worked out from the
// banner.
//
//   FAIRPULL_ASSIGN_OR_RETURN(WaitOdds waits, ComputeWaitOdds(banner, 0));
//   waits.hazard[89];  // of the 90th pull since the last hit

#ifndef FAIRPULL_ANALYSIS_WAIT_ODDS_H_
#define FAIRPULL_ANALYSIS_WAIT_ODDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/banner.h"

namespace fairpull {

// Entry w - 1 of each list is about the pull that is the w-th of its wait.
struct WaitOdds {
  // The rarities whose hits begin the wait anew, by index, highest first: the
  // rarity itself, and those that set its pity back.
  std::vector<std::uint8_t> begun_by;
  // The share of waits that have such a pull. The first is 1.
  std::vector<double> reached;
  // The odds that it is a hit. Where they hang on more than the wait, their
  // mean over all waits in the long run.
  std::vector<double> hazard;
  // Whether the wait alone decides, so that the odds are no mean of several.
  bool by_wait_alone = true;
};

// Lists end at the longest possible wait, at one that fewer than kRarestWait of
// the waits reach, or after kMaxWait entries.
inline constexpr double kRarestWait = 1e-12;
inline constexpr std::size_t kMaxWait = 100'000;

// The waits for `rarity`, an index into banner.rarities(), in the long run of
// draws in batches of `batch` (1 if that is sold, else the smallest); within
// 1e-12. Errors as ComputeLongRunOdds; InvalidArgument for an index beyond the
// list.
[[nodiscard]] absl::StatusOr<WaitOdds> ComputeWaitOdds(
    const Banner& banner, std::size_t rarity,
    std::optional<std::uint32_t> batch = std::nullopt);

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_WAIT_ODDS_H_
