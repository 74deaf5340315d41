#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "direct.h"
#include "fairpull/analysis/convolution.h"
#include "fairpull/base/status.h"
#include "fft.h"
#include "tilt.h"

namespace fairpull {
namespace {

using internal::NegacyclicFft;
using internal::Part;
using internal::Tilt;
using internal::Window;

// Up to here products are added up directly: well under a millisecond.
constexpr double kDirectProducts = 1 << 22;
// exp of it is 1e-301.
constexpr double kLogSmallest = -693;
// The ends of a support, where a tilted sum is too narrow for windows.
constexpr std::int64_t kEndEntries = 1024;
constexpr double kNarrowSigma = 4;

// The n-fold convolution in windows: one at the middle of the sum as it is,
// then outwards, each with the tilt whose mean lies in it.
class PowerInWindows {
 public:
  PowerInWindows(absl::Span<const double> pmf, std::uint64_t n)
      : pmf_(pmf),
        n_(n),
        part_{pmf, static_cast<double>(n)},
        last_(static_cast<std::int64_t>((pmf.size() - 1) * n)),
        out_(static_cast<std::size_t>(last_) + 1) {}

  std::vector<double> Run() && {
    const Tilt middle = internal::TiltOf(parts(), 0);
    Compute(middle);
    // What no tilt reaches keeps the values of this window, whose absolute
    // error is small everywhere.
    const double half = static_cast<double>(window_.size) / 2 - 1;
    Fill(Clamp(middle.mean - half), Clamp(middle.mean + half));
    const std::int64_t begin = begin_;
    const std::int64_t end = end_;
    GoOutwards(end, +1);
    window_.tilt = middle;
    GoOutwards(begin, -1);
    return std::move(out_);
  }

 private:
  absl::Span<const Part> parts() const { return {&part_, 1}; }

  std::int64_t Clamp(double at) const {
    return static_cast<std::int64_t>(
        std::clamp(at, 0.0, static_cast<double>(last_)));
  }

  double At(std::int64_t k) const {
    return internal::CoefficientAt(list_, static_cast<std::size_t>(k));
  }

  // The transform of the tilted sum, and where it is accurate: from begin_ to
  // end_, both included.
  void Compute(const Tilt& tilt) {
    window_ =
        internal::WindowFor(parts(), tilt, static_cast<std::size_t>(last_));
    if (fft_ == nullptr || fft_->size() != window_.size) {
      fft_ = std::make_unique<NegacyclicFft>(window_.size);
    }
    list_ = internal::TiltedList(pmf_, tilt.theta, window_.size);
    fft_->Forward(list_.data());
    internal::PowerInPlace(absl::MakeSpan(list_), n_);
    fft_->Inverse(list_.data());

    const std::int64_t first = Clamp(tilt.mean - window_.radius);
    const std::int64_t last = Clamp(tilt.mean + window_.radius);
    double largest = 0;
    for (std::int64_t k = first; k <= last; ++k) {
      largest = std::max(largest, At(k));
    }
    const double least = internal::kLeastShare * largest;
    begin_ = end_ = Clamp(std::round(tilt.mean));
    while (begin_ > first && At(begin_ - 1) >= least) --begin_;
    while (end_ < last && At(end_ + 1) >= least) ++end_;
  }

  // Writes the entries from `begin` to `end`, both included.
  void Fill(std::int64_t begin, std::int64_t end) {
    const double noise = window_.Noise(static_cast<double>(n_));
    for (std::int64_t k = begin; k <= end; ++k) {
      const double value = At(k);
      out_[static_cast<std::size_t>(k)] =
          value > noise
              ? value *
                    std::exp(window_.tilt.LogScaleAt(static_cast<double>(k)))
              : 0;
    }
  }

  // Whether all entries from k outwards are too small for a double, by
  // Chernoff's bound at the present tilt.
  bool AllSmallFrom(std::int64_t k) const {
    return window_.tilt.LogScaleAt(static_cast<double>(k)) < kLogSmallest;
  }

  // A window that is accurate from next to `edge` on in direction `side`, and
  // as far as it can be. False where the sum is too narrow for one.
  bool MoveTo(std::int64_t edge, std::int64_t side) {
    Tilt tilt = window_.tilt;
    for (double share = 0.9; share > 0.01; share /= 2) {
      // A tilt outwards makes the sum narrower: its own width must reach back.
      for (int step = 0; step < 3; ++step) {
        const double reach = share * 4 * tilt.sigma;
        tilt = internal::TiltTowards(
            parts(),
            static_cast<double>(edge) + static_cast<double>(side) * reach,
            tilt.theta);
        if (tilt.sigma < kNarrowSigma) return false;
        if (4 * tilt.sigma > reach) break;
      }
      Compute(tilt);
      if (begin_ <= edge + 1 && end_ >= edge - 1) return true;
    }
    return false;
  }

  // Everything beyond `edge`, which is written already; side is 1 or -1.
  void GoOutwards(std::int64_t edge, std::int64_t side) {
    const std::int64_t goal = side > 0 ? last_ : 0;
    while (edge != goal && !AllSmallFrom(edge)) {
      const std::int64_t left = std::abs(goal - edge);
      if (left < kEndEntries || !MoveTo(edge, side)) {
        FillEnd(std::min(last_, kEndEntries), side);
        return;
      }
      if (side > 0) {
        end_ = std::max(end_, edge + 1);
        Fill(edge + 1, end_);
        edge = end_;
      } else {
        begin_ = std::min(begin_, edge - 1);
        Fill(begin_, edge - 1);
        edge = begin_;
      }
    }
  }

  // The last or first `count` entries, directly.
  void FillEnd(std::int64_t count, std::int64_t side) {
    const auto limit = static_cast<std::size_t>(count);
    if (side < 0) {
      const std::vector<double> begin = internal::DirectPower(pmf_, n_, limit);
      std::copy(begin.begin(), begin.end(), out_.begin());
      return;
    }
    const std::vector<double> mirrored(pmf_.rbegin(), pmf_.rend());
    const std::vector<double> end = internal::DirectPower(mirrored, n_, limit);
    std::copy(end.begin(), end.end(), out_.rbegin());
  }

  absl::Span<const double> pmf_;
  std::uint64_t n_;
  Part part_;
  std::int64_t last_;
  std::vector<double> out_;
  Window window_;
  std::vector<double> list_;
  std::int64_t begin_ = 0;
  std::int64_t end_ = 0;
  std::unique_ptr<NegacyclicFft> fft_;
};

std::vector<double> Power(absl::Span<const double> pmf, std::uint64_t n) {
  const double size = static_cast<double>((pmf.size() - 1) * n + 1);
  if (size * size / 3 <= kDirectProducts) {
    return internal::DirectPower(pmf, n);
  }
  return PowerInWindows(pmf, n).Run();
}

}  // namespace

absl::StatusOr<std::vector<double>> ConvolvePower(absl::Span<const double> pmf,
                                                  std::uint64_t n) {
  FAIRPULL_RETURN_IF_ERROR(internal::CheckEntries(pmf, "pmf"));
  if (n == 0) return std::vector<double>{1};
  if (pmf.size() > 1 && n > (kMaxDistributionEntries - 1) / (pmf.size() - 1)) {
    return absl::ResourceExhaustedError(absl::StrCat(n, " times ", pmf.size(),
                                                     " entries are more than ",
                                                     kMaxDistributionEntries));
  }
  std::vector<double> out((pmf.size() - 1) * n + 1);
  const internal::Trimmed trimmed = internal::Trim(pmf);
  if (trimmed.entries.empty()) return out;

  // Only every `stride`-th entry can be other than 0.
  std::size_t stride = 0;
  for (std::size_t i = 0; i < trimmed.entries.size(); ++i) {
    if (trimmed.entries[i] != 0) stride = std::gcd(stride, i);
  }
  if (stride == 0) {
    out[trimmed.begin * n] =
        std::pow(trimmed.entries[0], static_cast<double>(n));
    return out;
  }
  std::vector<double> dense;
  for (std::size_t i = 0; i < trimmed.entries.size(); i += stride) {
    dense.push_back(trimmed.entries[i]);
  }
  const std::vector<double> power = Power(dense, n);
  for (std::size_t i = 0; i < power.size(); ++i) {
    out[trimmed.begin * n + i * stride] = power[i];
  }
  return out;
}

}  // namespace fairpull
