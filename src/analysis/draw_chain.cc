#include "draw_chain.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace fairpull::internal {
namespace {

// Finds the counters that matter, by closing over what influences what.
class Slicer {
 public:
  Slicer(const Banner& banner, std::uint32_t batch, const Observer& observer)
      : banner_(banner),
        observer_(observer),
        ruled_(batch == banner.batch_plan().size),
        kept_(banner.counters().size(), false) {}

  std::vector<bool> Run() {
    for (const std::size_t counter : observer_.Reads()) kept_[counter] = true;
    std::vector<bool> before;
    do {
      before = kept_;
      AddPartners();
      AddSteering();
    } while (kept_ != before);
    return kept_;
  }

 private:
  void Keep(std::size_t counter) { kept_[counter] = true; }
  void KeepIf(std::size_t kept, std::size_t counter) {
    if (kept_[kept]) Keep(counter);
  }

  // Counters that are moved by others than a group's step.
  void AddPartners() {
    const BatchPlan& plan = banner_.batch_plan();
    for (const BatchPlan::Frozen& frozen : plan.frozen) {
      KeepIf(frozen.copy, frozen.pity);
    }
    for (const BatchPlan::BatchPity& pity : plan.pities) {
      KeepIf(pity.pity, pity.had);
    }
    for (const BatchPlan::Need& need : plan.needs) {
      if (need.pity.has_value()) KeepIf(need.counter, *need.pity);
    }
    if (plan.step.has_value() && plan.step->had.has_value()) {
      KeepIf(plan.step->counter, *plan.step->had);
    }
    for (const Rarity& rarity : banner_.rarities()) {
      const RarityCounters& places = rarity.counters;
      if (places.featured_spent.has_value()) {
        KeepIf(*places.featured_pity, *places.featured_spent);
      }
      if (!places.left.has_value() || !kept_[*places.left]) continue;
      for (const Rarity& other : banner_.rarities()) {
        Keep(*other.counters.left);
      }
    }
  }

  // Groups that are seen alike and do the same to what is kept are one; what
  // changes the odds of one of these is kept too.
  void AddSteering() {
    using Key = std::tuple<int, LaneArray, LaneArray, LaneArray>;
    std::map<Key, std::vector<std::uint32_t>> classes;
    for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
      const CounterStep& step = banner_.groups()[g].step;
      const auto masked = [&](LaneArray lanes) {
        for (std::size_t i = 0; i < lanes.size(); ++i) {
          if (i >= kept_.size() || !kept_[i]) lanes[i] = 0;
        }
        return lanes;
      };
      classes[{observer_.KindOf(g), masked(step.back), masked(step.keep),
               masked(step.add)}]
          .push_back(g);
    }
    if (classes.size() < 2) return;
    for (const auto& [key, groups] : classes) {
      const std::vector<std::uint64_t> odds = OddsOf(groups);
      for (std::size_t i = 0; i < kept_.size(); ++i) {
        if (!kept_[i] && Steers(i) && Changes(odds, i)) Keep(i);
      }
    }
  }

  // The weight of `groups` together, by wheel.
  [[nodiscard]] std::vector<std::uint64_t> OddsOf(
      const std::vector<std::uint32_t>& groups) const {
    const WheelTable& wheels = banner_.wheels();
    std::vector<std::uint64_t> weights(wheels.rows(), 0);
    for (std::uint32_t n = 0; n < wheels.rows(); ++n) {
      for (const std::uint32_t g : groups) {
        weights[n] += wheels.Weight(wheels.RowAt(n), g);
      }
    }
    return weights;
  }

  // Whether a counter steers a wheel that is drawn from: counters of a batch
  // stay 0 where the batch that is drawn has no rules.
  [[nodiscard]] bool Steers(std::size_t counter) const {
    if (banner_.AlikeUpTo(counter) >= banner_.counters()[counter].cap) {
      return false;
    }
    if (banner_.counters()[counter].life != CounterLife::kBatch || ruled_) {
      return true;
    }
    const BatchPlan& plan = banner_.batch_plan();
    return std::any_of(plan.frozen.begin(), plan.frozen.end(),
                       [&](const BatchPlan::Frozen& frozen) {
                         return frozen.copy == counter;
                       });
  }

  // Whether odds, by wheel, depend on a counter, others being what they may:
  // whether some wheel differs from that of the counter's lowest value.
  [[nodiscard]] bool Changes(const std::vector<std::uint64_t>& odds,
                             std::size_t counter) const {
    const WheelTable& wheels = banner_.wheels();
    const auto stride = static_cast<std::uint32_t>(
        banner_.RowStride(counter) / static_cast<int>(wheels.outcomes()));
    const auto values = static_cast<std::uint32_t>(
        banner_.counters()[counter].cap - banner_.AlikeUpTo(counter) + 1);
    for (std::uint32_t n = 0; n < odds.size(); ++n) {
      const std::uint32_t lowest = n - n / stride % values * stride;
      if (wheels.one_size() ? odds[n] != odds[lowest]
                            : odds[n] * wheels.size(wheels.RowAt(lowest)) !=
                                  odds[lowest] * wheels.size(wheels.RowAt(n))) {
        return true;
      }
    }
    return false;
  }

  const Banner& banner_;
  const Observer& observer_;
  bool ruled_;
  std::vector<bool> kept_;
};

}  // namespace

std::vector<bool> RelevantCounters(const Banner& banner, std::uint32_t batch,
                                   const Observer& observer) {
  return Slicer(banner, batch, observer).Run();
}

DrawChain::DrawChain(const Banner& banner, std::uint32_t batch,
                     const Observer& observer)
    : banner_(banner),
      batch_(batch),
      observer_(observer),
      draws_(static_cast<std::int16_t>(banner.DrawsOf(batch))),
      kept_(RelevantCounters(banner, batch, observer)) {
  const BatchPlan& plan = banner.batch_plan();
  // A step that moves by batch needs the boundaries; so does a place.
  bool by_batch = false;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    by_batch = by_batch ||
               (kept_[i] && banner.counters()[i].life == CounterLife::kBatch);
  }
  if (plan.step.has_value()) by_batch = by_batch || kept_[plan.step->counter];
  for (const BatchPlan::BatchPity& pity : plan.pities) {
    by_batch = by_batch || kept_[pity.pity];
  }
  has_batches_ = by_batch || (plan.mixes(batch));
  counts_places_ = has_batches_ && draws_ > 1;
  if (has_batches_ && batch == plan.size && plan.left.has_value()) {
    kept_[*plan.left] = true;
    counts_places_ = false;
  }
}

DrawChain::DrawChain(const Banner& banner, const Observer& observer,
                     std::uint8_t only, std::vector<bool> kept)
    : banner_(banner),
      batch_(1),
      observer_(observer),
      only_(only),
      draws_(1),
      has_batches_(false),
      counts_places_(false),
      kept_(std::move(kept)) {}

LaneArray DrawChain::Sliced(LaneArray value) const {
  const LaneArray& start = banner_.counters().Start().value;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (i >= kept_.size() || !kept_[i]) value[i] = start[i];
  }
  return value;
}

std::uint32_t DrawChain::Number(const ChainState& state) {
  const auto [found, is_new] =
      numbers_.emplace(state, static_cast<std::uint32_t>(states_.size()));
  if (is_new) {
    states_.push_back(state);
    edges_.emplace_back();
    expanded_.push_back(false);
  }
  return found->second;
}

ChainBegin DrawChain::Begin(const LaneArray& start, std::int32_t memory) {
  const BatchPlan& plan = banner_.batch_plan();
  const long double mixed =
      has_batches_ && plan.mixes(batch_)
          ? static_cast<long double>(plan.mixture.numerator()) /
                plan.mixture.denominator()
          : 0;
  ChainBegin begins;
  for (const bool in_mixture : {false, true}) {
    const long double odds = in_mixture ? mixed : 1 - mixed;
    if (odds == 0) continue;
    LaneArray value = start;
    if (has_batches_) value = plan.Begin(value, batch_, in_mixture);
    begins.emplace_back(
        Number({.value = Sliced(value), .place = 0, .memory = memory}), odds);
  }
  return begins;
}

void DrawChain::Follow(
    const ChainState& before, const LaneArray& after, std::int32_t memory,
    absl::FunctionRef<void(std::uint32_t, long double)> add) {
  if (!has_batches_) {
    add(Number({.value = Sliced(after), .place = 0, .memory = memory}), 1);
    return;
  }
  const BatchPlan& plan = banner_.batch_plan();
  const bool last = counts_places_ ? before.place + 1 == draws_
                    : draws_ == 1  ? true
                                   : after[*plan.left] == 0;
  if (!last) {
    const auto place =
        static_cast<std::int16_t>(counts_places_ ? before.place + 1 : 0);
    add(Number({.value = Sliced(after), .place = place, .memory = memory}), 1);
    return;
  }
  for (const auto& [state, odds] : Begin(plan.End(after), memory)) {
    add(state, odds);
  }
}

const std::vector<ChainEdge>& DrawChain::Edges(std::uint32_t state) {
  if (!expanded_[state]) Expand(state);
  return edges_[state];
}

void DrawChain::Expand(std::uint32_t number) {
  expanded_[number] = true;
  const ChainState state = states_[number];
  const std::uint32_t row = banner_.Row(state.value);
  const auto drawn = [&](std::uint32_t g) {
    return !only_.has_value() || banner_.groups()[g].rarity == *only_;
  };
  long double size = 0;
  for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
    if (drawn(g)) size += banner_.wheels().Weight(row, g);
  }
  std::vector<ChainEdge> edges;
  std::vector<Observation> seen;
  for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
    const std::uint32_t weight = drawn(g) ? banner_.wheels().Weight(row, g) : 0;
    if (weight == 0) continue;
    const long double odds = weight / size;
    LaneArray after = banner_.groups()[g].step.After(state.value);
    if (!banner_.draws_are_plain()) banner_.Settle(after);
    seen.clear();
    observer_.Observe(g, state, after, seen);
    for (const Observation& one : seen) {
      if (one.part == 0) continue;
      Follow(state, after, one.memory,
             [&](std::uint32_t to, long double follow) {
               const long double part = odds * one.part * follow;
               for (ChainEdge& edge : edges) {
                 if (edge.to != to || edge.label != one.label) continue;
                 edge.odds += part;
                 return;
               }
               edges.push_back({.to = to, .label = one.label, .odds = part});
             });
    }
  }
  edges_[number] = std::move(edges);
}

}  // namespace fairpull::internal
