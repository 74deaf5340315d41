// Convolution by adding up products, with a small relative error in each entry
// since all of them are positive. Private to the analysis layer.

#ifndef FAIRPULL_SRC_ANALYSIS_DIRECT_H_
#define FAIRPULL_SRC_ANALYSIS_DIRECT_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace fairpull::internal {

inline constexpr std::size_t kAllEntries =
    std::numeric_limits<std::size_t>::max();

// The part of a list from its first to its last entry that is not 0.
struct Trimmed {
  std::size_t begin = 0;
  absl::Span<const double> entries;
};
[[nodiscard]] Trimmed Trim(absl::Span<const double> pmf);

// a * b, or the first `limit` entries of it.
[[nodiscard]] std::vector<double> DirectConvolve(
    absl::Span<const double> a, absl::Span<const double> b,
    std::size_t limit = kAllEntries);

// The n-fold convolution, n > 0, or the first `limit` entries of it.
[[nodiscard]] std::vector<double> DirectPower(absl::Span<const double> pmf,
                                              std::uint64_t n,
                                              std::size_t limit = kAllEntries);

// to[i] += factor * from[i].
void AddScaled(double factor, absl::Span<const double> from, double* to);

// InvalidArgument, with the list's name, if it is empty or an entry is negative
// or not finite.
[[nodiscard]] absl::Status CheckEntries(absl::Span<const double> pmf,
                                        absl::string_view name);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_DIRECT_H_
