#include "fft.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "pack.h"

namespace fairpull::internal {
namespace {

struct Root {
  double re;
  double im;
};

// exp(i pi turn) for turn in [0, 1], from an angle of at most pi/4, where the
// angle's own rounding is smallest.
Root RootAt(double turn) {
  const double folded = turn > 0.5 ? 1 - turn : turn;
  const double angle =
      std::numbers::pi * (folded > 0.25 ? 0.5 - folded : folded);
  double re = std::cos(angle);
  double im = std::sin(angle);
  if (folded > 0.25) std::swap(re, im);
  return {turn > 0.5 ? -re : re, im};
}

// Complex numbers of any width: a scalar's and a pack's arithmetic alike.
template <typename T>
struct Complex {
  T re;
  T im;
};

template <typename T>
Complex<T> Times(Complex<T> a, double re, double im) {
  return {a.re * re - a.im * im, a.re * im + a.im * re};
}

// Two layers of the tree at one node, for coefficients a quarter apart.
template <typename T>
void Split(Complex<T> (&x)[4], Root w, Root w_left) {
  const Complex<T> high0 = Times(x[2], w.re, w.im);
  const Complex<T> high1 = Times(x[3], w.re, w.im);
  const Complex<T> left0 = {x[0].re + high0.re, x[0].im + high0.im};
  const Complex<T> right0 = {x[0].re - high0.re, x[0].im - high0.im};
  const Complex<T> left1 = Times(
      Complex<T>{x[1].re + high1.re, x[1].im + high1.im}, w_left.re, w_left.im);
  // The root of the right child is i times that of the left one.
  const Complex<T> right1 =
      Times(Complex<T>{x[1].re - high1.re, x[1].im - high1.im}, -w_left.im,
            w_left.re);
  x[0] = {left0.re + left1.re, left0.im + left1.im};
  x[1] = {left0.re - left1.re, left0.im - left1.im};
  x[2] = {right0.re + right1.re, right0.im + right1.im};
  x[3] = {right0.re - right1.re, right0.im - right1.im};
}

// The inverse of Split, four times as large.
template <typename T>
void Join(Complex<T> (&x)[4], Root w, Root w_left) {
  const Complex<T> left0 = {x[0].re + x[1].re, x[0].im + x[1].im};
  const Complex<T> right0 = {x[2].re + x[3].re, x[2].im + x[3].im};
  const Complex<T> left1 = Times(
      Complex<T>{x[0].re - x[1].re, x[0].im - x[1].im}, w_left.re, -w_left.im);
  const Complex<T> right1 = Times(
      Complex<T>{x[2].re - x[3].re, x[2].im - x[3].im}, -w_left.im, -w_left.re);
  x[0] = {left0.re + right0.re, left0.im + right0.im};
  x[1] = {left1.re + right1.re, left1.im + right1.im};
  x[2] = Times(Complex<T>{left0.re - right0.re, left0.im - right0.im}, w.re,
               -w.im);
  x[3] = Times(Complex<T>{left1.re - right1.re, left1.im - right1.im}, w.re,
               -w.im);
}

enum class Direction { kForward, kInverse };

template <Direction direction, typename T>
void Butterfly(Complex<T> (&x)[4], Root w, Root w_left) {
  if constexpr (direction == Direction::kForward) {
    Split(x, w, w_left);
  } else {
    Join(x, w, w_left);
  }
}

// One node: `quarter` butterflies, whose four places are a quarter apart.
template <Direction direction>
void PassNode(double* re, double* im, std::size_t quarter, Root w,
              Root w_left) {
  if (quarter == 1) {
    Complex<double> x[4];
    Unrolled<4>([&](auto i) { x[i] = {re[i], im[i]}; });
    Butterfly<direction>(x, w, w_left);
    Unrolled<4>([&](auto i) {
      re[i] = x[i].re;
      im[i] = x[i].im;
    });
    return;
  }
  for (std::size_t j = 0; j < quarter; j += kPackSize) {
    Complex<Pack> x[4];
    Unrolled<4>([&](auto i) {
      x[i] = {LoadPack(re + i * quarter + j), LoadPack(im + i * quarter + j)};
    });
    Butterfly<direction>(x, w, w_left);
    Unrolled<4>([&](auto i) {
      StorePack(x[i].re, re + i * quarter + j);
      StorePack(x[i].im, im + i * quarter + j);
    });
  }
}

}  // namespace

NegacyclicFft::NegacyclicFft(std::size_t size)
    : half_(size / 2), cosine_(half_), sine_(half_) {
  // The root of node h is exp(i pi turn[h]): 1/4 at the top, whose square is
  // i, then half the parent's, and a half more at the right child. All of them
  // are exact in binary.
  std::vector<double> turn(half_);
  turn[1] = 0.25;
  for (std::size_t h = 1; h < half_; ++h) {
    if (h > 1) turn[h] = turn[h / 2] / 2 + (h % 2 == 0 ? 0 : 0.5);
    if (h > 1 && h % 2 == 1) {
      cosine_[h] = -sine_[h - 1];
      sine_[h] = cosine_[h - 1];
      continue;
    }
    const Root root = RootAt(turn[h]);
    cosine_[h] = root.re;
    sine_[h] = root.im;
  }
}

void NegacyclicFft::Forward(double* x) const {
  double* re = x;
  double* im = x + half_;
  std::size_t nodes = 1;
  if (std::countr_zero(half_) % 2 == 1) {
    const Root w = {cosine_[1], sine_[1]};
    const std::size_t middle = half_ / 2;
    for (std::size_t j = 0; j < middle; j += kPackSize) {
      const Complex<Pack> low = {LoadPack(re + j), LoadPack(im + j)};
      const Complex<Pack> high = Times(
          Complex<Pack>{LoadPack(re + middle + j), LoadPack(im + middle + j)},
          w.re, w.im);
      StorePack(low.re + high.re, re + j);
      StorePack(low.im + high.im, im + j);
      StorePack(low.re - high.re, re + middle + j);
      StorePack(low.im - high.im, im + middle + j);
    }
    nodes = 2;
  }
  for (; nodes < half_; nodes *= 4) {
    const std::size_t quarter = half_ / nodes / 4;
    for (std::size_t p = 0; p < nodes; ++p) {
      const std::size_t h = nodes + p;
      PassNode<Direction::kForward>(re + p * 4 * quarter, im + p * 4 * quarter,
                                    quarter, {cosine_[h], sine_[h]},
                                    {cosine_[2 * h], sine_[2 * h]});
    }
  }
}

void NegacyclicFft::Inverse(double* x) const {
  double* re = x;
  double* im = x + half_;
  const bool odd = std::countr_zero(half_) % 2 == 1;
  for (std::size_t nodes = half_ / 4; nodes > 0; nodes /= 4) {
    const std::size_t quarter = half_ / nodes / 4;
    for (std::size_t p = 0; p < nodes; ++p) {
      const std::size_t h = nodes + p;
      PassNode<Direction::kInverse>(re + p * 4 * quarter, im + p * 4 * quarter,
                                    quarter, {cosine_[h], sine_[h]},
                                    {cosine_[2 * h], sine_[2 * h]});
    }
  }
  if (odd) {
    const Root w = {cosine_[1], sine_[1]};
    const std::size_t middle = half_ / 2;
    for (std::size_t j = 0; j < middle; j += kPackSize) {
      const Complex<Pack> left = {LoadPack(re + j), LoadPack(im + j)};
      const Complex<Pack> right = {LoadPack(re + middle + j),
                                   LoadPack(im + middle + j)};
      StorePack(left.re + right.re, re + j);
      StorePack(left.im + right.im, im + j);
      const Complex<Pack> high = Times(
          Complex<Pack>{left.re - right.re, left.im - right.im}, w.re, -w.im);
      StorePack(high.re, re + middle + j);
      StorePack(high.im, im + middle + j);
    }
  }
  const double scale = 1.0 / static_cast<double>(half_);  // a power of two
  for (std::size_t j = 0; j < 2 * half_; j += kPackSize) {
    StorePack(LoadPack(x + j) * scale, x + j);
  }
}

std::size_t FftSizeFor(std::size_t size) {
  return std::bit_ceil(std::max(size, NegacyclicFft::kMinSize));
}

namespace {

// How many packs are worked on at once, so that the steps of one don't wait
// for each other.
constexpr std::size_t kLanes = 4;

ComplexPack LoadAt(absl::Span<const double> x, std::size_t j) {
  return {LoadPack(x.data() + j), LoadPack(x.data() + x.size() / 2 + j)};
}

void StoreAt(ComplexPack value, absl::Span<double> x, std::size_t j) {
  StorePack(value.re, x.data() + j);
  StorePack(value.im, x.data() + x.size() / 2 + j);
}

// Calls f with the first place of each group of kLanes packs.
template <typename Function>
void ForGroups(std::size_t size, Function f) {
  constexpr std::size_t kGroup = kLanes * kPackSize;
  static_assert(NegacyclicFft::kMinSize / 2 % kGroup == 0);
  for (std::size_t j = 0; j < size / 2; j += kGroup) f(j);
}

}  // namespace

void MultiplyInPlace(absl::Span<double> x, absl::Span<const double> y) {
  for (std::size_t j = 0; j < x.size() / 2; j += kPackSize) {
    StoreAt(LoadAt(x, j) * LoadAt(y, j), x, j);
  }
}

void PowerInPlace(absl::Span<double> x, std::uint64_t n) {
  ForGroups(x.size(), [&](std::size_t j) {
    ComplexPack base[kLanes];
    ComplexPack power[kLanes];
    Unrolled<kLanes>(
        [&](auto i) { base[i] = power[i] = LoadAt(x, j + i * kPackSize); });
    for (int bit = static_cast<int>(std::bit_width(n)) - 2; bit >= 0; --bit) {
      Unrolled<kLanes>([&](auto i) { power[i] = power[i] * power[i]; });
      if ((n >> bit & 1) == 0) continue;
      Unrolled<kLanes>([&](auto i) { power[i] = power[i] * base[i]; });
    }
    Unrolled<kLanes>([&](auto i) { StoreAt(power[i], x, j + i * kPackSize); });
  });
}

void EvaluateInPlace(absl::Span<double> x, absl::Span<const double> weights,
                     double error) {
  // The logarithm of what all weights from each on sum to.
  std::vector<double> log_rest(weights.size());
  double rest = 0;
  for (std::size_t k = weights.size(); k-- > 0;) {
    rest += weights[k];
    log_rest[k] = std::log(rest);
  }
  const double log_error = std::log(error);
  // The powers that count for values of modulus m: from k on they add at most
  // m^k times the weights' sum. The transform of a smooth list is small nearly
  // everywhere.
  const auto powers_for = [&](double log_modulus) {
    std::size_t low = 1;
    std::size_t high = weights.size();
    while (low < high) {
      const std::size_t k = (low + high) / 2;
      const double most = log_rest[k] + static_cast<double>(k) * log_modulus;
      (most < log_error ? high : low) = most < log_error ? k : k + 1;
    }
    return low;
  };
  ForGroups(x.size(), [&](std::size_t j) {
    ComplexPack base[kLanes];
    ComplexPack sum[kLanes];
    double square = 0;
    for (std::size_t i = j; i < j + kLanes * kPackSize; ++i) {
      const double im = x[x.size() / 2 + i];
      square = std::max(square, x[i] * x[i] + im * im);
    }
    const std::size_t powers = powers_for(0.5 * std::log(square));
    Unrolled<kLanes>([&](auto i) {
      base[i] = LoadAt(x, j + i * kPackSize);
      sum[i] = {Pack{} + weights[powers - 1], Pack{}};
    });
    for (std::size_t k = powers - 1; k-- > 0;) {
      Unrolled<kLanes>([&](auto i) {
        sum[i] = sum[i] * base[i];
        sum[i].re += weights[k];
      });
    }
    Unrolled<kLanes>([&](auto i) { StoreAt(sum[i], x, j + i * kPackSize); });
  });
}

double SumThenMultiply(absl::Span<double> x, absl::Span<const double> y) {
  Pack sum[kLanes] = {};
  ForGroups(x.size(), [&](std::size_t j) {
    Unrolled<kLanes>([&](auto i) {
      const std::size_t at = j + i * kPackSize;
      const ComplexPack value = LoadAt(x, at);
      sum[i] += value.re;
      StoreAt(value * LoadAt(y, at), x, at);
    });
  });
  double lanes[kLanes * kPackSize];
  Unrolled<kLanes>([&](auto i) { StorePack(sum[i], lanes + i * kPackSize); });
  double total = 0;
  for (const double lane : lanes) total += lane;
  return total;
}

}  // namespace fairpull::internal
