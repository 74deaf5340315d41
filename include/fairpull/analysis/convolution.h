// Distributions of sums of independent waits: n hits in a row, a random number
// of them, or how many fit into so many pulls.
//
// A distribution is the list of its probabilities from 0, pmf[n] = P(n). Lists
// that sum to less than 1 are welcome: what is missing never happens, or
// happens beyond the list.
//
//   std::vector<double> wait = …;                        // pulls to one hit
//   ConvolvePower(wait, 7).value();                      // to seven
//   HitsWithin(wait, wait, /*pulls=*/180).value();       // hits in 180 pulls
//
// Errors are at most 1e-15 in each entry; an entry near 1, as powers of a wait
// that is all but certain have, may be off by n last places. Where products are
// added up directly, each entry is right to a relative 1e-13 too, however
// small. Where transforms are used, powers and hits are worked out in windows,
// each with the waits tilted exponentially so that its entries are the likely
// ones (as in Wilson and Keich, "Accurate small tail probabilities of sums of
// iid lattice-valued random variables via FFT"): entries down to 1e-300 are
// right to near 1e-10, unless the wait is full of holes or all but certain.
// Nothing is ever negative; noise is 0.

#ifndef FAIRPULL_ANALYSIS_CONVOLUTION_H_
#define FAIRPULL_ANALYSIS_CONVOLUTION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace fairpull {

// The longest list that is made.
inline constexpr std::size_t kMaxDistributionEntries = std::size_t{1} << 25;

// The distribution of the sum of two independent counts, a.size() + b.size() -
// 1 entries, none if a or b is empty. Entries are finite and not negative.
// For two long lists (over 256 entries each, and over 2^22 products) an entry
// of less than about 1e-17 may be 0.
[[nodiscard]] std::vector<double> Convolve(absl::Span<const double> a,
                                           absl::Span<const double> b);

// The distribution of the sum of n independent counts: the whole support, n *
// (pmf.size() - 1) + 1 entries; {1} for n = 0. InvalidArgument if the list is
// empty or an entry is negative or not finite; ResourceExhausted if the result
// would pass kMaxDistributionEntries.
[[nodiscard]] absl::StatusOr<std::vector<double>> ConvolvePower(
    absl::Span<const double> pmf, std::uint64_t n);

// The distribution of a sum with a random number of parts: the sum over k >= 1
// of weights[k - 1] * first * wait^(k - 1), with * for convolution. For example
// the pulls to a featured item, where weights[k - 1] are the odds that it is
// the k-th hit. first.size() + (weights.size() - 1) * (wait.size() - 1)
// entries. Where it is long (over 2^24 products) an entry of less than about
// 1e-17 may be 0. Errors as for ConvolvePower, also for no weights.
[[nodiscard]] absl::StatusOr<std::vector<double>> Compound(
    absl::Span<const double> first, absl::Span<const double> wait,
    absl::Span<const double> weights);

// The distribution of the number of hits in `pulls` pulls: `first` is the wait
// for the first hit, `wait` that from one hit to the next; what a list lacks to
// 1 (more than 1e-14) is waits of more than `pulls`. pulls + 1 entries.
// Errors as for ConvolvePower; InvalidArgument also if a list sums to more than
// 1 (by 1e-9) or a hit can take 0 pulls.
[[nodiscard]] absl::StatusOr<std::vector<double>> HitsWithin(
    absl::Span<const double> first, absl::Span<const double> wait,
    std::size_t pulls);

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_CONVOLUTION_H_
