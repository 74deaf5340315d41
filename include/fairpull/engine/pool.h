// Draws from pools that remember: a box, which does not give a thing twice, and
// rarities whose items do not repeat until all are owned.
//
// The wheel gives the group as on any banner, since how much is left of each
// rarity is a counter; here the item is drawn from what is left of the group,
// one part of a wheel for each thing. Draw (engine/pull.h) calls this.

#ifndef FAIRPULL_ENGINE_POOL_H_
#define FAIRPULL_ENGINE_POOL_H_

#include <cstdint>

#include "fairpull/banner/banner.h"
#include "fairpull/engine/outcome.h"
#include "fairpull/pity/counter.h"
#include "fairpull/random/bit_source.h"
#include "fairpull/random/uniform.h"

namespace fairpull {

// How many things of a group are left for a player in `state`; all of them
// count again once each is owned.
[[nodiscard]] inline std::uint32_t LeftIn(const Banner& banner,
                                          const Group& group,
                                          const PityState& state) {
  std::uint32_t left = 0;
  for (const std::uint16_t i : group.items) {
    const Item& item = banner.items()[i];
    left += static_cast<std::uint32_t>(item.stock -
                                       state.taken[*item.pool_counter]);
  }
  return left;
}

// A draw from a banner whose draws are not plain: fills a box anew that is used
// up, and settles the counters that need it.
template <BitSource Bits>
Outcome DrawFromPool(const Banner& banner, PityState& state, Bits& bits) {
  const std::uint32_t row = banner.Row(state.value);
  const std::uint32_t g =
      banner.wheels().Pick(row, banner.wheels().Accept(row, bits));
  const Group& group = banner.groups()[g];
  Outcome outcome{.group = static_cast<std::uint8_t>(g),
                  .rarity = group.rarity};
  if (!group.remembers) {
    outcome.item = static_cast<std::uint16_t>(group.table.Pick(bits));
  } else {
    const std::uint32_t left = LeftIn(banner, group, state);
    const Uniform<typename Bits::Word> wheel(
        left != 0 ? left : static_cast<std::uint32_t>(group.items.size()));
    std::uint32_t place = wheel.Value(wheel.Accept(bits));
    for (const std::uint16_t i : group.items) {
      const Item& item = banner.items()[i];
      std::int16_t& taken = state.taken[*item.pool_counter];
      const auto parts =
          static_cast<std::uint32_t>(left != 0 ? item.stock - taken : 1);
      if (place < parts) {
        outcome.item = i;
        if (left != 0) ++taken;
        break;
      }
      place -= parts;
    }
  }
  state.value = group.step.After(state.value);
  if (banner.Settle(state.value)) state.taken = {};
  return outcome;
}

}  // namespace fairpull

#endif  // FAIRPULL_ENGINE_POOL_H_
