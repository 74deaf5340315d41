// Simulations of the genshin-character banner with counts, beside the scalar
// engine and the same rules in NumPy (numpy_lockstep.py, started from here by
// the interpreter that PYTHON names); and outcomes as columns, beside setting
// as many bytes. All times are those of one pull.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fairpull/simulation/simulation.h"
#include "fairpull/simulation/tally.h"
#include "hwy/targets.h"
#include "shipped_banner.h"

namespace fairpull {
namespace {

constexpr std::uint64_t kPulls = std::uint64_t{1} << 16;

Simulation Make(const std::string& banner, CellKind cells,
                bool scalar_only = false) {
  return Simulation::Make(LoadShipped(banner), {.seed = 1,
                                                .players = kLanes,
                                                .pulls = kPulls,
                                                .cells = cells,
                                                .scalar_only = scalar_only})
      .value();
}

void RunChunk(const Simulation& simulation, Tally& tally) {
  ChunkRun run(simulation, 0);
  while (run.Next()) tally.Add(run.block());
}

void CountPulls(benchmark::State& run, const Simulation& simulation) {
  Tally tally(simulation);
  for (auto _ : run) RunChunk(simulation, tally);
  benchmark::DoNotOptimize(tally.cells());
  run.SetItemsProcessed(static_cast<std::int64_t>(tally.draws()));
  run.SetLabel(simulation.vectors());
}

void BM_SimulateRarities(benchmark::State& run) {
  CountPulls(run, Make("genshin-character", CellKind::kGroup));
}
BENCHMARK(BM_SimulateRarities)->UseRealTime();

void BM_SimulateItems(benchmark::State& run) {
  CountPulls(run, Make("genshin-character", CellKind::kItem));
}
BENCHMARK(BM_SimulateItems)->UseRealTime();

void BM_SimulateScalar(benchmark::State& run) {
  CountPulls(run, Make("genshin-character", CellKind::kItem, true));
}
BENCHMARK(BM_SimulateScalar)->UseRealTime();

void BM_SimulateFatePoints(benchmark::State& run) {
  CountPulls(run, Make("genshin-weapon-path2", CellKind::kGroup));
}
BENCHMARK(BM_SimulateFatePoints)->UseRealTime();

// Each thread has the whole of what one has above.
void BM_SimulateTwoThreads(benchmark::State& run) {
  const Simulation simulation = Make("genshin-character", CellKind::kGroup);
  Tally tallies[] = {Tally(simulation), Tally(simulation)};
  for (auto _ : run) {
    std::jthread other([&] { RunChunk(simulation, tallies[1]); });
    RunChunk(simulation, tallies[0]);
  }
  run.SetItemsProcessed(
      static_cast<std::int64_t>(tallies[0].draws() + tallies[1].draws()));
}
BENCHMARK(BM_SimulateTwoThreads)->UseRealTime();

void OnVectors(benchmark::State& run, std::int64_t target) {
  hwy::SetSupportedTargetsForTest(0);
  if ((hwy::SupportedTargets() & target) == 0) {
    return run.SkipWithError("this machine has no such vectors");
  }
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().DeInit();
  CountPulls(run, Make("genshin-character", CellKind::kGroup));
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

void BM_SimulateAvx2(benchmark::State& run) { OnVectors(run, HWY_AVX2); }
BENCHMARK(BM_SimulateAvx2)->UseRealTime();

void BM_SimulateSse4(benchmark::State& run) { OnVectors(run, HWY_SSE4); }
BENCHMARK(BM_SimulateSse4)->UseRealTime();

constexpr std::uint64_t kColumnPulls = 4096;

void BM_OutcomeColumns(benchmark::State& run) {
  const Simulation simulation =
      Simulation::Make(LoadShipped("genshin-character"),
                       {.players = kLanes, .pulls = kColumnPulls})
          .value();
  std::vector<std::uint16_t> rows(kLanes * kColumnPulls);
  for (auto _ : run) {
    ChunkRun chunk(simulation, 0);
    while (chunk.Next()) {
      WriteItems(simulation, chunk.block(),
                 rows.data() + chunk.block().first_draw, kColumnPulls);
    }
    benchmark::ClobberMemory();
  }
  run.SetItemsProcessed(run.iterations() *
                        static_cast<std::int64_t>(rows.size()));
}
BENCHMARK(BM_OutcomeColumns)->UseRealTime();

void BM_MemsetColumns(benchmark::State& run) {
  std::vector<std::uint16_t> rows(kLanes * kColumnPulls);
  for (auto _ : run) {
    std::memset(rows.data(), 1, rows.size() * sizeof(rows[0]));
    benchmark::ClobberMemory();
  }
  run.SetItemsProcessed(run.iterations() *
                        static_cast<std::int64_t>(rows.size()));
}
BENCHMARK(BM_MemsetColumns)->UseRealTime();

void BM_NumPyLockstep(benchmark::State& run) {
  const char* const python = std::getenv("PYTHON");
  if (python == nullptr) {
    return run.SkipWithError("PYTHON names no interpreter with NumPy");
  }
  constexpr int kSteps = 2000;
  constexpr int kPlayers = 20'000;
  std::int64_t pulls = 0;
  for (auto _ : run) {
    const std::string command =
        std::string(python) + " " + FAIRPULL_SOURCE_DIR +
        "/benchmarks/numpy_lockstep.py " + std::to_string(kSteps) + " 1";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> output(
        popen(command.c_str(), "r"), pclose);
    double seconds = 0;
    if (output == nullptr || std::fscanf(output.get(), "%lf", &seconds) != 1) {
      return run.SkipWithError("numpy_lockstep.py printed no time");
    }
    run.SetIterationTime(seconds * kSteps * kPlayers);
    pulls += std::int64_t{kSteps} * kPlayers;
  }
  run.SetItemsProcessed(pulls);
}
BENCHMARK(BM_NumPyLockstep)->UseManualTime()->Iterations(1);

}  // namespace
}  // namespace fairpull
