#include "fairpull/analysis/long_run.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fairpull/banner/reachable.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

constexpr int kMaxSweeps = 20'000;
// Below this the changes shrink until only rounding moves the shares.
constexpr double kNearlySettled = 1e-11;

// The states that can be reached from a clean one and the steps into each, in
// lexicographic order of the counters.
class Chain {
 public:
  struct StepInto {
    std::uint32_t from;
    double odds;
  };

  [[nodiscard]] static absl::StatusOr<Chain> Make(const Banner& banner) {
    Chain chain(banner);
    FAIRPULL_ASSIGN_OR_RETURN(chain.states_,
                              ReachableStates(banner, kMaxChainStates));
    chain.Link();
    return chain;
  }

  // The share of time spent in each state: Gauss-Seidel on the balance
  // equations. Most steps lead to a state later in the order, so that one
  // sweep carries nearly all of the flow.
  [[nodiscard]] absl::StatusOr<std::vector<double>> Solve() const {
    const auto count = static_cast<double>(states_.size());
    std::vector<double> share(states_.size(), 1 / count);
    double last_change = std::numeric_limits<double>::infinity();
    for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
      double change = 0;
      double sum = 0;
      for (std::size_t state = 0; state < share.size(); ++state) {
        double flow = 0;
        for (const StepInto& step : into_[state]) {
          flow += share[step.from] * step.odds;
        }
        const double next = flow / leave_[state];
        change += std::abs(next - share[state]);
        sum += share[state] = next;
      }
      for (double& s : share) s /= sum;
      if (change < kNearlySettled && change >= last_change) return share;
      last_change = change;
    }
    return absl::InternalError(absl::StrCat(
        "the long-run odds did not settle in ", kMaxSweeps, " sweeps"));
  }

  [[nodiscard]] const std::vector<LaneArray>& states() const { return states_; }

  [[nodiscard]] double OddsOf(const LaneArray& state, std::uint32_t g) const {
    return static_cast<double>(banner_.wheels().Weight(banner_.Row(state), g)) /
           banner_.wheels().size(banner_.Row(state));
  }

 private:
  explicit Chain(const Banner& banner) : banner_(banner) {}

  void Link() {
    std::map<LaneArray, std::uint32_t> index;
    for (std::uint32_t i = 0; i < states_.size(); ++i) {
      index.emplace_hint(index.end(), states_[i], i);
    }
    into_.resize(states_.size());
    leave_.assign(states_.size(), 1.0);
    for (std::uint32_t from = 0; from < states_.size(); ++from) {
      for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
        const double odds = OddsOf(states_[from], g);
        if (odds == 0) continue;
        const LaneArray next = banner_.groups()[g].step.After(states_[from]);
        const std::uint32_t to = index.at(next);
        if (to == from) {
          leave_[from] -= odds;
        } else {
          into_[to].push_back({from, odds});
        }
      }
    }
    // A chain of one state is never left: any share satisfies it.
    if (states_.size() == 1) {
      leave_[0] = 1;
      into_[0] = {{0, 1.0}};
    }
  }

  const Banner& banner_;
  std::vector<LaneArray> states_;
  std::vector<std::vector<StepInto>> into_;
  std::vector<double> leave_;
};

}  // namespace

absl::StatusOr<LongRunOdds> ComputeLongRunOdds(const Banner& banner) {
  FAIRPULL_ASSIGN_OR_RETURN(const Chain chain, Chain::Make(banner));
  FAIRPULL_ASSIGN_OR_RETURN(const std::vector<double> share, chain.Solve());
  LongRunOdds odds;
  odds.rarity.resize(banner.rarities().size());
  odds.group.resize(banner.groups().size());
  odds.item.resize(banner.items().size());
  for (std::size_t state = 0; state < share.size(); ++state) {
    for (std::uint32_t g = 0; g < odds.group.size(); ++g) {
      odds.group[g] += share[state] * chain.OddsOf(chain.states()[state], g);
    }
  }
  for (std::size_t g = 0; g < odds.group.size(); ++g) {
    const Group& group = banner.groups()[g];
    odds.rarity[group.rarity] += odds.group[g];
    double weights = 0;
    for (const std::uint16_t i : group.items)
      weights += banner.items()[i].weight;
    for (const std::uint16_t i : group.items) {
      odds.item[i] = odds.group[g] * banner.items()[i].weight / weights;
    }
  }
  return odds;
}

}  // namespace fairpull
