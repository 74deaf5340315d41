#include "fairpull/banner/rules_text.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace fairpull {
namespace {

std::string Percent(Odds odds) {
  return absl::StrFormat("%.5g%%", 100 * odds.value());
}

std::string Amount(std::int64_t amount, const CurrencyId& currency) {
  return absl::StrCat(amount, " ", currency.value());
}

std::string Pulls(std::uint32_t count) {
  return count == 1 ? "one pull" : absl::StrCat(count, " pulls");
}

std::string Points(std::int16_t count) {
  return absl::StrCat(count, count == 1 ? " point" : " points");
}

class Describing {
 public:
  explicit Describing(const BannerSpec& spec) : spec_(spec) {}

  std::vector<RuleText> Run() && {
    AddPrices();
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
      AddRarity(absl::StrCat("/rarities/", i), spec_.rarities[i]);
    }
    AddOverflow();
    if (spec_.frozen_odds != FrozenOdds::kNo) AddFrozenOdds();
    for (std::size_t i = 0; i < spec_.batches.size(); ++i) {
      AddBatch(absl::StrCat("/batches/", i), spec_.batches[i]);
    }
    AddStepUp();
    AddGrants();
    AddCounters();
    return std::move(rules_);
  }

 private:
  template <class... Parts>
  void Add(absl::string_view pointer, const Parts&... parts) {
    rules_.push_back({std::string(pointer), absl::StrCat(parts...)});
  }

  // Names as they are shown; those of a long list are counted.
  [[nodiscard]] std::string RarityName(absl::string_view id) const {
    for (const RaritySpec& rarity : spec_.rarities) {
      if (rarity.id == id) return rarity.name;
    }
    return std::string(id);
  }
  [[nodiscard]] std::string ItemName(absl::string_view id) const {
    for (const ItemSpec& item : spec_.items) {
      if (item.id.value() == id) return item.name;
    }
    return std::string(id);
  }
  [[nodiscard]] std::string ItemNames(const std::vector<std::string>& ids,
                                      absl::string_view last_word) const {
    constexpr std::size_t kShown = 8;
    std::string names;
    for (std::size_t i = 0; i < ids.size() && i < kShown; ++i) {
      const bool last = i + 1 == ids.size();
      absl::StrAppend(&names,
                      i == 0 ? ""
                      : last ? absl::StrCat(" ", last_word, " ")
                             : ", ",
                      ItemName(ids[i]));
    }
    if (ids.size() > kShown) {
      absl::StrAppend(&names, " ", last_word, " ", ids.size() - kShown,
                      " more");
    }
    return names;
  }
  [[nodiscard]] std::string Table(const OddsTable& table) const {
    std::string text;
    for (const RaritySpec& rarity : spec_.rarities) {  // highest first
      for (const auto& [id, odds] : table) {
        if (id != rarity.id) continue;
        absl::StrAppend(&text, text.empty() ? "" : ", ", rarity.name, " ",
                        Percent(odds));
      }
    }
    return text;
  }
  [[nodiscard]] std::string Given(const Gift& gift) const {
    if (const auto* item = std::get_if<ItemGift>(&gift)) {
      return absl::StrCat(item->count, " × ", ItemName(item->item));
    }
    if (const auto* money = std::get_if<CurrencyGift>(&gift)) {
      return Amount(money->amount, money->currency);
    }
    return absl::StrCat(Pulls(std::get<DrawsGift>(gift).draws),
                        " that read and move no counter");
  }

  void AddPrices() {
    Add("/price", "one pull costs ",
        absl::StrJoin(
            spec_.prices, " or ", [](std::string* out, const PriceSpec& price) {
              absl::StrAppend(out, Amount(price.amount, price.currency));
            }));
    for (std::size_t i = 0; i < spec_.discounts.size(); ++i) {
      const DiscountSpec& discount = spec_.discounts[i];
      Add(absl::StrCat("/discounts/", i),
          discount.limit == 1 ? std::string("once")
                              : absl::StrCat(discount.limit, " times"),
          ", ", Pulls(discount.batch), " cost ",
          Amount(discount.amount, spec_.price().currency));
    }
  }

  void AddRarity(absl::string_view at, const RaritySpec& rarity) {
    AddCurve(at, rarity);
    if (rarity.hard_pity.has_value()) {
      const bool batches = rarity.pity_counts == PityCounts::kBatches;
      Add(absl::StrCat(at, "/hard_pity"), rarity.name, ": certain",
          &rarity == &spec_.rarities[0] ? ""
                                        : ", if no higher rarity is drawn,",
          " at ", batches ? "batch " : "pull ", *rarity.hard_pity,
          " since the last one at the latest");
    }
    if (rarity.higher_hit.value_or(HigherHit::kKeep) != HigherHit::kKeep) {
      Add(absl::StrCat(at, "/on_higher_hit"), rarity.name,
          *rarity.higher_hit == HigherHit::kReset
              ? ": a higher rarity starts its pity again"
              : ": a pull of a higher rarity does not count for its pity");
    }
    if (rarity.rate_up.has_value()) {
      AddRateUp(absl::StrCat(at, "/rate_up"), rarity.name, *rarity.rate_up);
    }
    if (!rarity.split.empty()) {
      Add(absl::StrCat(at, "/split"), rarity.name, ": ",
          absl::StrJoin(
              rarity.split, ", ", [](std::string* out, const TypeShare& part) {
                absl::StrAppend(out, Percent(part.share), " ", part.type);
              }));
    }
    if (rarity.protect_duplicates.has_value()) {
      Add(absl::StrCat(at, "/protect_duplicates"), rarity.name,
          ": no item comes twice before all are owned; then ",
          *rarity.protect_duplicates == AllOwned::kAny
              ? "any may come again"
              : "its odds go to the next lower rarity");
    }
    if (rarity.duplicate_gives.has_value()) {
      const DuplicateSpec& gives = *rarity.duplicate_gives;
      Add(absl::StrCat(at, "/duplicate_gives"), rarity.name, ": copy ",
          gives.from_copy, " of an item and each later one gives ",
          Amount(gives.amount, gives.currency));
    }
  }

  void AddCurve(absl::string_view at, const RaritySpec& rarity) {
    for (std::size_t i = 0; i < rarity.soft_pity.size(); ++i) {
      const SoftPity& segment = rarity.soft_pity[i];
      Add(absl::StrCat(at, "/soft_pity"), rarity.name, ": from pull ",
          segment.from, " since the last one on, odds grow by ",
          absl::StrFormat("%.5g", 100 * segment.step.value()),
          " percentage points with each ",
          segment.every == 1 ? std::string("pull") : Pulls(segment.every));
    }
    if (!rarity.knots.empty()) {
      Add(absl::StrCat(at, "/knots"), rarity.name,
          ": odds grow along straight lines to ",
          absl::StrJoin(rarity.knots, ", ",
                        [](std::string* out, const Knot& knot) {
                          absl::StrAppend(out, Percent(knot.odds), " at pull ",
                                          knot.pull);
                        }),
          " since the last one");
    }
    if (!rarity.curve.empty()) {
      Add(absl::StrCat(at, "/curve"), rarity.name,
          ": odds by pull since the last one are ",
          absl::StrJoin(rarity.curve, ", ", [](std::string* out, Odds odds) {
            absl::StrAppend(out, Percent(odds));
          }));
    }
  }

  void AddRateUp(absl::string_view at, absl::string_view rarity,
                 const RateUpSpec& spec) {
    const RateUp& rule = spec.rule;
    const std::string featured = ItemNames(spec.featured, "or");
    if (spec.odds.has_value()) {
      Add(at, rarity, ": ", Percent(*spec.odds), " of pulls are ", featured);
    } else {
      Add(at, rarity, ": ", Percent(rule.share), " of them are ", featured);
    }
    if (rule.off_pool != OffPool::kOthers) {
      Add(at, rarity,
          ": the others are drawn from all of them, and a featured one among "
          "those counts as ",
          rule.off_pool == OffPool::kAllFeaturedWins ? "won" : "lost");
    }
    if (rule.after_loss == AfterLoss::kGuaranteed) {
      Add(at, rarity, ": after one that is not featured the next is");
    }
    if (rule.loss_streak.has_value()) {
      Add(at, rarity,
          ": a counter goes up by 1 with each that is lost and down with each "
          "that is won, from ",
          rule.loss_streak->start, "; at ", rule.loss_streak->certain_at,
          " the next is featured, and it becomes ", rule.loss_streak->then);
    }
    if (rule.fate_points.has_value()) {
      Add(at, rarity, ": each that is not the chosen item gives a fate point; ",
          "with ", Points(rule.fate_points->certain_at),
          " the next is the chosen item");
    }
    if (rule.featured_within.has_value()) {
      const FeaturedWithin& within = *rule.featured_within;
      Add(at, rarity, ": after ", within.pulls - (within.pull_itself ? 1 : 0),
          " pulls without a featured one the next ",
          within.pull_itself ? "pull" : "of this rarity", " is one",
          within.once ? ", until the first featured one" : "");
    }
  }

  void AddOverflow() {
    switch (spec_.overflow) {
      case Overflow::kTruncate:
        return;  // the higher rarity first, as ever
      case Overflow::kIndependent:
        Add("/overflow",
            "each rarity is tried on its own, the highest first, and the first "
            "that comes counts");
        return;
      case Overflow::kNormalise:
        Add("/overflow",
            "where the odds of all rarities pass 100%, each gives way in "
            "proportion");
        return;
      case Overflow::kScaleFiller:
        Add("/overflow",
            "rarities whose odds never grow share what the others leave, in "
            "proportion");
        return;
    }
  }

  void AddFrozenOdds() {
    Add("/frozen_odds", "all pulls of a batch have the odds of its first",
        spec_.frozen_odds == FrozenOdds::kYes
            ? ""
            : "; a rarity that is due is certain until it has come");
  }

  void AddBatch(absl::string_view at, const BatchSpec& batch) {
    const std::string size = Pulls(batch.size);
    if (batch.price.has_value()) {
      Add(absl::StrCat(at, "/price"), size, " at once cost ",
          Amount(*batch.price, spec_.price().currency));
    }
    if (batch.bonus > 0) {
      Add(absl::StrCat(at, "/bonus"), size, " at once give ", batch.bonus,
          " more");
    }
    if (batch.at_least.has_value()) {
      Add(absl::StrCat(at, batch.last_if_none ? "/last_if_none" : "/at_least"),
          size, " at once have at least ", batch.at_least->count, " ",
          RarityName(batch.at_least->rarity), " or higher");
    }
    if (batch.at_most.has_value()) {
      Add(absl::StrCat(at, "/at_most"), size, " at once have at most ",
          batch.at_most->count, " ", RarityName(batch.at_most->rarity));
    }
    if (batch.slot.has_value()) {
      Add(absl::StrCat(at, "/slot"), "of ", size, " at once, number ",
          batch.slot->draw, " has odds of its own: ", Table(batch.slot->odds));
    }
    if (batch.mixture.has_value()) {
      Add(absl::StrCat(at, "/mixture"), "of ", size,
          " at once, with a chance of ", Percent(batch.mixture->chance),
          " all have other odds: ", Table(batch.mixture->odds));
    }
    if (batch.shuffle) {
      Add(absl::StrCat(at, "/shuffle"), size,
          " at once are shown in random order");
    }
  }

  void AddStepUp() {
    if (!spec_.step_up.has_value()) return;
    const StepUpSpec& step_up = *spec_.step_up;
    for (std::size_t i = 0; i < step_up.steps.size(); ++i) {
      const StepSpec& step = step_up.steps[i];
      std::string text = absl::StrCat(
          "step ", i + 1, ": ", Pulls(step_up.batch), " at once cost ",
          Amount(step.price, spec_.price().currency));
      if (step.slot.has_value()) {
        absl::StrAppend(&text, ", and number ", step.slot->draw,
                        " has odds of its own: ", Table(step.slot->odds));
      }
      Add(absl::StrCat("/step_up/steps/", i), text);
    }
    Add("/step_up", "after the last step ",
        step_up.last_repeats ? "the last" : "the first", " follows",
        step_up.back_to_first_on.has_value()
            ? absl::StrCat("; after a ", RarityName(*step_up.back_to_first_on),
                           " the first")
            : "");
  }

  void AddGrants() {
    if (spec_.spark.has_value()) {
      Add("/spark", "each pull gives a point; ", Points(spec_.spark->points),
          spec_.spark->points == 1 ? " buys " : " buy ",
          ItemNames(spec_.spark->choose, "or"));
    }
    for (std::size_t i = 0; i < spec_.milestones.size(); ++i) {
      const MilestoneSpec& milestone = spec_.milestones[i];
      Add(absl::StrCat("/milestones/", i),
          milestone.repeat ? "each " : "pull number ", milestone.at,
          milestone.repeat ? " pulls give " : " gives ",
          Given(milestone.gives));
    }
    for (std::size_t i = 0; i < spec_.collections.size(); ++i) {
      const CollectionSpec& collection = spec_.collections[i];
      Add(absl::StrCat("/collections/", i), "whoever has ",
          ItemNames(collection.items, "and"), " is given ",
          Given(collection.gives));
    }
    if (spec_.box.has_value()) {
      Add("/box",
          "the items are a box without replacement, which is filled anew when ",
          *spec_.box == BoxReset::kEmpty
              ? std::string("it is empty")
              : absl::StrCat("no ", spec_.rarities[0].name, " is left"));
    }
  }

  void AddCounters() {
    for (const CounterSpec& counter : spec_.counters) {
      const char* shared = counter.scope == CounterScope::kAccount
                               ? "is shared by all banners"
                           : counter.scope == CounterScope::kBanner
                               ? "belongs to this banner"
                               : "is shared by the banners of its family";
      std::string text = absl::StrCat("counter ", counter.name, " ", shared);
      if (counter.at_end == AtEnd::kZero) {
        absl::StrAppend(&text, " and is lost when it ends");
      } else if (counter.at_end == AtEnd::kConvert) {
        absl::StrAppend(&text, "; when it ends, each point becomes ",
                        Amount(counter.amount, counter.currency));
      }
      Add(absl::StrCat("/counters/", counter.name), text);
    }
  }

  const BannerSpec& spec_;
  std::vector<RuleText> rules_;
};

}  // namespace

std::vector<RuleText> DescribeRules(const BannerSpec& spec) {
  return Describing(spec).Run();
}

}  // namespace fairpull
