#include "fairpull/analysis/moments.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "compensated_sum.h"

namespace fairpull {

Moments RandomSum(const Moments& number, const Moments& part) {
  const double m = part.mean;
  const double v = part.variance;
  return {number.mean * m, number.mean * v + number.variance * m * m,
          number.mean * part.third + 3 * number.variance * m * v +
              number.third * m * m * m,
          number.mean * part.fourth +
              number.variance * (4 * m * part.third + 3 * v * v) +
              6 * number.third * m * m * v + number.fourth * m * m * m * m};
}

Moments MomentsOf(absl::Span<const double> pmf) {
  internal::CompensatedSum mass;
  internal::CompensatedSum first;
  for (std::size_t n = 0; n < pmf.size(); ++n) {
    mass.Add(pmf[n]);
    first.Add(static_cast<double>(n) * pmf[n]);
  }
  const double total = mass.value();
  if (!(total > 0)) return {};
  // The mean as a double is off by `d`, which the sums about it show.
  const double mean = first.value() / total;
  internal::CompensatedSum offs;
  internal::CompensatedSum second;
  internal::CompensatedSum third;
  internal::CompensatedSum fourth;
  for (std::size_t n = 0; n < pmf.size(); ++n) {
    const double off = static_cast<double>(n) - mean;
    const double square = off * off * pmf[n];
    offs.Add(off * pmf[n]);
    second.Add(square);
    third.Add(off * square);
    fourth.Add(off * off * square);
  }
  const double d = offs.value() / total;
  const double m2 = second.value() / total;
  const double m3 = third.value() / total;
  const double m4 = fourth.value() / total;
  const double variance = std::max(m2 - d * d, 0.0);
  return {mean + d, variance, m3 - 3 * d * m2 + 2 * d * d * d,
          m4 - 4 * d * m3 + 6 * d * d * m2 - 3 * d * d * d * d -
              3 * variance * variance};
}

double Skewness(const Moments& moments) {
  if (!(moments.variance > 0)) return 0;
  return moments.third / (moments.variance * std::sqrt(moments.variance));
}

double ExcessKurtosis(const Moments& moments) {
  if (!(moments.variance > 0)) return 0;
  return moments.fourth / (moments.variance * moments.variance);
}

}  // namespace fairpull
