#include "validate.h"

#include <cstddef>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "json_fields.h"

namespace fairpull::internal {
namespace {

constexpr std::size_t kMaxRarities = 16;

class Validation {
 public:
  Validation(const BannerSpec& spec, Problems& problems)
      : spec_(spec), problems_(problems) {}

  void Run() {
    CheckSchedule();
    if (spec_.rarities.empty() || spec_.rarities.size() > kMaxRarities ||
        spec_.items.empty()) {
      problems_.Add(spec_.items.empty() ? "/items" : "/rarities",
                    absl::StrCat("a banner has 1 to ", kMaxRarities,
                                 " rarities and at least one item; this one "
                                 "has ",
                                 spec_.rarities.size(), " rarities and ",
                                 spec_.items.size(), " items"));
      return;
    }
    CheckNames();
    CheckItems();
    if (!spec_.box.has_value()) CheckSum();
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
      CheckCurve(i);
      CheckRateUp(i);
    }
    ValidatePools(spec_, problems_);
    ValidateRules(spec_, problems_);
  }

 private:
  void CheckSchedule() {
    if (spec_.opens_at_ms.has_value() && spec_.closes_at_ms.has_value() &&
        *spec_.opens_at_ms >= *spec_.closes_at_ms) {
      problems_.Add("/closes", "is not after \"opens\"");
    }
  }

  void CheckNames() {
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
      if (!rarities_.emplace(spec_.rarities[i].id, i).second) {
        problems_.Add(
            At("rarities", i, "id"),
            absl::StrCat("\"", spec_.rarities[i].id, "\" names two rarities"));
      }
    }
  }

  void CheckItems() {
    std::vector<std::string> names;
    for (const RaritySpec& rarity : spec_.rarities) names.push_back(rarity.id);
    std::set<std::string> filled;
    for (std::size_t i = 0; i < spec_.items.size(); ++i) {
      const ItemSpec& item = spec_.items[i];
      if (!items_.emplace(item.id.value(), i).second) {
        problems_.Add(At("items", i, "id"), absl::StrCat("\"", item.id.value(),
                                                         "\" names two items"));
      }
      if (rarities_.count(item.rarity) == 0) {
        problems_.Add(At("items", i, "rarity"),
                      absl::StrCat("\"", item.rarity,
                                   "\" is no rarity of this banner; it has ",
                                   absl::StrJoin(names, ", ")));
      }
      if (item.weight < 1 || item.weight > kMaxWheelSize) {
        problems_.Add(At("items", i, "weight"),
                      absl::StrCat("is ", item.weight,
                                   "; it must be from 1 to ", kMaxWheelSize));
      }
      filled.insert(item.rarity);
    }
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
      if (filled.count(spec_.rarities[i].id) == 0) {
        problems_.Add(
            At("rarities", i),
            absl::StrCat("no item has the rarity \"", spec_.rarities[i].id,
                         "\"; give it items or remove it"));
      }
    }
  }

  // The odds sum to exactly 1, or the last rarity says "rest".
  void CheckSum() {
    std::uint64_t denominator = 1;
    for (std::size_t i = 0; i < spec_.rarities.size(); ++i) {
      if (!spec_.rarities[i].says_odds) return;  // told by ValidatePools
      const std::optional<Odds>& odds = spec_.rarities[i].odds;
      if (!odds.has_value()) {
        if (i + 1 != spec_.rarities.size()) {
          problems_.Add(At("rarities", i, "odds"),
                        "only the last rarity can be \"rest\"");
          return;
        }
        continue;
      }
      denominator = std::lcm(denominator, std::uint64_t{odds->denominator()});
      if (denominator > kMaxWheelSize) return;  // told when compiling
    }
    std::uint64_t sum = 0;
    for (const RaritySpec& rarity : spec_.rarities) {
      if (rarity.odds.has_value()) {
        sum +=
            denominator / rarity.odds->denominator() * rarity.odds->numerator();
      }
    }
    const bool has_rest = !spec_.rarities.back().odds.has_value();
    if (has_rest ? sum > denominator : sum != denominator) {
      problems_.Add("/rarities",
                    absl::StrCat("the odds sum to ", sum, "/", denominator,
                                 "; they must sum to 1",
                                 has_rest ? " at most"
                                          : ", or the last "
                                            "rarity's odds be \"rest\""));
    }
  }

  void CheckCurve(std::size_t i) {
    const RaritySpec& rarity = spec_.rarities[i];
    const bool grows = rarity.grows();
    if (grows && i + 1 == spec_.rarities.size() && !spec_.box.has_value()) {
      problems_.Add(At("rarities", i),
                    "the last rarity takes what the others leave, so it can't "
                    "have a pity of its own");
    }
    const bool by_batches = rarity.pity_counts == PityCounts::kBatches;
    if (by_batches &&
        (!rarity.hard_pity.has_value() || !rarity.soft_pity.empty() ||
         !rarity.knots.empty() || !rarity.curve.empty())) {
      problems_.Add(At("rarities", i, "pity_counts"),
                    "counts batches, which needs a \"hard_pity\" and no curve: "
                    "the odds inside a batch do not grow");
    }
    if (by_batches && rarity.higher_hit.has_value()) {
      problems_.Add(At("rarities", i, "on_higher_hit"),
                    "says nothing where pity counts batches; remove it");
    }
    if (rarity.higher_hit.has_value() && (i == 0 || !grows)) {
      problems_.Add(At("rarities", i, "on_higher_hit"),
                    i == 0 ? "says nothing: no rarity is higher; remove it"
                           : "says nothing: this rarity has no pity; remove "
                             "it or give a soft or hard pity");
    }
    for (std::size_t j = 1; j < rarity.curve.size(); ++j) {
      if (rarity.curve[j] >= rarity.curve[j - 1]) continue;
      problems_.Add(Below(At("rarities", i, "curve"), j),
                    absl::StrCat("is ", rarity.curve[j].ToString(),
                                 ", below the entry before it, ",
                                 rarity.curve[j - 1].ToString(),
                                 "; pity never lowers the odds"));
    }
    if (rarity.curve.empty()) return;
    if (rarity.odds.has_value() && rarity.curve.front() != *rarity.odds) {
      problems_.Add(
          At("rarities", i, "curve"),
          absl::StrCat("begins with ", rarity.curve.front().ToString(),
                       "; its first entry must equal the odds, ",
                       rarity.odds->ToString()));
    }
    if (!rarity.hard_pity.has_value()) return;
    const std::uint32_t hard = *rarity.hard_pity;
    const Odds at_hard = hard <= rarity.curve.size() ? rarity.curve[hard - 1]
                                                     : rarity.curve.back();
    if (!at_hard.certain()) {
      problems_.Add(
          At("rarities", i, "hard_pity"),
          absl::StrCat("pull ", hard,
                       " is not certain: the curve "
                       "has ",
                       at_hard.ToString(), " there; it must be 100%"));
    }
  }

  void CheckRateUp(std::size_t i) {
    const RaritySpec& rarity = spec_.rarities[i];
    if (!rarity.rate_up.has_value()) return;
    const std::string at = At("rarities", i, "rate_up");
    std::set<std::string> featured;
    for (std::size_t j = 0; j < rarity.rate_up->featured.size(); ++j) {
      CheckFeatured(Below(Below(at, "featured"), j), rarity,
                    rarity.rate_up->featured[j], featured);
    }
    bool others = false;
    for (const ItemSpec& item : spec_.items) {
      others = others || (item.rarity == rarity.id &&
                          featured.count(item.id.value()) == 0);
    }
    if (rarity.rate_up->odds.has_value()) return;  // checked when compiling
    const Odds share = rarity.rate_up->rule.share;
    if (share.never()) {
      problems_.Add(Below(at, "share"),
                    "is 0; the featured items must have a share above 0");
    }
    if (!others && !share.certain()) {
      problems_.Add(Below(at, "share"),
                    absl::StrCat("is ", share.ToString(),
                                 ", but every item of this rarity is featured, "
                                 "so nothing is left for the rest: make it "
                                 "100% or add items that are not featured"));
    }
  }

  void CheckFeatured(const std::string& at, const RaritySpec& rarity,
                     const std::string& id, std::set<std::string>& featured) {
    const auto item = items_.find(id);
    if (item == items_.end()) {
      problems_.Add(at, absl::StrCat("featured item \"", id,
                                     "\" is not in the pool: add it to "
                                     "\"items\""));
    } else if (spec_.items[item->second].rarity != rarity.id) {
      problems_.Add(at,
                    absl::StrCat("featured item \"", id, "\" has the rarity \"",
                                 spec_.items[item->second].rarity, "\", not \"",
                                 rarity.id, "\""));
    }
    if (!featured.insert(id).second) {
      problems_.Add(at, absl::StrCat("\"", id, "\" is featured twice"));
    }
  }

  const BannerSpec& spec_;
  Problems& problems_;
  std::map<std::string, std::size_t> rarities_;
  std::map<std::string, std::size_t> items_;
};

}  // namespace

std::string At(absl::string_view list, std::size_t index,
               absl::string_view key) {
  const std::string element = absl::StrCat("/", list, "/", index);
  return key.empty() ? element : Below(element, key);
}

void ValidateSpec(const BannerSpec& spec, Problems& problems) {
  Validation(spec, problems).Run();
}

}  // namespace fairpull::internal
