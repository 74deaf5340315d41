// Lanes of the kernel, for each kind of vectors: several vectors side by side,
// tables that they look entries up in, and their words. Included by kernel.cc
// alone, once for each target.

#if defined(FAIRPULL_SRC_SIMULATION_KERNEL_LANES_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef FAIRPULL_SRC_SIMULATION_KERNEL_LANES_INL_H_
#undef FAIRPULL_SRC_SIMULATION_KERNEL_LANES_INL_H_
#else
#define FAIRPULL_SRC_SIMULATION_KERNEL_LANES_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "fairpull/simulation/lane_words.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace fairpull::internal {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<std::uint32_t>;
using DI = hn::RebindToSigned<D>;
using D16 = hn::Repartition<std::uint16_t, D>;
using DI16 = hn::Repartition<std::int16_t, D>;
using V = hn::Vec<D>;
using VI = hn::Vec<DI>;
using V16 = hn::Vec<D16>;

constexpr std::size_t kN = hn::MaxLanes(D());
// Vectors that are worked on together, so that the steps of one hide how long
// those of another take.
constexpr std::size_t kUnroll = 4;
constexpr std::size_t kTogether = kUnroll * kN;
static_assert(kLanes % kTogether == 0);

#if HWY_TARGET <= HWY_AVX3
constexpr std::uint32_t kHalf = 0;
#else
// Older vector units compare numbers with a sign, so words are moved down by
// half.
constexpr std::uint32_t kHalf = 0x80000000u;
#endif

HWY_INLINE V16 To16(V v) { return hn::BitCast(D16(), v); }
HWY_INLINE VI ToSigned(V v) { return hn::BitCast(DI(), v); }
HWY_INLINE V To32(V16 v) { return hn::BitCast(D(), v); }

// `no` where a < b and `yes` elsewhere; both are moved by kHalf.
HWY_INLINE V IfBelow(V a, V b, V no, V yes) {
#if HWY_TARGET <= HWY_AVX3
  return hn::IfThenElse(hn::Lt(a, b), no, yes);
#else
  const auto below = hn::Lt(ToSigned(a), ToSigned(b));
  return hn::IfThenElse(hn::RebindMask(D(), below), no, yes);
#endif
}

// Vectors of kTogether lanes.
struct Lanes {
  V v[kUnroll];
};

HWY_INLINE Lanes LoadLanes(const std::uint32_t* HWY_RESTRICT from) {
  Lanes lanes;
  for (std::size_t u = 0; u < kUnroll; ++u) {
    lanes.v[u] = hn::Load(D(), from + u * kN);
  }
  return lanes;
}

HWY_INLINE void StoreLanes(const Lanes& lanes, std::uint32_t* HWY_RESTRICT to) {
  for (std::size_t u = 0; u < kUnroll; ++u) {
    hn::Store(lanes.v[u], D(), to + u * kN);
  }
}

// The entries of a table that `index` names; only the lowest bits of an index
// count that are needed for the size.
HWY_INLINE Lanes Lookup(const std::uint32_t* HWY_RESTRICT table,
                        std::size_t size, const Lanes& index) {
  const D d;
  Lanes found;
  if (size == 1) {
    for (std::size_t u = 0; u < kUnroll; ++u) found.v[u] = hn::Set(d, *table);
    return found;
  }
#if HWY_TARGET <= HWY_AVX3
  const V first = hn::LoadU(d, table);
  if (size <= kN) {
    for (std::size_t u = 0; u < kUnroll; ++u) {
      found.v[u] = V{_mm512_permutexvar_epi32(index.v[u].raw, first.raw)};
    }
    return found;
  }
  const V second = hn::LoadU(d, table + kN);
  if (size <= 2 * kN) {
    for (std::size_t u = 0; u < kUnroll; ++u) {
      found.v[u] =
          V{_mm512_permutex2var_epi32(first.raw, index.v[u].raw, second.raw)};
    }
    return found;
  }
#elif HWY_TARGET == HWY_AVX2
  if (size <= kN) {
    const V first = hn::LoadU(d, table);
    for (std::size_t u = 0; u < kUnroll; ++u) {
      found.v[u] = V{_mm256_permutevar8x32_epi32(first.raw, index.v[u].raw)};
    }
    return found;
  }
#endif
  for (std::size_t u = 0; u < kUnroll; ++u) {
    const V low = hn::And(index.v[u], hn::Set(d, 0xffff));
    found.v[u] = hn::GatherIndex(d, table, ToSigned(low));
  }
  return found;
}

// Takes the next words of those lanes whose word is past the last one that is
// accepted, which `last_of(lane)` names.
template <class LastOf>
HWY_NOINLINE void Redraw(std::uint32_t (&words)[4][kTogether],
                         std::uint32_t* drawn, LastOf last_of) {
  for (std::size_t i = 0; i < kTogether; ++i) {
    const std::uint32_t last = last_of(i);
    if (drawn[i] <= last) continue;
    LaneWords source({words[0][i], words[1][i], words[2][i], words[3][i]});
    while (drawn[i] > last) drawn[i] = source.Next();
    for (std::size_t s = 0; s < 4; ++s) words[s][i] = source.state()[s];
  }
}

struct Generators {
  Lanes s[4];

  HWY_INLINE Lanes Next() {
    Lanes words;
    for (std::size_t u = 0; u < kUnroll; ++u) {
      V& s0 = s[0].v[u];
      V& s1 = s[1].v[u];
      V& s2 = s[2].v[u];
      V& s3 = s[3].v[u];
      words.v[u] = hn::Add(hn::RotateRight<25>(hn::Add(s0, s3)), s0);
      const V shifted = hn::ShiftLeft<9>(s1);
      const V old = s0;
      s3 = hn::Xor(s3, s1);
      s0 = hn::Xor(s0, s3);
      s1 = hn::Xor3(s1, s2, old);
      s2 = hn::Xor3(s2, old, shifted);
      s3 = hn::RotateRight<21>(s3);
    }
    return words;
  }
};

#endif  // HWY_TARGET != HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace fairpull::internal
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
