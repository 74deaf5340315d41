#include "fairpull/odds/alias_table.h"

#include <cstddef>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fairpull {

absl::StatusOr<AliasColumns> BuildAliasColumns(
    absl::Span<const std::uint32_t> weights, std::uint32_t max_wheel_size) {
  std::uint64_t common = 0;
  std::uint64_t sum = 0;
  for (const std::uint32_t weight : weights) {
    common = std::gcd(common, std::uint64_t{weight});
    sum += weight;
  }
  if (sum == 0) {
    return absl::InvalidArgumentError("no item has a weight above 0");
  }
  sum /= common;
  const std::uint64_t count = weights.size();
  // sum / gcd and count fit in 32 bits here, or the product is refused.
  const std::uint64_t stretch = count / std::gcd(count, sum);
  if (sum > max_wheel_size || stretch > max_wheel_size / sum) {
    return absl::InvalidArgumentError(absl::StrCat(
        "weights that sum to ", sum, " over ", count, " items need a wheel of ",
        sum, " x ", stretch, "; at most ", max_wheel_size, " is possible"));
  }
  AliasColumns result;
  result.wheel_size = static_cast<std::uint32_t>(sum * stretch);
  result.columns.resize(count);
  const auto width = static_cast<std::uint32_t>(result.wheel_size / count);

  // Columns with less than their width take the rest from one with more; both
  // lists are worked through in order of index.
  std::vector<std::uint32_t> mass(count);
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  for (std::uint32_t i = 0; i < count; ++i) {
    mass[i] = static_cast<std::uint32_t>(weights[i] / common * stretch);
    (mass[i] < width ? small : large).push_back(i);
  }
  std::size_t next_large = 0;
  for (std::size_t next_small = 0; next_small < small.size(); ++next_small) {
    const std::uint32_t poor = small[next_small];
    const std::uint32_t rich = large[next_large];
    result.columns[poor] = {.cut = mass[poor], .alias = rich};
    mass[rich] -= width - mass[poor];
    if (mass[rich] < width) {
      small.push_back(rich);
      ++next_large;
    }
  }
  for (; next_large < large.size(); ++next_large) {
    const std::uint32_t full = large[next_large];
    result.columns[full] = {.cut = width, .alias = full};
  }
  return result;
}

}  // namespace fairpull
