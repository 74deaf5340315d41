// The exact distribution of a count 0, 1, 2, …: pulls to a goal, or hits in so
// many pulls. Made once from its list of probabilities, then asked for any
// probability, quantile or moment.
//
//   FAIRPULL_ASSIGN_OR_RETURN(Distribution pulls, Distribution::Make(pmf));
//   pulls.Ccdf(160);                     // P(more than 160 pulls)
//   pulls.Quantile(0.9).value();         // enough pulls for nine in ten

#ifndef FAIRPULL_ANALYSIS_DISTRIBUTION_H_
#define FAIRPULL_ANALYSIS_DISTRIBUTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fairpull/analysis/moments.h"

namespace fairpull {

// kBounded: the list goes to the end of the support, also where its last
// entries are too small for a double and therefore 0. kUnbounded: counts
// beyond the list are possible.
enum class Support { kBounded, kUnbounded };

struct DistributionOptions {
  Support support = Support::kBounded;
  // P(beyond the list); exactly 0 where the support is bounded.
  double tail = 0;
  // The smallest possible count; the first entry above 0 if not given, which
  // is too late where earlier entries are too small for a double.
  std::optional<std::int64_t> support_min;
  // Where the maker knows better than the list does, for example from the
  // parts it was composed of; otherwise MomentsOf(pmf), which are those of the
  // listed part where there is a tail.
  std::optional<Moments> moments;
};

// Immutable; safe to share between threads. Counts outside the list may be
// asked for; below 0 nothing lies.
class Distribution {
 public:
  // pmf[n] = P(n), from n = 0. InvalidArgument if the list is empty, an entry
  // or the tail is negative or not finite, list and tail together are further
  // than 1e-9 from 1, a bounded support has a tail, or support_min lies
  // outside the list or above an entry that is not 0.
  [[nodiscard]] static absl::StatusOr<Distribution> Make(
      std::vector<double> pmf, DistributionOptions options = {});

  // P(X = n) as given; 0 beyond the list.
  [[nodiscard]] absl::Span<const double> pmf() const { return pmf_; }
  [[nodiscard]] double Pmf(std::int64_t n) const;

  // P(X <= n), and P(X > n), which keeps its relative accuracy however small
  // it gets, since it is summed from the far end. Beyond the list of an
  // unbounded support both stay at their last value: 1 - tail and tail.
  [[nodiscard]] double Cdf(std::int64_t n) const;
  [[nodiscard]] double Ccdf(std::int64_t n) const;

  // P(X < n) + P(X = n) / 2: the share of players one with this count has left
  // behind, ties halved.
  [[nodiscard]] double MidRank(std::int64_t n) const;

  // The smallest n with P(X <= n) >= q. Above 1/2 it is decided by P(X > n),
  // so that it is right as near to 1 as a double can be. A probability that
  // misses q by a few units in the last place counts as equal, so that what is
  // a tie in exact arithmetic is one here. 0 gives support_min(), 1
  // support_max(). InvalidArgument if q is not in [0, 1]; OutOfRange if n lies
  // beyond the list of an unbounded support.
  [[nodiscard]] absl::StatusOr<std::int64_t> Quantile(double q) const;
  [[nodiscard]] absl::StatusOr<std::int64_t> Median() const {
    return Quantile(0.5);
  }

  [[nodiscard]] std::int64_t support_min() const { return support_min_; }
  // None if the support is unbounded.
  [[nodiscard]] std::optional<std::int64_t> support_max() const;
  // P(beyond the list).
  [[nodiscard]] double tail() const { return tail_; }

  [[nodiscard]] const Moments& moments() const { return moments_; }
  [[nodiscard]] double mean() const { return moments_.mean; }
  [[nodiscard]] double variance() const { return moments_.variance; }
  [[nodiscard]] double standard_deviation() const;
  // 0 for a constant.
  [[nodiscard]] double skewness() const { return Skewness(moments_); }
  [[nodiscard]] double excess_kurtosis() const {
    return ExcessKurtosis(moments_);
  }

 private:
  Distribution(std::vector<double> pmf, const DistributionOptions& options);

  // Whether n's cumulative probability is q or more, up to a few last places.
  [[nodiscard]] bool Reaches(std::int64_t n, double q) const;
  [[nodiscard]] std::int64_t last() const {
    return static_cast<std::int64_t>(pmf_.size()) - 1;
  }

  std::vector<double> pmf_;
  std::vector<double> cdf_;
  std::vector<double> ccdf_;
  Support support_;
  double tail_;
  std::int64_t support_min_;
  Moments moments_;
};

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_DISTRIBUTION_H_
