// The ring of real polynomials modulo x^N + 1 as N/2 independent complex
// numbers: in that form a product is N/2 multiplications, and so is a power.
//
// Modulo x^N + 1 a coefficient that passes N comes back at its place less N
// with its sign changed. Where that can't happen, or what comes back is too
// small to count, products here are plain convolutions.
//
// Since x^(N/2) stands for i, the real coefficients of the lower half and of
// the upper half are the real and imaginary parts of N/2 complex coefficients
// as they lie in memory: nothing is packed before the transform and nothing
// unpacked after it, which real transforms modulo x^N - 1 need. Inside, each
// node of the tree x^2m - w^2 = (x^m - w)(x^m + w) has one root w for all of
// its coefficients, so that the loop over them is a plain one; the values come
// out in the tree's order, which pointwise work doesn't mind.
//
//   NegacyclicFft fft(1024);
//   fft.Forward(a.data());      // real parts in the lower half of a, imaginary
//   PowerInPlace(a, 7);         // parts in the upper half
//   fft.Inverse(a.data());

#ifndef FAIRPULL_SRC_ANALYSIS_FFT_H_
#define FAIRPULL_SRC_ANALYSIS_FFT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace fairpull::internal {

// Immutable; safe to share between threads.
class NegacyclicFft {
 public:
  static constexpr std::size_t kMinSize = 16;

  // `size` (N) is a power of two, at least kMinSize.
  explicit NegacyclicFft(std::size_t size);

  // N coefficients to N/2 values and back, in place, with a root-mean-square
  // error near 1e-16 * sqrt(log2 N) relative to the norm of all of them.
  void Forward(double* x) const;
  void Inverse(double* x) const;

  [[nodiscard]] std::size_t size() const { return 2 * half_; }

 private:
  std::size_t half_;
  // The roots w of the nodes, numbered as in a heap, from 1.
  std::vector<double> cosine_;
  std::vector<double> sine_;
};

// The smallest size that a transform can have and that is not below `size`.
[[nodiscard]] std::size_t FftSizeFor(std::size_t size);

// Pointwise on transformed polynomials of equal size: x *= y; x = x^n, n > 0.
void MultiplyInPlace(absl::Span<double> x, absl::Span<const double> y);
void PowerInPlace(absl::Span<double> x, std::uint64_t n);

// x = the sum of weights[k] * x^k, but for powers that add less than `error`
// together. `weights` is not empty, none is negative, and no |x| is above 1 by
// more than rounding.
void EvaluateInPlace(absl::Span<double> x, absl::Span<const double> weights,
                     double error);

// The sum of the real parts of x, then x *= y: one step through the powers of
// y, of which each needs one coefficient only.
[[nodiscard]] double SumThenMultiply(absl::Span<double> x,
                                     absl::Span<const double> y);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_FFT_H_
