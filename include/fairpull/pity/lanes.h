// Eight counters in one register, for the few operations of a pull. Left to
// themselves, compilers pull the counters apart and spend forty scalar
// instructions on them.
//
//   Lanes next = Min(values + ToLanes(add), ToLanes(cap));

#ifndef FAIRPULL_PITY_LANES_H_
#define FAIRPULL_PITY_LANES_H_

#include <array>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace fairpull {

using LaneArray = std::array<std::int16_t, 8>;
using Lanes [[gnu::vector_size(sizeof(LaneArray))]] = std::int16_t;

[[nodiscard]] inline Lanes ToLanes(const LaneArray& values) {
  Lanes lanes;
  std::memcpy(&lanes, values.data(), sizeof(lanes));
  return lanes;
}

[[nodiscard]] inline LaneArray ToArray(Lanes lanes) {
  LaneArray values;
  std::memcpy(values.data(), &lanes, sizeof(lanes));
  return values;
}

[[nodiscard]] inline Lanes Min(Lanes a, Lanes b) { return a < b ? a : b; }

// a - b, or 0 where that is negative; neither has a negative lane.
[[nodiscard]] inline Lanes MinusDownToZero(Lanes a, Lanes b) {
#ifdef __SSE2__
  return reinterpret_cast<Lanes>(_mm_subs_epu16(reinterpret_cast<__m128i>(a),
                                                reinterpret_cast<__m128i>(b)));
#else
  return a > b ? a - b : Lanes{};
#endif
}

// The sum over all lanes of a * b.
[[nodiscard]] inline std::int32_t Dot(Lanes a, Lanes b) {
#ifdef __SSE2__
  using Pairs [[gnu::vector_size(16)]] = std::int32_t;
  const auto sums = reinterpret_cast<Pairs>(_mm_madd_epi16(
      reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
  const Pairs halves = sums + __builtin_shufflevector(sums, sums, 2, 3, 0, 1);
  return halves[0] + halves[1];
#else
  std::int32_t sum = 0;
  for (int i = 0; i < 8; ++i) sum += std::int32_t{a[i]} * b[i];
  return sum;
#endif
}

}  // namespace fairpull

#endif  // FAIRPULL_PITY_LANES_H_
