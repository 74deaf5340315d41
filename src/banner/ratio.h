// Exact fractions while wheels are made. Finer than any wheel can be is a value
// of its own, so that a sum need not be checked at every step. Private to the
// banner layer.

#ifndef FAIRPULL_SRC_BANNER_RATIO_H_
#define FAIRPULL_SRC_BANNER_RATIO_H_

#include <cstdint>
#include <numeric>

#include "fairpull/odds/odds.h"

namespace fairpull::internal {

// A fraction from 0 to 1 in lowest terms, or "too fine". Immutable value.
class Ratio {
 public:
  constexpr Ratio() = default;
  constexpr Ratio(Odds odds)  // NOLINT: odds are ratios
      : numerator_(odds.numerator()), denominator_(odds.denominator()) {}
  Ratio(std::uint64_t numerator, std::uint64_t denominator)
      : numerator_(numerator), denominator_(denominator) {
    const std::uint64_t common = std::gcd(numerator_, denominator_);
    numerator_ /= common;
    denominator_ /= common;
    if (denominator_ > kMaxDenominator) *this = TooFine();
  }

  [[nodiscard]] std::uint64_t numerator() const { return numerator_; }
  [[nodiscard]] std::uint64_t denominator() const { return denominator_; }
  [[nodiscard]] bool too_fine() const { return denominator_ == 0; }
  [[nodiscard]] bool zero() const { return numerator_ == 0 && !too_fine(); }
  [[nodiscard]] bool one() const {
    return numerator_ == denominator_ && !too_fine();
  }

  friend Ratio operator+(Ratio a, Ratio b) { return Sum(a, b, false); }
  // `b` is at most `a`.
  friend Ratio operator-(Ratio a, Ratio b) { return Sum(a, b, true); }
  friend Ratio operator*(Ratio a, Ratio b) {
    if (a.too_fine() || b.too_fine()) return TooFine();
    const std::uint64_t left = std::gcd(a.numerator_, b.denominator_);
    const std::uint64_t right = std::gcd(b.numerator_, a.denominator_);
    return {(a.numerator_ / left) * (b.numerator_ / right),
            (a.denominator_ / right) * (b.denominator_ / left)};
  }
  // `a` is at most `b`, which is not 0.
  friend Ratio operator/(Ratio a, Ratio b) {
    if (a.too_fine() || b.too_fine()) return TooFine();
    const std::uint64_t top = std::gcd(a.numerator_, b.numerator_);
    const std::uint64_t bottom = std::gcd(a.denominator_, b.denominator_);
    return {(a.numerator_ / top) * (b.denominator_ / bottom),
            (a.denominator_ / bottom) * (b.numerator_ / top)};
  }
  friend bool operator<(Ratio a, Ratio b) {
    return a.numerator_ * b.denominator_ < b.numerator_ * a.denominator_;
  }

 private:
  // Products of two of these, and their sums, fit in 64 bits.
  static constexpr std::uint64_t kMaxDenominator = std::uint64_t{1} << 31;

  static Ratio TooFine() {
    Ratio result;
    result.denominator_ = 0;
    return result;
  }
  static Ratio Sum(Ratio a, Ratio b, bool subtract) {
    if (a.too_fine() || b.too_fine()) return TooFine();
    const std::uint64_t common = std::lcm(a.denominator_, b.denominator_);
    const std::uint64_t left = common / a.denominator_ * a.numerator_;
    const std::uint64_t right = common / b.denominator_ * b.numerator_;
    return {subtract ? left - right : left + right, common};
  }

  std::uint64_t numerator_ = 0;
  std::uint64_t denominator_ = 1;
};

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_BANNER_RATIO_H_
