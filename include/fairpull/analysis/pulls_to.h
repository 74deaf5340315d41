// Exact answers about a goal: how many pulls it takes, and how often it is met
// in so many pulls. By the chain that the banner's own wheels and steps make.
//
//   FAIRPULL_ASSIGN_OR_RETURN(
//       Distribution pulls,
//       PullsTo(banner, *Goal::Parse(banner, "featured:5-star")));
//   pulls.mean();  // 93.4459980594464…

#ifndef FAIRPULL_ANALYSIS_PULLS_TO_H_
#define FAIRPULL_ANALYSIS_PULLS_TO_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "fairpull/analysis/distribution.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/banner/banner.h"
#include "fairpull/pity/counter.h"

namespace fairpull {

// The most states of a chain, and the most steps through it, that an analysis
// takes before it is refused.
inline constexpr std::size_t kMaxAnalysisStates = 4'000'000;
inline constexpr std::uint64_t kMaxAnalysisSteps = 4'000'000'000;

// Where a distribution without a last count ends: what lies beyond is its tail.
inline constexpr double kLargestTail = 1e-25;

struct AnalysisOptions {
  // How often the goal is to be met; 1 for a collection.
  std::uint64_t copies = 1;
  // The player's counters; those of a clean state if absent.
  std::optional<PityState> state;
  // How many pulls are bought at once: 1 if that is sold, otherwise the
  // smallest batch that is.
  std::optional<std::uint32_t> batch;
};

// How many draws it takes to meet the goal. Draws of a batch count one by one;
// an exchange of spark points counts as soon as the points suffice, draws that
// a milestone gives at the draw that gives them. Pmf within 1e-15 absolute,
// mean and variance within 1e-13 relative.
//
//   InvalidArgument    no copies, or a batch that is not sold
//   ResourceExhausted  too many states, steps or entries, with the limit
[[nodiscard]] absl::StatusOr<Distribution> PullsTo(
    const Banner& banner, const Goal& goal,
    const AnalysisOptions& options = {});

// How often the goal is met in `pulls` draws; `options.copies` is not read.
// InvalidArgument also for a collection, which is met once. Errors as above.
[[nodiscard]] absl::StatusOr<Distribution> HitsIn(
    const Banner& banner, const Goal& goal, std::uint64_t pulls,
    const AnalysisOptions& options = {});

// The batch that an analysis draws in: `batch` if it is sold, otherwise
// InvalidArgument; without one 1 or the smallest that is.
[[nodiscard]] absl::StatusOr<std::uint32_t> AnalysisBatch(
    const Banner& banner, std::optional<std::uint32_t> batch);

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_PULLS_TO_H_
