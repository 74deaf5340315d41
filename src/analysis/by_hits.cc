#include "by_hits.h"

#include <algorithm>
#include <cstddef>

#include "draw_chain.h"

namespace fairpull::internal {
namespace {

class Parting {
 public:
  Parting(const Banner& banner, std::uint8_t rarity, std::vector<bool> kept)
      : banner_(banner), kept_(std::move(kept)) {
    parts_.rarity = rarity;
    parts_.moved_by_hits.assign(kept_.size(), false);
    parts_.moved_by_draws.assign(kept_.size(), false);
    parts_.after_hit = banner.counters().Start().value;
  }

  std::optional<ByHits> Run() {
    for (std::size_t i = 0; i < kept_.size(); ++i) {
      if (!kept_[i]) continue;
      if (banner_.counters()[i].life != CounterLife::kStored) {
        return std::nullopt;
      }
      (IsStill(i) ? parts_.moved_by_hits : parts_.moved_by_draws)[i] = true;
      if (parts_.moved_by_draws[i] && !StartsAgain(i)) return std::nullopt;
    }
    // Where no draw moves anything, the chain of draws is that of hits.
    if (std::count(parts_.moved_by_draws.begin(), parts_.moved_by_draws.end(),
                   true) == 0) {
      return std::nullopt;
    }
    LaneArray state = banner_.counters().Start().value;
    if (!OddsPart(0, state)) return std::nullopt;
    return parts_;
  }

 private:
  [[nodiscard]] bool IsHit(const Group& group) const {
    return group.rarity == parts_.rarity;
  }

  // Whether no draw but a hit moves the counter.
  [[nodiscard]] bool IsStill(std::size_t counter) const {
    for (const Group& group : banner_.groups()) {
      if (IsHit(group)) continue;
      if (group.step.add[counter] != 0 || group.step.back[counter] != 0 ||
          group.step.keep[counter] != -1) {
        return false;
      }
    }
    return true;
  }

  // Whether every hit makes the counter the same value, which is kept.
  [[nodiscard]] bool StartsAgain(std::size_t counter) {
    std::optional<std::int16_t> value;
    for (const Group& group : banner_.groups()) {
      if (!IsHit(group)) continue;
      if (group.step.keep[counter] != 0) return false;
      if (value.value_or(group.step.add[counter]) != group.step.add[counter]) {
        return false;
      }
      value = group.step.add[counter];
    }
    if (!value.has_value()) return false;
    parts_.after_hit[counter] = *value;
    return true;
  }

  [[nodiscard]] bool Steers(std::size_t counter) const {
    return kept_[counter] &&
           banner_.AlikeUpTo(counter) < banner_.counters()[counter].cap;
  }

  // Whether, over all states of the counters that matter, the odds of a hit
  // and of each other group depend on what draws move alone, and what a hit is
  // on what hits move alone.
  bool OddsPart(std::size_t next, LaneArray& state) const {
    if (next == kept_.size()) return OddsPartIn(state);
    if (!Steers(next)) return OddsPart(next + 1, state);
    const std::int16_t before = state[next];
    bool part = true;
    for (int v = banner_.AlikeUpTo(next);
         part && v <= banner_.counters()[next].cap; ++v) {
      state[next] = static_cast<std::int16_t>(v);
      part = OddsPart(next + 1, state);
    }
    state[next] = before;
    return part;
  }

  // The state with the counters that `moved` says as in a clean one.
  [[nodiscard]] LaneArray With(const LaneArray& state,
                               const std::vector<bool>& moved) const {
    LaneArray clean = state;
    for (std::size_t i = 0; i < moved.size(); ++i) {
      if (moved[i]) clean[i] = banner_.counters().Start().value[i];
    }
    return clean;
  }

  [[nodiscard]] std::uint64_t HitWeight(std::uint32_t row) const {
    std::uint64_t weight = 0;
    for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
      if (IsHit(banner_.groups()[g])) {
        weight += banner_.wheels().Weight(row, g);
      }
    }
    return weight;
  }

  bool OddsPartIn(const LaneArray& state) const {
    const WheelTable& wheels = banner_.wheels();
    const std::uint32_t row = banner_.Row(state);
    const std::uint32_t by_draws =
        banner_.Row(With(state, parts_.moved_by_hits));
    const std::uint32_t by_hits =
        banner_.Row(With(state, parts_.moved_by_draws));
    const std::uint64_t hit = HitWeight(row);
    const std::uint64_t hit_by_hits = HitWeight(by_hits);
    if (hit_by_hits == 0) return false;
    if (hit * wheels.size(by_draws) != HitWeight(by_draws) * wheels.size(row)) {
      return false;
    }
    for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
      const std::uint64_t weight = wheels.Weight(row, g);
      if (IsHit(banner_.groups()[g])) {
        if (hit != 0 &&
            weight * hit_by_hits != wheels.Weight(by_hits, g) * hit) {
          return false;
        }
      } else if (weight * wheels.size(by_draws) !=
                 std::uint64_t{wheels.Weight(by_draws, g)} * wheels.size(row)) {
        return false;
      }
    }
    return true;
  }

  const Banner& banner_;
  std::vector<bool> kept_;
  ByHits parts_;
};

}  // namespace

std::optional<ByHits> TakeApart(const Banner& banner, std::uint32_t batch,
                                const GoalObserver& observer) {
  const std::optional<std::uint8_t> rarity = observer.OnlyRarity();
  if (!rarity.has_value() || !observer.IsPlain() || !banner.draws_are_plain()) {
    return std::nullopt;
  }
  return Parting(banner, *rarity, RelevantCounters(banner, batch, observer))
      .Run();
}

}  // namespace fairpull::internal
