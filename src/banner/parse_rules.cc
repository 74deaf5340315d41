#include "parse_rules.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fairpull::internal {
namespace {

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

void ReadPrices(Fields& fields, BannerSpec& spec, Problems& problems) {
  const Json* price = fields.Any("price", Need::kRequired);
  if (price == nullptr) return;
  if (!price->is_array()) {
    spec.prices = {ReadPrice(*price, fields.At("price"), problems)};
    return;
  }
  spec.prices = fields.List<PriceSpec>("price", Need::kRequired, ReadPrice);
}

// {"ssr": "3%", …}
OddsTable ReadTable(Fields& fields, const std::string& key,
                    Problems& problems) {
  OddsTable table;
  const Json* value = fields.Any(key, Need::kRequired);
  if (value == nullptr) return table;
  if (!value->is_object() || value->empty()) {
    fields.Add(key, value->is_object()
                        ? "is empty; it must name at least one rarity"
                        : absl::StrCat("is ", KindOf(*value),
                                       "; it must be an object: rarities with "
                                       "their odds"));
    return table;
  }
  for (const auto& [rarity, odds] : value->items()) {
    table.emplace_back(rarity,
                       OddsAt(odds, Below(fields.At(key), rarity), problems)
                           .value_or(Odds::Never()));
  }
  return table;
}

std::uint32_t ReadCount(Fields& fields, const std::string& key, Need need,
                        std::int64_t lowest, std::int64_t highest) {
  return static_cast<std::uint32_t>(
      fields.Integer(key, need, lowest, highest).value_or(lowest));
}

RarityCount ReadRarityCount(const Json& value, const std::string& pointer,
                            Problems& problems) {
  Fields fields(value, pointer, problems);
  RarityCount count;
  count.rarity = fields.Text("rarity", Need::kRequired).value_or("");
  count.count = ReadCount(fields, "count", Need::kRequired, 1, kMaxBatch);
  fields.RefuseOthers();
  return count;
}

SlotSpec ReadSlot(const Json& value, const std::string& pointer,
                  Problems& problems) {
  Fields fields(value, pointer, problems);
  SlotSpec slot;
  slot.draw = ReadCount(fields, "draw", Need::kRequired, 1, 2 * kMaxBatch);
  slot.odds = ReadTable(fields, "odds", problems);
  fields.RefuseOthers();
  return slot;
}

MixtureSpec ReadMixture(const Json& value, const std::string& pointer,
                        Problems& problems) {
  Fields fields(value, pointer, problems);
  MixtureSpec mixture;
  mixture.chance =
      fields.ReadOdds("chance", Need::kRequired).value_or(Odds::Certain());
  mixture.odds = ReadTable(fields, "odds", problems);
  fields.RefuseOthers();
  return mixture;
}

void ReadAtLeast(Fields& fields, BatchSpec& batch, Problems& problems) {
  const std::optional<std::string> none =
      fields.Text("last_if_none", Need::kOptional);
  if (none.has_value()) {
    batch.at_least = RarityCount{.rarity = *none};
    batch.last_if_none = true;
  }
  const Json* least = fields.Any("at_least", Need::kOptional);
  if (least == nullptr) return;
  if (fields.Has("last_if_none")) {
    fields.Add("at_least",
               "stands beside \"last_if_none\", which says the "
               "same with count 1: keep one");
  }
  batch.at_least = ReadRarityCount(*least, fields.At("at_least"), problems);
}

BatchSpec ReadBatch(const Json& value, const std::string& pointer,
                    Problems& problems) {
  BatchSpec batch;
  if (!value.is_object()) {
    const bool valid = value.is_number_unsigned() &&
                       value.get<std::uint64_t>() >= 1 &&
                       value.get<std::uint64_t>() <= kMaxBatch;
    if (valid) {
      batch.size = value.get<std::uint32_t>();
    } else {
      problems.Add(pointer,
                   absl::StrCat("must be an integer from 1 to ", kMaxBatch,
                                ": how many pulls are sold at once; or an "
                                "object with a \"size\""));
    }
    return batch;
  }
  Fields fields(value, pointer, problems);
  batch.size = ReadCount(fields, "size", Need::kRequired, 1, kMaxBatch);
  batch.bonus = ReadCount(fields, "bonus", Need::kOptional, 0, kMaxBatch);
  batch.price =
      fields.Integer("price", Need::kOptional, 1, kMaxPrice * kMaxBatch);
  ReadAtLeast(fields, batch, problems);
  if (const Json* most = fields.Any("at_most", Need::kOptional)) {
    batch.at_most = ReadRarityCount(*most, fields.At("at_most"), problems);
  }
  if (const Json* slot = fields.Any("slot", Need::kOptional)) {
    batch.slot = ReadSlot(*slot, fields.At("slot"), problems);
  }
  if (const Json* mixture = fields.Any("mixture", Need::kOptional)) {
    batch.mixture = ReadMixture(*mixture, fields.At("mixture"), problems);
  }
  batch.shuffle = fields.Flag("shuffle", Need::kOptional).value_or(false);
  fields.RefuseOthers();
  return batch;
}

void ReadBatches(Fields& fields, BannerSpec& spec, Problems& problems) {
  std::vector<BatchSpec> batches =
      fields.List<BatchSpec>("batches", Need::kOptional, ReadBatch);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (spec.FindBatch(batches[i].size) != nullptr) {
      problems.Add(Below(fields.At("batches"), i),
                   absl::StrCat("a batch of ", batches[i].size,
                                " is given twice; keep one"));
      continue;
    }
    spec.batches.push_back(std::move(batches[i]));
  }
}

void ReadFrozenOdds(Fields& fields, BannerSpec& spec) {
  const Json* frozen = fields.Any("frozen_odds", Need::kOptional);
  if (frozen == nullptr) return;
  if (frozen->is_boolean()) {
    spec.frozen_odds = frozen->get<bool>() ? FrozenOdds::kYes : FrozenOdds::kNo;
  } else if (*frozen == "hard_pity_until_hit") {
    spec.frozen_odds = FrozenOdds::kHardPityUntilHit;
  } else {
    fields.Add("frozen_odds", "must be true, false or \"hard_pity_until_hit\"");
  }
}

DiscountSpec ReadDiscount(const Json& value, const std::string& pointer,
                          Problems& problems) {
  Fields fields(value, pointer, problems);
  DiscountSpec discount;
  discount.id =
      ReadId<ItemId>(fields, "id", Need::kRequired).value_or(ItemId());
  discount.batch = ReadCount(fields, "batch", Need::kRequired, 1, kMaxBatch);
  discount.amount =
      fields.Integer("amount", Need::kRequired, 0, kMaxPrice * kMaxBatch)
          .value_or(0);
  discount.limit = static_cast<std::int16_t>(
      ReadCount(fields, "limit", Need::kOptional, 1, kMaxCounterValue));
  fields.RefuseOthers();
  return discount;
}

SparkSpec ReadSpark(const Json& value, const std::string& pointer,
                    Problems& problems) {
  Fields fields(value, pointer, problems);
  SparkSpec spark;
  spark.points = static_cast<std::int16_t>(
      ReadCount(fields, "points", Need::kRequired, 1, kMaxCurveLength));
  spark.choose = fields.Texts("choose", Need::kRequired);
  fields.RefuseOthers();
  return spark;
}

Gift ReadGift(Fields& parent, Problems& problems) {
  const Json* value = parent.Any("gives", Need::kRequired);
  if (value == nullptr) return DrawsGift{};
  Fields fields(*value, parent.At("gives"), problems);
  Gift gift = DrawsGift{};
  if (fields.Has("item")) {
    gift = ItemGift{
        .item = fields.Text("item", Need::kRequired).value_or(""),
        .count =
            fields.Integer("count", Need::kRequired, 1, kMaxPrice).value_or(1)};
  } else if (fields.Has("currency")) {
    gift = CurrencyGift{
        .currency = ReadId<CurrencyId>(fields, "currency", Need::kRequired)
                        .value_or(CurrencyId()),
        .amount = fields.Integer("amount", Need::kRequired, 1, kMaxPrice)
                      .value_or(1)};
  } else if (fields.Has("draws")) {
    gift = DrawsGift{
        .draws = ReadCount(fields, "draws", Need::kRequired, 1, kMaxBatch)};
  } else {
    parent.Add("gives", "must have \"item\", \"currency\" or \"draws\"");
    return gift;
  }
  fields.RefuseOthers();
  return gift;
}

MilestoneSpec ReadMilestone(const Json& value, const std::string& pointer,
                            Problems& problems) {
  Fields fields(value, pointer, problems);
  MilestoneSpec milestone;
  milestone.at = static_cast<std::int16_t>(
      ReadCount(fields, "at", Need::kRequired, 1, kMaxCurveLength));
  milestone.repeat = fields.Flag("repeat", Need::kOptional).value_or(false);
  milestone.gives = ReadGift(fields, problems);
  fields.RefuseOthers();
  return milestone;
}

CollectionSpec ReadCollection(const Json& value, const std::string& pointer,
                              Problems& problems) {
  Fields fields(value, pointer, problems);
  CollectionSpec collection;
  collection.items = fields.Texts("items", Need::kRequired);
  collection.gives = ReadGift(fields, problems);
  fields.RefuseOthers();
  return collection;
}

StepSpec ReadStep(const Json& value, const std::string& pointer,
                  Problems& problems) {
  Fields fields(value, pointer, problems);
  StepSpec step;
  step.price =
      fields.Integer("price", Need::kRequired, 1, kMaxPrice * kMaxBatch)
          .value_or(1);
  if (const Json* slot = fields.Any("slot", Need::kOptional)) {
    step.slot = ReadSlot(*slot, fields.At("slot"), problems);
  }
  fields.RefuseOthers();
  return step;
}

StepUpSpec ReadStepUp(const Json& value, const std::string& pointer,
                      Problems& problems) {
  Fields fields(value, pointer, problems);
  StepUpSpec step_up;
  step_up.batch = ReadCount(fields, "batch", Need::kRequired, 1, kMaxBatch);
  step_up.steps = fields.List<StepSpec>("steps", Need::kRequired, ReadStep);
  step_up.back_to_first_on = fields.Text("back_to_first_on", Need::kOptional);
  step_up.last_repeats =
      fields.Choice("after_last", Need::kOptional, {"repeat", "first"}) != 1;
  fields.RefuseOthers();
  return step_up;
}

BoxReset ReadBox(const Json& value, const std::string& pointer,
                 Problems& problems) {
  Fields fields(value, pointer, problems);
  const std::optional<std::size_t> reset =
      fields.Choice("reset", Need::kRequired, {"prizes", "empty"});
  fields.RefuseOthers();
  return reset == 1 ? BoxReset::kEmpty : BoxReset::kPrizes;
}

void ReadAtEnd(Fields& fields, CounterSpec& counter, Problems& problems) {
  const Json* end = fields.Any("at_end", Need::kOptional);
  if (end == nullptr) return;
  if (end->is_object()) {
    const PriceSpec each = ReadPrice(*end, fields.At("at_end"), problems);
    counter.at_end = AtEnd::kConvert;
    counter.currency = each.currency;
    counter.amount = each.amount;
    return;
  }
  if (fields.Choice("at_end", Need::kOptional, {"keep", "zero"}) == 1) {
    counter.at_end = AtEnd::kZero;
  }
}

void ReadCounters(Fields& parent, BannerSpec& spec, Problems& problems) {
  const Json* counters = parent.Any("counters", Need::kOptional);
  if (counters == nullptr) return;
  if (!counters->is_object()) {
    parent.Add("counters", absl::StrCat("is ", KindOf(*counters),
                                        "; it must be an object: counters by "
                                        "name"));
    return;
  }
  for (const auto& [name, value] : counters->items()) {
    Fields fields(value, Below(parent.At("counters"), name), problems);
    CounterSpec counter{.name = name};
    constexpr CounterScope kScopes[] = {
        CounterScope::kFamily, CounterScope::kBanner, CounterScope::kAccount};
    counter.scope = kScopes[fields
                                .Choice("scope", Need::kOptional,
                                        {"family", "banner", "account"})
                                .value_or(0)];
    ReadAtEnd(fields, counter, problems);
    fields.RefuseOthers();
    spec.counters.push_back(std::move(counter));
  }
}

}  // namespace

void ReadRules(Fields& fields, BannerSpec& spec, Problems& problems) {
  ReadPrices(fields, spec, problems);
  ReadBatches(fields, spec, problems);
  spec.discounts =
      fields.List<DiscountSpec>("discounts", Need::kOptional, ReadDiscount);
  ReadFrozenOdds(fields, spec);
  if (const Json* spark = fields.Any("spark", Need::kOptional)) {
    spec.spark = ReadSpark(*spark, fields.At("spark"), problems);
  }
  spec.milestones =
      fields.List<MilestoneSpec>("milestones", Need::kOptional, ReadMilestone);
  spec.collections = fields.List<CollectionSpec>("collections", Need::kOptional,
                                                 ReadCollection);
  if (const Json* step_up = fields.Any("step_up", Need::kOptional)) {
    spec.step_up = ReadStepUp(*step_up, fields.At("step_up"), problems);
  }
  if (spec.batches.empty()) {
    spec.batches = {BatchSpec{.size = 1}, BatchSpec{.size = 10}};
    if (spec.step_up.has_value()) {
      spec.batches = {BatchSpec{.size = spec.step_up->batch}};
    }
  }
  if (const Json* box = fields.Any("box", Need::kOptional)) {
    spec.box = ReadBox(*box, fields.At("box"), problems);
  }
  ReadCounters(fields, spec, problems);
}

}  // namespace fairpull::internal
