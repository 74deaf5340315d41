#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "compensated_sum.h"
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

constexpr double kDirectProducts = 1 << 22;
constexpr double kLogSmallest = -693;

// What a list lacks to 1, unless it is rounding.
double NeverOf(absl::Span<const double> pmf) {
  internal::CompensatedSum sum;
  sum.Add(-1);
  for (const double p : pmf) sum.Add(p);
  return sum.value() < -1e-14 ? -sum.value() : 0;
}

// P(wait > n) for n from 0 to `last`, summed from the far end; without zeros at
// the end.
std::vector<double> SurvivalOf(absl::Span<const double> pmf, std::size_t last) {
  double beyond = NeverOf(pmf);
  std::vector<double> survival(last + 1, beyond);
  for (std::size_t n = pmf.size(); n-- > 0;) {
    if (n <= last) survival[n] = beyond;
    beyond += pmf[n];
  }
  while (survival.size() > 1 && survival.back() == 0) survival.pop_back();
  return survival;
}

// P(k hits) = the coefficient of x^pulls in first * wait^(k - 1) * survival:
// the k-th hit comes at some pull and the next one not until after the last.
// All terms are positive, so nothing cancels as it would in the difference of
// two cumulative probabilities.
struct Renewals {
  absl::Span<const double> first;
  absl::Span<const double> wait;
  absl::Span<const double> survival;
  std::size_t pulls;
};

void AddDirectly(const Renewals& renewals, std::vector<double>& hits) {
  const std::size_t pulls = renewals.pulls;
  std::vector<double> arrival(renewals.first.begin(), renewals.first.end());
  for (std::size_t k = 1; k <= pulls; ++k) {
    if (k > 1) {
      arrival = internal::DirectConvolve(arrival, renewals.wait, pulls + 1);
    }
    bool reached = false;
    for (std::size_t n = 0; n < arrival.size(); ++n) {
      if (arrival[n] == 0) continue;
      reached = true;
      if (pulls - n >= renewals.survival.size()) continue;
      hits[k] += arrival[n] * renewals.survival[pulls - n];
    }
    if (!reached) return;
  }
}

// P(k hits) for many k from one transform of the wait, tilted so that for a k
// amid them the pulls are the mean of the sum; then the next tilt.
class HitsInWindows {
 public:
  // Writes hits[k] for k from `least` to `most`, beyond which all are 0.
  HitsInWindows(const Renewals& renewals, std::size_t least, std::size_t most,
                std::vector<double>& hits)
      : renewals_(renewals),
        pulls_(static_cast<double>(renewals.pulls)),
        least_(least),
        most_(most),
        hits_(hits) {}

  void Run() && {
    const Part first = {renewals_.first};
    const Part wait = {renewals_.wait};
    const double start = internal::TiltOf({&first, 1}, 0).mean;
    const double step = internal::TiltOf({&wait, 1}, 0).mean;
    const auto middle = static_cast<std::size_t>(
        std::clamp(1 + std::round((pulls_ - start) / step),
                   static_cast<double>(least_), static_cast<double>(most_)));
    Prepare(middle, internal::TiltOf(PartsOf(middle), 0));
    Compute(least_, most_);
    // What no tilt reaches keeps these values, whose absolute error is small.
    Write(low_, low_ + values_.size() - 1);
    const std::size_t begin = begin_;
    const std::size_t end = end_;
    const double theta = tilt_.theta;
    const std::size_t reach = reach_;
    for (std::size_t done = end; done < most_ && !TooSmall(done + 1);) {
      MoveTo(done + 1, +1);
      Write(done + 1, end_);
      done = end_;
    }
    tilt_.theta = theta;
    reach_ = reach;
    for (std::size_t done = begin; done > least_ && !TooSmall(done - 1);) {
      MoveTo(done - 1, -1);
      Write(begin_, done - 1);
      done = begin_;
    }
  }

 private:
  std::vector<Part> PartsOf(std::size_t k) const {
    return {{renewals_.first, 1},
            {renewals_.wait, static_cast<double>(k - 1)},
            {renewals_.survival, 1}};
  }

  std::size_t SupportOf(std::size_t k) const {
    return renewals_.first.size() + (k - 1) * (renewals_.wait.size() - 1) +
           renewals_.survival.size();
  }

  // Whether P(k hits) is too small for a double, by Chernoff's bound.
  bool TooSmall(std::size_t k) const {
    return internal::TiltOf(PartsOf(k), tilt_.theta).LogScaleAt(pulls_) <
           kLogSmallest;
  }

  // The tilt for `centre`, how many k on either side it serves, and a transform
  // that is wide enough for all of them.
  void Prepare(std::size_t centre, const Tilt& tilt) {
    centre_ = centre;
    tilt_ = tilt;
    const Part wait = {renewals_.wait};
    const double step = internal::TiltOf({&wait, 1}, tilt_.theta).mean;
    reach_ = static_cast<std::size_t>(4 * tilt_.sigma / step);
    const std::size_t widest = std::min(centre + reach_, most_);
    const std::vector<Part> parts = PartsOf(widest);
    const Window window = internal::WindowFor(
        parts, internal::TiltOf(parts, tilt_.theta), SupportOf(widest));
    reach_ = std::min(reach_, static_cast<std::size_t>(window.radius / step));
    if (fft_ == nullptr || fft_->size() != window.size) {
      fft_ = std::make_unique<NegacyclicFft>(window.size);
    }
  }

  // Values that are accurate from k on in direction `side`, as far as they can
  // be.
  void MoveTo(std::size_t k, int side) {
    const std::size_t room = side > 0 ? most_ - k : k - least_;
    for (std::size_t ahead = reach_ * 9 / 10;; ahead = ahead / 2) {
      // A tilt outwards serves fewer k: those must reach back.
      for (int step = 0; step < 3; ++step) {
        ahead = std::min(ahead, room);
        const std::size_t centre = side > 0 ? k + ahead : k - ahead;
        Prepare(centre,
                internal::TiltTowards(PartsOf(centre), pulls_, tilt_.theta));
        if (reach_ >= ahead) break;
        ahead = reach_;
      }
      if (side > 0) {
        Compute(k, most_);
      } else {
        Compute(least_, k);
      }
      if ((begin_ <= k && k <= end_) || ahead == 0) return;
    }
  }

  std::vector<double> TransformOf(absl::Span<const double> pmf) const {
    std::vector<double> list =
        internal::TiltedList(pmf, tilt_.theta, fft_->size());
    fft_->Forward(list.data());
    return list;
  }

  // What the values of a polynomial are to be multiplied by so that the real
  // parts sum to its coefficient of x^pulls: the values of 1 / x^pulls, which
  // are the conjugates of those of x^pulls, over their number.
  std::vector<double> Reader() const {
    const std::size_t size = fft_->size();
    std::vector<double> reader(size);
    const bool odd_rounds = renewals_.pulls / size % 2 == 1;
    reader[renewals_.pulls % size] =
        (odd_rounds ? -2.0 : 2.0) / static_cast<double>(size);
    fft_->Forward(reader.data());
    for (std::size_t i = size / 2; i < size; ++i) reader[i] = -reader[i];
    return reader;
  }

  // The values for centre_ and as many k about it, from `low` to `high`, as are
  // accurate: begin_ to end_, both included. `low` and `high` are in reach.
  void Compute(std::size_t low, std::size_t high) {
    low_ = std::max(low, centre_ - std::min(reach_, centre_));
    high = std::min(high, centre_ + reach_);
    const std::vector<double> wait = TransformOf(renewals_.wait);
    std::vector<double> sum = Reader();
    internal::MultiplyInPlace(absl::MakeSpan(sum),
                              TransformOf(renewals_.first));
    internal::MultiplyInPlace(absl::MakeSpan(sum),
                              TransformOf(renewals_.survival));
    if (low_ > 1) {
      std::vector<double> power = wait;
      internal::PowerInPlace(absl::MakeSpan(power), low_ - 1);
      internal::MultiplyInPlace(absl::MakeSpan(sum), power);
    }
    values_.clear();
    for (std::size_t k = low_; k <= high; ++k) {
      values_.push_back(internal::SumThenMultiply(absl::MakeSpan(sum), wait));
    }
    const double least = internal::kLeastShare *
                         *std::max_element(values_.begin(), values_.end());
    begin_ = end_ = centre_;
    while (begin_ > low_ && values_[begin_ - 1 - low_] >= least) --begin_;
    while (end_ < high && values_[end_ + 1 - low_] >= least) ++end_;
  }

  void Write(std::size_t begin, std::size_t end) {
    const Part wait = {renewals_.wait};
    const Tilt step = internal::TiltOf({&wait, 1}, tilt_.theta);
    Window window;
    window.tilt = internal::TiltOf(PartsOf(begin), tilt_.theta);
    for (std::size_t k = begin; k <= end; ++k) {
      const double value = values_[k - low_];
      hits_[k] = value > window.Noise(static_cast<double>(k))
                     ? value * std::exp(window.tilt.LogScaleAt(pulls_))
                     : 0;
      window.tilt.log_mass += step.log_mass;
      window.tilt.reference += step.reference;
    }
  }

  Renewals renewals_;
  double pulls_;
  std::size_t least_;
  std::size_t most_;
  std::vector<double>& hits_;
  Tilt tilt_;
  std::size_t centre_ = 0;
  std::size_t reach_ = 0;
  std::vector<double> values_;  // of k from low_ on
  std::size_t low_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::unique_ptr<NegacyclicFft> fft_;
};

absl::Status CheckWait(absl::Span<const double> pmf, absl::string_view name) {
  FAIRPULL_RETURN_IF_ERROR(internal::CheckEntries(pmf, name));
  double sum = 0;
  for (const double p : pmf) sum += p;
  if (sum > 1 + 1e-9) {
    return absl::InvalidArgumentError(absl::StrCat(name, " sums to ", sum));
  }
  if (pmf[0] > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "[0] is ", pmf[0], ": a hit takes a pull at least"));
  }
  return absl::OkStatus();
}

// P(k hits) for k from 1.
void AddHits(const Renewals& renewals, std::vector<double>& hits) {
  const internal::Trimmed first = internal::Trim(renewals.first);
  const internal::Trimmed wait = internal::Trim(renewals.wait);
  if (first.entries.empty()) return;
  const double length = static_cast<double>(wait.entries.size());
  const double pulls = static_cast<double>(renewals.pulls);
  if (length * pulls * pulls / 2 <= kDirectProducts) {
    AddDirectly(renewals, hits);
    return;
  }
  // The most hits that fit, and the fewest that must be.
  const std::size_t most =
      wait.entries.empty() ? 1
                           : 1 + (renewals.pulls - first.begin) / wait.begin;
  const std::size_t slowest_first = first.begin + first.entries.size() - 1;
  const std::size_t covered = slowest_first + renewals.survival.size() - 1;
  std::size_t least = 1;
  if (covered < renewals.pulls) {
    if (wait.entries.empty()) return;
    const std::size_t slowest = wait.begin + wait.entries.size() - 1;
    least += (renewals.pulls - covered + slowest - 1) / slowest;
  }
  if (least > most) return;
  HitsInWindows(renewals, least, most, hits).Run();
}

}  // namespace

absl::StatusOr<std::vector<double>> HitsWithin(absl::Span<const double> first,
                                               absl::Span<const double> wait,
                                               std::size_t pulls) {
  FAIRPULL_RETURN_IF_ERROR(CheckWait(first, "first"));
  FAIRPULL_RETURN_IF_ERROR(CheckWait(wait, "wait"));
  if (pulls >= kMaxDistributionEntries) {
    return absl::ResourceExhaustedError(
        absl::StrCat(pulls, " pulls are more than ", kMaxDistributionEntries));
  }
  std::vector<double> hits(pulls + 1);
  const std::vector<double> none = SurvivalOf(first, pulls);
  if (none.size() == hits.size()) hits[0] = none.back();
  const std::vector<double> survival = SurvivalOf(wait, pulls);
  AddHits({first.subspan(0, std::min(first.size(), pulls + 1)),
           wait.subspan(0, std::min(wait.size(), pulls + 1)), survival, pulls},
          hits);
  return hits;
}

}  // namespace fairpull
