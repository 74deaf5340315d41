// Endless words of a simulation, as bytes, for a battery of tests to read:
//
//   word_stream SEED | dieharder -g 200 -a
//
// In the order in which a step of the kernel takes them: one of each lane, and
// so on; after a while the lanes of the next chunk. Ends when nobody reads any
// more.

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "fairpull/simulation/lane_words.h"

int main(int argc, char** argv) {
  using fairpull::kLanes;
  using fairpull::LaneWords;
  constexpr int kStepsOfAChunk = 1 << 16;
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  std::array<std::uint32_t, kLanes * 1024> words;
  for (std::uint64_t chunk = 0;; ++chunk) {
    std::vector<LaneWords> lanes;
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
      lanes.emplace_back(seed, chunk, lane);
    }
    for (int step = 0; step < kStepsOfAChunk; step += 1024) {
      for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = lanes[i % kLanes].Next();
      }
      if (std::fwrite(words.data(), sizeof(words), 1, stdout) != 1) return 0;
    }
  }
}
