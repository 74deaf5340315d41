// The counter states that a player can come into, from a clean one: what the
// compiler checks items against.
//
//   FAIRPULL_ASSIGN_OR_RETURN(auto states, ReachableStates(banner, 1'000'000));

#ifndef FAIRPULL_BANNER_REACHABLE_H_
#define FAIRPULL_BANNER_REACHABLE_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/banner.h"
#include "fairpull/pity/lanes.h"

namespace fairpull {

// Every state that a draw can be made in, from a clean one on, by any of the
// batches that are sold, in lexicographic order; a few more where a batch has
// no counter of the draws that are left. ResourceExhausted, with the limit, if
// there are more than `limit`.
[[nodiscard]] absl::StatusOr<std::vector<LaneArray>> ReachableStates(
    const Banner& banner, std::size_t limit);

}  // namespace fairpull

#endif  // FAIRPULL_BANNER_REACHABLE_H_
