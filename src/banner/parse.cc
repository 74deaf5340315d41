#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/banner/spec.h"
#include "json_fields.h"
#include "parse_rules.h"

namespace fairpull {
namespace {

using internal::Below;
using internal::Fields;
using internal::Json;
using internal::Need;

constexpr std::size_t kMaxItems = 10'000;
constexpr std::int64_t kMaxStock = 10'000;

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
  item.id = internal::ReadId<ItemId>(fields, "id", Need::kRequired)
                .value_or(ItemId());
  item.name = fields.Text("name", Need::kOptional).value_or(item.id.value());
  item.type = fields.Text("type", Need::kRequired).value_or("");
  item.rarity = fields.Text("rarity", Need::kRequired).value_or("");
  item.weight = static_cast<std::uint32_t>(
      fields.Integer("weight", Need::kOptional, 1, kMaxWheelSize).value_or(1));
  if (const std::optional<std::int64_t> stock =
          fields.Integer("stock", Need::kOptional, 1, kMaxStock)) {
    item.stock = static_cast<std::int16_t>(*stock);
  }
  fields.RefuseOthers();
  return item;
}

LossStreak ReadLossStreak(const Json& value, const std::string& pointer,
                          Problems& problems) {
  Fields fields(value, pointer, problems);
  const auto read = [&](const char* key, std::int64_t lowest) {
    return static_cast<std::int16_t>(
        fields.Integer(key, Need::kRequired, lowest, kMaxCounterValue)
            .value_or(lowest));
  };
  LossStreak streak;
  streak.start = read("start", 0);
  streak.certain_at = read("certain_at", 1);
  streak.then = read("then", 0);
  fields.RefuseOthers();
  return streak;
}

FatePoints ReadFatePoints(const Json& value, const std::string& pointer,
                          Problems& problems) {
  Fields fields(value, pointer, problems);
  FatePoints points;
  points.certain_at = static_cast<std::int16_t>(
      fields.Integer("certain_at", Need::kRequired, 1, kMaxCounterValue)
          .value_or(1));
  fields.RefuseOthers();
  return points;
}

FeaturedWithin ReadFeaturedWithin(const Json& value, const std::string& pointer,
                                  Problems& problems) {
  Fields fields(value, pointer, problems);
  FeaturedWithin within;
  within.pulls = static_cast<std::int16_t>(
      fields.Integer("pulls", Need::kRequired, 1, kMaxCurveLength).value_or(1));
  within.pull_itself =
      fields.Choice("certain", Need::kRequired, {"pull", "next_hit"}) != 1;
  within.once = fields.Flag("once", Need::kOptional).value_or(false);
  fields.RefuseOthers();
  return within;
}

void ReadOffPool(Fields& fields, RateUp& rule) {
  const bool all =
      fields.Choice("off_pool", Need::kOptional, {"others", "all"}) == 1;
  const std::optional<std::size_t> counts =
      fields.Choice("featured_from_off_pool",
                    all ? Need::kRequired : Need::kOptional, {"win", "loss"});
  if (!all && counts.has_value()) {
    fields.Add("featured_from_off_pool",
               "says nothing: only with \"off_pool\": \"all\" are featured "
               "items among those that a lost rate-up draws from");
  }
  if (all) {
    rule.off_pool =
        counts == 1 ? OffPool::kAllFeaturedLoses : OffPool::kAllFeaturedWins;
  }
}

RateUpSpec ReadRateUp(const Json& value, const std::string& pointer,
                      Problems& problems) {
  Fields fields(value, pointer, problems);
  RateUpSpec rate_up;
  rate_up.featured = fields.Texts("featured", Need::kRequired);
  rate_up.odds = fields.ReadOdds("odds", Need::kOptional);
  const bool by_odds = fields.Has("odds");
  const std::optional<Odds> share =
      fields.ReadOdds("share", by_odds ? Need::kOptional : Need::kRequired);
  if (by_odds && fields.Has("share")) {
    fields.Add("share",
               "stands beside \"odds\"; both say how likely the "
               "featured items are: keep one");
  }
  rate_up.rule.share = share.value_or(Odds::Certain());
  rate_up.rule.after_loss = fields.Choice("after_loss", Need::kRequired,
                                          {"same_odds", "guarantee"}) == 1
                                ? AfterLoss::kGuaranteed
                                : AfterLoss::kSameOdds;
  ReadOffPool(fields, rate_up.rule);
  if (const Json* streak = fields.Any("loss_streak", Need::kOptional)) {
    rate_up.rule.loss_streak =
        ReadLossStreak(*streak, fields.At("loss_streak"), problems);
  }
  if (const Json* fate = fields.Any("fate_points", Need::kOptional)) {
    rate_up.rule.fate_points =
        ReadFatePoints(*fate, fields.At("fate_points"), problems);
  }
  if (const Json* within = fields.Any("featured_within", Need::kOptional)) {
    rate_up.rule.featured_within =
        ReadFeaturedWithin(*within, fields.At("featured_within"), problems);
  }
  fields.RefuseOthers();
  return rate_up;
}

SoftPity ReadSegment(const Json& value, const std::string& pointer,
                     Problems& problems) {
  Fields fields(value, pointer, problems);
  SoftPity soft_pity;
  soft_pity.from = static_cast<std::uint32_t>(
      fields.Integer("from", Need::kRequired, 1, kMaxCurveLength).value_or(1));
  soft_pity.step =
      fields.ReadOdds("step", Need::kRequired).value_or(Odds::Certain());
  soft_pity.every = static_cast<std::uint32_t>(
      fields.Integer("every", Need::kOptional, 1, kMaxCurveLength).value_or(1));
  fields.RefuseOthers();
  return soft_pity;
}

Knot ReadKnot(const Json& value, const std::string& pointer,
              Problems& problems) {
  Fields fields(value, pointer, problems);
  Knot knot;
  knot.pull = static_cast<std::uint32_t>(
      fields.Integer("pull", Need::kRequired, 1, kMaxCurveLength).value_or(1));
  knot.odds =
      fields.ReadOdds("odds", Need::kRequired).value_or(Odds::Certain());
  fields.RefuseOthers();
  return knot;
}

TypeShare ReadTypeShare(const Json& value, const std::string& pointer,
                        Problems& problems) {
  Fields fields(value, pointer, problems);
  TypeShare part;
  part.type = fields.Text("type", Need::kRequired).value_or("");
  part.share =
      fields.ReadOdds("share", Need::kRequired).value_or(Odds::Certain());
  fields.RefuseOthers();
  return part;
}

DuplicateSpec ReadDuplicate(const Json& value, const std::string& pointer,
                            Problems& problems) {
  Fields fields(value, pointer, problems);
  DuplicateSpec duplicate;
  duplicate.from_copy =
      fields.Integer("from_copy", Need::kRequired, 2, kMaxPrice).value_or(2);
  duplicate.currency =
      internal::ReadId<CurrencyId>(fields, "currency", Need::kRequired)
          .value_or(CurrencyId());
  duplicate.amount =
      fields.Integer("amount", Need::kRequired, 1, kMaxPrice).value_or(1);
  fields.RefuseOthers();
  return duplicate;
}

void ReadSoftPity(Fields& fields, RaritySpec& rarity, Problems& problems) {
  const Json* soft = fields.Any("soft_pity", Need::kOptional);
  if (soft == nullptr) return;
  if (!soft->is_array()) {
    rarity.soft_pity = {ReadSegment(*soft, fields.At("soft_pity"), problems)};
    return;
  }
  rarity.soft_pity =
      fields.List<SoftPity>("soft_pity", Need::kOptional, ReadSegment);
}

void ReadRarityOdds(Fields& fields, RaritySpec& rarity, Problems& problems) {
  const Json* odds = fields.Any("odds", Need::kOptional);
  rarity.says_odds = odds != nullptr;
  if (odds != nullptr && !(odds->is_string() && *odds == "rest")) {
    rarity.odds = internal::OddsAt(*odds, fields.At("odds"), problems)
                      .value_or(Odds::Never());
  }
  ReadSoftPity(fields, rarity, problems);
  rarity.knots = fields.List<Knot>("knots", Need::kOptional, ReadKnot);
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
  if (fields.Choice("pity_counts", Need::kOptional, {"pulls", "batches"}) ==
      1) {
    rarity.pity_counts = PityCounts::kBatches;
  }
  // The first of these that is there is kept.
  constexpr const char* kWays[] = {"soft_pity", "knots", "curve"};
  const char* kept = nullptr;
  for (const char* way : kWays) {
    if (!fields.Has(way)) continue;
    if (kept != nullptr) {
      fields.Add(way, absl::StrCat("stands beside \"", kept,
                                   "\"; both say how the odds grow: keep one"));
    } else {
      kept = way;
    }
  }
}

RaritySpec ReadRarity(const Json& value, const std::string& pointer,
                      Problems& problems) {
  Fields fields(value, pointer, problems);
  RaritySpec rarity;
  rarity.id = internal::ReadId<ItemId>(fields, "id", Need::kRequired)
                  .value_or(ItemId())
                  .value();
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
  rarity.split =
      fields.List<TypeShare>("split", Need::kOptional, ReadTypeShare);
  if (const Json* protect = fields.Any("protect_duplicates", Need::kOptional)) {
    Fields inner(*protect, fields.At("protect_duplicates"), problems);
    rarity.protect_duplicates = inner.Choice("when_all_owned", Need::kRequired,
                                             {"any", "lower_rarity"}) == 1
                                    ? AllOwned::kLowerRarity
                                    : AllOwned::kAny;
    inner.RefuseOthers();
  }
  if (const Json* gives = fields.Any("duplicate_gives", Need::kOptional)) {
    rarity.duplicate_gives =
        ReadDuplicate(*gives, fields.At("duplicate_gives"), problems);
  }
  fields.RefuseOthers();
  return rarity;
}

void ReadPools(Fields& fields, BannerSpec& spec) {
  spec.rarities =
      fields.List<RaritySpec>("rarities", Need::kRequired, ReadRarity);
  const Json* list = fields.Any("items", Need::kOptional);
  const std::size_t items = list == nullptr ? 0 : list->size();
  if (items > kMaxItems) {
    fields.Add("items", absl::StrCat("has ", items, " items; at most ",
                                     kMaxItems, " are possible"));
    return;
  }
  spec.items = fields.List<ItemSpec>("items", Need::kRequired, ReadItem);
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
  spec.id = internal::ReadId<BannerId>(fields, "id", Need::kRequired)
                .value_or(BannerId());
  spec.name = fields.Text("name", Need::kOptional).value_or(spec.id.value());
  spec.description = fields.Text("description", Need::kOptional).value_or("");
  spec.sources =
      fields.List<SourceSpec>("sources", Need::kOptional, ReadSource);
  spec.family = internal::ReadId<ScopeId>(fields, "family", Need::kOptional)
                    .value_or(ScopeId::Trusted(spec.id.value()));
  spec.opens_at_ms = fields.TimeMs("opens", Need::kOptional);
  spec.closes_at_ms = fields.TimeMs("closes", Need::kOptional);
  constexpr Overflow kOverflows[] = {
      Overflow::kTruncate, Overflow::kIndependent, Overflow::kNormalise,
      Overflow::kScaleFiller};
  spec.overflow = kOverflows[fields
                                 .Choice("overflow", Need::kOptional,
                                         {"truncate", "independent",
                                          "normalise", "scale_filler"})
                                 .value_or(0)];
  ReadPools(fields, spec);
  internal::ReadRules(fields, spec, problems);
  fields.RefuseOthers();
  if (problems.list().size() != before) return std::nullopt;
  return spec;
}

}  // namespace fairpull
