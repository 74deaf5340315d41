#include "fairpull/analysis/convolution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "direct.h"
#include "fairpull/base/status.h"
#include "fft.h"

namespace fairpull {
namespace {

using internal::NegacyclicFft;

// Measured: a transform costs as much as some 256 products an entry, and below
// this many products nobody waits for the direct sum.
constexpr std::size_t kDirectLength = 256;
constexpr double kDirectProducts = 1 << 22;
constexpr double kCompoundProducts = 1 << 24;
// What a cut-off tail of weights may sum to.
constexpr double kLeastWeight = 1e-18;

double Norm(absl::Span<const double> list) {
  double squares = 0;
  for (const double entry : list) squares += entry * entry;
  return std::sqrt(squares);
}

// Sets entries that may be nothing but rounding to 0, where values of the size
// `norm` went through transforms.
void ClearNoise(double norm, std::vector<double>& list) {
  const double noise = 32 * std::numeric_limits<double>::epsilon() *
                       (norm + Norm(list)) /
                       std::sqrt(static_cast<double>(list.size()));
  for (double& entry : list) {
    if (entry <= noise) entry = 0;
  }
}

struct Spike {
  std::size_t at;
  double mass;
};

// Takes out the entries with more than 1/128 of the sum, of which there are
// few: a transform's error grows with its largest entries, and a hard pity is
// one. The others stay in `list`.
std::vector<Spike> TakeSpikes(std::vector<double>& list) {
  double sum = 0;
  for (const double entry : list) sum += entry;
  std::vector<Spike> spikes;
  for (std::size_t n = 0; n < list.size(); ++n) {
    if (list[n] <= sum / 128) continue;
    spikes.push_back({n, std::exchange(list[n], 0)});
  }
  return spikes;
}

std::vector<double> FftConvolve(absl::Span<const double> a,
                                absl::Span<const double> b) {
  const std::size_t size = a.size() + b.size() - 1;
  std::vector<double> x(a.begin(), a.end());
  std::vector<double> y(b.begin(), b.end());
  const std::vector<Spike> spikes_a = TakeSpikes(x);
  const std::vector<Spike> spikes_b = TakeSpikes(y);
  const std::vector<double> rest_a = x;
  const double norm = Norm(x) * Norm(y);

  const NegacyclicFft fft(internal::FftSizeFor(size));
  x.resize(fft.size());
  y.resize(fft.size());
  fft.Forward(x.data());
  fft.Forward(y.data());
  internal::MultiplyInPlace(absl::MakeSpan(x), y);
  fft.Inverse(x.data());
  x.resize(size);
  ClearNoise(norm, x);
  for (const Spike& spike : spikes_a) {
    internal::AddScaled(spike.mass, b, x.data() + spike.at);
  }
  for (const Spike& spike : spikes_b) {
    internal::AddScaled(spike.mass, rest_a, x.data() + spike.at);
  }
  return x;
}

// The sum over k of weights[k] * wait^k.
std::vector<double> DirectSum(absl::Span<const double> wait,
                              absl::Span<const double> weights) {
  std::vector<double> sum = {weights.back()};
  for (std::size_t k = weights.size() - 1; k-- > 0;) {
    sum = internal::DirectConvolve(sum, wait);
    sum[0] += weights[k];
  }
  return sum;
}

// The value at x of the polynomial with these coefficients.
double Evaluate(absl::Span<const double> coefficients, double x) {
  double sum = 0;
  for (std::size_t k = coefficients.size(); k-- > 0;) {
    sum = sum * x + coefficients[k];
  }
  return sum;
}

// The least of transform sizes up to `largest` that the sum of FftCompound fits
// into but for entries of kLeastWeight together, which come round: Chernoff's
// bound on what lies beyond, best of a few exponents.
std::size_t CompoundSize(absl::Span<const double> first,
                         absl::Span<const double> wait,
                         absl::Span<const double> weights,
                         std::size_t largest) {
  const std::size_t least =
      internal::FftSizeFor(std::max(first.size(), wait.size()));
  std::size_t size = largest;
  while (size / 2 >= least) {
    const double half = static_cast<double>(size / 2);
    double beyond = std::numeric_limits<double>::infinity();
    for (const double exponent : {45.0, 50.0, 60.0, 80.0, 120.0}) {
      const double x = std::exp(exponent / half);
      beyond = std::min(beyond, Evaluate(first, x) *
                                    Evaluate(weights, Evaluate(wait, x)) *
                                    std::exp(-exponent));
    }
    if (!(beyond <= kLeastWeight)) break;
    size /= 2;
  }
  return size;
}

// first * the sum over k of weights[k] * wait^k.
std::vector<double> FftCompound(absl::Span<const double> first,
                                absl::Span<const double> wait,
                                absl::Span<const double> weights) {
  const std::size_t size =
      first.size() + (weights.size() - 1) * (wait.size() - 1);
  const NegacyclicFft fft(
      CompoundSize(first, wait, weights, internal::FftSizeFor(size)));
  std::vector<double> sum(wait.begin(), wait.end());
  sum.resize(fft.size());
  fft.Forward(sum.data());
  internal::EvaluateInPlace(absl::MakeSpan(sum), weights, kLeastWeight);
  std::vector<double> start(first.begin(), first.end());
  start.resize(fft.size());
  fft.Forward(start.data());
  internal::MultiplyInPlace(absl::MakeSpan(sum), start);
  fft.Inverse(sum.data());
  sum.resize(size);
  ClearNoise(0, sum);
  return sum;
}

// Without the last weights, as far as they don't count.
absl::Span<const double> CutTail(absl::Span<const double> weights) {
  double tail = 0;
  std::size_t size = weights.size();
  while (size > 1 && tail + weights[size - 1] <= kLeastWeight) {
    tail += weights[--size];
  }
  return weights.subspan(0, size);
}

}  // namespace

std::vector<double> Convolve(absl::Span<const double> a,
                             absl::Span<const double> b) {
  if (a.empty() || b.empty()) return {};
  const internal::Trimmed x = internal::Trim(a);
  const internal::Trimmed y = internal::Trim(b);
  const std::size_t shorter = std::min(x.entries.size(), y.entries.size());
  const double products = static_cast<double>(x.entries.size()) *
                          static_cast<double>(y.entries.size());
  if (shorter <= kDirectLength || products <= kDirectProducts) {
    return internal::DirectConvolve(a, b);
  }
  const std::vector<double> middle = FftConvolve(x.entries, y.entries);
  std::vector<double> out(a.size() + b.size() - 1);
  std::copy(middle.begin(), middle.end(),
            out.begin() + static_cast<std::ptrdiff_t>(x.begin + y.begin));
  return out;
}

absl::StatusOr<std::vector<double>> Compound(absl::Span<const double> first,
                                             absl::Span<const double> wait,
                                             absl::Span<const double> weights) {
  FAIRPULL_RETURN_IF_ERROR(internal::CheckEntries(first, "first"));
  FAIRPULL_RETURN_IF_ERROR(internal::CheckEntries(wait, "wait"));
  FAIRPULL_RETURN_IF_ERROR(internal::CheckEntries(weights, "weights"));
  const double rounds = static_cast<double>(weights.size() - 1);
  const double length = rounds * static_cast<double>(wait.size() - 1);
  const double entries = length + static_cast<double>(first.size());
  if (entries > static_cast<double>(kMaxDistributionEntries)) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the list would have more than ", kMaxDistributionEntries, " entries"));
  }
  const double products =
      length * static_cast<double>(wait.size()) * rounds / 2;
  if (products <= kCompoundProducts) {
    return Convolve(first, DirectSum(wait, weights));
  }
  std::vector<double> sum = FftCompound(first, wait, CutTail(weights));
  sum.resize(static_cast<std::size_t>(entries));
  return sum;
}

}  // namespace fairpull
