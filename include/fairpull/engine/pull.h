// One pull: the only place where the rules of a banner are executed.
//
// A pull takes two words, each after those that were rejected: the first falls
// on the wheel of the counter state and gives the group (rarity and pool), the
// second gives the item inside the group. That order is a frozen contract.
//
//   PityState state;
//   PcgSource bits = PcgSource::Seeded(7);
//   Outcome outcome = Pull(banner, state, bits);  // moves the state on
//   banner.items()[outcome.item].name;

#ifndef FAIRPULL_ENGINE_PULL_H_
#define FAIRPULL_ENGINE_PULL_H_

#include <cstdint>

#include "absl/base/attributes.h"
#include "absl/types/span.h"
#include "fairpull/banner/banner.h"
#include "fairpull/engine/outcome.h"
#include "fairpull/pity/counter.h"
#include "fairpull/random/bit_source.h"

namespace fairpull {

// Draws once from `banner` for a player in `state`, which becomes the next
// state. A pure function of its arguments: no allocation, no I/O, no clock.
// `state` is one of the banner's counters().
template <BitSource Bits>
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Outcome Pull(const Banner& banner,
                                                 PityState& state, Bits& bits) {
  const WheelTable& wheels = banner.wheels();
  const std::uint32_t word = wheels.Accept(bits);
  const std::uint32_t g = wheels.Pick(banner.Row(state), word);
  const Group& group = banner.groups()[g];
  state = group.step.After(state);
  return {.item = static_cast<std::uint16_t>(group.table.Pick(bits)),
          .group = static_cast<std::uint8_t>(g),
          .rarity = group.rarity};
}

// A batch of pulls, one after the other, each in the state that the one before
// left: how a ten-pull without rules of its own works. Equal to calling Pull
// for each element of `outcomes`.
template <BitSource Bits>
void PullBatch(const Banner& banner, PityState& state, Bits& bits,
               absl::Span<Outcome> outcomes) {
  for (Outcome& outcome : outcomes) outcome = Pull(banner, state, bits);
}

// How many pulls the outcome's rarity took since its last hit, this one
// included, as far as the banner counts them (up to its hard pity); 0 for a
// rarity without pity. `before` is the state that the pull was made in.
[[nodiscard]] inline std::uint32_t PullsWaited(const Banner& banner,
                                               const PityState& before,
                                               const Outcome& outcome) {
  const auto& counter = banner.rarities()[outcome.rarity].pity_counter;
  return counter.has_value() ? before.value[*counter] + 1u : 0u;
}

}  // namespace fairpull

#endif  // FAIRPULL_ENGINE_PULL_H_
