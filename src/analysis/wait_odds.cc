#include "fairpull/analysis/wait_odds.h"

#include <algorithm>
#include <cmath>
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

constexpr int kGoesOn = 0;
constexpr int kHit = 1;
constexpr int kBegunAnew = 2;
// Odds that differ by less are the same, rounded.
constexpr long double kSameOdds = 1e-12L;

class WaitObserver final : public internal::Observer {
 public:
  WaitObserver(const Banner& banner, std::size_t rarity)
      : banner_(banner), rarity_(rarity) {}

  // Whether a draw of the group ends the wait, and how.
  int KindOf(std::uint32_t group) const override {
    const Group& drawn = banner_.groups()[group];
    if (drawn.rarity == rarity_) return kHit;
    const std::optional<std::size_t> pity =
        banner_.rarities()[rarity_].counters.pity;
    const bool set_back = pity.has_value() && drawn.step.keep[*pity] == 0;
    return set_back ? kBegunAnew : kGoesOn;
  }
  std::vector<std::size_t> Reads() const override { return {}; }
  void Observe(std::uint32_t group, const internal::ChainState& /*state*/,
               LaneArray& /*after*/,
               std::vector<internal::Observation>& seen) const override {
    seen.push_back({.part = 1, .label = KindOf(group)});
  }

 private:
  const Banner& banner_;
  std::size_t rarity_;
};

// The states that waits begin in, with their share of all waits.
absl::StatusOr<std::vector<long double>> Beginnings(
    const Banner& banner, internal::DrawChain& chain) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const std::vector<double> shares,
      internal::LongRunShares(chain,
                              chain.Begin(banner.counters().Start().value, 0)));
  std::vector<long double> begun(shares.size(), 0);
  long double all = 0;
  for (std::uint32_t i = 0; i < shares.size(); ++i) {
    if (shares[i] == 0) continue;
    for (const internal::ChainEdge& edge : chain.Edges(i)) {
      if (edge.label == kGoesOn) continue;
      const long double mass = shares[i] * edge.odds;
      begun[edge.to] += mass;
      all += mass;
    }
  }
  if (all == 0) return std::vector<long double>();  // it is never drawn
  for (long double& mass : begun) mass /= all;
  return begun;
}

}  // namespace

absl::StatusOr<WaitOdds> ComputeWaitOdds(const Banner& banner,
                                         std::size_t rarity,
                                         std::optional<std::uint32_t> batch) {
  if (rarity >= banner.rarities().size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("rarity ", rarity, " is not there; the banner has ",
                     banner.rarities().size()));
  }
  FAIRPULL_ASSIGN_OR_RETURN(const std::uint32_t size,
                            AnalysisBatch(banner, batch));
  const WaitObserver observer(banner, rarity);
  WaitOdds waits;
  for (std::uint32_t g = 0; g < banner.groups().size(); ++g) {
    if (observer.KindOf(g) == kGoesOn) continue;
    const std::uint8_t by = banner.groups()[g].rarity;
    if (std::count(waits.begun_by.begin(), waits.begun_by.end(), by) == 0) {
      waits.begun_by.push_back(by);
    }
  }
  std::sort(waits.begun_by.begin(), waits.begun_by.end());

  internal::DrawChain chain(banner, size, observer);
  FAIRPULL_ASSIGN_OR_RETURN(std::vector<long double> alive,
                            Beginnings(banner, chain));
  std::vector<std::uint32_t> active;
  for (std::uint32_t i = 0; i < alive.size(); ++i) {
    if (alive[i] > 0) active.push_back(i);
  }
  std::vector<long double> next(alive.size(), 0);
  std::vector<std::uint32_t> coming;
  std::uint64_t steps = 0;
  std::vector<std::pair<long double, long double>>
      parts;  // mass, odds of a hit
  while (!active.empty() && waits.hazard.size() < kMaxWait) {
    long double reached = 0;
    long double hits = 0;
    parts.clear();
    for (const std::uint32_t i : active) {
      const long double mass = std::exchange(alive[i], 0);
      long double odds = 0;
      for (const internal::ChainEdge& edge : chain.Edges(i)) {
        steps += 1;
        if (edge.label == kHit) odds += edge.odds;
        if (edge.label != kGoesOn) continue;
        if (next[edge.to] == 0) coming.push_back(edge.to);
        next[edge.to] += mass * edge.odds;
      }
      reached += mass;
      hits += mass * odds;
      parts.emplace_back(mass, odds);
    }
    if (reached < kRarestWait) break;
    if (steps > kMaxAnalysisSteps) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the waits take more than ", kMaxAnalysisSteps,
                       " steps through the banner's states, which is the "
                       "limit"));
    }
    waits.reached.push_back(static_cast<double>(reached));
    waits.hazard.push_back(static_cast<double>(hits / reached));
    for (const auto& [mass, odds] : parts) {
      if (mass > reached * kRarestWait &&
          std::abs(odds - hits / reached) > kSameOdds) {
        waits.by_wait_alone = false;
      }
    }
    alive.swap(next);
    active.swap(coming);
    coming.clear();
  }
  return waits;
}

}  // namespace fairpull
