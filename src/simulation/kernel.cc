#include "kernel.h"

#include <algorithm>
#include <iterator>

// Compiled once for each of AVX-512, AVX2 and SSE4, and once for a machine that
// has none of them.
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simulation/kernel.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernel_lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fairpull::internal {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

bool Vectorised() { return false; }
void Run(const Program&, CellKind, std::size_t, LaneBlock&, std::uint16_t*,
         std::uint64_t*) {}

#else

bool Vectorised() { return true; }

// How many pulls of each lane are drawn for at a time: words and cells of them
// stay in the first cache.
constexpr std::size_t kSteps = 32;

HWY_INLINE bool AnyPast(const Lanes& words, std::uint32_t last) {
  const D d;
  const V limit = hn::Set(d, last);
  auto past = hn::Gt(words.v[0], limit);
  for (std::size_t u = 1; u < kUnroll; ++u) {
    past = hn::Or(past, hn::Gt(words.v[u], limit));
  }
  return !hn::AllFalse(d, past);
}

// Words of up to kSteps pulls, and the pulls they are for.
struct Drawn {
  alignas(64) std::uint32_t first[kSteps][kTogether];
  alignas(64) std::uint32_t second[kSteps][kTogether];
  alignas(64) std::uint32_t group[kTogether];  // of the last pull
  std::size_t steps = 0;
  // Whether a second word of the last pull may be one that its group rejects.
  bool last_in_doubt = false;
};

struct LaneState {
  alignas(64) std::uint32_t words[4][kTogether];
  alignas(64) Pair counters[kMaxPairs][kTogether];
};

HWY_NOINLINE void DrawWords(const Program& program, std::size_t steps,
                            LaneState& state, Drawn& drawn) {
  Generators generators;
  for (std::size_t i = 0; i < 4; ++i) {
    generators.s[i] = LoadLanes(state.words[i]);
  }
  std::size_t step = 0;
  drawn.last_in_doubt = false;
  while (step < steps && !drawn.last_in_doubt) {
    const Lanes first = generators.Next();
    StoreLanes(first, drawn.first[step]);
    if (HWY_UNLIKELY(AnyPast(first, program.last_word))) {
      for (std::size_t i = 0; i < 4; ++i) {
        StoreLanes(generators.s[i], state.words[i]);
      }
      Redraw(state.words, drawn.first[step],
             [&program](std::size_t) { return program.last_word; });
      for (std::size_t i = 0; i < 4; ++i) {
        generators.s[i] = LoadLanes(state.words[i]);
      }
    }
    const Lanes second = generators.Next();
    StoreLanes(second, drawn.second[step]);
    drawn.last_in_doubt = AnyPast(second, program.least_last_item_word);
    ++step;
  }
  for (std::size_t i = 0; i < 4; ++i) {
    StoreLanes(generators.s[i], state.words[i]);
  }
  drawn.steps = step;
}

// Which entry of a table each lane reads.
HWY_INLINE Lanes IndexOf(const Program& program, const Index& index,
                         const LaneState& state) {
  const D d;
  if (index.kind == Index::Kind::kNone) return {};
  Lanes found;
  if (index.kind == Index::Kind::kSum) {
    const DI di;
    const DI16 di16;
    for (std::size_t u = 0; u < kUnroll; ++u) {
      VI sum = hn::Zero(di);
      VI rest = hn::Zero(di);
      for (std::size_t p = 0; p < program.pairs; ++p) {
        const V16 digits =
            hn::SaturatedSub(To16(hn::Load(d, state.counters[p] + u * kN)),
                             To16(hn::Set(d, program.start[p])));
        sum = hn::ReorderWidenMulAccumulate(
            di, hn::BitCast(di16, digits),
            hn::BitCast(di16, hn::Set(d, index.strides[p])), sum, rest);
      }
      found.v[u] = hn::BitCast(d, hn::RearrangeToOddPlusEven(sum, rest));
    }
    return found;
  }
  const std::uint32_t* counters = state.counters[index.pair];
  const V16 start = To16(hn::Set(d, program.start[index.pair]));
  for (std::size_t u = 0; u < kUnroll; ++u) {
    const V16 counter = To16(hn::Load(d, counters + u * kN));
    found.v[u] = To32(hn::SaturatedSub(counter, start));
  }
  if (index.kind == Index::Kind::kHigh) {
    for (std::size_t u = 0; u < kUnroll; ++u) {
      found.v[u] = hn::ShiftRight<16>(found.v[u]);
    }
  }
  return found;
}

// What Shape::kAny leaves to be asked of the program.
struct AnyShape {
  static std::size_t Pairs(const Program& program) { return program.pairs; }
  static std::size_t Groups(const Program& program) { return program.groups; }
  static std::size_t CurveSize(const Tier& tier, std::size_t) {
    return tier.weight.size;
  }
  static Index CurveIndex(const Tier& tier, std::size_t) { return tier.index; }
  static bool IsGuarantee(const Edge& edge) { return edge.guarantee != 0; }
  static bool IsWhole(const Edge& edge) { return edge.factor_without == 1; }
  static bool GoesBack(const PairStep& step) { return step.goes_back; }
};

// What Shape::kTwoPities or, with kAtHalf, Shape::kTwoPitiesAtHalf knows.
template <bool kAtHalf>
struct TwoPities {
  static std::size_t Pairs(const Program&) { return 2; }
  static std::size_t Groups(const Program&) { return kFewGroups; }
  static std::size_t CurveSize(const Tier&, std::size_t tier) {
    return tier == 0 ? 32 : kShortCurve;
  }
  static Index CurveIndex(const Tier&, std::size_t tier) {
    return {.kind = Index::Kind::kLow, .pair = tier};
  }
  static bool IsGuarantee(const Edge&) { return true; }
  static bool IsWhole(const Edge&) { return kAtHalf; }
  static bool GoesBack(const PairStep&) { return false; }
};

// Where the parts of a tier from `base` to `ends` end at an edge.
template <class Known>
HWY_INLINE Lanes EdgesOf(const Program& program, const Tier& tier,
                         const Edge& edge, const LaneState& state,
                         const Lanes& base, const Lanes& weight,
                         const Lanes& ends) {
  const D d;
  const int shift = static_cast<int>(tier.shift);
  Lanes edges;
  if (Known::IsGuarantee(edge)) {
    const V flag = hn::Set(d, edge.guarantee);
    const V factor = hn::Set(d, edge.factor_without);
    const std::uint32_t* const counters = state.counters[edge.index.pair];
    for (std::size_t u = 0; u < kUnroll; ++u) {
      V part = hn::ShiftRightSame(weight.v[u], shift);
      if (!Known::IsWhole(edge)) part = hn::Mul(part, factor);
      const auto all = hn::TestBit(hn::Load(d, counters + u * kN), flag);
      edges.v[u] = hn::IfThenElse(all, ends.v[u], hn::Add(base.v[u], part));
    }
    return edges;
  }
  const Lanes factor = Lookup(program.At(edge.factor), edge.factor.size,
                              IndexOf(program, edge.index, state));
  for (std::size_t u = 0; u < kUnroll; ++u) {
    const V unit = hn::ShiftRightSame(weight.v[u], shift);
    edges.v[u] = hn::Add(base.v[u], hn::Mul(unit, factor.v[u]));
  }
  return edges;
}

// The groups that the first words stand for, on a banner of kTiers rarities.
template <class Known, std::size_t kTiers>
HWY_INLINE Lanes PickGroups(const Program& program, const LaneState& state,
                            const std::uint32_t* HWY_RESTRICT words) {
  const D d;
  Lanes place = LoadLanes(words);
  Lanes base;
  Lanes group;
  for (std::size_t u = 0; u < kUnroll; ++u) {
    if (kHalf != 0) place.v[u] = hn::Xor(place.v[u], hn::Set(d, kHalf));
    base.v[u] = hn::Set(d, kHalf);
    group.v[u] = hn::Zero(d);
  }
  const V full = hn::Set(d, program.full_words + kHalf);
  std::uint32_t g = 0;
#pragma GCC unroll 8
  for (std::size_t t = 0; t < kTiers; ++t) {
    const Tier& tier = program.tiers[t];
    Lanes weight;
    if (t + 1 < kTiers) {
      weight = Lookup(program.At(tier.weight), Known::CurveSize(tier, t),
                      IndexOf(program, Known::CurveIndex(tier, t), state));
    }
    Lanes ends;
    for (std::size_t u = 0; u < kUnroll; ++u) {
      // Nothing is left out of the first tier's weight.
      if (t > 0) {
        const V left = hn::Sub(full, base.v[u]);
        weight.v[u] = t + 1 < kTiers ? hn::Min(weight.v[u], left) : left;
      } else if (kTiers == 1) {
        weight.v[u] = hn::Set(d, program.full_words);
      }
      ends.v[u] = t + 1 < kTiers ? hn::Add(base.v[u], weight.v[u]) : full;
    }
    for (const Edge& edge : tier.edges) {
      const Lanes edges =
          EdgesOf<Known>(program, tier, edge, state, base, weight, ends);
      const V next = hn::Set(d, ++g);
      for (std::size_t u = 0; u < kUnroll; ++u) {
        group.v[u] = IfBelow(place.v[u], edges.v[u], group.v[u], next);
      }
    }
    if (t + 1 == kTiers) break;
    const V next = hn::Set(d, ++g);
    for (std::size_t u = 0; u < kUnroll; ++u) {
      group.v[u] = IfBelow(place.v[u], ends.v[u], group.v[u], next);
    }
    base = ends;
  }
  return group;
}

// Each counter as CounterStep::After makes it.
template <class Known>
HWY_INLINE void StepCounters(const Program& program, const Lanes& group,
                             LaneState& state) {
  const D d;
  const std::size_t groups = Known::Groups(program);
#pragma GCC unroll 2
  for (std::size_t p = 0; p < Known::Pairs(program); ++p) {
    const PairStep& step = program.steps[p];
    Lanes value = LoadLanes(state.counters[p]);
    if (Known::GoesBack(step)) {
      const Lanes back = Lookup(program.At(step.back), groups, group);
      for (std::size_t u = 0; u < kUnroll; ++u) {
        value.v[u] = To32(hn::SaturatedSub(To16(value.v[u]), To16(back.v[u])));
      }
    }
    const Lanes keep = Lookup(program.At(step.keep), groups, group);
    const Lanes add = Lookup(program.At(step.add), groups, group);
    const V16 cap = To16(hn::Set(d, step.cap));
    for (std::size_t u = 0; u < kUnroll; ++u) {
      const V kept = hn::And(value.v[u], keep.v[u]);
      value.v[u] = To32(hn::Min(hn::Add(To16(kept), To16(add.v[u])), cap));
    }
    StoreLanes(value, state.counters[p]);
  }
}

HWY_INLINE void StoreCells(const Lanes& cells, std::uint16_t* HWY_RESTRICT to) {
  const hn::Rebind<std::uint16_t, D> d16;
  for (std::size_t u = 0; u < kUnroll; ++u) {
#if HWY_TARGET <= HWY_AVX3
    const hn::Vec<decltype(d16)> narrow{_mm512_cvtepi32_epi16(cells.v[u].raw)};
#else
    const auto narrow = hn::DemoteTo(d16, ToSigned(cells.v[u]));
#endif
    hn::StoreU(narrow, d16, to + u * kN);
  }
}

// How often lanes drew each group but the last.
struct Counts {
  alignas(64) std::uint32_t of_group[kMaxCounted - 1][kN] = {};

  // Adds what the lanes of `tally` counted, as Program::tally says.
  HWY_INLINE void Add(const Program& program, const Lanes& tally) {
    const D d;
    const V mask = hn::Set(d, (1u << program.tally_bits) - 1);
    for (std::uint32_t g = 0; g + 1 < program.groups; ++g) {
      const int at = static_cast<int>(g * program.tally_bits);
      V count = hn::Load(d, of_group[g]);
      for (std::size_t u = 0; u < kUnroll; ++u) {
        const V field = hn::ShiftRightSame(tally.v[u], at);
        count = hn::Add(count, hn::And(field, mask));
      }
      hn::Store(count, d, of_group[g]);
    }
  }
};

// The groups of drawn.steps pulls; `cells` are kLanes apart.
template <class Known, std::size_t kTiers, bool kCounted>
HWY_NOINLINE void PullGroupsOf(const Program& program, LaneState& state,
                               Drawn& drawn, std::uint16_t* cells,
                               Counts* counts) {
  // No longer than a lane can count.
  const std::size_t most = (std::size_t{1} << program.tally_bits) - 1;
  std::size_t step = 0;
  while (step < drawn.steps) {
    const std::size_t end =
        kCounted ? std::min(drawn.steps, step + most) : drawn.steps;
    Lanes tally;
    for (std::size_t u = 0; u < kUnroll; ++u) tally.v[u] = hn::Zero(D());
    for (; step < end; ++step) {
      const Lanes group =
          PickGroups<Known, kTiers>(program, state, drawn.first[step]);
      StepCounters<Known>(program, group, state);
      StoreCells(group, cells + step * kLanes);
      if (step + 1 == drawn.steps) StoreLanes(group, drawn.group);
      if (!kCounted) continue;
      const Lanes one =
          Lookup(program.At(program.tally), Known::Groups(program), group);
      for (std::size_t u = 0; u < kUnroll; ++u) {
        tally.v[u] = hn::Add(tally.v[u], one.v[u]);
      }
    }
    if (kCounted) counts->Add(program, tally);
  }
}

template <bool kCounted>
void PullGroups(const Program& program, LaneState& state, Drawn& drawn,
                std::uint16_t* cells, Counts* counts) {
  static_assert(kMaxTiers == 6);
  const auto pull = [&](auto of) { of(program, state, drawn, cells, counts); };
  if (program.shape == Shape::kTwoPities) {
    return pull(PullGroupsOf<TwoPities<false>, 3, kCounted>);
  }
  if (program.shape == Shape::kTwoPitiesAtHalf) {
    return pull(PullGroupsOf<TwoPities<true>, 3, kCounted>);
  }
  switch (program.tiers.size()) {
    case 1:
      return pull(PullGroupsOf<AnyShape, 1, kCounted>);
    case 2:
      return pull(PullGroupsOf<AnyShape, 2, kCounted>);
    case 3:
      return pull(PullGroupsOf<AnyShape, 3, kCounted>);
    case 4:
      return pull(PullGroupsOf<AnyShape, 4, kCounted>);
    case 5:
      return pull(PullGroupsOf<AnyShape, 5, kCounted>);
    default:
      return pull(PullGroupsOf<AnyShape, 6, kCounted>);
  }
}

// floor(word / width) for columns of 2^32 / columns words, less at most as many
// words as the wheel has parts: the product of the high halves is that or one
// less, since columns * parts < 2^30.
HWY_INLINE Lanes ColumnsOf(const Program& program, const Lanes& group,
                           const Lanes& words) {
  const D d;
  const std::size_t groups = program.groups;
  const V one = hn::Set(d, 1);
  const Lanes columns = Lookup(program.At(program.columns), groups, group);
  const Lanes last = Lookup(program.At(program.last_in_column), groups, group);
  Lanes cell = Lookup(program.At(program.first_column), groups, group);
  for (std::size_t u = 0; u < kUnroll; ++u) {
    const V high = hn::ShiftRight<16>(words.v[u]);
    const V guess = To32(hn::MulHigh(To16(high), To16(columns.v[u])));
    const V width = hn::Add(last.v[u], one);
    V place = hn::Sub(words.v[u], hn::Mul(guess, width));
    const auto next = hn::Gt(place, last.v[u]);
    cell.v[u] = hn::Add(cell.v[u], guess);
    cell.v[u] = hn::Add(cell.v[u], hn::IfThenElseZero(next, one));
    if (!program.weighted) continue;
    place = hn::Sub(place, hn::IfThenElseZero(next, width));
    const VI column = ToSigned(cell.v[u]);
    const V cut = hn::GatherIndex(d, program.At(program.last_own), column);
    const V items =
        hn::GatherIndex(d, program.At(program.own_and_alias), column);
    cell.v[u] = hn::IfThenElse(hn::Gt(place, cut), hn::ShiftRight<16>(items),
                               hn::And(items, hn::Set(d, 0xffff)));
  }
  return cell;
}

// Makes the cells of groups those of items.
HWY_NOINLINE void PullItems(const Program& program, const Drawn& drawn,
                            std::uint16_t* cells) {
  const D d;
  const hn::Rebind<std::uint16_t, D> d16;
  for (std::size_t step = 0; step < drawn.steps; ++step) {
    std::uint16_t* const at = cells + step * kLanes;
    Lanes group;
    for (std::size_t u = 0; u < kUnroll; ++u) {
      group.v[u] = hn::PromoteTo(d, hn::LoadU(d16, at + u * kN));
    }
    StoreCells(ColumnsOf(program, group, LoadLanes(drawn.second[step])), at);
  }
}

void RunLanes(const Program& program, CellKind kind, std::size_t steps,
              LaneState& state, std::uint16_t* cells, Counts* counts) {
  Drawn drawn;
  while (steps > 0) {
    DrawWords(program, std::min(steps, kSteps), state, drawn);
    if (counts != nullptr) {
      PullGroups<true>(program, state, drawn, cells, counts);
    } else {
      PullGroups<false>(program, state, drawn, cells, counts);
    }
    if (drawn.last_in_doubt) {
      const std::uint32_t* const last = program.At(program.last_item_word);
      Redraw(state.words, drawn.second[drawn.steps - 1],
             [&drawn, last](std::size_t i) { return last[drawn.group[i]]; });
    }
    if (kind == CellKind::kItem) PullItems(program, drawn, cells);
    cells += drawn.steps * kLanes;
    steps -= drawn.steps;
  }
}

// Copies lanes from `first` on between a block and the state that is worked on.
template <class From, class To>
void CopyLanes(const From& from, std::size_t from_lane, To& to,
               std::size_t to_lane) {
  const auto copy = [&](const auto& source, auto& target) {
    for (std::size_t i = 0; i < std::size(source); ++i) {
      std::copy_n(source[i] + from_lane, kTogether, target[i] + to_lane);
    }
  };
  copy(from.words, to.words);
  copy(from.counters, to.counters);
}

void Run(const Program& program, CellKind kind, std::size_t steps,
         LaneBlock& block, std::uint16_t* cells, std::uint64_t* counts) {
  const D d;
  Counts counted;
  for (std::size_t first = 0; first < kLanes; first += kTogether) {
    LaneState state;
    CopyLanes(block, first, state, 0);
    RunLanes(program, kind, steps, state, cells + first,
             counts == nullptr ? nullptr : &counted);
    CopyLanes(state, 0, block, first);
  }
  if (counts == nullptr) return;
  std::uint64_t rest = steps * kLanes;
  for (std::uint32_t g = 0; g + 1 < program.groups; ++g) {
    const std::uint32_t count =
        hn::GetLane(hn::SumOfLanes(d, hn::Load(d, counted.of_group[g])));
    counts[g] += count;
    rest -= count;
  }
  counts[program.groups - 1] += rest;
}

#endif  // HWY_TARGET != HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace fairpull::internal
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace fairpull::internal {

HWY_EXPORT(Vectorised);
HWY_EXPORT(Run);

bool HasKernel() { return HWY_DYNAMIC_DISPATCH(Vectorised)(); }

const char* KernelTarget() {
  const std::int64_t targets = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(targets & -targets);  // the lowest bit is the best
}

void RunKernel(const Program& program, CellKind kind, std::size_t steps,
               LaneBlock& lanes, std::uint16_t* cells, std::uint64_t* counts) {
  HWY_DYNAMIC_DISPATCH(Run)(program, kind, steps, lanes, cells, counts);
}

}  // namespace fairpull::internal
#endif  // HWY_ONCE
