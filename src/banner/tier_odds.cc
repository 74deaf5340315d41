#include "tier_odds.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace fairpull::internal {
namespace {

const Ratio kCertain = Odds::Certain();

std::int16_t ValueOf(const std::optional<std::size_t>& counter,
                     const LaneArray& value) {
  return counter.has_value() ? value[*counter] : std::int16_t{0};
}

// Each cut to what those before it leave; the last takes what is left.
std::vector<Ratio> Truncated(std::vector<Ratio> odds) {
  Ratio left = kCertain;
  for (Ratio& part : odds) {
    if (left < part) part = left;
    if (&part == &odds.back()) part = left;
    left = left - part;
  }
  return odds;
}

std::vector<Ratio> Independent(std::vector<Ratio> odds) {
  Ratio left = kCertain;
  for (Ratio& part : odds) {
    if (&part == &odds.back()) {
      part = left;
      break;
    }
    part = left * part;
    left = left - part;
  }
  return odds;
}

std::vector<Ratio> Normalised(std::vector<Ratio> odds) {
  // A sum above 1 has no Ratio: counted in parts of a common denominator.
  std::uint64_t common = 1;
  for (std::size_t i = 0; i + 1 < odds.size(); ++i) {
    common = std::lcm(common, odds[i].denominator());
  }
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < odds.size(); ++i) {
    sum += common / odds[i].denominator() * odds[i].numerator();
  }
  if (sum <= common) return Truncated(std::move(odds));
  for (std::size_t i = 0; i + 1 < odds.size(); ++i) {
    odds[i] = Ratio(common / odds[i].denominator() * odds[i].numerator(), sum);
  }
  odds.back() = Ratio();
  return odds;
}

}  // namespace

TierOdds::TierOdds(const BannerSpec& spec, const Layout& layout,
                   const std::vector<Curve>& curves)
    : spec_(spec),
      layout_(layout),
      curves_(curves),
      ruled_(spec.FindBatch(layout.plan.size)) {}

RateUpState TierOdds::RateUpIn(std::size_t rarity,
                               const LaneArray& value) const {
  const RarityCounters& places = layout_.rarities[rarity];
  return {.guarantee = ValueOf(places.guarantee, value),
          .losses = ValueOf(places.losses, value),
          .fate = ValueOf(places.fate, value),
          .chosen = ValueOf(places.chosen, value),
          .featured_pity = ValueOf(places.featured_pity, value),
          .featured_spent = ValueOf(places.featured_spent, value)};
}

TierOdds::Table TierOdds::Listed(const OddsTable& table) const {
  Table odds(spec_.rarities.size());
  for (const auto& [rarity, part] : table) {
    odds[RarityIndex(spec_, rarity)] = part;
  }
  return odds;
}

TierOdds::Table TierOdds::Curves(const LaneArray& value) const {
  Table odds;
  for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
    std::optional<std::size_t> pity = layout_.rarities[i].pity;
    std::optional<std::int16_t> due_at;
    for (const BatchPlan::Frozen& frozen : layout_.plan.frozen) {
      if (pity != frozen.pity) continue;
      pity = frozen.copy;
      due_at = frozen.due_at;
    }
    const bool by_pulls = spec_.rarities[i].pity_counts == PityCounts::kPulls;
    const std::int16_t place =
        by_pulls ? ValueOf(pity, value) : std::int16_t{0};
    odds.emplace_back(
        due_at.has_value() && place > *due_at
            ? curves_[i].uncapped()
            : curves_[i].At(static_cast<std::uint32_t>(place) + 1));
  }
  return odds;
}

TierOdds::Table TierOdds::Box(const LaneArray& value) const {
  std::uint64_t all = 0;
  for (const RarityCounters& places : layout_.rarities) {
    all += static_cast<std::uint64_t>(value[*places.left]);
  }
  Table odds(spec_.rarities.size());
  if (all == 0) odds.back() = kCertain;  // never drawn from: it is filled anew
  for (std::size_t i = 0; all != 0 && i < odds.size(); ++i) {
    const std::int16_t left = value[*layout_.rarities[i].left];
    odds[i] = Ratio(static_cast<std::uint64_t>(left), all);
  }
  return odds;
}

TierOdds::Table TierOdds::Overflowed(const Table& odds) const {
  switch (spec_.overflow) {
    case Overflow::kTruncate:
      break;
    case Overflow::kIndependent:
      return Independent(odds);
    case Overflow::kNormalise:
      return Normalised(odds);
    case Overflow::kScaleFiller: {
      Ratio left = kCertain;
      Ratio filler;
      Table scaled = odds;
      const auto is_filler = [&](std::size_t i) {
        return curves_[i].length() == 1;
      };
      for (std::size_t i = 0; i < odds.size(); ++i) {
        if (is_filler(i)) {
          filler = filler + odds[i];
          continue;
        }
        if (left < scaled[i]) scaled[i] = left;
        left = left - scaled[i];
      }
      if (filler.zero()) break;
      for (std::size_t i = 0; i < odds.size(); ++i) {
        if (is_filler(i)) scaled[i] = odds[i] / filler * left;
      }
      return scaled;
    }
  }
  return Truncated(odds);
}

TierOdds::Table TierOdds::Replaced(const Table& curves,
                                   const OddsTable& table) const {
  Table odds = Listed(table);
  for (std::size_t i = 0; i < odds.size(); ++i) {
    if (curves_[i].length() > 1 && curves[i].one()) {
      odds[i] = kCertain;
      return Truncated(std::move(odds));
    }
  }
  return odds;
}

const OddsTable* TierOdds::SlotIn(const LaneArray& value) const {
  const BatchPlan& plan = layout_.plan;
  if (!plan.left.has_value() || value[*plan.left] == 0) return nullptr;
  const SlotSpec* slot = ruled_->slot.has_value() ? &*ruled_->slot : nullptr;
  if (plan.step.has_value()) {
    const auto step = static_cast<std::size_t>(value[plan.step->counter]);
    const StepSpec& now =
        spec_.step_up->steps[std::max<std::size_t>(step, 1) - 1];
    if (now.slot.has_value()) slot = &*now.slot;
  }
  if (slot == nullptr) return nullptr;
  const auto draw =
      plan.draws - static_cast<std::uint32_t>(value[*plan.left]) + 1;
  return draw == slot->draw ? &slot->odds : nullptr;
}

void TierOdds::ApplyNeeds(const LaneArray& value, Table& odds) const {
  const BatchPlan& plan = layout_.plan;
  if (!plan.left.has_value() || value[*plan.left] == 0) return;
  for (const BatchPlan::Need& need : plan.needs) {
    if (value[need.counter] < value[*plan.left]) continue;
    for (std::size_t i = need.rarity + std::size_t{1}; i < odds.size(); ++i) {
      odds[need.rarity] = odds[need.rarity] + odds[i];
      odds[i] = Ratio();
    }
  }
}

std::vector<Ratio> TierOdds::In(const LaneArray& value) const {
  if (spec_.box.has_value()) return Box(value);
  const Table curves = Curves(value);
  Table odds = Overflowed(curves);
  const BatchPlan& plan = layout_.plan;
  if (plan.mixed.has_value() && value[*plan.mixed] != 0) {
    odds = Replaced(curves, ruled_->mixture->odds);
  }
  if (const OddsTable* slot = SlotIn(value)) {
    odds = Replaced(curves, *slot);
  }
  if (ruled_ != nullptr && ruled_->at_most.has_value()) {
    const std::uint8_t most = RarityIndex(spec_, ruled_->at_most->rarity);
    for (const BatchPlan::Had& had : plan.had) {
      if (had.rarity != most ||
          value[had.counter] <
              static_cast<std::int64_t>(ruled_->at_most->count)) {
        continue;
      }
      odds[most + std::size_t{1}] = odds[most + std::size_t{1}] + odds[most];
      odds[most] = Ratio();
    }
  }
  ApplyNeeds(value, odds);
  for (std::size_t i = 0; i + 1 < odds.size(); ++i) {
    if (spec_.rarities[i].protect_duplicates == AllOwned::kLowerRarity &&
        value[*layout_.rarities[i].missing] == 0) {
      odds[i + 1] = odds[i + 1] + odds[i];
      odds[i] = Ratio();
    }
  }
  for (std::size_t i = 0; i < odds.size(); ++i) {
    const std::optional<RateUpSpec>& rate_up = spec_.rarities[i].rate_up;
    if (!rate_up.has_value() || !rate_up->rule.ForcesPull(RateUpIn(i, value))) {
      continue;
    }
    odds.assign(odds.size(), Ratio());
    odds[i] = kCertain;
    break;
  }
  return odds;
}

std::vector<std::pair<std::size_t, Odds>> TierOdds::Entries() const {
  std::vector<std::pair<std::size_t, Odds>> entries;
  for (std::size_t i = 0; i < curves_.size(); ++i) {
    const Curve& curve = curves_[i];
    for (std::uint32_t pull = 1; pull <= curve.length(); ++pull) {
      entries.emplace_back(i, curve.At(pull));
    }
    if (spec_.frozen_odds == FrozenOdds::kHardPityUntilHit) {
      entries.emplace_back(i, curve.uncapped());
    }
  }
  const auto add = [&](const OddsTable& table) {
    for (const auto& [rarity, odds] : table) {
      entries.emplace_back(RarityIndex(spec_, rarity), odds);
    }
  };
  for (const BatchSpec& batch : spec_.batches) {
    if (batch.slot.has_value()) add(batch.slot->odds);
    if (batch.mixture.has_value()) add(batch.mixture->odds);
  }
  if (spec_.step_up.has_value()) {
    for (const StepSpec& step : spec_.step_up->steps) {
      if (step.slot.has_value()) add(step.slot->odds);
    }
  }
  return entries;
}

}  // namespace fairpull::internal
