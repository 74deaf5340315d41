#include "fairpull/engine/pull.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#include "banner/files.h"
#include "fairpull/random/fair_source.h"
#include "fairpull/random/pcg_source.h"
#include "fairpull/random/scripted_source.h"

namespace fairpull {
namespace {

std::size_t allocations = 0;  // counted by operator new below

}  // namespace
}  // namespace fairpull

void* operator new(std::size_t size) {
  ++fairpull::allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
// std::stable_sort and the like ask in this way.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++fairpull::allocations;
  return std::malloc(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace fairpull {
namespace {

using Values = std::vector<std::pair<std::string, std::int64_t>>;

Banner Small() {
  return Banner::FromJson(testing::kSmallBanner, "small.json").value();
}

// k = floor(2^32 / 400) = 10737418: the places of the wheel are the words
// r * k. In the clean state gold featured has 0 to 2, gold others 3, silver 4
// to 43, tin the rest.
constexpr std::uint32_t kPlace = 10737418;

std::string Drawn(const Banner& banner, const Values& state,
                  std::vector<std::uint32_t> words) {
  PityState pity = *banner.counters().FromValues(state);
  ScriptedSource<> bits(std::move(words));
  const Outcome outcome = Pull(banner, pity, bits);
  EXPECT_FALSE(bits.overran());
  return banner.items()[outcome.item].id.value() + " " +
         banner.counters().Serialize(pity);
}

TEST(PullTest, TheFirstWordGivesTheGroupTheSecondTheItem) {
  const Banner banner = Small();
  EXPECT_EQ(Drawn(banner, {}, {0, 0}),
            "g1 guarantee:gold=0,pity:gold=0,pity:silver=0");
  EXPECT_EQ(Drawn(banner, {}, {3 * kPlace - 1, 0}),
            "g1 guarantee:gold=0,pity:gold=0,pity:silver=0");
  EXPECT_EQ(Drawn(banner, {}, {3 * kPlace, 0}),
            "g2 guarantee:gold=1,pity:gold=0,pity:silver=0");
  EXPECT_EQ(Drawn(banner, {}, {4 * kPlace, 0}),
            "s1 guarantee:gold=0,pity:gold=1,pity:silver=0");
  EXPECT_EQ(Drawn(banner, {}, {43 * kPlace, 3 * 715827882u}),
            "s2 guarantee:gold=0,pity:gold=1,pity:silver=0");
  EXPECT_EQ(Drawn(banner, {}, {44 * kPlace, 5}),
            "t1 guarantee:gold=0,pity:gold=1,pity:silver=1");
}

TEST(PullTest, TakesTheNextWordForEachRejectedOne) {
  const Banner banner = Small();
  // 400 * k = 4294967200 and above are rejected.
  EXPECT_EQ(Drawn(banner, {}, {4294967200u, 4294967295u, 0, 7}),
            "g1 guarantee:gold=0,pity:gold=0,pity:silver=0");
}

TEST(PullTest, AHardPityIsCertainForTheLowestAndTheHighestWord) {
  const Banner banner = Small();
  for (const std::uint32_t word : {0u, 399 * kPlace + kPlace - 1}) {
    EXPECT_EQ(Drawn(banner, {{"pity:gold", 7}}, {word, 0}).substr(0, 1), "g");
    EXPECT_EQ(
        Drawn(banner, {{"pity:gold", 7}, {"guarantee:gold", 1}}, {word, 0})
            .substr(0, 2),
        "g1");
  }
}

TEST(PullTest, AllocatesNothing) {
  const Banner banner = Small();
  PcgSource bits = PcgSource::Seeded(1);
  PityState state = banner.counters().Start();
  const std::size_t before = allocations;
  for (int i = 0; i < 1000; ++i) {
    const Outcome outcome = Pull(banner, state, bits);
    ASSERT_LT(outcome.item, 5);
  }
  EXPECT_EQ(allocations, before);
}

TEST(PullTest, AFairDrawCanBeMadeAgain) {
  const Banner banner = Small();
  const ServerSeed seed = *ServerSeed::FromHex(std::string(64, 'a'));
  for (std::uint64_t n = 1; n <= 100; ++n) {
    PityState first;
    PityState again;
    FairSource bits(seed, {"p", "small", n});
    FairSource same(seed, {"p", "small", n});
    EXPECT_EQ(Pull(banner, first, bits), Pull(banner, again, same));
  }
}

// A million pulls of the best-recorded banner. The long-run rates and the
// hazards are the exact ones of its chain; a deviation of 6.5 standard
// deviations has a false-alarm rate below 1e-10 each, and the seed is fixed.
class MillionPullsTest : public ::testing::Test {
 protected:
  static constexpr int kPulls = 1'000'000;

  MillionPullsTest() {
    const Banner banner = testing::LoadShipped("genshin-character");
    PcgSource bits = PcgSource::Seeded(20261122);
    PityState state = banner.counters().Start();
    int wait = 0;
    for (int i = 0; i < kPulls; ++i) {
      const Outcome outcome = Pull(banner, state, bits);
      ++count_[outcome.rarity];
      ++wait;
      ++tried_.at(wait);
      if (outcome.rarity == 1) {
        ++hit_.at(wait);
        wait = 0;
      }
    }
  }

  std::array<int, 3> count_{};
  std::array<int, 32> tried_{};  // by pulls since the last 4-star
  std::array<int, 32> hit_{};
};

TEST_F(MillionPullsTest, RatesAreTheExactOnes) {
  // Counts of a renewal process: sigma = sqrt(n * variance / mean^3), with
  // mean 62.2973 and variance 591.086 of the 5-star's waits, 7.65893 and
  // 8.07900 of the 4-star's.
  EXPECT_NEAR(count_[0], kPulls * 0.0160520517855217557, 6.5 * 49.5);
  EXPECT_NEAR(count_[1], kPulls * 0.130566566833941315, 6.5 * 134.1);
}

TEST_F(MillionPullsTest, HazardsOfAFourStarAtWaitsOneToTwelve) {
  // P(4-star at wait w | none before), from the stationary chain: a 5-star
  // displaces a due 4-star, which stays due at 11 and 12.
  constexpr std::array<double, 13> kHazard = {
      0,     0.051, 0.051,        0.051,        0.051, 0.051, 0.051,
      0.051, 0.051, 0.5608126587, 0.9882573878, 0.994, 0.994};
  for (std::size_t wait = 1; wait <= 12; ++wait) {
    const double n = tried_[wait];
    const double p = kHazard[wait];
    EXPECT_NEAR(hit_[wait], n * p, 6.5 * std::sqrt(n * p * (1 - p)) + 1)
        << wait;
  }
  EXPECT_GT(tried_[11], 300);  // expected 443 + 3
  EXPECT_EQ(tried_[15], 0);
}

}  // namespace
}  // namespace fairpull
