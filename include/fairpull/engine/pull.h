// One pull: the only place where the rules of a banner are executed.
//
// A draw takes two words, each after those that were rejected: the first falls
// on the wheel of the counter state and gives the group (rarity and pool), the
// second gives the item inside the group. That order is a frozen contract.
//
//   PityState state = banner.counters().Start();
//   PcgSource bits = PcgSource::Seeded(7);
//   Outcome outcome = Pull(banner, state, bits);  // moves the state on
//   banner.items()[outcome.item].name;

#ifndef FAIRPULL_ENGINE_PULL_H_
#define FAIRPULL_ENGINE_PULL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/base/attributes.h"
#include "fairpull/banner/banner.h"
#include "fairpull/engine/outcome.h"
#include "fairpull/engine/pool.h"
#include "fairpull/pity/counter.h"
#include "fairpull/random/bit_source.h"

namespace fairpull {

namespace internal {

// What a draw comes to that is made aside.
template <BitSource Bits>
struct Drawn {
  Outcome outcome;
  PityState state;
  Bits bits;
};

// Draws that are not plain are made on copies by functions without any effect
// but their result: so on the way that is taken nearly always the compiler
// knows that the banner does not change, and no address of state and source is
// known, so that both stay in registers.
template <BitSource Bits>
[[gnu::pure, gnu::noinline, gnu::cold]] Drawn<Bits> DrawAside(
    const Banner& banner, PityState state, Bits bits) {
  const Outcome outcome = DrawFromPool(banner, state, bits);
  return {outcome, state, std::move(bits)};
}

template <BitSource Bits>
[[gnu::pure, gnu::noinline, gnu::cold]] Drawn<Bits> PullAside(
    const Banner& banner, PityState state, Bits bits);

// A draw that is nothing but its two words and a step.
template <BitSource Bits>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Outcome DrawPlain(const Banner& banner,
                                                      Lanes& value,
                                                      Bits& bits) {
  const WheelTable& wheels = banner.wheels();
  const std::uint32_t word = wheels.AcceptForAny(bits);
  const std::uint32_t g = wheels.Pick(banner.Row(value), word);
  const Group& group = banner.groups()[g];
  value = group.step.After(value);
  return {.item = static_cast<std::uint16_t>(group.table.Pick(bits)),
          .group = static_cast<std::uint8_t>(g),
          .rarity = group.rarity};
}

}  // namespace internal

// Draws once, in the batch that `state` stands in; `state` becomes the next
// one. A pure function of its arguments: no allocation, no I/O, no clock.
// `state` is one of the banner's counters().
template <BitSource Bits>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Outcome Draw(const Banner& banner,
                                                 PityState& state, Bits& bits) {
  if (__builtin_expect_with_probability(banner.draws_are_plain(), 1, 1.0)) {
    Lanes value = ToLanes(state.value);
    const Outcome outcome = internal::DrawPlain(banner, value, bits);
    state.value = ToArray(value);
    return outcome;
  }
  internal::Drawn<Bits> drawn =
      internal::DrawAside(banner, state, std::move(bits));
  state.value = drawn.state.value;
  state.taken = drawn.state.taken;
  bits = std::move(drawn.bits);
  return drawn.outcome;
}

// Draws as a player does who has no counters: the wheel of a clean state, and
// nothing is read or moved.
template <BitSource Bits>
inline Outcome DrawDetached(const Banner& banner, Bits& bits) {
  PityState clean = banner.counters().Start();
  return Draw(banner, clean, bits);
}

// Begins a batch of `size` pulls: what is done before its first draw, by whose
// source a word is taken if the batch has a mixture.
template <BitSource Bits>
inline void BeginBatch(const Banner& banner, std::uint32_t size,
                       PityState& state, Bits& bits) {
  const BatchPlan& plan = banner.batch_plan();
  bool in_mixture = false;
  if (plan.mixes(size)) {
    const Uniform<typename Bits::Word> wheel(plan.mixture.denominator());
    in_mixture = wheel.Accept(bits) < wheel.Threshold(plan.mixture.numerator());
  }
  state.value = plan.Begin(state.value, size, in_mixture);
}

// Ends it: what is done after its last draw.
inline void EndBatch(const Banner& banner, PityState& state) {
  state.value = banner.batch_plan().End(state.value);
}

namespace internal {

template <BitSource Bits>
Drawn<Bits> PullAside(const Banner& banner, PityState state, Bits bits) {
  BeginBatch(banner, 1, state, bits);
  const Outcome outcome = Draw(banner, state, bits);
  EndBatch(banner, state);
  return {outcome, state, std::move(bits)};
}

}  // namespace internal

// Draws once from `banner` for a player in `state`, which becomes the next
// state: a batch of one.
template <BitSource Bits>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Outcome Pull(const Banner& banner,
                                                 PityState& state, Bits& bits) {
  if (__builtin_expect_with_probability(banner.pulls_are_plain(), 1, 1.0)) {
    Lanes value = ToLanes(state.value);
    const Outcome outcome = internal::DrawPlain(banner, value, bits);
    state.value = ToArray(value);
    return outcome;
  }
  internal::Drawn<Bits> drawn =
      internal::PullAside(banner, state, std::move(bits));
  state.value = drawn.state.value;
  state.taken = drawn.state.taken;
  bits = std::move(drawn.bits);
  return drawn.outcome;
}

// Pulls `count` times and calls `visit(outcome)` after each: what as many calls
// of Pull do, but faster, since the banner is asked once and the state stays
// in registers. `visit` neither looks at `state` or `bits` nor throws.
template <BitSource Bits, class Visit>
inline void PullEach(const Banner& banner, std::uint64_t count,
                     PityState& state, Bits& bits, Visit visit) {
  if (!banner.pulls_are_plain()) {
    for (; count > 0; --count) visit(Pull(banner, state, bits));
    return;
  }
  Lanes value = ToLanes(state.value);
  Bits source = std::move(bits);
  for (; count > 0; --count) {
    visit(internal::DrawPlain(banner, value, source));
  }
  state.value = ToArray(value);
  bits = std::move(source);
}

// The counter of the pulls since a rarity's last hit; nothing for a rarity
// without pity, or whose pity counts batches.
[[nodiscard]] inline std::optional<std::size_t> WaitCounter(
    const Banner& banner, std::size_t rarity) {
  const bool by_pulls =
      banner.spec().rarities[rarity].pity_counts == PityCounts::kPulls;
  return by_pulls ? banner.rarities()[rarity].counters.pity : std::nullopt;
}

// How many pulls the outcome's rarity took since its last hit, this one
// included, as far as the banner counts them (up to its hard pity); 0 for a
// rarity without a WaitCounter. `before` is the state that the draw was made
// in.
[[nodiscard]] inline std::uint32_t PullsWaited(const Banner& banner,
                                               const PityState& before,
                                               const Outcome& outcome) {
  const std::optional<std::size_t> counter =
      WaitCounter(banner, outcome.rarity);
  return counter.has_value() ? before.value[*counter] + 1u : 0u;
}

}  // namespace fairpull

#endif  // FAIRPULL_ENGINE_PULL_H_
