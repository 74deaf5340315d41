// Exponential tilting: pmf[n] becomes pmf[n] * e^(theta n) / mass. A sum of
// tilted parts is the tilted sum of the parts, so that any place of it can be
// made the likely one, be worked out there by a transform to full accuracy, and
// be scaled back. Private to the analysis layer.

#ifndef FAIRPULL_SRC_ANALYSIS_TILT_H_
#define FAIRPULL_SRC_ANALYSIS_TILT_H_

#include <cstddef>
#include <vector>

#include "absl/types/span.h"

namespace fairpull::internal {

// So many independent copies of a count.
struct Part {
  absl::Span<const double> pmf;
  double times = 1;
};

// What a sum of parts is under a tilt. log_mass is that of the sum over n of
// P(n) e^(theta (n - reference)), before it is divided by it; the reference is
// the end of the support to which the tilt pulls, so that nothing overflows and
// large exponents cancel before they are rounded.
struct Tilt {
  double theta = 0;
  double log_mass = 0;
  double reference = 0;
  double mean = 0;
  double sigma = 0;

  // The logarithm of the factor that undoes the tilt at n; by Chernoff's bound,
  // also of the most that P(n) and all beyond it in the tilt's direction can
  // be.
  [[nodiscard]] double LogScaleAt(double n) const {
    return log_mass + theta * (reference - n);
  }
};

[[nodiscard]] Tilt TiltOf(absl::Span<const Part> parts, double theta);

// The tilt whose mean is nearest to `target`, to a tenth of a standard
// deviation; sought from `guess`.
[[nodiscard]] Tilt TiltTowards(absl::Span<const Part> parts, double target,
                               double guess);

// Where a sum under a tilt can be read off a cyclic transform.
struct Window {
  Tilt tilt;
  std::size_t size = 0;  // of the transform
  double radius = 0;     // about the mean, what is accurate

  // Coefficients up to here may be nothing but rounding, where the transform of
  // a wait was raised to the power `times`.
  [[nodiscard]] double Noise(double times) const;
};

// Entries of less than this part of a window's largest are left to another
// window, where the noise of a transform is smaller beside them.
inline constexpr double kLeastShare = 1e-4;

// The window for a tilt: so wide that what comes round from outside it is less
// than e^-36, by Chernoff's bound, or as wide as the sum's whole support, from
// 0 to `support`.
[[nodiscard]] Window WindowFor(absl::Span<const Part> parts, const Tilt& tilt,
                               std::size_t support);

// The list under the tilt, with zeros up to `size`.
[[nodiscard]] std::vector<double> TiltedList(absl::Span<const double> pmf,
                                             double theta, std::size_t size);

// Coefficient n of a polynomial modulo x^size + 1, if those that come round
// are 0.
[[nodiscard]] double CoefficientAt(absl::Span<const double> x, std::size_t n);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_TILT_H_
