#include "layout.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "json_fields.h"

namespace fairpull::internal {
namespace {

class LayoutMaker {
 public:
  LayoutMaker(const BannerSpec& spec, const std::vector<Curve>& curves,
              std::vector<Item>& items)
      : spec_(spec), curves_(curves), items_(items) {}

  Layout Run() {
    layout_.rarities.resize(spec_.rarities.size());
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) AddRarity(i);
    if (spec_.spark.has_value()) {
      layout_.spark = Add({.name = "spark", .cap = kMaxCounterValue});
    }
    if (spec_.step_up.has_value()) AddStep();
    for (std::size_t i = 0; i < spec_.milestones.size(); ++i) AddMilestone(i);
    for (const DiscountSpec& discount : spec_.discounts) {
      layout_.discounts.push_back(
          Add({.name = absl::StrCat("discount:", discount.id.value()),
               .cap = discount.limit}));
    }
    AddBatch();
    return std::move(layout_);
  }

 private:
  std::size_t Add(Counter counter) {
    layout_.counters.push_back(std::move(counter));
    return layout_.counters.size() - 1;
  }
  std::size_t AddOf(const char* what, const RaritySpec& rarity, int cap,
                    std::int16_t start = 0) {
    return Add({.name = absl::StrCat(what, ":", rarity.id),
                .cap = static_cast<std::int16_t>(cap),
                .start = start});
  }

  void AddRarity(std::size_t i) {
    const RaritySpec& rarity = spec_.rarities[i];
    RarityCounters& places = layout_.rarities[i];
    if (rarity.pity_counts == PityCounts::kBatches) {
      places.pity =
          AddOf("pity", rarity, static_cast<int>(*rarity.hard_pity) - 1);
    } else if (curves_[i].length() > 1) {
      places.pity =
          AddOf("pity", rarity, static_cast<int>(curves_[i].length()) - 1);
    }
    if (rarity.rate_up.has_value()) AddRateUp(rarity, places);
    if (rarity.protect_duplicates.has_value()) {
      places.missing = AddPool(i, "missing", "owned");
    }
    if (spec_.box.has_value()) places.left = AddPool(i, "left", "taken");
  }

  void AddRateUp(const RaritySpec& rarity, RarityCounters& places) {
    const RateUp& rule = rarity.rate_up->rule;
    if (rule.after_loss == AfterLoss::kGuaranteed && !rule.share.certain()) {
      places.guarantee = AddOf("guarantee", rarity, 1);
    }
    if (rule.loss_streak.has_value()) {
      places.losses = AddOf("losses", rarity, rule.loss_streak->certain_at,
                            rule.loss_streak->start);
    }
    if (rule.fate_points.has_value()) {
      places.fate = AddOf("fate", rarity, rule.fate_points->certain_at);
      places.chosen =
          AddOf("chosen", rarity,
                static_cast<int>(rarity.rate_up->featured.size()) - 1);
    }
    if (rule.featured_within.has_value()) {
      const FeaturedWithin& within = *rule.featured_within;
      places.featured_pity = AddOf("featured_pity", rarity,
                                   within.pulls - (within.pull_itself ? 1 : 0));
      if (within.once)
        places.featured_spent = AddOf("featured_spent", rarity, 1);
    }
  }

  // A counter for each item of the rarity, and one for what is left of them.
  std::size_t AddPool(std::size_t rarity, const char* left, const char* taken) {
    Counter counter{
        .name = absl::StrCat(left, ":", spec_.rarities[rarity].id),
        .life = CounterLife::kDerived,
        .pool_first = static_cast<std::uint8_t>(layout_.pool.size())};
    for (Item& item : items_) {
      if (item.rarity != rarity) continue;
      item.pool_counter = static_cast<std::uint8_t>(layout_.pool.size());
      counter.start = static_cast<std::int16_t>(counter.start + item.stock);
      layout_.pool.push_back({.name = absl::StrCat(taken, ":", item.id.value()),
                              .cap = item.stock});
    }
    counter.pool_count =
        static_cast<std::uint8_t>(layout_.pool.size() - counter.pool_first);
    counter.cap = counter.start;
    return Add(std::move(counter));
  }

  void AddStep() {
    const auto steps = static_cast<std::int16_t>(spec_.step_up->steps.size());
    layout_.plan.step = BatchPlan::Step{
        .counter = Add({.name = "step", .cap = steps, .lowest = 1, .start = 1}),
        .steps = steps,
        .had = std::nullopt,
        .last_repeats = spec_.step_up->last_repeats};
  }

  void AddMilestone(std::size_t i) {
    const MilestoneSpec& milestone = spec_.milestones[i];
    const auto cap = static_cast<std::int16_t>(
        milestone.repeat ? milestone.at - 1 : milestone.at);
    layout_.milestones.push_back(
        {.counter =
             Add({.name = absl::StrCat("milestone:", i + 1), .cap = cap}),
         .at = milestone.at,
         .repeat = milestone.repeat,
         .gives = milestone.gives});
  }

  std::size_t AddOfBatch(const std::string& name, std::uint32_t cap) {
    return Add({.name = absl::StrCat("batch.", name),
                .cap = static_cast<std::int16_t>(cap),
                .life = CounterLife::kBatch});
  }

  // Hits of a rarity in the batch, counted up to `cap` at least.
  std::size_t HadOf(std::uint8_t rarity, std::uint32_t cap) {
    for (const BatchPlan::Had& had : layout_.plan.had) {
      if (had.rarity != rarity) continue;
      Counter& counter = layout_.counters[had.counter];
      counter.cap = std::max(counter.cap, static_cast<std::int16_t>(cap));
      return had.counter;
    }
    const std::size_t place =
        AddOfBatch(absl::StrCat("had:", spec_.rarities[rarity].id), cap);
    layout_.plan.had.push_back({.rarity = rarity, .counter = place});
    return place;
  }

  void AddNeed(std::uint8_t rarity, std::uint32_t count,
               std::optional<std::size_t> pity, std::int16_t due_at) {
    for (BatchPlan::Need& need : layout_.plan.needs) {
      if (need.rarity != rarity) continue;
      need.pity = pity;
      need.due_at = due_at;
      return;
    }
    layout_.plan.needs.push_back(
        {.rarity = rarity,
         .counter = AddOfBatch(absl::StrCat("need:", spec_.rarities[rarity].id),
                               std::max<std::uint32_t>(count, 1)),
         .count = static_cast<std::int16_t>(count),
         .pity = pity,
         .due_at = due_at});
  }

  void AddBatch() {
    BatchPlan& plan = layout_.plan;
    bool positions = false;
    for (const BatchSpec& batch : spec_.batches) {
      const bool stepped =
          spec_.step_up.has_value() && spec_.step_up->batch == batch.size;
      const bool counted =
          std::any_of(spec_.rarities.begin(), spec_.rarities.end(),
                      [](const RaritySpec& rarity) {
                        return rarity.pity_counts == PityCounts::kBatches;
                      });
      if (!batch.has_rules() && !stepped && !counted) continue;
      plan.size = batch.size;
      plan.draws = batch.draws();
      plan.shuffle = batch.shuffle;
      positions = counted || batch.slot.has_value() ||
                  batch.at_least.has_value() || (stepped && StepsHaveSlots());
      if (positions) plan.left = AddOfBatch("left", plan.draws);
      if (batch.at_least.has_value()) {
        AddNeed(RarityIndex(spec_, batch.at_least->rarity),
                batch.at_least->count, std::nullopt, 0);
      }
      if (batch.at_most.has_value()) {
        HadOf(RarityIndex(spec_, batch.at_most->rarity), batch.at_most->count);
      }
      if (batch.mixture.has_value()) {
        plan.mixed = AddOfBatch("mixed", 1);
        plan.mixture = batch.mixture->chance;
      }
    }
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) AddPity(i);
    if (spec_.step_up.has_value() &&
        spec_.step_up->back_to_first_on.has_value()) {
      plan.step->had =
          HadOf(RarityIndex(spec_, *spec_.step_up->back_to_first_on), 1);
    }
  }

  [[nodiscard]] bool StepsHaveSlots() const {
    return std::any_of(
        spec_.step_up->steps.begin(), spec_.step_up->steps.end(),
        [](const StepSpec& step) { return step.slot.has_value(); });
  }

  void AddPity(std::size_t i) {
    const std::optional<std::size_t> pity = layout_.rarities[i].pity;
    if (!pity.has_value()) return;
    const auto rarity = static_cast<std::uint8_t>(i);
    const std::int16_t cap = layout_.counters[*pity].cap;
    if (spec_.rarities[i].pity_counts == PityCounts::kBatches) {
      layout_.plan.pities.push_back(
          {.pity = *pity, .had = HadOf(rarity, 1), .cap = cap});
      AddNeed(rarity, 0, pity, cap);
    } else if (spec_.frozen_odds != FrozenOdds::kNo) {
      // One more value, for a hard pity that was due and had its hit.
      const bool until_hit =
          spec_.frozen_odds == FrozenOdds::kHardPityUntilHit &&
          spec_.rarities[i].hard_pity.has_value();
      layout_.plan.frozen.push_back(
          {.pity = *pity,
           .copy = AddOfBatch(
               absl::StrCat("frozen:", spec_.rarities[i].id),
               static_cast<std::uint32_t>(cap + (until_hit ? 1 : 0))),
           .due_at =
               until_hit ? std::optional<std::int16_t>(cap) : std::nullopt});
    }
  }

  const BannerSpec& spec_;
  const std::vector<Curve>& curves_;
  std::vector<Item>& items_;
  Layout layout_;
};

// Puts what the file says of counters where it belongs.
void ApplySpecs(const BannerSpec& spec, Layout& layout, Problems& problems) {
  for (std::size_t i = 0; i < spec.counters.size(); ++i) {
    const CounterSpec& said = spec.counters[i];
    bool found = false;
    std::vector<std::string> known;
    for (std::vector<Counter>* list : {&layout.counters, &layout.pool}) {
      for (Counter& counter : *list) {
        if (counter.life != CounterLife::kStored) continue;
        known.push_back(counter.name);
        if (counter.name != said.name) continue;
        found = true;
        counter.scope = said.scope;
        counter.at_end = said.at_end;
        counter.currency = said.currency;
        counter.amount = said.amount;
      }
    }
    if (!found) {
      problems.Add(
          Below("/counters", said.name),
          absl::StrCat("this banner has no counter of this name; it has ",
                       known.empty() ? "none" : absl::StrJoin(known, ", ")));
    }
  }
}

}  // namespace

Layout MakeLayout(const BannerSpec& spec, const std::vector<Curve>& curves,
                  std::vector<Item>& items, Problems& problems) {
  Layout layout = LayoutMaker(spec, curves, items).Run();
  ApplySpecs(spec, layout, problems);
  return layout;
}

std::uint8_t RarityIndex(const BannerSpec& spec, const std::string& id) {
  const auto found =
      std::find_if(spec.rarities.begin(), spec.rarities.end(),
                   [&](const RaritySpec& rarity) { return rarity.id == id; });
  return static_cast<std::uint8_t>(found - spec.rarities.begin());
}

}  // namespace fairpull::internal
