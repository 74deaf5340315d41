// One pull of the genshin-character banner (soft pity, rate-up with guarantee,
// choice of the item), beside the same rules written with the standard library.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/random/discrete_distribution.h"
#include "absl/random/random.h"
#include "fairpull/engine/batch.h"
#include "fairpull/engine/pull.h"
#include "fairpull/random/fair_source.h"
#include "fairpull/random/pcg_source.h"
#include "shipped_banner.h"

namespace fairpull {
namespace {

void BM_Pull(benchmark::State& run) {
  const Banner banner = LoadShipped("genshin-character");
  PcgSource bits = PcgSource::Seeded(1);
  PityState state = banner.counters().Start();
  // Summed instead of DoNotOptimize, which would write the generator back to
  // memory after every pull; the rival is measured in the same way.
  std::uint64_t sum = 0;
  for (auto _ : run) {
    sum += Pull(banner, state, bits).item;
  }
  benchmark::DoNotOptimize(sum);
  run.SetItemsProcessed(run.iterations());
}
BENCHMARK(BM_Pull);

// The same by thousands: what a simulation asks for.
void BM_PullEach(benchmark::State& run) {
  constexpr std::uint64_t kPulls = 1000;
  const Banner banner = LoadShipped("genshin-character");
  PcgSource bits = PcgSource::Seeded(1);
  PityState state = banner.counters().Start();
  std::uint64_t sum = 0;
  for (auto _ : run) {
    PullEach(banner, kPulls, state, bits,
             [&](const Outcome& outcome) { sum += outcome.item; });
  }
  benchmark::DoNotOptimize(sum);
  run.SetItemsProcessed(run.iterations() * kPulls);
}
BENCHMARK(BM_PullEach);

void BM_PullBatchOfTen(benchmark::State& run) {
  const Banner banner = LoadShipped("genshin-character");
  PcgSource bits = PcgSource::Seeded(1);
  PityState state = banner.counters().Start();
  std::array<Outcome, 10> outcomes;
  for (auto _ : run) {
    PullBatch(banner, 10, state, bits, absl::MakeSpan(outcomes));
    benchmark::DoNotOptimize(outcomes);
  }
  run.SetItemsProcessed(run.iterations() * 10);
}
BENCHMARK(BM_PullBatchOfTen);

// A live draw: the words come from HMAC-SHA256 over the draw's name.
void BM_PullFair(benchmark::State& run) {
  const Banner banner = LoadShipped("genshin-character");
  const ServerSeed seed = *ServerSeed::FromHex(std::string(64, 'a'));
  PityState state = banner.counters().Start();
  std::uint64_t sequence = 0;
  for (auto _ : run) {
    FairSource bits(seed, {"player-1", "genshin-character", ++sequence});
    benchmark::DoNotOptimize(Pull(banner, state, bits));
  }
  run.SetItemsProcessed(run.iterations());
}
BENCHMARK(BM_PullFair);

// The rivals: the same rules as a game server would write them, over a random
// generator and a discrete distribution of a library, with every distribution
// built beforehand.
template <typename Bits, typename Distribution>
class BannerByHand {
 public:
  BannerByHand() {
    for (int five = 0; five < 90; ++five) {
      for (int four = 0; four < 10; ++four) {
        const double p5 =
            five < 73 ? 0.006 : std::min(1.0, 0.006 + 0.06 * (five - 72));
        const double p4 = std::min(four < 8    ? 0.051
                                   : four == 8 ? 0.561
                                               : 1.0,
                                   1.0 - p5);
        rarity_.emplace_back(
            std::initializer_list<double>{p5, p4, 1.0 - p5 - p4});
      }
    }
    const std::array<std::size_t, 5> sizes = {1, 7, 3, 42, 13};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const std::vector<double> equal(sizes[i], 1.0);
      items_[i] = Distribution(equal.begin(), equal.end());
    }
  }

  int Pull(Bits& rng) {
    const int rarity = rarity_[pity5_ * 10 + pity4_](rng);
    pity5_ = rarity == 0 ? 0 : pity5_ + 1;
    pity4_ = rarity == 1 ? 0 : std::min(pity4_ + 1, std::size_t{9});
    if (rarity == 2) return 100 + items_[4](rng);
    bool& guaranteed = rarity == 0 ? guaranteed5_ : guaranteed4_;
    const bool featured = guaranteed || half_(rng) == 0;
    guaranteed = !featured;
    const int pool = rarity * 2 + (featured ? 0 : 1);
    return pool * 100 + items_[pool](rng);
  }

 private:
  std::vector<Distribution> rarity_;
  std::array<Distribution, 5> items_;
  Distribution half_{0.5, 0.5};
  std::size_t pity5_ = 0;
  std::size_t pity4_ = 0;
  bool guaranteed5_ = false;
  bool guaranteed4_ = false;
};

template <typename Bits, typename Distribution>
void PullByHand(benchmark::State& run, Bits rng) {
  BannerByHand<Bits, Distribution> banner;
  std::uint64_t sum = 0;
  for (auto _ : run) {
    sum += static_cast<std::uint64_t>(banner.Pull(rng));
  }
  benchmark::DoNotOptimize(sum);
  run.SetItemsProcessed(run.iterations());
}

void BM_StdPull(benchmark::State& run) {
  PullByHand<std::mt19937_64, std::discrete_distribution<int>>(
      run, std::mt19937_64(1));
}
BENCHMARK(BM_StdPull);

void BM_AbslPull(benchmark::State& run) {
  PullByHand<absl::InsecureBitGen, absl::discrete_distribution<int>>(run, {});
}
BENCHMARK(BM_AbslPull);

void BM_CompileBanner(benchmark::State& run) {
  for (auto _ : run) {
    benchmark::DoNotOptimize(LoadShipped("genshin-character"));
  }
}
BENCHMARK(BM_CompileBanner);

}  // namespace
}  // namespace fairpull
