#include "tilt.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "direct.h"
#include "fft.h"

namespace fairpull::internal {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
// -log of what may come round into a window.
constexpr double kAliasLevel = 36;
// Standard deviations about the mean that are read: about where the entries of
// a normal distribution fall below kLeastShare of the largest.
constexpr double kRadius = 4.2;
constexpr double kLeastRadius = 3;
// Beyond it a tilted list is its end point, to any accuracy.
constexpr double kMaxTheta = 40;

// The end of the list to which the tilt pulls.
double ReferenceOf(absl::Span<const double> pmf, double theta) {
  const Trimmed trimmed = Trim(pmf);
  const std::size_t last = trimmed.begin + trimmed.entries.size() - 1;
  return static_cast<double>(theta > 0 ? last : trimmed.begin);
}

// How far above the mean (side = 1) or below it (side = -1) all but
// e^-kAliasLevel of the sum ends: Chernoff's bound, best of a few exponents
// about the one that is best for a normal distribution.
double ReachOf(absl::Span<const Part> parts, const Tilt& tilt, double side) {
  const double best = std::sqrt(2 * kAliasLevel) / std::max(tilt.sigma, 0.1);
  double reach = std::numeric_limits<double>::infinity();
  for (const double factor : {0.5, 0.75, 1.0, 1.5}) {
    const double s = factor * best;
    const Tilt further = TiltOf(parts, tilt.theta + side * s);
    reach = std::min(reach, (further.LogScaleAt(tilt.mean) -
                             tilt.LogScaleAt(tilt.mean) + kAliasLevel) /
                                s);
  }
  return reach;
}

}  // namespace

Tilt TiltOf(absl::Span<const Part> parts, double theta) {
  Tilt sum;
  sum.theta = theta;
  double variance = 0;
  for (const Part& part : parts) {
    if (part.times == 0) continue;
    const double reference = ReferenceOf(part.pmf, theta);
    double mass = 0;
    double first = 0;
    double second = 0;  // about the reference
    for (std::size_t n = 0; n < part.pmf.size(); ++n) {
      if (part.pmf[n] == 0) continue;
      const double off = static_cast<double>(n) - reference;
      const double p = part.pmf[n] * std::exp(theta * off);
      mass += p;
      first += p * off;
      second += p * off * off;
    }
    first /= mass;
    // A mass that differs from 1 by rounding only is left where it is: to
    // divide by it would round each entry once more, and all of them the same
    // way.
    if (std::abs(mass - 1) > 1e-9) sum.log_mass += part.times * std::log(mass);
    sum.reference += part.times * reference;
    sum.mean += part.times * (reference + first);
    variance += part.times * std::max(second / mass - first * first, 0.0);
  }
  sum.sigma = std::sqrt(variance);
  return sum;
}

Tilt TiltTowards(absl::Span<const Part> parts, double target, double guess) {
  double low = -kMaxTheta;
  double high = kMaxTheta;
  Tilt tilt = TiltOf(parts, std::clamp(guess, low, high));
  // The mean grows with theta, its derivative is the variance: Newton's steps,
  // and halving where they leave the bracket.
  for (int step = 0; step < 100; ++step) {
    const double off = target - tilt.mean;
    if (std::abs(off) <= 0.1 * tilt.sigma) break;
    (off > 0 ? low : high) = tilt.theta;
    double next = tilt.theta + off / (tilt.sigma * tilt.sigma);
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (high - low < 1e-9) break;
    tilt = TiltOf(parts, next);
  }
  return tilt;
}

double Window::Noise(double times) const {
  const double peak = std::min(
      1.0, std::numbers::inv_sqrtpi / std::numbers::sqrt2 / tilt.sigma);
  return 4 * kEpsilon * (times + 4) * peak;
}

Window WindowFor(absl::Span<const Part> parts, const Tilt& tilt,
                 std::size_t support) {
  Window window = {tilt, FftSizeFor(support + 1), kRadius * tilt.sigma};
  const double reach =
      std::max(ReachOf(parts, tilt, 1), ReachOf(parts, tilt, -1));
  const double need = reach + kLeastRadius * tilt.sigma + 2;
  if (!(need < static_cast<double>(window.size / 2))) return window;
  std::size_t longest = 0;
  for (const Part& part : parts) longest = std::max(longest, part.pmf.size());
  window.size = FftSizeFor(std::max(longest, static_cast<std::size_t>(need)));
  window.radius =
      std::min(window.radius, static_cast<double>(window.size) - reach);
  return window;
}

std::vector<double> TiltedList(absl::Span<const double> pmf, double theta,
                               std::size_t size) {
  const Part part = {pmf};
  const Tilt tilt = TiltOf({&part, 1}, theta);
  std::vector<double> list(size);
  for (std::size_t n = 0; n < pmf.size(); ++n) {
    // Below the smallest normal number the factor might overflow.
    if (pmf[n] < std::numeric_limits<double>::min()) continue;
    list[n] = pmf[n] * std::exp(-tilt.LogScaleAt(static_cast<double>(n)));
  }
  return list;
}

double CoefficientAt(absl::Span<const double> x, std::size_t n) {
  const double value = x[n % x.size()];
  return n / x.size() % 2 == 0 ? value : -value;
}

}  // namespace fairpull::internal
