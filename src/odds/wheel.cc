#include "fairpull/odds/wheel.h"

namespace fairpull {

std::vector<std::uint32_t> ClampWeights(
    std::uint32_t size, absl::Span<const std::uint32_t> weights) {
  std::vector<std::uint32_t> clamped(weights.begin(), weights.end());
  std::uint32_t left = size;
  for (std::uint32_t& weight : clamped) {
    weight = std::min(weight, left);
    left -= weight;
  }
  if (!clamped.empty()) clamped.back() += left;
  return clamped;
}

}  // namespace fairpull
