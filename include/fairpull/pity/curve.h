// Curves: the odds of a rarity as a function of how long the player has gone
// without it. Entry n belongs to the n-th pull since the last hit, from 1.
//
//   // 0.6%, from the 74th pull on 6 points more each, certain at the 90th:
//   FAIRPULL_ASSIGN_OR_RETURN(
//       Curve curve,
//       Curve::Ramp(base, {{.from = 74, .step = step}}, /*hard_pity=*/90));
//   curve.At(74);  // 6.6%

#ifndef FAIRPULL_PITY_CURVE_H_
#define FAIRPULL_PITY_CURVE_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fairpull/odds/odds.h"

namespace fairpull {

// The longest curve: a hard pity or ramp past this is refused.
inline constexpr std::uint32_t kMaxCurveLength = 10'000;

// From the pull number `from` (since the last hit) on, the odds grow by `step`
// with each pull, or with each `every` pulls.
struct SoftPity {
  std::uint32_t from = 0;
  Odds step;
  std::uint32_t every = 1;
};

// A point that a curve goes through.
struct Knot {
  std::uint32_t pull = 0;
  Odds odds;
};

// Immutable; safe to share between threads.
class Curve {
 public:
  // The same odds at every pull; certain at `hard_pity`, if given.
  [[nodiscard]] static absl::StatusOr<Curve> Constant(
      Odds base, std::optional<std::uint32_t> hard_pity = std::nullopt);

  // `base` until soft pity begins, then growing until certain, each segment
  // until the next one begins; certain at `hard_pity` at the latest, if given.
  // InvalidArgument if the segments are out of order, if one begins at 0 or
  // with or after the hard pity, if a step is 0, or if the curve would be
  // longer than kMaxCurveLength.
  [[nodiscard]] static absl::StatusOr<Curve> Ramp(
      Odds base, absl::Span<const SoftPity> segments,
      std::optional<std::uint32_t> hard_pity = std::nullopt);

  // `base` up to the first knot, a straight line between knots, the last
  // knot's odds from there on; certain at `hard_pity`, if given.
  // InvalidArgument if there is no knot, if their pulls or odds do not grow,
  // or if a point of a line is finer than a wheel can be.
  [[nodiscard]] static absl::StatusOr<Curve> Through(
      Odds base, absl::Span<const Knot> knots,
      std::optional<std::uint32_t> hard_pity = std::nullopt);

  // Entry by entry; the last holds for all later pulls. InvalidArgument if
  // there is no entry or more than kMaxCurveLength.
  [[nodiscard]] static absl::StatusOr<Curve> List(std::vector<Odds> entries);

  // The odds of the n-th pull since the last hit, from 1.
  [[nodiscard]] Odds At(std::uint32_t pull) const {
    return pull <= entries_.size() ? entries_[pull - 1] : entries_.back();
  }

  // From this pull on the odds do not change: the number of entries.
  [[nodiscard]] std::uint32_t length() const {
    return static_cast<std::uint32_t>(entries_.size());
  }

  // The odds of the last entry if there were no hard pity there.
  [[nodiscard]] Odds uncapped() const { return uncapped_; }

  // The first pull that is certain, if there is one.
  [[nodiscard]] std::optional<std::uint32_t> certain_at() const;

 private:
  explicit Curve(std::vector<Odds> entries)
      : entries_(std::move(entries)), uncapped_(entries_.back()) {}

  // The entries with a hard pity at their end, where `uncapped` would stand.
  static absl::StatusOr<Curve> Capped(std::vector<Odds> entries, Odds uncapped);

  std::vector<Odds> entries_;  // at least one; the last two differ
  Odds uncapped_;
};

}  // namespace fairpull

#endif  // FAIRPULL_PITY_CURVE_H_
