#include "fairpull/engine/actions.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fairpull {

absl::StatusOr<PityState> ChooseItem(const Banner& banner,
                                     const PityState& state,
                                     absl::string_view item) {
  std::vector<std::string> choices;
  for (std::size_t i = 0; i < banner.rarities().size(); ++i) {
    const RarityCounters& places = banner.rarities()[i].counters;
    if (!places.chosen.has_value()) continue;
    const std::vector<std::string>& featured =
        banner.spec().rarities[i].rate_up->featured;
    const auto found = std::find(featured.begin(), featured.end(), item);
    choices.insert(choices.end(), featured.begin(), featured.end());
    if (found == featured.end()) continue;
    PityState next = state;
    const auto place = static_cast<std::int16_t>(found - featured.begin());
    if (next.value[*places.chosen] != place) next.value[*places.fate] = 0;
    next.value[*places.chosen] = place;
    return next;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "item \"", item, "\" can't be chosen on banner \"", banner.id().value(),
      "\"; ",
      choices.empty()
          ? "it has no fate points"
          : absl::StrCat("one of ", absl::StrJoin(choices, ", "), " can be")));
}

bool CanExchangeSpark(const Banner& banner, const PityState& state) {
  return banner.spark_counter().has_value() &&
         state.value[*banner.spark_counter()] >= banner.spec().spark->points;
}

absl::StatusOr<PityState> ExchangeSpark(const Banner& banner,
                                        const PityState& state,
                                        absl::string_view item) {
  if (!banner.spark_counter().has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "banner \"", banner.id().value(), "\" sells nothing for spark points"));
  }
  const SparkSpec& spark = *banner.spec().spark;
  if (std::count(spark.choose.begin(), spark.choose.end(), item) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "item \"", item, "\" is not sold for spark points; these are: ",
        absl::StrJoin(spark.choose, ", ")));
  }
  PityState next = state;
  std::int16_t& points = next.value[*banner.spark_counter()];
  if (points < spark.points) {
    return absl::FailedPreconditionError(
        absl::StrCat("there are ", points, " spark points; an exchange takes ",
                     spark.points));
  }
  points = static_cast<std::int16_t>(points - spark.points);
  return next;
}

PityState AfterPaying(const Banner& banner, const PityState& state,
                      const Quote& quote) {
  PityState next = state;
  if (!quote.discount.has_value()) return next;
  const std::string name = absl::StrCat(
      "discount:", banner.spec().discounts[*quote.discount].id.value());
  std::int16_t& used = next.value[*banner.counters().Find(name)];
  used = static_cast<std::int16_t>(used + 1);
  return next;
}

BannerEnd EndBanner(const Banner& banner, const PityState& state) {
  const CounterSet& counters = banner.counters();
  const PityState& start = counters.Start();
  BannerEnd end{.state = state};
  std::map<CurrencyId, std::int64_t> gives;
  const auto finish = [&](const Counter& counter, std::int16_t& value,
                          std::int16_t clean) {
    if (counter.at_end == AtEnd::kKeep) return;
    if (counter.at_end == AtEnd::kConvert && value > clean) {
      gives[counter.currency] += (value - clean) * counter.amount;
    }
    value = clean;
  };
  for (std::size_t i = 0; i < counters.size(); ++i) {
    finish(counters[i], end.state.value[i], start.value[i]);
  }
  for (std::size_t i = 0; i < counters.pool().size(); ++i) {
    finish(counters.pool()[i], end.state.taken[i], start.taken[i]);
  }
  counters.Derive(end.state);
  for (const auto& [currency, amount] : gives) {
    end.gives.push_back({.currency = currency, .amount = amount});
  }
  return end;
}

std::vector<Gift> GiftsOf(const Banner& banner, const PityState& before) {
  std::vector<Gift> gifts;
  for (const Milestone& milestone : banner.milestones()) {
    if (before.value[milestone.counter] == milestone.at - 1) {
      gifts.push_back(milestone.gives);
    }
  }
  return gifts;
}

std::vector<Gift> GiftsOfCollections(
    const Banner& banner, std::uint16_t item,
    absl::FunctionRef<std::int64_t(std::uint16_t)> owned) {
  std::vector<Gift> gifts;
  if (owned(item) != 0) return gifts;  // it was counted in the first time
  const std::string& id = banner.items()[item].id.value();
  for (const CollectionSpec& collection : banner.spec().collections) {
    bool whole = false;  // only one that has the item becomes so by it
    for (const std::string& part : collection.items)
      whole = whole || part == id;
    for (const std::string& part : collection.items) {
      const auto index = static_cast<std::uint16_t>(*banner.FindItem(part));
      whole = whole && (index == item || owned(index) > 0);
    }
    if (whole) gifts.push_back(collection.gives);
  }
  return gifts;
}

std::vector<CurrencyAmount> DuplicateGives(const Banner& banner,
                                           std::uint16_t item,
                                           std::int64_t owned) {
  const std::optional<DuplicateSpec>& gives =
      banner.spec().rarities[banner.items()[item].rarity].duplicate_gives;
  if (!gives.has_value() || owned + 1 < gives->from_copy) return {};
  return {{.currency = gives->currency, .amount = gives->amount}};
}

}  // namespace fairpull
