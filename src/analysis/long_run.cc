#include "fairpull/analysis/long_run.h"

#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "draw_chain.h"
#include "fairpull/analysis/pulls_to.h"
#include "fairpull/base/status.h"
#include "observers.h"
#include "stationary.h"

namespace fairpull {
namespace {

// The groups of one rarity, each as itself.
class RarityObserver final : public internal::GroupObserver {
 public:
  RarityObserver(const Banner& banner, std::size_t rarity)
      : banner_(banner), rarity_(rarity) {}

  int KindOf(std::uint32_t group) const override {
    return banner_.groups()[group].rarity == rarity_
               ? static_cast<int>(group) + 1
               : 0;
  }

 private:
  const Banner& banner_;
  std::size_t rarity_;
};

// The odds of every group, from the shares of the states of a chain.
absl::StatusOr<std::vector<double>> GroupOdds(const Banner& banner,
                                              internal::DrawChain& chain) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const std::vector<double> shares,
      internal::LongRunShares(chain,
                              chain.Begin(banner.counters().Start().value, 0)));
  std::vector<double> odds(banner.groups().size(), 0);
  for (std::uint32_t i = 0; i < shares.size(); ++i) {
    if (shares[i] == 0) continue;
    const std::uint32_t row = banner.Row(chain.state(i).value);
    for (std::uint32_t g = 0; g < odds.size(); ++g) {
      odds[g] += shares[i] * banner.wheels().Weight(row, g) /
                 banner.wheels().size(row);
    }
  }
  return odds;
}

// How near the long-run odds are near enough, and for how many draws in a row:
// odds swing about them with the rhythm of a hard pity.
constexpr double kSettled = 1e-12;
constexpr std::size_t kSettledDraws = 512;

// A rarity, and its featured part.
struct Pair {
  double rarity = 0;
  double featured = 0;
};

// The odds of a rarity by draw, from the start of a chain that keeps what
// matters to it.
class EarlyDraws {
 public:
  EarlyDraws(const Banner& banner, std::size_t rarity, std::uint32_t batch)
      : banner_(banner),
        rarity_(rarity),
        observer_(banner, rarity),
        chain_(banner, batch, observer_) {
    for (const auto& [state, odds] :
         chain_.Begin(banner.counters().Start().value, 0)) {
      Grow();
      if (mass_[state] == 0) active_.push_back(state);
      mass_[state] += odds;
    }
  }

  // The odds of the next draw, which is then made.
  absl::StatusOr<Pair> Next() {
    Pair odds;
    coming_.clear();
    for (const std::uint32_t i : active_) {
      const long double mass = std::exchange(mass_[i], 0);
      const Pair& of = OddsIn(i);
      odds.rarity += static_cast<double>(mass) * of.rarity;
      odds.featured += static_cast<double>(mass) * of.featured;
      const std::vector<internal::ChainEdge>& edges = chain_.Edges(i);
      Grow();
      steps_ += edges.size();
      for (const internal::ChainEdge& edge : edges) {
        if (next_[edge.to] == 0) coming_.push_back(edge.to);
        next_[edge.to] += mass * edge.odds;
      }
    }
    active_.swap(coming_);
    mass_.swap(next_);
    if (steps_ <= kMaxAnalysisSteps) return odds;
    return absl::ResourceExhaustedError(
        absl::StrCat("the analysis takes more than ", kMaxAnalysisSteps,
                     " steps through the banner's states, which is the limit"));
  }

 private:
  void Grow() {
    mass_.resize(chain_.size(), 0);
    next_.resize(chain_.size(), 0);
    known_.resize(chain_.size());
  }

  const Pair& OddsIn(std::uint32_t state) {
    std::optional<Pair>& known = known_[state];
    if (known.has_value()) return *known;
    known.emplace();
    const std::uint32_t row = banner_.Row(chain_.state(state).value);
    for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
      const Group& group = banner_.groups()[g];
      if (group.rarity != rarity_) continue;
      const double odds = static_cast<double>(banner_.wheels().Weight(row, g)) /
                          banner_.wheels().size(row);
      known->rarity += odds;
      if (banner_.items()[group.items[0]].featured) known->featured += odds;
    }
    return *known;
  }

  const Banner& banner_;
  std::size_t rarity_;
  RarityObserver observer_;
  internal::DrawChain chain_;
  std::vector<long double> mass_;
  std::vector<long double> next_;
  std::vector<std::optional<Pair>> known_;
  std::vector<std::uint32_t> active_;
  std::vector<std::uint32_t> coming_;
  std::uint64_t steps_ = 0;
};

}  // namespace

absl::StatusOr<EarlyOdds> ComputeEarlyOdds(const Banner& banner,
                                           std::size_t draws,
                                           std::optional<std::uint32_t> batch) {
  FAIRPULL_ASSIGN_OR_RETURN(const std::uint32_t size,
                            AnalysisBatch(banner, batch));
  FAIRPULL_ASSIGN_OR_RETURN(const LongRunOdds settled,
                            ComputeLongRunOdds(banner, batch));
  const std::size_t rarities = banner.rarities().size();
  std::vector<std::unique_ptr<EarlyDraws>> chains;
  std::vector<double> featured(rarities, 0);
  for (std::size_t r = 0; r < rarities; ++r) {
    chains.push_back(std::make_unique<EarlyDraws>(banner, r, size));
  }
  for (std::size_t g = 0; g < banner.groups().size(); ++g) {
    const Group& group = banner.groups()[g];
    if (banner.items()[group.items[0]].featured) {
      featured[group.rarity] += settled.group[g];
    }
  }
  EarlyOdds early;
  early.rarity.resize(rarities);
  early.featured.resize(rarities);
  std::size_t near = 0;
  for (std::size_t t = 0; t < draws && near < kSettledDraws; ++t) {
    bool is_near = true;
    for (std::size_t r = 0; r < rarities; ++r) {
      FAIRPULL_ASSIGN_OR_RETURN(const Pair odds, chains[r]->Next());
      early.rarity[r].push_back(odds.rarity);
      early.featured[r].push_back(odds.featured);
      is_near = is_near &&
                std::abs(odds.rarity - settled.rarity[r]) < kSettled &&
                std::abs(odds.featured - featured[r]) < kSettled;
    }
    near = is_near ? near + 1 : 0;
  }
  return early;
}

absl::StatusOr<LongRunOdds> ComputeLongRunOdds(
    const Banner& banner, std::optional<std::uint32_t> batch) {
  FAIRPULL_ASSIGN_OR_RETURN(const std::uint32_t size,
                            AnalysisBatch(banner, batch));
  LongRunOdds odds;
  odds.rarity.resize(banner.rarities().size());
  odds.group.resize(banner.groups().size());
  odds.item.resize(banner.items().size());
  // Each rarity by the counters that matter to it; those to which the same
  // ones matter share a chain.
  std::map<std::vector<bool>, std::vector<double>> solved;
  for (std::size_t r = 0; r < odds.rarity.size(); ++r) {
    const RarityObserver observer(banner, r);
    internal::DrawChain chain(banner, size, observer);
    auto found = solved.find(chain.kept());
    if (found == solved.end()) {
      FAIRPULL_ASSIGN_OR_RETURN(std::vector<double> groups,
                                GroupOdds(banner, chain));
      found = solved.emplace(chain.kept(), std::move(groups)).first;
    }
    for (std::size_t g = 0; g < odds.group.size(); ++g) {
      if (banner.groups()[g].rarity == r) odds.group[g] = found->second[g];
    }
  }
  for (std::size_t g = 0; g < odds.group.size(); ++g) {
    const Group& group = banner.groups()[g];
    odds.rarity[group.rarity] += odds.group[g];
    // In a pool that remembers, things of a kind are drawn alike in the end.
    const auto weight = [&](std::uint16_t i) {
      const Item& item = banner.items()[i];
      return group.remembers ? static_cast<double>(item.stock) : item.weight;
    };
    double weights = 0;
    for (const std::uint16_t i : group.items) weights += weight(i);
    for (const std::uint16_t i : group.items) {
      odds.item[i] += odds.group[g] * weight(i) / weights;
    }
  }
  return odds;
}

}  // namespace fairpull
