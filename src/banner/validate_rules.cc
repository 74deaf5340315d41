#include <algorithm>
#include <numeric>
#include <set>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "json_fields.h"
#include "validate.h"

namespace fairpull::internal {
namespace {

// The rules of banner/rules.h.
class Rules {
 public:
  Rules(const BannerSpec& spec, Problems& problems)
      : spec_(spec), problems_(problems) {}

  void Run() {
    CheckPrices();
    CheckBatches();
    CheckBatchPity();
    for (std::size_t i = 0; i < spec_.discounts.size(); ++i) CheckDiscount(i);
    if (spec_.spark.has_value()) {
      CheckItems("/spark/choose", spec_.spark->choose);
    }
    for (std::size_t i = 0; i < spec_.milestones.size(); ++i) {
      CheckGift(At("milestones", i, "gives"), spec_.milestones[i].gives);
    }
    for (std::size_t i = 0; i < spec_.collections.size(); ++i) {
      CheckItems(At("collections", i, "items"), spec_.collections[i].items);
      CheckGift(At("collections", i, "gives"), spec_.collections[i].gives);
    }
    if (spec_.step_up.has_value()) CheckStepUp(*spec_.step_up);
  }

 private:
  // Files can't break some of these rules, specifications made by hand can.
  void CheckPrices() {
    if (spec_.prices.empty()) {
      problems_.Add("/price", "is missing; a pull has a price");
    }
    std::set<CurrencyId> currencies;
    for (std::size_t i = 0; i < spec_.prices.size(); ++i) {
      const PriceSpec& price = spec_.prices[i];
      const std::string at = spec_.prices.size() == 1
                                 ? std::string("/price")
                                 : absl::StrCat("/price/", i);
      if (price.amount < 1 || price.amount > kMaxPrice) {
        problems_.Add(absl::StrCat(at, "/amount"),
                      absl::StrCat("is ", price.amount,
                                   "; it must be from 1 to ", kMaxPrice));
      }
      if (!currencies.insert(price.currency).second) {
        problems_.Add(absl::StrCat(at, "/currency"),
                      absl::StrCat("\"", price.currency.value(),
                                   "\" has two prices; keep one"));
      }
    }
  }

  void CheckBatches() {
    if (spec_.batches.empty()) {
      problems_.Add("/batches", "is empty; a banner sells 1 pull at least");
    }
    std::size_t ruled = 0;
    for (std::size_t i = 0; i < spec_.batches.size(); ++i) {
      const BatchSpec& batch = spec_.batches[i];
      if (batch.size < 1 || batch.size > kMaxBatch) {
        problems_.Add(At("batches", i),
                      absl::StrCat("has the size ", batch.size,
                                   "; it must be from 1 to ", kMaxBatch));
      }
      if (!batch.has_rules()) continue;
      if (++ruled > 1) {
        problems_.Add(At("batches", i),
                      "has rules, and so has one before it; only one batch of "
                      "a banner may have rules beyond size, bonus and price");
      }
      CheckBatchRules(At("batches", i), batch);
    }
  }

  void CheckBatchRules(const std::string& at, const BatchSpec& batch) {
    if (batch.at_least.has_value()) {
      CheckCount(Below(at, "at_least"), *batch.at_least, batch,
                 batch.last_if_none ? Below(at, "last_if_none") : "");
    }
    if (batch.at_most.has_value()) {
      CheckCount(Below(at, "at_most"), *batch.at_most, batch);
      if (!spec_.rarities.empty() &&
          batch.at_most->rarity == spec_.rarities.back().id) {
        problems_.Add(Below(at, "at_most"),
                      "limits the lowest rarity, which has no lower one to "
                      "leave its odds to");
      }
    }
    if (batch.slot.has_value()) {
      CheckSlot(Below(at, "slot"), *batch.slot, batch.draws());
    }
    if (batch.mixture.has_value()) {
      if (batch.mixture->chance.never() || batch.mixture->chance.certain()) {
        problems_.Add(absl::StrCat(at, "/mixture/chance"),
                      "must be above 0 and below 1");
      }
      CheckTable(Below(at, "mixture"), batch.mixture->odds);
    }
  }

  // `rarity_at`: where the rarity stands, if not at `at`/rarity.
  void CheckCount(const std::string& at, const RarityCount& count,
                  const BatchSpec& batch, const std::string& rarity_at = "") {
    CheckRarity(rarity_at.empty() ? absl::StrCat(at, "/rarity") : rarity_at,
                count.rarity);
    if (count.count < 1 || count.count > batch.draws()) {
      problems_.Add(absl::StrCat(at, "/count"),
                    absl::StrCat("is ", count.count, "; the batch has ",
                                 batch.draws(), " draws"));
    }
  }

  void CheckSlot(const std::string& at, const SlotSpec& slot,
                 std::uint32_t draws) {
    if (slot.draw < 1 || slot.draw > draws) {
      problems_.Add(
          absl::StrCat(at, "/draw"),
          absl::StrCat("is ", slot.draw, "; the batch has draws 1 to ", draws));
    }
    CheckTable(at, slot.odds);
  }

  // Odds by rarity under `at`/odds that sum to 1.
  void CheckTable(const std::string& at, const OddsTable& table) {
    const std::string odds_at = absl::StrCat(at, "/odds");
    std::uint64_t denominator = 1;
    for (const auto& [rarity, odds] : table) {
      CheckRarity(Below(odds_at, rarity), rarity);
      denominator = std::lcm(denominator, std::uint64_t{odds.denominator()});
      if (denominator > kMaxWheelSize) {
        problems_.Add(odds_at, "is too fine: use odds with fewer digits");
        return;
      }
    }
    std::uint64_t sum = 0;
    for (const auto& [rarity, odds] : table) {
      sum += denominator / odds.denominator() * odds.numerator();
    }
    if (sum != denominator) {
      problems_.Add(odds_at, absl::StrCat("sums to ", sum, "/", denominator,
                                          "; it must sum to 1"));
    }
  }

  void CheckRarity(const std::string& at, const std::string& id) {
    std::vector<std::string> names;
    for (const RaritySpec& rarity : spec_.rarities) names.push_back(rarity.id);
    if (std::count(names.begin(), names.end(), id) != 0) return;
    problems_.Add(
        at, absl::StrCat("\"", id, "\" is no rarity of this banner; it has ",
                         absl::StrJoin(names, ", ")));
  }

  void CheckBatchPity() {
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
      if (spec_.rarities[i].pity_counts != PityCounts::kBatches) continue;
      if (spec_.batches.size() != 1) {
        problems_.Add(At("rarities", i, "pity_counts"),
                      "counts batches, so the banner must sell batches of one "
                      "size only");
      }
    }
  }

  void CheckDiscount(std::size_t i) {
    const DiscountSpec& discount = spec_.discounts[i];
    if (spec_.FindBatch(discount.batch) == nullptr) {
      problems_.Add(At("discounts", i, "batch"),
                    absl::StrCat("batches of ", discount.batch,
                                 " are not sold on this banner"));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (spec_.discounts[j].id == discount.id) {
        problems_.Add(
            At("discounts", i, "id"),
            absl::StrCat("\"", discount.id.value(), "\" names two discounts"));
      }
    }
  }

  void CheckItems(const std::string& at, const std::vector<std::string>& ids) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      CheckItem(Below(at, i), ids[i]);
      if (!seen.insert(ids[i]).second) {
        problems_.Add(Below(at, i),
                      absl::StrCat("\"", ids[i], "\" is given twice"));
      }
    }
  }

  void CheckItem(const std::string& at, const std::string& id) {
    const bool known = std::any_of(
        spec_.items.begin(), spec_.items.end(),
        [&](const ItemSpec& item) { return item.id.value() == id; });
    if (known) return;
    problems_.Add(at, absl::StrCat("item \"", id,
                                   "\" is not in the pool: add it to "
                                   "\"items\""));
  }

  void CheckGift(const std::string& at, const Gift& gift) {
    if (const auto* item = std::get_if<ItemGift>(&gift)) {
      CheckItem(absl::StrCat(at, "/item"), item->item);
    }
    if (std::holds_alternative<DrawsGift>(gift) && spec_.box.has_value()) {
      problems_.Add(absl::StrCat(at, "/draws"),
                    "are detached draws, which a box can't have: what is "
                    "drawn leaves it");
    }
  }

  void CheckStepUp(const StepUpSpec& step_up) {
    if (spec_.batches.size() != 1 || spec_.batches[0].size != step_up.batch) {
      problems_.Add("/step_up/batch",
                    absl::StrCat("is ", step_up.batch,
                                 "; \"batches\" must be [", step_up.batch,
                                 "], since a step-up sells this "
                                 "batch only"));
      return;
    }
    for (std::size_t i = 0; i < step_up.steps.size(); ++i) {
      if (!step_up.steps[i].slot.has_value()) continue;
      if (spec_.box.has_value()) {
        problems_.Add(absl::StrCat("/step_up/steps/", i, "/slot"),
                      "says nothing: in a box every draw is from what is left");
        continue;
      }
      CheckSlot(absl::StrCat("/step_up/steps/", i, "/slot"),
                *step_up.steps[i].slot, spec_.batches[0].draws());
    }
    constexpr std::size_t kMostSteps = 100;
    if (step_up.steps.size() > kMostSteps) {
      problems_.Add(
          "/step_up/steps",
          absl::StrCat("has ", step_up.steps.size(), " steps; at most ",
                       kMostSteps, " are possible"));
    }
    if (step_up.back_to_first_on.has_value()) {
      CheckRarity("/step_up/back_to_first_on", *step_up.back_to_first_on);
    }
    if (spec_.batches[0].price.has_value() || !spec_.discounts.empty()) {
      problems_.Add("/step_up",
                    "stands beside a batch's price or a discount; the steps "
                    "say what a batch costs");
    }
  }

  const BannerSpec& spec_;
  Problems& problems_;
};

}  // namespace

void ValidateRules(const BannerSpec& spec, Problems& problems) {
  Rules(spec, problems).Run();
}

}  // namespace fairpull::internal
