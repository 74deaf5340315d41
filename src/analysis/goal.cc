#include "fairpull/analysis/goal.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace fairpull {
namespace {

absl::Status NoGoal(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", absl::CHexEscape(text.substr(0, 200)), "\" is no goal: ", why));
}

std::string Rarities(const Banner& banner) {
  return absl::StrJoin(
      banner.rarities(), ", ",
      [](std::string* out, const Rarity& rarity) { out->append(rarity.id); });
}

}  // namespace

absl::StatusOr<Goal> Goal::Parse(const Banner& banner, absl::string_view text) {
  Goal goal;
  goal.text_ = std::string(text);
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "item:") ||
      absl::ConsumePrefix(&rest, "all:")) {
    goal.kind_ = text[0] == 'i' ? Kind::kItem : Kind::kCollection;
    for (const absl::string_view id : absl::StrSplit(rest, ',')) {
      const std::optional<std::size_t> item = banner.FindItem(id);
      if (!item.has_value()) {
        return NoGoal(text, absl::StrCat("banner \"", banner.id().value(),
                                         "\" has no item \"",
                                         absl::CHexEscape(id), "\""));
      }
      const auto index = static_cast<std::uint16_t>(*item);
      if (std::count(goal.items_.begin(), goal.items_.end(), index) != 0) {
        return NoGoal(text, absl::StrCat("\"", id, "\" is named twice"));
      }
      goal.items_.push_back(index);
    }
    if (goal.kind_ == Kind::kItem && goal.items_.size() != 1) {
      return NoGoal(text, "\"item:\" names one item; several are \"all:\"");
    }
    return goal;
  }
  if (absl::ConsumePrefix(&rest, "featured:")) {
    goal.kind_ = Kind::kFeatured;
  } else if (absl::ConsumePrefix(&rest, "chosen:")) {
    goal.kind_ = Kind::kChosen;
  } else if (!absl::ConsumePrefix(&rest, "rarity:")) {
    return NoGoal(text,
                  "it must begin with rarity:, featured:, chosen:, item: or "
                  "all:");
  }
  const std::optional<std::size_t> rarity = banner.FindRarity(rest);
  if (!rarity.has_value()) {
    return NoGoal(text, absl::StrCat("banner \"", banner.id().value(),
                                     "\" has the rarities ", Rarities(banner)));
  }
  goal.rarity_ = static_cast<std::uint8_t>(*rarity);
  const Rarity& found = banner.rarities()[*rarity];
  if (goal.kind_ == Kind::kFeatured &&
      !banner.spec().rarities[*rarity].rate_up.has_value()) {
    return NoGoal(
        text, absl::StrCat("rarity \"", found.id, "\" has no featured items"));
  }
  if (goal.kind_ == Kind::kChosen && !found.counters.chosen.has_value()) {
    return NoGoal(text, absl::StrCat("rarity \"", found.id,
                                     "\" has no fate points, so nothing is "
                                     "chosen"));
  }
  return goal;
}

bool Goal::IsExchangeable(const Banner& banner) const {
  // A rarity as such is not bought.
  if (!banner.spec().spark.has_value() || kind_ == Kind::kRarity) return false;
  for (const std::string& id : banner.spec().spark->choose) {
    const auto index = static_cast<std::uint16_t>(*banner.FindItem(id));
    const Item& item = banner.items()[index];
    if (items_.empty() ? item.featured && item.rarity == rarity_
                       : std::count(items_.begin(), items_.end(), index) != 0) {
      return true;
    }
  }
  return false;
}

}  // namespace fairpull
