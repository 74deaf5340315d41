// An exact probability: a fraction of small integers, never a float.
//
//   FAIRPULL_ASSIGN_OR_RETURN(Odds odds, Odds::Parse("0.6%"));
//   odds.numerator();    // 3
//   odds.denominator();  // 500

#ifndef FAIRPULL_ODDS_ODDS_H_
#define FAIRPULL_ODDS_ODDS_H_

#include <compare>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairpull {

// The largest wheel: odds finer than one in this many can't be drawn.
inline constexpr std::uint32_t kMaxWheelSize = std::uint32_t{1} << 24;

// A fraction from 0 to 1 in lowest terms, whose denominator is at most
// kMaxWheelSize. Immutable value.
class Odds {
 public:
  // Never (0/1).
  constexpr Odds() = default;

  [[nodiscard]] static constexpr Odds Never() { return Odds(0, 1); }
  [[nodiscard]] static constexpr Odds Certain() { return Odds(1, 1); }

  // The odds written as a percentage ("0.6%"), a decimal ("0.006") or a
  // fraction ("3/500"), exactly; InvalidArgument for other text, for values
  // above 1 and for fractions finer than a wheel can be.
  [[nodiscard]] static absl::StatusOr<Odds> Parse(absl::string_view text);

  // numerator/denominator in lowest terms; InvalidArgument as for Parse.
  [[nodiscard]] static absl::StatusOr<Odds> FromFraction(
      std::uint64_t numerator, std::uint64_t denominator);

  [[nodiscard]] constexpr std::uint32_t numerator() const { return numerator_; }
  [[nodiscard]] constexpr std::uint32_t denominator() const {
    return denominator_;
  }
  [[nodiscard]] constexpr bool certain() const {
    return numerator_ == denominator_;
  }
  [[nodiscard]] constexpr bool never() const { return numerator_ == 0; }

  // The nearest double.
  [[nodiscard]] constexpr double value() const {
    return static_cast<double>(numerator_) / denominator_;
  }

  // How many of `size` equal parts these odds are. `size` is a multiple of
  // the denominator.
  [[nodiscard]] constexpr std::uint32_t WeightOf(std::uint32_t size) const {
    return size / denominator_ * numerator_;
  }

  // this + times * step, but no more than 1; InvalidArgument if the sum is
  // finer than a wheel can be.
  [[nodiscard]] absl::StatusOr<Odds> PlusSteps(Odds step,
                                               std::uint32_t times) const;

  // "3/500"; "0" and "1" at the ends.
  [[nodiscard]] std::string ToString() const;

  friend constexpr bool operator==(Odds, Odds) = default;
  friend constexpr std::strong_ordering operator<=>(Odds a, Odds b) {
    return std::uint64_t{a.numerator_} * b.denominator_ <=>
           std::uint64_t{b.numerator_} * a.denominator_;
  }

 private:
  constexpr Odds(std::uint32_t numerator, std::uint32_t denominator)
      : numerator_(numerator), denominator_(denominator) {}

  std::uint32_t numerator_ = 0;
  std::uint32_t denominator_ = 1;
};

}  // namespace fairpull

#endif  // FAIRPULL_ODDS_ODDS_H_
