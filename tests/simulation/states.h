// States that players can stand in, at random.

#ifndef FAIRPULL_TESTS_SIMULATION_STATES_H_
#define FAIRPULL_TESTS_SIMULATION_STATES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fairpull/banner/banner.h"
#include "fairpull/pity/counter.h"
#include "fairpull/random/pcg_source.h"
#include "fairpull/random/uniform.h"

namespace fairpull::testing {

// Each counter anywhere in its range; those of pools at their start.
inline std::vector<PityState> RandomStates(const Banner& banner,
                                           std::size_t count,
                                           std::uint64_t seed) {
  PcgSource bits = PcgSource::Seeded(seed);
  std::vector<PityState> states;
  const CounterSet& counters = banner.counters();
  while (states.size() < count) {
    PityState state = counters.Start();
    for (std::size_t i = 0; i < counters.size(); ++i) {
      const Counter& counter = counters[i];
      if (counter.life != CounterLife::kStored) continue;
      const Uniform<std::uint32_t> range(
          static_cast<std::uint64_t>(counter.cap - counter.lowest) + 1);
      state.value[i] = static_cast<std::int16_t>(
          counter.lowest + static_cast<int>(range.Value(range.Accept(bits))));
    }
    states.push_back(state);
  }
  return states;
}

}  // namespace fairpull::testing

#endif  // FAIRPULL_TESTS_SIMULATION_STATES_H_
