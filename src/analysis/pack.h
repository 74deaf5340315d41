// Two doubles that are added and multiplied together.
//
// Without it the loops below would be left scalar at -O2, where GCC doesn't
// vectorise loops whose length it can't see. Every entry is computed by the
// same operations in the same order as in scalar code, so a compiler without
// vector types gets the same results from Pack = double.

#ifndef FAIRPULL_SRC_ANALYSIS_PACK_H_
#define FAIRPULL_SRC_ANALYSIS_PACK_H_

#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

namespace fairpull::internal {

#if defined(__GNUC__)
using Pack = double __attribute__((vector_size(16)));
#else
using Pack = double;
#endif

inline constexpr std::size_t kPackSize = sizeof(Pack) / sizeof(double);

inline Pack LoadPack(const double* from) {
  Pack pack;
  std::memcpy(&pack, from, sizeof pack);
  return pack;
}

inline void StorePack(Pack pack, double* to) {
  std::memcpy(to, &pack, sizeof pack);
}

// Calls f(0), …, f(kCount - 1), each argument a type of its own. GCC leaves
// short loops rolled at -O2, and their arrays in memory.
template <std::size_t kCount, typename Function>
void Unrolled(Function f) {
  [&]<std::size_t... kAt>(std::index_sequence<kAt...>) {
    (f(std::integral_constant<std::size_t, kAt>()), ...);
  }(std::make_index_sequence<kCount>());
}

// Complex numbers, their real and imaginary parts in packs of their own.
struct ComplexPack {
  Pack re;
  Pack im;

  friend ComplexPack operator+(ComplexPack a, ComplexPack b) {
    return {a.re + b.re, a.im + b.im};
  }
  friend ComplexPack operator-(ComplexPack a, ComplexPack b) {
    return {a.re - b.re, a.im - b.im};
  }
  friend ComplexPack operator*(ComplexPack a, ComplexPack b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
};

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_PACK_H_
