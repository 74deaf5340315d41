#include "fairpull/simulation/lane_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace fairpull {
namespace {

// 6.36 standard deviations: odds of 1e-10 on either side for a normal variable.
constexpr double kFar = 6.36;

TEST(LaneWordsTest, ThreefryGivesTheWordsThatItsAuthorsPublish) {
  // From kat_vectors of Random123 1.09, threefry2x64 with 20 rounds.
  EXPECT_EQ(
      Threefry2x64({0, 0}, {0, 0}),
      (std::array<std::uint64_t, 2>{0xc2b6e3a8c2c69865u, 0x6f81ed42f350084du}));
  EXPECT_EQ(
      Threefry2x64({~0ull, ~0ull}, {~0ull, ~0ull}),
      (std::array<std::uint64_t, 2>{0xe02cb7c4d95d277au, 0xd06633d0893b8b68u}));
}

TEST(LaneWordsTest, XoshiroGivesTheWordsOfTheReference) {
  // The C program of Blackman and Vigna from the state 1, 2, 3, 4.
  LaneWords words({1, 2, 3, 4});
  for (const std::uint32_t word :
       {641u, 1573767u, 3222811527u, 3517856514u, 836907274u, 4247214768u,
        3867114732u, 1355841295u, 495546011u, 621204420u}) {
    EXPECT_EQ(words.Next(), word);
  }
}

TEST(LaneWordsTest, NoTwoLanesStartAlike) {
  std::set<LaneWords::State> starts;
  std::size_t made = 0;
  for (std::uint64_t seed = 0; seed < 16; ++seed) {
    for (const std::uint64_t chunk :
         {0ull, 1ull, 2ull, 63ull, 64ull, 1ull << 40}) {
      for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
        starts.insert(LaneWords(seed, chunk, lane).state());
        ++made;
      }
    }
  }
  EXPECT_EQ(starts.size(), made);
}

TEST(LaneWordsTest, LanesSharePairsOfWordsNoMoreOftenThanByChance) {
  // A million words of 64 lanes and several chunks, two next to each other
  // taken as one of 64 bits: about n^2 / 2^65 = 3e-8 pairs are alike by chance,
  // many if two lanes overlap.
  std::vector<std::uint64_t> seen;
  for (std::uint64_t chunk = 0; chunk < 4; ++chunk) {
    for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
      LaneWords words(1, chunk, lane);
      std::uint64_t last = words.Next();
      for (int i = 0; i < 4000; ++i) {
        const std::uint64_t next = words.Next();
        seen.push_back(last << 32 | next);
        last = next;
      }
    }
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

// How far the number of bits that differ between two sequences is from half of
// them, in standard deviations.
template <class First, class Second>
double BitDistance(const First& first, const Second& second, int words) {
  std::int64_t differing = 0;
  for (int i = 0; i < words; ++i) {
    differing += std::popcount(first() ^ second());
  }
  const double bits = 32.0 * words;
  return (static_cast<double>(differing) - bits / 2) / std::sqrt(bits / 4);
}

TEST(LaneWordsTest, NeighboursAreIndependentBitByBit) {
  // Lanes, chunks and seeds beside each other: 3 * 64 comparisons, a false
  // alarm in 4e-8 of all seeds.
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    LaneWords base(5, 9, lane);
    LaneWords others[] = {LaneWords(5, 9, (lane + 1) % kLanes),
                          LaneWords(5, 10, lane), LaneWords(6, 9, lane)};
    for (LaneWords& other : others) {
      LaneWords words = base;
      EXPECT_LT(std::abs(BitDistance([&] { return words.Next(); },
                                     [&] { return other.Next(); }, 20'000)),
                kFar);
    }
  }
}

TEST(LaneWordsTest, WordsDoNotDependOnThoseBefore) {
  // Each bit against the same bit k words before: a false alarm in 8e-8.
  for (const int lag : {1, 2, 3, 4, 5, 6, 7, 8}) {
    for (std::uint32_t lane = 0; lane < kLanes; lane += 13) {
      LaneWords words(11, 0, lane);
      LaneWords later = words;
      for (int i = 0; i < lag; ++i) (void)later.Next();
      EXPECT_LT(std::abs(BitDistance([&] { return words.Next(); },
                                     [&] { return later.Next(); }, 50'000)),
                kFar)
          << "lag " << lag;
    }
  }
}

TEST(LaneWordsTest, RunsAboveAndBelowTheMiddleAreAsLongAsTheyShouldBe) {
  // Wald and Wolfowitz: of n words there are about (n + 1) / 2 runs, with a
  // variance of (n - 1) / 4. Across lanes as a step of the kernel takes them,
  // and along each lane.
  const auto distance = [](auto next, int n) {
    int runs = 1;
    bool high = next() >> 31 != 0;
    for (int i = 1; i < n; ++i) {
      const bool now = next() >> 31 != 0;
      runs += now != high ? 1 : 0;
      high = now;
    }
    return (runs - (n + 1) / 2.0) / std::sqrt((n - 1) / 4.0);
  };
  std::vector<LaneWords> lanes;
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    lanes.emplace_back(3, 2, lane);
    LaneWords words = lanes.back();
    EXPECT_LT(std::abs(distance([&] { return words.Next(); }, 50'000)), kFar);
  }
  std::size_t lane = 0;
  EXPECT_LT(std::abs(distance([&] { return lanes[lane++ % kLanes].Next(); },
                              3'200'000)),
            kFar);
}

TEST(LaneWordsTest, PairsFillTheSquareEvenly) {
  // 256 x 256 boxes of the highest bytes of two words in a row, 40 expected in
  // each: chi-square with 65535 degrees of freedom is nearly normal.
  std::vector<int> boxes(1 << 16);
  constexpr int kPairs = 40 << 16;
  std::vector<LaneWords> lanes;
  for (std::uint32_t lane = 0; lane < kLanes; ++lane)
    lanes.emplace_back(8, 1, lane);
  for (int i = 0; i < kPairs; ++i) {
    LaneWords& words = lanes[static_cast<std::size_t>(i) % kLanes];
    const std::uint32_t first = words.Next() >> 24;
    ++boxes[first << 8 | words.Next() >> 24];
  }
  double chi_square = 0;
  for (const int box : boxes) chi_square += (box - 40.0) * (box - 40.0) / 40.0;
  const double freedom = 65'535;
  EXPECT_LT(std::abs(chi_square - freedom) / std::sqrt(2 * freedom), kFar);
}

}  // namespace
}  // namespace fairpull
