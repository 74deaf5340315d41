// Mean and spread of counts that are put together from independent parts,
// worked out from the parts' own: no long distribution is needed, and none of
// its rounding gets in.
//
// The four numbers are cumulants, since those of independent parts add.
//
//   const Moments wait = MomentsOf(pmf);        // pulls to one hit
//   const Moments seven = Repeat(wait, 7);      // to seven of them
//   seven.mean;                                 // 654.121986416125…

#ifndef FAIRPULL_ANALYSIS_MOMENTS_H_
#define FAIRPULL_ANALYSIS_MOMENTS_H_

#include "absl/types/span.h"

namespace fairpull {

// The first four cumulants. With central moments m2, m3, m4 they are the mean,
// m2, m3 and m4 - 3 m2^2. Value.
struct Moments {
  double mean = 0;
  double variance = 0;
  double third = 0;
  double fourth = 0;

  // Those of the sum of two independent counts.
  friend constexpr Moments operator+(const Moments& a, const Moments& b) {
    return {a.mean + b.mean, a.variance + b.variance, a.third + b.third,
            a.fourth + b.fourth};
  }
  friend constexpr bool operator==(const Moments&, const Moments&) = default;
};

// Those of a constant.
[[nodiscard]] constexpr Moments Constant(double value) { return {value}; }

// Those of the sum of `times` independent copies of a count.
[[nodiscard]] constexpr Moments Repeat(const Moments& part, double times) {
  return {times * part.mean, times * part.variance, times * part.third,
          times * part.fourth};
}

// Those of a sum of N independent copies of a count, where N is random,
// independent of them and has the moments `number`: the derivatives at 0 of
// K_N(K_part(t)), K being the cumulant generating function.
[[nodiscard]] Moments RandomSum(const Moments& number, const Moments& part);

// Those of a count with pmf[n] = P(n), in two compensated passes: about the
// mean, never as E[X^2] - E[X]^2. What the list lacks to a sum of 1 is taken to
// be rounding: the list is read as if divided by its sum. All 0 if that is 0.
[[nodiscard]] Moments MomentsOf(absl::Span<const double> pmf);

// third / variance^1.5 and fourth / variance^2; 0 for a constant.
[[nodiscard]] double Skewness(const Moments& moments);
[[nodiscard]] double ExcessKurtosis(const Moments& moments);

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_MOMENTS_H_
