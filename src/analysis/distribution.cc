#include "fairpull/analysis/distribution.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "compensated_sum.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

bool IsMass(double value) { return value >= 0 && std::isfinite(value); }

std::int64_t FirstPositive(absl::Span<const double> pmf) {
  const auto found =
      std::find_if(pmf.begin(), pmf.end(), [](double p) { return p > 0; });
  return found == pmf.end() ? static_cast<std::int64_t>(pmf.size()) - 1
                            : found - pmf.begin();
}

absl::Status CheckMasses(absl::Span<const double> pmf, double tail) {
  if (pmf.empty()) return absl::InvalidArgumentError("the list is empty");
  if (!IsMass(tail)) {
    return absl::InvalidArgumentError(absl::StrCat("the tail is ", tail));
  }
  internal::CompensatedSum sum;
  sum.Add(tail);
  for (std::size_t n = 0; n < pmf.size(); ++n) {
    if (!IsMass(pmf[n])) {
      return absl::InvalidArgumentError(absl::StrCat("P(", n, ") is ", pmf[n]));
    }
    sum.Add(pmf[n]);
  }
  if (!(std::abs(sum.value() - 1) <= 1e-9)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the probabilities sum to ", sum.value()));
  }
  return absl::OkStatus();
}

absl::Status CheckSupport(absl::Span<const double> pmf,
                          const DistributionOptions& options) {
  if (options.support == Support::kBounded && options.tail != 0) {
    return absl::InvalidArgumentError(
        "a bounded support has nothing beyond the list");
  }
  if (!options.support_min.has_value()) return absl::OkStatus();
  const std::int64_t min = *options.support_min;
  if (min < 0 || min > FirstPositive(pmf)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the support can't begin at ", min));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Distribution> Distribution::Make(std::vector<double> pmf,
                                                DistributionOptions options) {
  FAIRPULL_RETURN_IF_ERROR(CheckMasses(pmf, options.tail));
  FAIRPULL_RETURN_IF_ERROR(CheckSupport(pmf, options));
  return Distribution(std::move(pmf), options);
}

Distribution::Distribution(std::vector<double> pmf,
                           const DistributionOptions& options)
    : pmf_(std::move(pmf)),
      cdf_(pmf_.size()),
      ccdf_(pmf_.size()),
      support_(options.support),
      tail_(options.tail),
      support_min_(options.support_min.value_or(FirstPositive(pmf_))),
      moments_(options.moments.has_value() ? *options.moments
                                           : MomentsOf(pmf_)) {
  internal::CompensatedSum beyond;
  beyond.Add(tail_);
  double above = tail_;
  for (std::size_t n = pmf_.size(); n-- > 0;) {
    // The maximum: the rounding of a compensated sum may step back by one last
    // place, and a search needs monotonic lists.
    above = std::max(above, std::min(beyond.value(), 1.0));
    ccdf_[n] = above;
    beyond.Add(pmf_[n]);
  }
  internal::CompensatedSum until;
  double below = 0;
  for (std::size_t n = 0; n < pmf_.size(); ++n) {
    until.Add(pmf_[n]);
    // From the end nearer by, so that both lists add to 1 and 1 is reached.
    const double sum = ccdf_[n] < 0.5 ? 1 - ccdf_[n] : until.value();
    below = std::max(below, std::min(sum, 1.0));
    cdf_[n] = below;
  }
}

double Distribution::Pmf(std::int64_t n) const {
  return n < 0 || n > last() ? 0 : pmf_[static_cast<std::size_t>(n)];
}

double Distribution::Cdf(std::int64_t n) const {
  return n < 0 ? 0 : cdf_[static_cast<std::size_t>(std::min(n, last()))];
}

double Distribution::Ccdf(std::int64_t n) const {
  return n < 0 ? 1 : ccdf_[static_cast<std::size_t>(std::min(n, last()))];
}

double Distribution::MidRank(std::int64_t n) const {
  return Cdf(n - 1) + Pmf(n) / 2;
}

bool Distribution::Reaches(std::int64_t n, double q) const {
  if (q <= 0.5) return Cdf(n) >= q * (1 - 4 * kEpsilon);
  // 1 - q is exact, but q itself stands for what is within half its last place.
  return Ccdf(n) <= (1 - q) * (1 + 4 * kEpsilon) + kEpsilon / 4;
}

absl::StatusOr<std::int64_t> Distribution::Quantile(double q) const {
  if (!(q >= 0 && q <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a quantile is asked for between 0 and 1, not at ", q));
  }
  if (q == 0) return support_min_;
  if (q == 1 && support_ == Support::kBounded) return last();
  if (q == 1 || !Reaches(last(), q)) {
    return absl::OutOfRangeError(
        absl::StrCat("the quantile ", q, " lies beyond the ", pmf_.size(),
                     " listed counts of an unbounded support"));
  }
  std::int64_t low = support_min_;
  std::int64_t high = last();
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (Reaches(middle, q)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

std::optional<std::int64_t> Distribution::support_max() const {
  if (support_ == Support::kUnbounded) return std::nullopt;
  return last();
}

double Distribution::standard_deviation() const {
  return std::sqrt(moments_.variance);
}

}  // namespace fairpull
