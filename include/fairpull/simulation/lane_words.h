// The words of a simulated player: xoshiro128++ (Blackman and Vigna,
// "Scrambled Linear Pseudorandom Number Generators", 2021), one generator for
// each lane of each chunk of players.
//
// Why this one: it is made of shifts, rotations and exclusive ors of 32 bits,
// which every vector unit has; it passes TestU01's BigCrush and PractRand; its
// period is 2^128 - 1 words. Each generator starts where Threefry-2x64 with 20
// rounds (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011),
// keyed by the seed, puts (chunk, lane). That is a bijection, so no two lanes
// of a seed start alike; and the odds that two of n lanes overlap within L
// words each are below n^2 L / 2^128: 2^-30 for 2^29 lanes of 2^40 words.
//
// The words depend on seed, chunk and lane only, not on who draws them, when,
// or how many lanes a machine works on at once. For simulation, never for live
// draws: the state can be recovered from a few words.
//
//   LaneWords bits(/*seed=*/7, /*chunk=*/0, /*lane=*/3);
//   Outcome outcome = Pull(banner, state, bits);

#ifndef FAIRPULL_SIMULATION_LANE_WORDS_H_
#define FAIRPULL_SIMULATION_LANE_WORDS_H_

#include <array>
#include <bit>
#include <cstdint>

namespace fairpull {

// How many players are drawn for side by side, on whatever machine.
inline constexpr std::uint32_t kLanes = 64;

// Not safe for concurrent use.
class LaneWords {
 public:
  using Word = std::uint32_t;
  using State = std::array<std::uint32_t, 4>;

  // `lane` is below kLanes, `chunk` below 2^58.
  LaneWords(std::uint64_t seed, std::uint64_t chunk, std::uint32_t lane);
  // Goes on where `state` was taken.
  explicit LaneWords(const State& state) : state_(state) {}

  Word Next() {
    const Word word = std::rotl(state_[0] + state_[3], 7) + state_[0];
    const Word shifted = state_[1] << 9;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 11);
    return word;
  }

  [[nodiscard]] const State& state() const { return state_; }

 private:
  State state_;
};

// Threefry-2x64-20 of `counter` under `key`.
[[nodiscard]] std::array<std::uint64_t, 2> Threefry2x64(
    std::array<std::uint64_t, 2> key, std::array<std::uint64_t, 2> counter);

}  // namespace fairpull

#endif  // FAIRPULL_SIMULATION_LANE_WORDS_H_
