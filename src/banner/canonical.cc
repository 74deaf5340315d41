#include "canonical.h"

#include <variant>

#include "nlohmann/json.hpp"

namespace fairpull::internal {
namespace {

using Json = nlohmann::json;  // its objects are sorted by key

constexpr const char* kPools[] = {"all", "featured", "others"};
constexpr const char* kHigherHits[] = {"keep", "reset", "freeze"};
// Of featured groups.
constexpr const char* kWays[] = {"",       "won",    "guaranteed", "streak",
                                 "chosen", "missed", "lost"};
constexpr const char* kOverflows[] = {"truncate", "independent", "normalise",
                                      "scale_filler"};
constexpr const char* kScopes[] = {"family", "banner", "account"};
constexpr const char* kEnds[] = {"keep", "zero"};

template <class Enum>
std::size_t Index(Enum value) {
  return static_cast<std::size_t>(value);
}

Json OddsJson(Odds odds) { return {odds.numerator(), odds.denominator()}; }

Json TableJson(const OddsTable& table) {
  Json json = Json::object();
  for (const auto& [rarity, odds] : table) json[rarity] = OddsJson(odds);
  return json;
}

Json GroupJson(const Banner& banner, const Group& group) {
  Json items = Json::array();
  for (const std::uint16_t i : group.items) {
    const Item& item = banner.items()[i];
    Json entry = {item.id.value(), item.weight};
    if (banner.spec().box.has_value()) entry.push_back(item.stock);
    items.push_back(std::move(entry));
  }
  return {{"rarity", banner.rarities()[group.rarity].id},
          {"pool", kPools[Index(group.pool)]},
          {"way", group.pool == Pool::kFeatured ? kWays[Index(group.way)] : ""},
          {"items", std::move(items)}};
}

Json RateUpJson(const RateUpSpec& spec) {
  const RateUp& rule = spec.rule;
  Json json = {
      {"share", OddsJson(rule.share)},
      {"after_loss",
       rule.after_loss == AfterLoss::kGuaranteed ? "guarantee" : "same_odds"},
      {"off_pool", rule.off_pool == OffPool::kOthers ? "others" : "all"},
      {"featured", spec.featured}};
  if (rule.off_pool != OffPool::kOthers) {
    json["featured_from_off_pool"] =
        rule.off_pool == OffPool::kAllFeaturedWins ? "win" : "loss";
  }
  if (rule.loss_streak.has_value()) {
    json["loss_streak"] = {{"start", rule.loss_streak->start},
                           {"certain_at", rule.loss_streak->certain_at},
                           {"then", rule.loss_streak->then}};
  }
  if (rule.fate_points.has_value()) {
    json["fate_points"] = {{"certain_at", rule.fate_points->certain_at}};
  }
  if (rule.featured_within.has_value()) {
    json["featured_within"] = {
        {"pulls", rule.featured_within->pulls},
        {"certain", rule.featured_within->pull_itself ? "pull" : "next_hit"},
        {"once", rule.featured_within->once}};
  }
  return json;
}

Json RarityJson(const Banner& banner, const RaritySpec& spec,
                const Rarity& rarity) {
  Json json = {{"id", rarity.id},
               {"on_higher_hit",
                kHigherHits[Index(spec.higher_hit.value_or(HigherHit::kKeep))]},
               {"pity_counts",
                spec.pity_counts == PityCounts::kPulls ? "pulls" : "batches"}};
  if (!banner.spec().box.has_value()) {
    for (const Odds odds : rarity.curve)
      json["curve"].push_back(OddsJson(odds));
    // Batches count like pulls: the last one is certain to hold a hit.
    for (std::uint32_t n = 1; n < spec.hard_pity.value_or(0) &&
                              spec.pity_counts == PityCounts::kBatches;
         ++n) {
      json["curve"].push_back(n + 1 < *spec.hard_pity ? OddsJson(rarity.base)
                                                      : Json{1, 1});
    }
  }
  if (spec.rate_up.has_value()) json["rate_up"] = RateUpJson(*spec.rate_up);
  for (const TypeShare& part : spec.split) {
    json["split"].push_back(
        {{"type", part.type}, {"share", OddsJson(part.share)}});
  }
  if (spec.protect_duplicates.has_value()) {
    json["protect_duplicates"] = {
        {"when_all_owned",
         *spec.protect_duplicates == AllOwned::kAny ? "any" : "lower_rarity"}};
  }
  if (spec.duplicate_gives.has_value()) {
    json["duplicate_gives"] = {
        {"from_copy", spec.duplicate_gives->from_copy},
        {"currency", spec.duplicate_gives->currency.value()},
        {"amount", spec.duplicate_gives->amount}};
  }
  return json;
}

Json CounterJson(const Counter& counter) {
  Json end = counter.at_end == AtEnd::kConvert
                 ? Json{counter.currency.value(), counter.amount}
                 : Json(kEnds[Index(counter.at_end)]);
  return {counter.name,
          counter.lowest,
          counter.cap,
          counter.start,
          kScopes[Index(counter.scope)],
          std::move(end)};
}

Json CountersJson(const CounterSet& counters) {
  Json json = Json::array();
  for (std::size_t i = 0; i < counters.size(); ++i) {
    if (counters[i].life == CounterLife::kStored) {
      json.push_back(CounterJson(counters[i]));
    }
  }
  for (const Counter& counter : counters.pool()) {
    json.push_back(CounterJson(counter));
  }
  return json;
}

Json SlotJson(const SlotSpec& slot) {
  return {{"draw", slot.draw}, {"odds", TableJson(slot.odds)}};
}

Json CountJson(const RarityCount& count) {
  return {{"rarity", count.rarity}, {"count", count.count}};
}

Json BatchJson(const Banner& banner, const BatchSpec& batch) {
  Json json = {{"size", batch.size},
               {"bonus", batch.bonus},
               {"price", batch.price.value_or(banner.spec().price().amount *
                                              batch.size)}};
  if (batch.at_least.has_value()) json["at_least"] = CountJson(*batch.at_least);
  if (batch.at_most.has_value()) json["at_most"] = CountJson(*batch.at_most);
  if (batch.slot.has_value()) json["slot"] = SlotJson(*batch.slot);
  if (batch.mixture.has_value()) {
    json["mixture"] = {{"chance", OddsJson(batch.mixture->chance)},
                       {"odds", TableJson(batch.mixture->odds)}};
  }
  if (batch.shuffle) json["shuffle"] = true;
  return json;
}

Json GiftJson(const Gift& gift) {
  if (const auto* item = std::get_if<ItemGift>(&gift)) {
    return {{"item", item->item}, {"count", item->count}};
  }
  if (const auto* currency = std::get_if<CurrencyGift>(&gift)) {
    return {{"currency", currency->currency.value()},
            {"amount", currency->amount}};
  }
  return {{"draws", std::get<DrawsGift>(gift).draws}};
}

Json StepUpJson(const StepUpSpec& step_up) {
  Json steps = Json::array();
  for (const StepSpec& step : step_up.steps) {
    Json entry = {{"price", step.price}};
    if (step.slot.has_value()) entry["slot"] = SlotJson(*step.slot);
    steps.push_back(std::move(entry));
  }
  Json json = {{"batch", step_up.batch},
               {"steps", std::move(steps)},
               {"after_last", step_up.last_repeats ? "repeat" : "first"}};
  if (step_up.back_to_first_on.has_value()) {
    json["back_to_first_on"] = *step_up.back_to_first_on;
  }
  return json;
}

// The rules that the file has, each under its own key.
void AddRules(const BannerSpec& spec, Json& json) {
  for (const DiscountSpec& discount : spec.discounts) {
    json["discounts"].push_back({{"id", discount.id.value()},
                                 {"batch", discount.batch},
                                 {"amount", discount.amount},
                                 {"limit", discount.limit}});
  }
  if (spec.spark.has_value()) {
    json["spark"] = {{"points", spec.spark->points},
                     {"choose", spec.spark->choose}};
  }
  for (const MilestoneSpec& milestone : spec.milestones) {
    json["milestones"].push_back({{"at", milestone.at},
                                  {"repeat", milestone.repeat},
                                  {"gives", GiftJson(milestone.gives)}});
  }
  for (const CollectionSpec& collection : spec.collections) {
    json["collections"].push_back(
        {{"items", collection.items}, {"gives", GiftJson(collection.gives)}});
  }
  if (spec.step_up.has_value()) json["step_up"] = StepUpJson(*spec.step_up);
  if (spec.box.has_value()) {
    json["box"] = {
        {"reset", *spec.box == BoxReset::kPrizes ? "prizes" : "empty"}};
  }
  if (spec.frozen_odds == FrozenOdds::kYes) json["frozen_odds"] = true;
  if (spec.frozen_odds == FrozenOdds::kHardPityUntilHit) {
    json["frozen_odds"] = "hard_pity_until_hit";
  }
}

}  // namespace

std::string CanonicalJson(const Banner& banner) {
  const BannerSpec& spec = banner.spec();
  Json rarities = Json::array();
  for (std::size_t i = 0; i < spec.rarities.size(); ++i) {
    rarities.push_back(
        RarityJson(banner, spec.rarities[i], banner.rarities()[i]));
  }
  Json groups = Json::array();
  for (const Group& group : banner.groups()) {
    groups.push_back(GroupJson(banner, group));
  }
  Json prices = Json::array();
  for (const PriceSpec& price : spec.prices) {
    prices.push_back({price.currency.value(), price.amount});
  }
  Json batches = Json::array();
  for (const BatchSpec& batch : spec.batches) {
    batches.push_back(BatchJson(banner, batch));
  }
  const bool own_sizes =
      spec.overflow != Overflow::kTruncate || spec.box.has_value();
  Json json = {
      {"draw", 2},  // the version of the contract from words to outcomes
      {"id", spec.id.value()},
      {"family", spec.family.value()},
      {"overflow", kOverflows[Index(spec.overflow)]},
      {"wheel", own_sizes ? 0 : banner.wheels().size(banner.wheels().RowAt(0))},
      {"shares", banner.shares()},
      {"rarities", std::move(rarities)},
      {"groups", std::move(groups)},
      {"counters", CountersJson(banner.counters())},
      {"prices", std::move(prices)},
      {"batches", std::move(batches)}};
  AddRules(spec, json);
  // ASCII only: what a type's name may hold beyond it is escaped.
  return json.dump(-1, ' ', true);
}

}  // namespace fairpull::internal
