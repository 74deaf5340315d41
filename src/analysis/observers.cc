#include "observers.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fairpull::internal {
namespace {

constexpr std::size_t kMaxCollectionStates = 1 << 20;

// The weight of a group's items together: things, where the pool remembers.
long double WeightOf(const Banner& banner, const Group& group) {
  long double weight = 0;
  for (const std::uint16_t i : group.items) weight += banner.items()[i].weight;
  return weight;
}

// Whether a box was filled anew by the draw that led to `after`.
bool WasFilled(const Banner& banner, const LaneArray& after) {
  if (!banner.spec().box.has_value()) return false;
  for (const Rarity& rarity : banner.rarities()) {
    const std::size_t left = *rarity.counters.left;
    if (after[left] != banner.counters()[left].start) return false;
  }
  return true;
}

// The counter of what is left of a rarity whose pool remembers.
std::optional<std::size_t> LeftCounter(const Banner& banner,
                                       std::uint8_t rarity) {
  const RarityCounters& places = banner.rarities()[rarity].counters;
  return places.left.has_value() ? places.left : places.missing;
}

// Points and gifts, which are alike for goals of every kind.
class Extras {
 public:
  Extras(const Banner& banner, const Goal& goal) : banner_(banner) {
    if (goal.IsExchangeable(banner)) spark_ = banner.spark_counter();
    for (const Milestone& milestone : banner.milestones()) {
      if (Matters(goal, milestone.gives)) milestones_.push_back(&milestone);
    }
  }

  [[nodiscard]] bool none() const {
    return !spark_.has_value() && milestones_.empty();
  }
  [[nodiscard]] std::vector<std::size_t> Reads() const {
    std::vector<std::size_t> reads;
    if (spark_.has_value()) reads.push_back(*spark_);
    for (const Milestone* milestone : milestones_) {
      reads.push_back(milestone->counter);
    }
    return reads;
  }

  // How many exchanges the points in `value` allow; they are spent.
  [[nodiscard]] int Exchange(LaneArray& value) const {
    if (!spark_.has_value()) return 0;
    const std::int16_t points = banner_.spec().spark->points;
    const int times = value[*spark_] / points;
    value[*spark_] = static_cast<std::int16_t>(value[*spark_] - times * points);
    return times;
  }

  // Calls `visit(gift)` for each that a draw in `state` gives.
  template <class Visit>
  void ForEachGift(const LaneArray& state, const Visit& visit) const {
    for (const Milestone* milestone : milestones_) {
      if (state[milestone->counter] == milestone->at - 1) {
        visit(milestone->gives);
      }
    }
  }

 private:
  [[nodiscard]] bool Matters(const Goal& goal, const Gift& gift) const {
    if (std::holds_alternative<DrawsGift>(gift)) return true;
    const auto* item = std::get_if<ItemGift>(&gift);
    if (item == nullptr) return false;
    const auto index =
        static_cast<std::uint16_t>(*banner_.FindItem(item->item));
    if (!goal.items().empty()) {
      return std::count(goal.items().begin(), goal.items().end(), index) != 0;
    }
    return goal.kind() != Goal::Kind::kChosen &&
           banner_.items()[index].rarity == goal.rarity() &&
           (goal.kind() == Goal::Kind::kRarity ||
            banner_.items()[index].featured);
  }

  const Banner& banner_;
  std::optional<std::size_t> spark_;
  std::vector<const Milestone*> milestones_;
};

// A goal that is met again and again.
class HitObserver final : public GoalObserver {
 public:
  HitObserver(const Banner& banner, const Goal& goal)
      : banner_(banner), goal_(goal), extras_(banner, goal) {
    if (goal.kind() == Goal::Kind::kItem) {
      item_ = goal.items()[0];
      left_ = LeftCounter(banner, banner.items()[*item_].rarity);
    }
    const std::uint32_t row = banner.Row(banner.counters().Start().value);
    for (std::uint32_t g = 0; g < banner.groups().size(); ++g) {
      detached_ += banner.wheels().Weight(row, g) * CleanPart(g) /
                   banner.wheels().size(row);
    }
  }

  int KindOf(std::uint32_t group) const override {
    if (CleanPart(group) == 0) return 0;
    return item_.has_value() ? static_cast<int>(group) + 1 : 1;
  }

  std::vector<std::size_t> Reads() const override {
    std::vector<std::size_t> reads = extras_.Reads();
    if (left_.has_value()) reads.push_back(*left_);
    return reads;
  }

  Beginning BeginIn(const PityState& state) const override {
    Beginning begin{.value = state.value};
    begin.hits = static_cast<std::uint64_t>(extras_.Exchange(begin.value));
    if (left_.has_value()) {
      begin.memory = state.taken[*banner_.items()[*item_].pool_counter];
    }
    return begin;
  }

  bool IsPlain() const override { return extras_.none() && !left_.has_value(); }

  std::optional<std::uint8_t> OnlyRarity() const override {
    return item_.has_value() ? banner_.items()[*item_].rarity : goal_.rarity();
  }

  void Observe(std::uint32_t group, const ChainState& state, LaneArray& after,
               std::vector<Observation>& seen) const override {
    const long double part = PartIn(group, state);
    const std::int32_t kept = WasFilled(banner_, after) ? 0 : state.memory;
    const std::int32_t taken =
        WasFilled(banner_, after) || !left_.has_value()
            ? 0
            : std::min<std::int32_t>(state.memory + 1,
                                     banner_.items()[*item_].stock);
    const int exchanged = extras_.Exchange(after);
    if (part < 1) {
      seen.push_back({.part = 1 - part, .label = exchanged, .memory = kept});
    }
    if (part > 0) {
      seen.push_back({.part = part, .label = exchanged + 1, .memory = taken});
    }
    extras_.ForEachGift(state.value, [&](const Gift& gift) {
      if (const auto* item = std::get_if<ItemGift>(&gift)) {
        for (Observation& one : seen) {
          one.label += static_cast<int>(item->count);
        }
      } else {
        AddDetached(std::get<DrawsGift>(gift).draws, seen);
      }
    });
  }

 private:
  // The part of a group's draws that meet the goal, in a clean state.
  [[nodiscard]] long double CleanPart(std::uint32_t g) const {
    const Group& group = banner_.groups()[g];
    switch (goal_.kind()) {
      case Goal::Kind::kRarity:
        return group.rarity == goal_.rarity() ? 1 : 0;
      case Goal::Kind::kFeatured:
        return group.rarity == goal_.rarity() && group.pool == Pool::kFeatured
                   ? 1
                   : 0;
      case Goal::Kind::kChosen:
        return group.rarity == goal_.rarity() && group.way == Way::kChosen ? 1
                                                                           : 0;
      default:
        break;
    }
    if (std::count(group.items.begin(), group.items.end(), *item_) == 0) {
      return 0;
    }
    return banner_.items()[*item_].weight / WeightOf(banner_, group);
  }

  // The same in a state of the chain.
  [[nodiscard]] long double PartIn(std::uint32_t g,
                                   const ChainState& state) const {
    const long double clean = CleanPart(g);
    if (clean == 0 || !left_.has_value()) return clean;
    const Item& item = banner_.items()[*item_];
    const long double left = state.value[*left_];
    if (left == 0) return clean;  // all are owned, and all drawn again
    return (item.stock - state.memory) / left;
  }

  void AddDetached(std::uint32_t draws, std::vector<Observation>& seen) const {
    for (std::uint32_t i = 0; i < draws; ++i) {
      std::vector<Observation> next;
      const auto add = [&](const Observation& one) {
        for (Observation& there : next) {
          if (there.label != one.label || there.memory != one.memory) continue;
          there.part += one.part;
          return;
        }
        next.push_back(one);
      };
      for (const Observation& one : seen) {
        add({one.part * (1 - detached_), one.label, one.memory});
        add({one.part * detached_, one.label + 1, one.memory});
      }
      seen = std::move(next);
    }
  }

  const Banner& banner_;
  const Goal& goal_;
  Extras extras_;
  std::optional<std::uint16_t> item_;
  std::optional<std::size_t> left_;  // where the item's pool remembers
  long double detached_ = 0;         // of a detached draw
};

// Each of several items once. Items that are drawn alike are counted together:
// the memory is how many of each kind are still missing, as digits.
class CollectionObserver final : public GoalObserver {
 public:
  CollectionObserver(const Banner& banner, const Goal& goal)
      : banner_(banner), extras_(banner, goal) {
    std::map<std::vector<std::int64_t>, std::vector<std::uint16_t>> kinds;
    for (const std::uint16_t i : goal.items()) kinds[Signature(i)].push_back(i);
    for (auto& [signature, items] : kinds) {
      kinds_.push_back({.items = std::move(items), .unit = states_});
      states_ *= kinds_.back().items.size() + 1;
      if (states_ > kMaxCollectionStates) return;
    }
  }

  // 0 if there are too many to follow.
  [[nodiscard]] std::size_t states() const {
    return states_ > kMaxCollectionStates ? 0 : states_;
  }

  int KindOf(std::uint32_t group) const override {
    for (const ItemKind& kind : kinds_) {
      if (IsIn(kind, group)) return static_cast<int>(group) + 1;
    }
    return 0;
  }

  std::vector<std::size_t> Reads() const override {
    std::vector<std::size_t> reads = extras_.Reads();
    for (const ItemKind& kind : kinds_) {
      const auto left =
          LeftCounter(banner_, banner_.items()[kind.items[0]].rarity);
      if (left.has_value()) reads.push_back(*left);
    }
    return reads;
  }

  Beginning BeginIn(const PityState& state) const override {
    Beginning begin{.value = state.value};
    for (const ItemKind& kind : kinds_) {
      for (const std::uint16_t i : kind.items) {
        const std::optional<std::uint8_t>& counter =
            banner_.items()[i].pool_counter;
        const bool had = counter.has_value() && state.taken[*counter] != 0;
        if (!had) begin.memory += static_cast<std::int32_t>(kind.unit);
      }
    }
    for (int n = extras_.Exchange(begin.value); n > 0; --n) {
      begin.memory = Bought(begin.memory);
    }
    begin.hits = begin.memory == 0 ? 1 : 0;
    return begin;
  }

  bool IsPlain() const override {
    return extras_.none() &&
           std::none_of(kinds_.begin(), kinds_.end(), [&](const ItemKind& k) {
             return LeftCounter(banner_, banner_.items()[k.items[0]].rarity)
                 .has_value();
           });
  }

  std::optional<std::uint8_t> OnlyRarity() const override {
    const std::uint8_t rarity = banner_.items()[kinds_[0].items[0]].rarity;
    for (const ItemKind& kind : kinds_) {
      if (banner_.items()[kind.items[0]].rarity != rarity) return std::nullopt;
    }
    return rarity;
  }

  void Observe(std::uint32_t group, const ChainState& state, LaneArray& after,
               std::vector<Observation>& seen) const override {
    std::map<std::int32_t, long double> parts;
    AddDraw(group, state.value, state.memory, 1, parts);
    extras_.ForEachGift(state.value, [&](const Gift& gift) {
      if (const auto* item = std::get_if<ItemGift>(&gift)) {
        AddItem(item->item, parts);
      } else {
        AddDetached(std::get<DrawsGift>(gift).draws, parts);
      }
    });
    const int exchanged = extras_.Exchange(after);
    for (const auto& [memory, part] : parts) {
      std::int32_t left = memory;
      for (int n = 0; n < exchanged; ++n) left = Bought(left);
      seen.push_back(
          {.part = part, .label = left == 0 ? 1 : 0, .memory = left});
    }
  }

 private:
  struct ItemKind {
    std::vector<std::uint16_t> items;
    std::size_t unit = 1;  // what one missing item adds to the memory
  };

  // Equal for items that are drawn, sold and given alike.
  [[nodiscard]] std::vector<std::int64_t> Signature(std::uint16_t i) const {
    const Item& item = banner_.items()[i];
    std::vector<std::int64_t> signature = {item.rarity, item.weight,
                                           item.stock};
    const std::optional<SparkSpec>& spark = banner_.spec().spark;
    signature.push_back(spark.has_value() &&
                        std::count(spark->choose.begin(), spark->choose.end(),
                                   item.id.value()) != 0);
    std::int64_t gift = 0;  // the only one of its kind if a milestone gives it
    for (const Milestone& milestone : banner_.milestones()) {
      const auto* given = std::get_if<ItemGift>(&milestone.gives);
      if (given != nullptr && given->item == item.id.value()) gift = i + 1;
    }
    signature.push_back(gift);
    for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
      const std::vector<std::uint16_t>& items = banner_.groups()[g].items;
      if (std::count(items.begin(), items.end(), i) != 0) {
        signature.push_back(g);
      }
    }
    return signature;
  }

  [[nodiscard]] bool IsIn(const ItemKind& kind, std::uint32_t g) const {
    const std::vector<std::uint16_t>& items = banner_.groups()[g].items;
    return std::count(items.begin(), items.end(), kind.items[0]) != 0;
  }

  [[nodiscard]] std::size_t Missing(const ItemKind& kind,
                                    std::int32_t memory) const {
    return static_cast<std::size_t>(memory) / kind.unit %
           (kind.items.size() + 1);
  }

  // The memory after the points bought a missing item: of the kinds that are
  // sold, the first one that is missing.
  [[nodiscard]] std::int32_t Bought(std::int32_t memory) const {
    const std::vector<std::string>& sold = banner_.spec().spark->choose;
    for (const ItemKind& kind : kinds_) {
      const std::string& id = banner_.items()[kind.items[0]].id.value();
      if (Missing(kind, memory) != 0 &&
          std::count(sold.begin(), sold.end(), id) != 0) {
        return memory - static_cast<std::int32_t>(kind.unit);
      }
    }
    return memory;
  }

  // Adds what a draw of a group makes of `memory`, in `part` of all cases.
  void AddDraw(std::uint32_t g, const LaneArray& value, std::int32_t memory,
               long double part,
               std::map<std::int32_t, long double>& parts) const {
    const Group& group = banner_.groups()[g];
    long double weight = WeightOf(banner_, group);
    bool things = false;
    if (group.remembers) {
      const long double left = value[*LeftCounter(banner_, group.rarity)];
      if (left != 0) {
        weight = left;
        things = true;
      }
    }
    long double others = 1;
    for (const ItemKind& kind : kinds_) {
      const std::size_t missing = Missing(kind, memory);
      if (missing == 0 || !IsIn(kind, g)) continue;
      const Item& item = banner_.items()[kind.items[0]];
      const long double one = things ? item.stock : item.weight;
      const long double found =
          static_cast<long double>(missing) * one / weight;
      parts[memory - static_cast<std::int32_t>(kind.unit)] += part * found;
      others -= found;
    }
    // Where each draw finds something, nothing but rounding is left.
    if (others > 1e-15) parts[memory] += part * others;
  }

  void AddItem(const std::string& id,
               std::map<std::int32_t, long double>& parts) const {
    const auto index = static_cast<std::uint16_t>(*banner_.FindItem(id));
    for (const ItemKind& kind : kinds_) {
      if (kind.items[0] != index) continue;
      std::map<std::int32_t, long double> next;
      for (const auto& [memory, part] : parts) {
        const bool missing = Missing(kind, memory) != 0;
        next[missing ? memory - static_cast<std::int32_t>(kind.unit)
                     : memory] += part;
      }
      parts = std::move(next);
    }
  }

  void AddDetached(std::uint32_t draws,
                   std::map<std::int32_t, long double>& parts) const {
    const LaneArray& clean = banner_.counters().Start().value;
    const std::uint32_t row = banner_.Row(clean);
    for (std::uint32_t i = 0; i < draws; ++i) {
      std::map<std::int32_t, long double> next;
      for (const auto& [memory, part] : parts) {
        for (std::uint32_t g = 0; g < banner_.groups().size(); ++g) {
          const std::uint32_t weight = banner_.wheels().Weight(row, g);
          if (weight == 0) continue;
          AddDraw(g, clean, memory, part * weight / banner_.wheels().size(row),
                  next);
        }
      }
      parts = std::move(next);
    }
  }

  const Banner& banner_;
  Extras extras_;
  std::vector<ItemKind> kinds_;
  std::size_t states_ = 1;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GoalObserver>> Watch(const Banner& banner,
                                                    const Goal& goal) {
  if (goal.kind() != Goal::Kind::kCollection) {
    return std::make_unique<HitObserver>(banner, goal);
  }
  auto observer = std::make_unique<CollectionObserver>(banner, goal);
  if (observer->states() == 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a collection of ", goal.items().size(),
                     " items with so many different odds has more than ",
                     kMaxCollectionStates, " states, which is the limit"));
  }
  return observer;
}

}  // namespace fairpull::internal
