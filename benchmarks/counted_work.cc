// A number of pulls and nothing else, for instruction_gate.py to count.
//
//   counted_work each|one|live|vectors PULLS

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "fairpull/engine/pull.h"
#include "fairpull/random/fair_source.h"
#include "fairpull/random/pcg_source.h"
#include "fairpull/simulation/simulation.h"
#include "fairpull/simulation/tally.h"
#include "shipped_banner.h"

namespace fairpull {
namespace {

// By PullEach, as a simulation asks for them.
std::uint64_t Each(const Banner& banner, std::uint64_t pulls) {
  PcgSource bits = PcgSource::Seeded(1);
  PityState state = banner.counters().Start();
  std::uint64_t sum = 0;
  PullEach(banner, pulls, state, bits,
           [&](const Outcome& outcome) { sum += outcome.item; });
  return sum;
}

std::uint64_t One(const Banner& banner, std::uint64_t pulls) {
  PcgSource bits = PcgSource::Seeded(1);
  PityState state = banner.counters().Start();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < pulls; ++i) {
    sum += Pull(banner, state, bits).item;
  }
  return sum;
}

std::uint64_t Live(const Banner& banner, std::uint64_t pulls) {
  const ServerSeed seed = *ServerSeed::FromHex(std::string(64, 'a'));
  PityState state = banner.counters().Start();
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < pulls; ++i) {
    FairSource bits(seed, {"player-1", "genshin-character", i + 1});
    sum += Pull(banner, state, bits).item;
  }
  return sum;
}

// In the vectors that there are; under callgrind these are AVX2's.
std::uint64_t Vectors(Banner banner, std::uint64_t pulls) {
  const Simulation simulation =
      Simulation::Make(std::move(banner), {.seed = 1,
                                           .players = kLanes,
                                           .pulls = pulls / kLanes,
                                           .cells = CellKind::kGroup})
          .value();
  std::cerr << simulation.vectors() << "\n";
  Tally tally(simulation);
  ChunkRun run(simulation, 0);
  while (run.Next()) tally.Add(run.block());
  return tally.draws();
}

int Main(const std::string& what, std::uint64_t pulls) {
  const Banner banner = LoadShipped("genshin-character");
  if (what == "each") {
    std::cout << Each(banner, pulls) << "\n";
  } else if (what == "one") {
    std::cout << One(banner, pulls) << "\n";
  } else if (what == "live") {
    std::cout << Live(banner, pulls) << "\n";
  } else if (what == "vectors") {
    std::cout << Vectors(banner, pulls) << "\n";
  } else {
    std::cerr << "usage: counted_work each|one|live|vectors PULLS\n";
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace fairpull

int main(int argc, char** argv) {
  return fairpull::Main(argc == 3 ? argv[1] : "",
                        argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0);
}
