#include "fairpull/analysis/long_run.h"

#include <cstddef>
#include <map>
#include <utility>

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

}  // namespace

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
