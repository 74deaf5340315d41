// The vector kernel: pulls for kLanes players at once, in whatever vectors the
// machine has, chosen when the program runs.

#ifndef FAIRPULL_SRC_SIMULATION_KERNEL_H_
#define FAIRPULL_SRC_SIMULATION_KERNEL_H_

#include <cstddef>
#include <cstdint>

#include "fairpull/simulation/lane_words.h"
#include "fairpull/simulation/simulation.h"
#include "program.h"

namespace fairpull::internal {

// Words and counters of kLanes players, lane by lane.
struct LaneBlock {
  alignas(64) std::uint32_t words[4][kLanes];
  alignas(64) Pair counters[kMaxPairs][kLanes];
};

// Whether the machine has vectors that the kernel runs on.
[[nodiscard]] bool HasKernel();
// Their name: "AVX3" is AVX-512.
[[nodiscard]] const char* KernelTarget();

// Pulls `steps` times for each lane, as Pull does with the lane's words, and
// moves `lanes` on. The outcomes go to `cells`, kLanes for each step: groups,
// or columns of items as Program counts them. Both words are taken for each
// pull whatever the kind of cell. Adds how often each group was drawn to
// `counts`, unless it is null; the program has at most kMaxCounted groups then.
void RunKernel(const Program& program, CellKind kind, std::size_t steps,
               LaneBlock& lanes, std::uint16_t* cells, std::uint64_t* counts);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_SIMULATION_KERNEL_H_
