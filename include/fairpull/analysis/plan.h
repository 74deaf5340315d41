// Plans over several banners: what a wallet buys, goals one after the other
// with a budget and income between them, and "first this, then as many of that
// as possible".
//
//   const std::vector<PlanStage> stages = {{.pulls = &hero, .price = 160},
//                                          {.pulls = &weapon, .price = 160,
//                                           .income = 9600}};
//   FAIRPULL_ASSIGN_OR_RETURN(PlanOdds odds, FollowPlan(20'000, stages));
//   odds.met[1];  // both

#ifndef FAIRPULL_ANALYSIS_PLAN_H_
#define FAIRPULL_ANALYSIS_PLAN_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fairpull/analysis/distribution.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/analysis/pulls_to.h"
#include "fairpull/banner/banner.h"
#include "fairpull/base/id.h"

namespace fairpull {

// A goal that is pulled for until it is met or the budget is spent.
struct PlanStage {
  const Distribution* pulls = nullptr;  // to the goal
  std::int64_t price = 1;               // of one pull
  std::int64_t income = 0;              // that comes in before the stage
};

struct PlanOdds {
  // By stage: P(its goal and those of all before it are met).
  std::vector<double> met;
  // P(all goals are met and exactly so much is left), from 0 on, in units of
  // `unit`: the greatest common divisor of all amounts.
  std::vector<double> left;
  std::int64_t unit = 1;
};

// The odds of a plan that begins with `budget`. InvalidArgument for a stage
// without a distribution, a price below 1 or a negative amount;
// ResourceExhausted if the amounts have more than 2^24 units together.
[[nodiscard]] absl::StatusOr<PlanOdds> FollowPlan(
    std::int64_t budget, absl::Span<const PlanStage> stages);

// With `pulls` draws, first until the goal of `first` is met, then for `goal`
// on `banner`: P(the first goal is met, and the other one so often), by how
// often. What it lacks of 1 is P(the first goal is not met). Errors as PullsTo.
[[nodiscard]] absl::StatusOr<std::vector<double>> ThenAsManyAsPossible(
    const Distribution& first, const Banner& banner, const Goal& goal,
    std::int64_t pulls, const AnalysisOptions& options = {});

// How many single pulls (or smallest batches) a wallet buys: in each currency
// that they are sold for as many as its balance allows, discounts left aside.
// InvalidArgument for a negative balance or a currency that is given twice;
// FailedPrecondition for a step-up, whose price depends on luck.
[[nodiscard]] absl::StatusOr<std::int64_t> AffordablePulls(
    const Banner& banner,
    absl::Span<const std::pair<CurrencyId, std::int64_t>> wallet);

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_PLAN_H_
