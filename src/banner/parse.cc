#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/banner/spec.h"
#include "json_fields.h"

namespace fairpull {
namespace {

using internal::Below;
using internal::Fields;
using internal::Json;
using internal::Need;

constexpr std::size_t kMaxItems = 10'000;

// An id at `key`, or nothing and a problem.
template <class IdType>
std::optional<IdType> ReadId(Fields& fields, const std::string& key,
                             Need need) {
  const std::optional<std::string> text = fields.Text(key, need);
  if (!text.has_value()) return std::nullopt;
  absl::StatusOr<IdType> id = IdType::Parse(*text);
  if (!id.ok()) {
    fields.Add(key, id.status().message());
    return std::nullopt;
  }
  return *std::move(id);
}

SourceSpec ReadSource(const Json& value, const std::string& pointer,
                      Problems& problems) {
  Fields fields(value, pointer, problems);
  SourceSpec source;
  source.covers = fields.Text("covers", Need::kRequired).value_or("");
  source.status =
      fields.Choice("status", Need::kRequired, {"official", "community"}) == 0
          ? SourceStatus::kOfficial
          : SourceStatus::kCommunity;
  source.reference = fields.Text("reference", Need::kRequired).value_or("");
  fields.RefuseOthers();
  return source;
}

ItemSpec ReadItem(const Json& value, const std::string& pointer,
                  Problems& problems) {
  Fields fields(value, pointer, problems);
  ItemSpec item;
  item.id = ReadId<ItemId>(fields, "id", Need::kRequired).value_or(ItemId());
  item.name = fields.Text("name", Need::kOptional).value_or(item.id.value());
  item.type = fields.Text("type", Need::kRequired).value_or("");
  item.rarity = fields.Text("rarity", Need::kRequired).value_or("");
  item.weight = static_cast<std::uint32_t>(
      fields.Integer("weight", Need::kOptional, 1, kMaxWheelSize).value_or(1));
  fields.RefuseOthers();
  return item;
}

RateUpSpec ReadRateUp(const Json& value, const std::string& pointer,
                      Problems& problems) {
  Fields fields(value, pointer, problems);
  RateUpSpec rate_up;
  std::size_t index = 0;
  for (const Json* element : fields.Elements("featured", Need::kRequired)) {
    const std::string at = Below(fields.At("featured"), index++);
    if (element->is_string()) {
      rate_up.featured.push_back(element->get<std::string>());
    } else {
      problems.Add(at, absl::StrCat("is ", internal::KindOf(*element),
                                    "; it must be the id of an item"));
    }
  }
  rate_up.rule.share =
      fields.ReadOdds("share", Need::kRequired).value_or(Odds::Certain());
  rate_up.rule.after_loss = fields.Choice("after_loss", Need::kRequired,
                                          {"same_odds", "guarantee"}) == 1
                                ? AfterLoss::kGuaranteed
                                : AfterLoss::kSameOdds;
  fields.RefuseOthers();
  return rate_up;
}

SoftPity ReadSoftPity(const Json& value, const std::string& pointer,
                      Problems& problems) {
  Fields fields(value, pointer, problems);
  SoftPity soft_pity;
  soft_pity.from = static_cast<std::uint32_t>(
      fields.Integer("from", Need::kRequired, 1, kMaxCurveLength).value_or(1));
  soft_pity.step =
      fields.ReadOdds("step", Need::kRequired).value_or(Odds::Certain());
  fields.RefuseOthers();
  return soft_pity;
}

void ReadRarityOdds(Fields& fields, RaritySpec& rarity, Problems& problems) {
  const Json* odds = fields.Any("odds", Need::kRequired);
  if (odds != nullptr && !(odds->is_string() && *odds == "rest")) {
    rarity.odds = internal::OddsAt(*odds, fields.At("odds"), problems)
                      .value_or(Odds::Never());
  }
  if (const Json* soft = fields.Any("soft_pity", Need::kOptional)) {
    rarity.soft_pity = ReadSoftPity(*soft, fields.At("soft_pity"), problems);
  }
  std::size_t index = 0;
  for (const Json* entry : fields.Elements("curve", Need::kOptional)) {
    const std::string at = Below(fields.At("curve"), index++);
    rarity.curve.push_back(
        internal::OddsAt(*entry, at, problems).value_or(Odds::Never()));
  }
  if (const std::optional<std::int64_t> hard =
          fields.Integer("hard_pity", Need::kOptional, 1, kMaxCurveLength)) {
    rarity.hard_pity = static_cast<std::uint32_t>(*hard);
  }
  if (rarity.soft_pity.has_value() && !rarity.curve.empty()) {
    fields.Add("curve",
               "stands beside \"soft_pity\"; both say how the odds grow: "
               "keep one");
  }
}

RaritySpec ReadRarity(const Json& value, const std::string& pointer,
                      Problems& problems) {
  Fields fields(value, pointer, problems);
  RaritySpec rarity;
  rarity.id =
      ReadId<ItemId>(fields, "id", Need::kRequired).value_or(ItemId()).value();
  rarity.name = fields.Text("name", Need::kOptional).value_or(rarity.id);
  ReadRarityOdds(fields, rarity, problems);
  const std::optional<std::size_t> higher = fields.Choice(
      "on_higher_hit", Need::kOptional, {"keep", "reset", "freeze"});
  if (higher.has_value()) {
    constexpr HigherHit kChoices[] = {HigherHit::kKeep, HigherHit::kReset,
                                      HigherHit::kFreeze};
    rarity.higher_hit = kChoices[*higher];
  }
  if (const Json* rate_up = fields.Any("rate_up", Need::kOptional)) {
    rarity.rate_up = ReadRateUp(*rate_up, fields.At("rate_up"), problems);
  }
  fields.RefuseOthers();
  return rarity;
}

PriceSpec ReadPrice(const Json& value, const std::string& pointer,
                    Problems& problems) {
  Fields fields(value, pointer, problems);
  PriceSpec price;
  price.currency = ReadId<CurrencyId>(fields, "currency", Need::kRequired)
                       .value_or(CurrencyId());
  price.amount =
      fields.Integer("amount", Need::kRequired, 1, kMaxPrice).value_or(1);
  fields.RefuseOthers();
  return price;
}

std::vector<std::uint32_t> ReadBatches(Fields& fields, Problems& problems) {
  std::vector<std::uint32_t> batches;
  std::size_t index = 0;
  for (const Json* element : fields.Elements("batches", Need::kOptional)) {
    const std::string at = Below(fields.At("batches"), index++);
    const bool valid = element->is_number_unsigned() &&
                       element->get<std::uint64_t>() >= 1 &&
                       element->get<std::uint64_t>() <= kMaxBatch;
    if (!valid) {
      problems.Add(at, absl::StrCat("must be an integer from 1 to ", kMaxBatch,
                                    ": how many pulls are sold at once"));
      continue;
    }
    const auto size = element->get<std::uint32_t>();
    if (std::count(batches.begin(), batches.end(), size) != 0) {
      problems.Add(at, absl::StrCat(size, " is given twice; keep one"));
      continue;
    }
    batches.push_back(size);
  }
  if (batches.empty()) batches = {1, 10};
  return batches;
}

void ReadPools(Fields& fields, BannerSpec& spec, Problems& problems) {
  std::size_t index = 0;
  for (const Json* rarity : fields.Elements("rarities", Need::kRequired)) {
    spec.rarities.push_back(
        ReadRarity(*rarity, Below(fields.At("rarities"), index++), problems));
  }
  index = 0;
  const std::vector<const Json*> items =
      fields.Elements("items", Need::kRequired);
  if (items.size() > kMaxItems) {
    fields.Add("items", absl::StrCat("has ", items.size(), " items; at most ",
                                     kMaxItems, " are possible"));
    return;
  }
  for (const Json* item : items) {
    spec.items.push_back(
        ReadItem(*item, Below(fields.At("items"), index++), problems));
  }
}

}  // namespace

std::optional<BannerSpec> ParseBanner(absl::string_view text,
                                      Problems& problems) {
  if (text.size() > kMaxBannerFileBytes) {
    problems.Add("", absl::StrCat("has ", text.size(), " bytes; at most ",
                                  kMaxBannerFileBytes, " are read"));
    return std::nullopt;
  }
  const std::optional<Json> document = internal::ReadJson(text, problems);
  if (!document.has_value()) return std::nullopt;
  const std::size_t before = problems.list().size();
  Fields fields(*document, "", problems);
  BannerSpec spec;
  fields.Text("$schema", Need::kOptional);  // for editors
  spec.id =
      ReadId<BannerId>(fields, "id", Need::kRequired).value_or(BannerId());
  spec.name = fields.Text("name", Need::kOptional).value_or(spec.id.value());
  spec.description = fields.Text("description", Need::kOptional).value_or("");
  std::size_t index = 0;
  for (const Json* source : fields.Elements("sources", Need::kOptional)) {
    spec.sources.push_back(
        ReadSource(*source, Below(fields.At("sources"), index++), problems));
  }
  spec.family = ReadId<ScopeId>(fields, "family", Need::kOptional)
                    .value_or(ScopeId::Trusted(spec.id.value()));
  spec.opens_at_ms = fields.TimeMs("opens", Need::kOptional);
  spec.closes_at_ms = fields.TimeMs("closes", Need::kOptional);
  if (const Json* price = fields.Any("price", Need::kRequired)) {
    spec.price = ReadPrice(*price, fields.At("price"), problems);
  }
  spec.batches = ReadBatches(fields, problems);
  ReadPools(fields, spec, problems);
  fields.RefuseOthers();
  if (problems.list().size() != before) return std::nullopt;
  return spec;
}

}  // namespace fairpull
