#include "groups.h"

#include <algorithm>
#include <optional>
#include <string>

namespace fairpull::internal {
namespace {

// The weight of a rarity's items: all, or the featured ones.
std::uint64_t WeightOf(const Banner& banner, std::uint8_t rarity,
                       bool featured_only) {
  std::uint64_t weight = 0;
  for (const Item& item : banner.items()) {
    if (item.rarity == rarity && (item.featured || !featured_only)) {
      weight += item.weight;
    }
  }
  return weight;
}

}  // namespace

Ratio GroupPlan::PartIn(const Banner& banner, const RateUpState& state) const {
  const std::optional<RateUpSpec>& rate_up =
      banner.spec().rarities[group.rarity].rate_up;
  if (!rate_up.has_value()) return of_type;
  const RateUp& rule = rate_up->rule;
  const Way now = rule.WayOf(state);
  const std::uint64_t featured = WeightOf(banner, group.rarity, true);
  const auto only_if = [](bool condition) {
    return Ratio(condition ? Odds::Certain() : Odds::Never());
  };
  // What a lost rate-up leaves to featured items, of all that it leaves.
  Ratio back;
  if (rule.off_pool != OffPool::kOthers) {
    back = Ratio(featured, WeightOf(banner, group.rarity, false));
  }
  const Ratio lost = Ratio(Odds::Certain()) - rule.share;
  switch (group.way) {
    case Way::kNone:
      return of_type;
    case Way::kWon:
      if (now == Way::kGuaranteed)
        return only_if(!rule.loss_streak.has_value());
      if (now == Way::kStreak) return Ratio();
      return rule.off_pool == OffPool::kAllFeaturedWins
                 ? Ratio(rule.share) + lost * back
                 : Ratio(rule.share);
    case Way::kGuaranteed:
    case Way::kStreak:
      return only_if(now == group.way);
    case Way::kChosen:
    case Way::kMissed: {
      const bool chosen = group.way == Way::kChosen;
      if (chosen != (state.chosen == place)) return Ratio();
      if (now == Way::kChosen) return only_if(chosen);
      const Ratio one(banner.items()[group.items[0]].weight, featured);
      return now == Way::kGuaranteed ? one : Ratio(rule.share) * one;
    }
    case Way::kLost:
      if (now != Way::kWon) return Ratio();
      if (group.pool == Pool::kFeatured) return lost * back;
      return lost * (Ratio(Odds::Certain()) - back) * of_type;
  }
  return Ratio();
}

std::vector<GroupPlan> GroupMaker::Plans() const {
  std::vector<GroupPlan> plans;
  for (std::uint8_t i = 0; i < banner_.spec().rarities.size(); ++i) {
    if (banner_.spec().rarities[i].rate_up.has_value()) {
      AddRateUp(i, plans);
      AddOthers(i, Pool::kOthers, plans);
    } else {
      AddOthers(i, Pool::kAll, plans);
    }
  }
  plans.erase(std::remove_if(plans.begin(), plans.end(),
                             [](const GroupPlan& plan) {
                               return plan.group.items.empty();
                             }),
              plans.end());
  return plans;
}

void GroupMaker::AddRateUp(std::uint8_t rarity,
                           std::vector<GroupPlan>& plans) const {
  const RateUpSpec& rate_up = *banner_.spec().rarities[rarity].rate_up;
  std::vector<std::uint16_t> featured;
  for (std::size_t i = 0; i < banner_.items().size(); ++i) {
    const Item& item = banner_.items()[i];
    if (item.rarity == rarity && item.featured) {
      featured.push_back(static_cast<std::uint16_t>(i));
    }
  }
  const auto add = [&](Way way, std::vector<std::uint16_t> items,
                       std::int16_t place = 0) {
    GroupPlan plan;
    plan.group.rarity = rarity;
    plan.group.pool = Pool::kFeatured;
    plan.group.way = way;
    plan.group.items = std::move(items);
    plan.place = place;
    plans.push_back(std::move(plan));
  };
  if (rate_up.rule.fate_points.has_value()) {
    for (const Way way : {Way::kChosen, Way::kMissed}) {
      for (std::size_t i = 0; i < rate_up.featured.size(); ++i) {
        const auto item =
            static_cast<std::uint16_t>(*banner_.FindItem(rate_up.featured[i]));
        add(way, {item}, static_cast<std::int16_t>(i));
      }
    }
  } else {
    add(Way::kWon, featured);
    if (rate_up.rule.loss_streak.has_value()) {
      add(Way::kGuaranteed, featured);
      add(Way::kStreak, featured);
    }
  }
  if (rate_up.rule.off_pool == OffPool::kAllFeaturedLoses) {
    add(Way::kLost, featured);
  }
}

void GroupMaker::AddOthers(std::uint8_t rarity, Pool pool,
                           std::vector<GroupPlan>& plans) const {
  const RaritySpec& spec = banner_.spec().rarities[rarity];
  const auto add = [&](const std::string* type, Ratio share) {
    GroupPlan plan;
    plan.group.rarity = rarity;
    plan.group.pool = pool;
    plan.group.way = pool == Pool::kOthers ? Way::kLost : Way::kNone;
    plan.group.remembers = layout_.rarities[rarity].missing.has_value() ||
                           layout_.rarities[rarity].left.has_value();
    plan.of_type = share;
    for (std::size_t i = 0; i < banner_.items().size(); ++i) {
      const Item& item = banner_.items()[i];
      if (item.rarity == rarity && !item.featured &&
          (type == nullptr || item.type == *type)) {
        plan.group.items.push_back(static_cast<std::uint16_t>(i));
      }
    }
    plans.push_back(std::move(plan));
  };
  if (spec.split.empty()) return add(nullptr, Odds::Certain());
  for (const TypeShare& part : spec.split) add(&part.type, part.share);
}

CounterStep GroupMaker::StepOf(const Group& group) const {
  CounterStep step = banner_.counters().FrozenStep();
  for (std::size_t i = 0; i < banner_.spec().rarities.size(); ++i) {
    StepRarity(group, i, step);
  }
  if (banner_.spec().rarities[group.rarity].rate_up.has_value()) {
    StepRateUp(group, step);
  }
  if (layout_.spark.has_value()) step.Advance(*layout_.spark);
  for (const Milestone& milestone : layout_.milestones) {
    step.Advance(milestone.counter);
    step.cap[milestone.counter] = milestone.at;  // Settle starts it again
  }
  const BatchPlan& plan = layout_.plan;
  if (plan.left.has_value()) step.Advance(*plan.left, -1);
  for (const BatchPlan::Need& need : plan.needs) {
    if (group.rarity <= need.rarity) step.Advance(need.counter, -1);
  }
  for (const BatchPlan::Had& had : plan.had) {
    if (group.rarity == had.rarity) step.Advance(had.counter);
  }
  return step;
}

void GroupMaker::StepRarity(const Group& group, std::size_t rarity,
                            CounterStep& step) const {
  const RarityCounters& places = layout_.rarities[rarity];
  const RaritySpec& spec = banner_.spec().rarities[rarity];
  const bool hit = group.rarity == rarity;
  if (places.missing.has_value() && hit) step.Advance(*places.missing, -1);
  if (places.left.has_value() && hit) step.Advance(*places.left, -1);
  if (places.featured_pity.has_value()) {
    if (hit && group.pool == Pool::kFeatured) {
      step.Assign(*places.featured_pity, 0);
      if (places.featured_spent.has_value()) {
        step.Assign(*places.featured_spent, 1);
      }
    } else {
      step.Advance(*places.featured_pity);
    }
  }
  if (!places.pity.has_value() || spec.pity_counts == PityCounts::kBatches) {
    return;
  }
  if (hit) return step.Assign(*places.pity, 0);
  if (group.rarity > rarity) return step.Advance(*places.pity);
  switch (spec.higher_hit.value_or(HigherHit::kKeep)) {
    case HigherHit::kKeep:
      return step.Advance(*places.pity);
    case HigherHit::kReset:
      return step.Assign(*places.pity, 0);
    case HigherHit::kFreeze:
      return step.Freeze(*places.pity);
  }
}

void GroupMaker::StepRateUp(const Group& group, CounterStep& step) const {
  const RarityCounters& places = layout_.rarities[group.rarity];
  const RateUp& rule = banner_.spec().rarities[group.rarity].rate_up->rule;
  const bool lost = group.way == Way::kLost;
  if (places.guarantee.has_value()) {
    step.Assign(*places.guarantee, lost ? 1 : 0);
  }
  if (places.losses.has_value()) {
    if (lost) step.Advance(*places.losses);
    if (group.way == Way::kWon) step.Advance(*places.losses, -1);
    if (group.way == Way::kStreak) {
      step.Assign(*places.losses, rule.loss_streak->then);
    }
  }
  if (places.fate.has_value()) {
    if (group.way == Way::kChosen) {
      step.Assign(*places.fate, 0);
    } else {
      step.Advance(*places.fate);
    }
  }
}

}  // namespace fairpull::internal
