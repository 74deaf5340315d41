#include "canonical.h"

#include "nlohmann/json.hpp"

namespace fairpull::internal {
namespace {

using Json = nlohmann::json;  // its objects are sorted by key

constexpr const char* kPools[] = {"all", "featured", "others"};
constexpr const char* kHigherHits[] = {"keep", "reset", "freeze"};

Json GroupJson(const Banner& banner, const Group& group) {
  Json items = Json::array();
  for (const std::uint16_t i : group.items) {
    const Item& item = banner.items()[i];
    items.push_back({item.id.value(), item.weight});
  }
  return {{"rarity", banner.rarities()[group.rarity].id},
          {"pool", kPools[static_cast<int>(group.pool)]},
          {"items", std::move(items)}};
}

Json RarityJson(const RaritySpec& spec, const Rarity& rarity) {
  Json json = {
      {"id", rarity.id},
      {"weights", rarity.curve},
      {"on_higher_hit", kHigherHits[static_cast<int>(
                            spec.higher_hit.value_or(HigherHit::kKeep))]}};
  if (spec.rate_up.has_value()) {
    const RateUp& rule = spec.rate_up->rule;
    json["rate_up"] = {
        {"share", {rule.share.numerator(), rule.share.denominator()}},
        {"after_loss", rule.after_loss == AfterLoss::kGuaranteed
                           ? "guarantee"
                           : "same_odds"}};
  }
  return json;
}

}  // namespace

std::string CanonicalJson(const Banner& banner) {
  const BannerSpec& spec = banner.spec();
  Json rarities = Json::array();
  for (std::size_t i = 0; i < spec.rarities.size(); ++i) {
    rarities.push_back(RarityJson(spec.rarities[i], banner.rarities()[i]));
  }
  Json groups = Json::array();
  for (const Group& group : banner.groups()) {
    groups.push_back(GroupJson(banner, group));
  }
  const Json json = {
      {"draw", 1},  // the version of the contract from words to outcomes
      {"id", spec.id.value()},
      {"family", spec.family.value()},
      {"wheel", banner.wheels().size()},
      {"rarities", std::move(rarities)},
      {"groups", std::move(groups)},
      {"price",
       {{"currency", spec.price.currency.value()},
        {"amount", spec.price.amount}}},
      {"batches", spec.batches}};
  return json.dump();
}

}  // namespace fairpull::internal
