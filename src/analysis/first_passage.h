// Forward recursion over a chain: how many draws until so many hits are seen,
// and how many hits in so many draws. Private to the analysis layer.

#ifndef FAIRPULL_SRC_ANALYSIS_FIRST_PASSAGE_H_
#define FAIRPULL_SRC_ANALYSIS_FIRST_PASSAGE_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "draw_chain.h"

namespace fairpull::internal {

struct Passage {
  std::vector<double> pmf;  // from 0 draws on
  double tail = 0;          // beyond the list
  bool bounded = true;
};

// Draws until `hits` hits are seen; `begins` has the states that are begun in,
// with their odds. ResourceExhausted as PullsTo.
[[nodiscard]] absl::StatusOr<Passage> FirstPassage(DrawChain& chain,
                                                   const ChainBegin& begins,
                                                   std::uint64_t hits);

// P(h hits in `draws` draws), for h from 0 to the most that are possible.
[[nodiscard]] absl::StatusOr<std::vector<double>> HitsByRecursion(
    DrawChain& chain, const ChainBegin& begins, std::uint64_t draws);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_FIRST_PASSAGE_H_
