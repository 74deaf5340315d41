#include "fairpull/pity/curve.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

absl::Status CheckHardPity(std::optional<std::uint32_t> hard_pity) {
  if (hard_pity.has_value() &&
      (*hard_pity == 0 || *hard_pity > kMaxCurveLength)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a hard pity is from 1 to ", kMaxCurveLength,
                     " pulls; this one is ", *hard_pity));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Curve> Curve::Constant(Odds base,
                                      std::optional<std::uint32_t> hard_pity) {
  FAIRPULL_RETURN_IF_ERROR(CheckHardPity(hard_pity));
  std::vector<Odds> entries(hard_pity.value_or(1), base);
  if (hard_pity.has_value()) entries.back() = Odds::Certain();
  return List(std::move(entries));
}

absl::StatusOr<Curve> Curve::Ramp(Odds base, SoftPity soft_pity,
                                  std::optional<std::uint32_t> hard_pity) {
  FAIRPULL_RETURN_IF_ERROR(CheckHardPity(hard_pity));
  if (soft_pity.from == 0 || soft_pity.from > kMaxCurveLength) {
    return absl::InvalidArgumentError(
        absl::StrCat("soft pity begins at pull 1 to ", kMaxCurveLength,
                     ", not at ", soft_pity.from));
  }
  if (hard_pity.has_value() && soft_pity.from >= *hard_pity) {
    return absl::InvalidArgumentError(
        absl::StrCat("soft pity begins at pull ", soft_pity.from,
                     ", which must be before the hard pity at ", *hard_pity));
  }
  if (soft_pity.step.never()) {
    return absl::InvalidArgumentError(
        "soft pity has a step of 0; it must be above 0");
  }
  std::vector<Odds> entries(soft_pity.from - 1, base);
  for (std::uint32_t pull = soft_pity.from;; ++pull) {
    if (pull > kMaxCurveLength) {
      return absl::InvalidArgumentError(
          absl::StrCat("soft pity is not certain within ", kMaxCurveLength,
                       " pulls; use a larger step"));
    }
    FAIRPULL_ASSIGN_OR_RETURN(
        const Odds odds,
        base.PlusSteps(soft_pity.step, pull - soft_pity.from + 1));
    entries.push_back(pull == hard_pity ? Odds::Certain() : odds);
    if (entries.back().certain()) return List(std::move(entries));
  }
}

absl::StatusOr<Curve> Curve::List(std::vector<Odds> entries) {
  if (entries.empty() || entries.size() > kMaxCurveLength) {
    return absl::InvalidArgumentError(
        absl::StrCat("a curve has 1 to ", kMaxCurveLength,
                     " entries; this one has ", entries.size()));
  }
  // A counter only needs to tell entries apart that differ.
  while (entries.size() > 1 && entries.back() == entries[entries.size() - 2]) {
    entries.pop_back();
  }
  return Curve(std::move(entries));
}

std::optional<std::uint32_t> Curve::certain_at() const {
  const auto certain = std::find_if(entries_.begin(), entries_.end(),
                                    [](Odds odds) { return odds.certain(); });
  if (certain == entries_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(certain - entries_.begin()) + 1;
}

}  // namespace fairpull
