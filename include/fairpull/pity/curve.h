// Curves: the odds of a rarity as a function of how long the player has gone
// without it. Entry n belongs to the n-th pull since the last hit, from 1.
//
//   // 0.6%, from the 74th pull on 6 points more each, certain at the 90th:
//   FAIRPULL_ASSIGN_OR_RETURN(
//       Curve curve,
//       Curve::Ramp(base, {.from = 74, .step = step}, /*hard_pity=*/90));
//   curve.At(74);  // 6.6%

#ifndef FAIRPULL_PITY_CURVE_H_
#define FAIRPULL_PITY_CURVE_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/odds/odds.h"

namespace fairpull {

// The longest curve: a hard pity or ramp past this is refused.
inline constexpr std::uint32_t kMaxCurveLength = 10'000;

// From the pull number `from` (since the last hit) on, the odds grow by `step`
// with each pull.
struct SoftPity {
  std::uint32_t from = 0;
  Odds step;
};

// Immutable; safe to share between threads.
class Curve {
 public:
  // The same odds at every pull; certain at `hard_pity`, if given.
  [[nodiscard]] static absl::StatusOr<Curve> Constant(
      Odds base, std::optional<std::uint32_t> hard_pity = std::nullopt);

  // `base` until soft pity begins, then growing until certain; certain at
  // `hard_pity` at the latest, if given. InvalidArgument if soft pity begins
  // at 0 or with or after the hard pity, if the step is 0, or if the curve
  // would be longer than kMaxCurveLength.
  [[nodiscard]] static absl::StatusOr<Curve> Ramp(
      Odds base, SoftPity soft_pity,
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

  // The first pull that is certain, if there is one.
  [[nodiscard]] std::optional<std::uint32_t> certain_at() const;

 private:
  explicit Curve(std::vector<Odds> entries) : entries_(std::move(entries)) {}

  std::vector<Odds> entries_;  // at least one; the last two differ
};

}  // namespace fairpull

#endif  // FAIRPULL_PITY_CURVE_H_
