// The share of draws that is made in each state of a chain in the long run, by
// the chain embedded at the few states that draws come back to. Private to the
// analysis layer.

#ifndef FAIRPULL_SRC_ANALYSIS_STATIONARY_H_
#define FAIRPULL_SRC_ANALYSIS_STATIONARY_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "draw_chain.h"

namespace fairpull::internal {

// By number of the state; 0 for those that are left for good. They sum to 1.
// Only sums and products of positive numbers are taken, so that every share is
// accurate to a few last places. ResourceExhausted if the chain has too many
// states, or too many that draws come back to; FailedPrecondition if it depends
// on luck in which of several sets of states a player stays.
[[nodiscard]] absl::StatusOr<std::vector<double>> LongRunShares(
    DrawChain& chain, const ChainBegin& begins);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_STATIONARY_H_
