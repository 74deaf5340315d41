#include <algorithm>
#include <numeric>
#include <set>

#include "absl/strings/str_cat.h"
#include "json_fields.h"
#include "validate.h"

namespace fairpull::internal {
namespace {

bool IsFeatured(const RaritySpec& rarity, const ItemSpec& item) {
  return rarity.rate_up.has_value() &&
         std::count(rarity.rate_up->featured.begin(),
                    rarity.rate_up->featured.end(), item.id.value()) != 0;
}

// How a rarity is divided among its items.
class Pools {
 public:
  Pools(const BannerSpec& spec, Problems& problems)
      : spec_(spec), problems_(problems) {}

  void Run() {
    if (spec_.box.has_value()) {
      CheckBox();
    } else {
      CheckNoBox();
    }
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
      const RaritySpec& rarity = spec_.rarities[i];
      if (rarity.rate_up.has_value()) CheckWays(i, *rarity.rate_up);
      if (!rarity.split.empty()) CheckSplit(i, rarity);
      if (rarity.protect_duplicates.has_value()) CheckProtection(i, rarity);
    }
  }

 private:
  void CheckNoBox() {
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
      if (spec_.rarities[i].says_odds) continue;
      problems_.Add(
          At("rarities", i),
          "the key \"odds\" is missing; only in a box are there none");
    }
    for (std::size_t i = 0; i < spec_.items.size(); ++i) {
      if (!spec_.items[i].stock.has_value()) continue;
      problems_.Add(At("items", i, "stock"),
                    "says nothing: only in a box has an item a stock");
    }
  }

  void CheckBox() {
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
      const RaritySpec& rarity = spec_.rarities[i];
      if (rarity.says_odds || rarity.grows() || rarity.rate_up.has_value() ||
          !rarity.split.empty() || rarity.protect_duplicates.has_value()) {
        problems_.Add(At("rarities", i),
                      "stands in a box, where the stock of the items gives the "
                      "odds: leave out \"odds\", pity, \"rate_up\", \"split\" "
                      "and \"protect_duplicates\"");
      }
    }
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < spec_.items.size(); ++i) {
      const ItemSpec& item = spec_.items[i];
      if (!item.stock.has_value()) {
        problems_.Add(At("items", i),
                      "the key \"stock\" is missing: how many the box holds");
      }
      sum += item.stock.value_or(std::int16_t{0});
      if (item.weight == 1) continue;
      problems_.Add(At("items", i, "weight"),
                    "says nothing in a box, where all that is left is equally "
                    "likely; use \"stock\"");
    }
    if (sum > kMaxCounterValue) {
      problems_.Add("/items",
                    absl::StrCat("the box holds ", sum, " things; at most ",
                                 kMaxCounterValue, " are possible"));
    }
    for (const BatchSpec& batch : spec_.batches) {
      if (!batch.has_rules()) continue;
      problems_.Add("/batches",
                    "has rules; in a box every draw is from what is left");
    }
  }

  // Rules of one rate-up that do not go together.
  void CheckWays(std::size_t i, const RateUpSpec& rate_up) {
    const std::string at = At("rarities", i, "rate_up");
    const RateUp& rule = rate_up.rule;
    if (rule.loss_streak.has_value()) {
      const LossStreak& streak = *rule.loss_streak;
      if (streak.start > streak.certain_at || streak.then > streak.certain_at) {
        problems_.Add(
            Below(at, "loss_streak"),
            absl::StrCat("starts at ", streak.start, " and goes on at ",
                         streak.then, "; both must be at most \"certain_at\", ",
                         streak.certain_at));
      }
    }
    if (!rule.fate_points.has_value()) return;
    if (rule.loss_streak.has_value() || rule.off_pool != OffPool::kOthers) {
      problems_.Add(Below(at, "fate_points"),
                    "can't stand beside \"loss_streak\" or \"off_pool\": "
                    "\"all\"; keep one");
    }
    constexpr std::size_t kMostChosen = 16;
    if (rate_up.featured.size() > kMostChosen) {
      problems_.Add(Below(at, "featured"),
                    absl::StrCat("has ", rate_up.featured.size(),
                                 " items; with fate points at most ",
                                 kMostChosen, " are possible"));
    }
  }

  void CheckSplit(std::size_t i, const RaritySpec& rarity) {
    std::set<std::string> named;
    std::uint64_t denominator = 1;
    for (std::size_t j = 0; j < rarity.split.size(); ++j) {
      const TypeShare& part = rarity.split[j];
      const std::string at = Below(At("rarities", i, "split"), j);
      denominator =
          std::lcm(denominator, std::uint64_t{part.share.denominator()});
      if (denominator > kMaxWheelSize) {
        problems_.Add(Below(at, "share"),
                      "is too fine together with the others: use fewer digits");
        return;
      }
      if (!named.insert(part.type).second) {
        problems_.Add(Below(at, "type"),
                      absl::StrCat("\"", part.type, "\" is given twice"));
      }
      if (part.share.never()) {
        problems_.Add(Below(at, "share"),
                      "is 0; each type must have a share above 0");
      }
      const bool has_items = std::any_of(
          spec_.items.begin(), spec_.items.end(), [&](const ItemSpec& item) {
            return item.rarity == rarity.id && item.type == part.type &&
                   !IsFeatured(rarity, item);
          });
      if (!has_items) {
        problems_.Add(Below(at, "type"),
                      absl::StrCat("no item of rarity \"", rarity.id,
                                   "\" that is not featured has the type \"",
                                   part.type, "\""));
      }
    }
    std::uint64_t sum = 0;
    for (const TypeShare& part : rarity.split) {
      sum += denominator / part.share.denominator() * part.share.numerator();
    }
    if (sum != denominator) {
      problems_.Add(At("rarities", i, "split"),
                    absl::StrCat("the shares sum to ", sum, "/", denominator,
                                 "; they must sum to 1"));
    }
    for (std::size_t j = 0; j < spec_.items.size(); ++j) {
      const ItemSpec& item = spec_.items[j];
      if (item.rarity != rarity.id || IsFeatured(rarity, item) ||
          named.count(item.type) != 0) {
        continue;
      }
      problems_.Add(
          At("items", j, "type"),
          absl::StrCat("rarity \"", rarity.id,
                       "\" is split by type and has no share for \"", item.type,
                       "\", so this item would never "
                       "drop"));
    }
  }

  void CheckProtection(std::size_t i, const RaritySpec& rarity) {
    const std::string at = At("rarities", i, "protect_duplicates");
    if (rarity.rate_up.has_value() || !rarity.split.empty()) {
      problems_.Add(at,
                    "can't stand beside \"rate_up\" or \"split\": an item that "
                    "is owned leaves its odds to all others");
    }
    if (*rarity.protect_duplicates == AllOwned::kLowerRarity &&
        i + 1 == spec_.rarities.size()) {
      problems_.Add(Below(at, "when_all_owned"),
                    "is \"lower_rarity\", and this rarity is the lowest");
    }
    for (std::size_t j = 0; j < spec_.items.size(); ++j) {
      if (spec_.items[j].rarity != rarity.id || spec_.items[j].weight == 1) {
        continue;
      }
      problems_.Add(At("items", j, "weight"),
                    absl::StrCat("is ", spec_.items[j].weight,
                                 "; where duplicates are protected all items "
                                 "of the rarity weigh 1"));
    }
  }

  const BannerSpec& spec_;
  Problems& problems_;
};

}  // namespace

void ValidatePools(const BannerSpec& spec, Problems& problems) {
  Pools(spec, problems).Run();
}

}  // namespace fairpull::internal
