// The counter states that a player can come into, from a clean one: what the
// compiler checks items against, and what a chain is made of.
//
//   FAIRPULL_ASSIGN_OR_RETURN(auto states, ReachableStates(banner, 1'000'000));

#ifndef FAIRPULL_BANNER_REACHABLE_H_
#define FAIRPULL_BANNER_REACHABLE_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/banner.h"
#include "fairpull/pity/counter.h"

namespace fairpull {

// Every state that pulls from a clean one can lead to, in lexicographic order
// of the counters. ResourceExhausted, with the limit, if there are more than
// `limit`.
[[nodiscard]] absl::StatusOr<std::vector<PityState>> ReachableStates(
    const Banner& banner, std::size_t limit);

}  // namespace fairpull

#endif  // FAIRPULL_BANNER_REACHABLE_H_
