#include "fairpull/pity/curve.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

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

absl::Status CheckSegments(absl::Span<const SoftPity> segments,
                           std::optional<std::uint32_t> hard_pity) {
  if (segments.empty()) {
    return absl::InvalidArgumentError("soft pity needs a segment");
  }
  std::uint32_t last = 0;
  for (const SoftPity& segment : segments) {
    if (segment.from == 0 || segment.from > kMaxCurveLength) {
      return absl::InvalidArgumentError(
          absl::StrCat("soft pity begins at pull 1 to ", kMaxCurveLength,
                       ", not at ", segment.from));
    }
    if (segment.from <= last) {
      return absl::InvalidArgumentError(absl::StrCat(
          "soft pity from pull ", segment.from, " stands after that from pull ",
          last, "; put the earlier one first"));
    }
    last = segment.from;
    if (segment.step.never()) {
      return absl::InvalidArgumentError(
          "soft pity has a step of 0; it must be above 0");
    }
    if (segment.every == 0) {
      return absl::InvalidArgumentError(
          "soft pity has a step every 0 pulls; it must be 1 or more");
    }
  }
  if (hard_pity.has_value() && last >= *hard_pity) {
    return absl::InvalidArgumentError(
        absl::StrCat("soft pity begins at pull ", last,
                     ", which must be before the hard pity at ", *hard_pity));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Curve> Curve::Constant(Odds base,
                                      std::optional<std::uint32_t> hard_pity) {
  FAIRPULL_RETURN_IF_ERROR(CheckHardPity(hard_pity));
  std::vector<Odds> entries(hard_pity.value_or(1), base);
  if (!hard_pity.has_value()) return List(std::move(entries));
  return Capped(std::move(entries), base);
}

absl::StatusOr<Curve> Curve::Ramp(Odds base,
                                  absl::Span<const SoftPity> segments,
                                  std::optional<std::uint32_t> hard_pity) {
  FAIRPULL_RETURN_IF_ERROR(CheckHardPity(hard_pity));
  FAIRPULL_RETURN_IF_ERROR(CheckSegments(segments, hard_pity));
  std::vector<Odds> entries(segments[0].from - 1, base);
  Odds before = base;  // what the segments that are over have made of it
  std::size_t segment = 0;
  for (std::uint32_t pull = segments[0].from;; ++pull) {
    if (pull > kMaxCurveLength) {
      return absl::InvalidArgumentError(
          absl::StrCat("soft pity is not certain within ", kMaxCurveLength,
                       " pulls; use a larger step"));
    }
    if (segment + 1 < segments.size() && pull == segments[segment + 1].from) {
      before = entries.back();
      ++segment;
    }
    const SoftPity& now = segments[segment];
    FAIRPULL_ASSIGN_OR_RETURN(
        const Odds odds,
        before.PlusSteps(now.step, (pull - now.from) / now.every + 1));
    entries.push_back(odds);
    if (pull == hard_pity) return Capped(std::move(entries), odds);
    if (odds.certain()) return List(std::move(entries));
  }
}

absl::StatusOr<Curve> Curve::Through(Odds base, absl::Span<const Knot> knots,
                                     std::optional<std::uint32_t> hard_pity) {
  FAIRPULL_RETURN_IF_ERROR(CheckHardPity(hard_pity));
  if (knots.empty()) {
    return absl::InvalidArgumentError("a curve through knots needs a knot");
  }
  if (knots[0].pull == 0 || knots.back().pull > kMaxCurveLength) {
    return absl::InvalidArgumentError(
        absl::StrCat("knots stand at pulls 1 to ", kMaxCurveLength));
  }
  if (knots[0].odds < base) {
    return absl::InvalidArgumentError(
        absl::StrCat("the knot at pull ", knots[0].pull, " with ",
                     knots[0].odds.ToString(), " is below the odds before it, ",
                     base.ToString(), "; pity never lowers the odds"));
  }
  if (hard_pity.has_value() && knots.back().pull > *hard_pity) {
    return absl::InvalidArgumentError(
        absl::StrCat("the knot at pull ", knots.back().pull,
                     " stands after the hard pity at ", *hard_pity,
                     "; remove it or raise the hard pity"));
  }
  std::vector<Odds> entries(knots[0].pull - 1, base);
  entries.push_back(knots[0].odds);
  for (std::size_t i = 1; i < knots.size(); ++i) {
    const Knot& from = knots[i - 1];
    const Knot& to = knots[i];
    if (to.pull <= from.pull || to.odds < from.odds) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the knot at pull ", to.pull, " with ", to.odds.ToString(),
          " does not follow the one at pull ", from.pull, " with ",
          from.odds.ToString(), "; pulls must grow and odds must not fall"));
    }
    const std::uint64_t length = to.pull - from.pull;
    for (std::uint64_t at = 1; at <= length; ++at) {
      // Below 2^24 * 2^24 * 10^4 each: no overflow.
      const std::uint64_t common =
          std::lcm(std::uint64_t{from.odds.denominator()},
                   std::uint64_t{to.odds.denominator()});
      const std::uint64_t low =
          common / from.odds.denominator() * from.odds.numerator();
      const std::uint64_t high =
          common / to.odds.denominator() * to.odds.numerator();
      FAIRPULL_ASSIGN_OR_RETURN(
          const Odds odds,
          Odds::FromFraction(low * (length - at) + high * at, common * length));
      entries.push_back(odds);
    }
  }
  if (hard_pity.has_value()) {
    entries.resize(*hard_pity, entries.back());
    const Odds uncapped = entries.back();
    return Capped(std::move(entries), uncapped);
  }
  return List(std::move(entries));
}

absl::StatusOr<Curve> Curve::Capped(std::vector<Odds> entries, Odds uncapped) {
  entries.back() = Odds::Certain();
  FAIRPULL_ASSIGN_OR_RETURN(Curve curve, List(std::move(entries)));
  curve.uncapped_ = uncapped;
  return curve;
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
