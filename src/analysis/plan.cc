#include "fairpull/analysis/plan.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

constexpr std::int64_t kMaxUnits = std::int64_t{1} << 24;

absl::Status CheckStage(const PlanStage& stage, std::size_t number) {
  if (stage.pulls == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("stage ", number, " of the plan has no distribution"));
  }
  if (stage.price < 1 || stage.income < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("stage ", number, " of the plan has the price ",
                     stage.price, " and the income ", stage.income,
                     "; a price is at least 1 and an income at least 0"));
  }
  return absl::OkStatus();
}

// What is left after a stage, from what was there before it.
std::vector<double> AfterStage(const std::vector<double>& before,
                               const Distribution& pulls, std::int64_t price) {
  std::vector<double> after(before.size(), 0);
  for (std::size_t n = 0; n < pulls.pmf().size(); ++n) {
    const std::size_t cost = n * static_cast<std::size_t>(price);
    if (cost >= before.size()) break;
    const double odds = pulls.pmf()[n];
    for (std::size_t left = cost; left < before.size(); ++left) {
      after[left - cost] += odds * before[left];
    }
  }
  return after;
}

}  // namespace

absl::StatusOr<PlanOdds> FollowPlan(std::int64_t budget,
                                    absl::Span<const PlanStage> stages) {
  if (budget < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the budget is ", budget, "; it must be at least 0"));
  }
  PlanOdds odds{.unit = budget};
  std::int64_t most = budget;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    FAIRPULL_RETURN_IF_ERROR(CheckStage(stages[i], i + 1));
    odds.unit = std::gcd(odds.unit, stages[i].price);
    odds.unit = std::gcd(odds.unit, stages[i].income);
    if (stages[i].income > INT64_MAX - most)
      most = INT64_MAX;
    else
      most += stages[i].income;
  }
  odds.unit = std::max<std::int64_t>(odds.unit, 1);
  if (most / odds.unit > kMaxUnits) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the plan has ", most / odds.unit, " units of ", odds.unit,
                     " to spend; at most ", kMaxUnits, " are followed"));
  }
  odds.left.assign(static_cast<std::size_t>(budget / odds.unit) + 1, 0);
  odds.left.back() = 1;
  for (const PlanStage& stage : stages) {
    odds.left.insert(odds.left.begin(),
                     static_cast<std::size_t>(stage.income / odds.unit), 0.0);
    odds.left = AfterStage(odds.left, *stage.pulls, stage.price / odds.unit);
    odds.met.push_back(
        std::accumulate(odds.left.begin(), odds.left.end(), 0.0));
  }
  return odds;
}

absl::StatusOr<std::vector<double>> ThenAsManyAsPossible(
    const Distribution& first, const Banner& banner, const Goal& goal,
    std::int64_t pulls, const AnalysisOptions& options) {
  if (pulls < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("pulls is ", pulls, "; it must be at least 0"));
  }
  // P(the first goal and at least h of the other), for growing h.
  double at_least = first.Cdf(pulls);
  std::vector<double> odds;
  AnalysisOptions each = options;
  for (each.copies = 1; at_least > 0; ++each.copies) {
    FAIRPULL_ASSIGN_OR_RETURN(const Distribution others,
                              PullsTo(banner, goal, each));
    double more = 0;
    for (std::int64_t n = first.support_min(); n <= pulls; ++n) {
      more += first.Pmf(n) * others.Cdf(pulls - n);
    }
    odds.push_back(std::max(0.0, at_least - more));
    at_least = more;
    if (others.support_min() + first.support_min() > pulls) break;
    if (goal.kind() == Goal::Kind::kCollection) break;
  }
  if (at_least > 0) odds.push_back(at_least);
  return odds;
}

absl::StatusOr<std::int64_t> AffordablePulls(
    const Banner& banner,
    absl::Span<const std::pair<CurrencyId, std::int64_t>> wallet) {
  if (banner.spec().step_up.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("banner \"", banner.id().value(),
                     "\" is a step-up, whose price depends on luck"));
  }
  FAIRPULL_ASSIGN_OR_RETURN(const std::uint32_t batch,
                            AnalysisBatch(banner, std::nullopt));
  std::int64_t pulls = 0;
  for (std::size_t i = 0; i < wallet.size(); ++i) {
    const auto& [currency, balance] = wallet[i];
    if (balance < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the balance of ", currency.value(), " is ", balance,
                       "; it must be at least 0"));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (wallet[j].first == currency) {
        return absl::InvalidArgumentError(
            absl::StrCat("the wallet has ", currency.value(), " twice"));
      }
    }
    const std::vector<PriceSpec>& prices = banner.spec().prices;
    for (std::size_t p = 0; p < prices.size(); ++p) {
      if (prices[p].currency != currency) continue;
      FAIRPULL_ASSIGN_OR_RETURN(const std::int64_t main, banner.PriceOf(batch));
      const std::int64_t price = p == 0 ? main : prices[p].amount * batch;
      pulls += balance / price * banner.DrawsOf(batch);
    }
  }
  return pulls;
}

}  // namespace fairpull
