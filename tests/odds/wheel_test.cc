#include "fairpull/odds/wheel.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "fairpull/random/scripted_source.h"

namespace fairpull {
namespace {

using Weights = std::vector<std::uint32_t>;

// Counts the outcomes over every place r of a wheel, each by the first and
// the last word that stands for it.
Weights CountPlaces(std::uint32_t size, const Weights& weights) {
  const Uniform<std::uint32_t> uniform(size);
  WheelTable table(static_cast<std::uint32_t>(weights.size()));
  const std::uint32_t row = table.AddRow(size, weights);
  Weights count(weights.size(), 0);
  for (std::uint32_t r = 0; r < size; ++r) {
    const auto first = static_cast<std::uint32_t>(uniform.Threshold(r));
    const auto last = static_cast<std::uint32_t>(uniform.Threshold(r + 1) - 1);
    const std::uint32_t outcome = table.Pick(row, first);
    EXPECT_EQ(outcome, table.Pick(row, last)) << r;
    ++count.at(outcome);
  }
  for (std::uint32_t i = 0; i < count.size(); ++i) {
    EXPECT_EQ(table.Weight(row, i), count[i]);
  }
  return count;
}

TEST(WheelTest, EachOutcomeHasExactlyItsWeight) {
  EXPECT_EQ(CountPlaces(1000, {6, 51, 943}), (Weights{6, 51, 943}));
  EXPECT_EQ(CountPlaces(782, {625, 125, 25, 5, 2}),
            (Weights{625, 125, 25, 5, 2}));
  EXPECT_EQ(CountPlaces(4096, {1, 2, 4093}), (Weights{1, 2, 4093}));
}

// A vendor's template that compares with <= after subtracting gives 91/9/0.
TEST(WheelTest, ALastOutcomeOfWeightOneStillDrops) {
  EXPECT_EQ(CountPlaces(100, {90, 9, 1}), (Weights{90, 9, 1}));
}

TEST(WheelTest, WeightOneFirstLastAndAlone) {
  EXPECT_EQ(CountPlaces(100, {1, 98, 1}), (Weights{1, 98, 1}));
  EXPECT_EQ(CountPlaces(1, {1}), (Weights{1}));
  EXPECT_EQ(CountPlaces(2, {1, 1}), (Weights{1, 1}));
  EXPECT_EQ(CountPlaces(7, {1}), (Weights{7}));  // the last takes what is left
}

TEST(WheelTest, ZeroWeightsNeverDropWhereverTheyStand) {
  EXPECT_EQ(CountPlaces(10, {0, 3, 0, 7, 0}), (Weights{0, 3, 0, 7, 0}));
  EXPECT_EQ(CountPlaces(16, {0, 16, 0}), (Weights{0, 16, 0}));
}

TEST(WheelTest, ARampPushesOutThoseAfterItNeverThoseBefore) {
  EXPECT_EQ(CountPlaces(100, {30, 90, 10}), (Weights{30, 70, 0}));
  EXPECT_EQ(CountPlaces(100, {100, 90, 10}), (Weights{100, 0, 0}));
  EXPECT_EQ(CountPlaces(100, {0xffffffffu, 1, 1}), (Weights{100, 0, 0}));
}

// Every size up to 64 and every split in two, over every word of a byte.
TEST(WheelTest, ExactForEveryWordOfAByte) {
  for (std::uint32_t size = 1; size <= 64; ++size) {
    for (std::uint32_t weight = 0; weight <= size; ++weight) {
      BasicWheelTable<std::uint8_t> table(2);
      const std::uint32_t row = table.AddRow(size, {weight, size - weight});
      std::vector<std::uint32_t> count(2, 0);
      for (int word = 0; word < 256; ++word) {
        ScriptedSource<std::uint8_t> bits({static_cast<std::uint8_t>(word)});
        const std::uint8_t accepted = table.Accept(row, bits);
        if (bits.overran()) continue;  // rejected
        ++count[table.Pick(row, accepted)];
      }
      ASSERT_EQ(count[0], weight * (256 / size));
      ASSERT_EQ(count[1], (size - weight) * (256 / size));
    }
  }
}

TEST(WheelTest, RowsAreIndependent) {
  WheelTable table(2);
  const std::uint32_t a = table.AddRow(10, {10, 0});
  const std::uint32_t b = table.AddRow(10, {0, 10});
  for (std::uint32_t word : {0u, 2147483647u, 4294967289u}) {
    EXPECT_EQ(table.Pick(a, word), 0u);
    EXPECT_EQ(table.Pick(b, word), 1u);
  }
  EXPECT_EQ(table.rows(), 2u);
  EXPECT_TRUE(table.one_size());
}

// floor(2^32 / 3) = 1431655765: on the wheel of three the last word is
// rejected, on that of two none is.
TEST(WheelTest, RowsOfOtherSizesRejectAndSplitByTheirOwn) {
  WheelTable table(2);
  const std::uint32_t three = table.AddRow(3, {1, 2});
  const std::uint32_t two = table.AddRow(2, {1, 1});
  EXPECT_FALSE(table.one_size());
  EXPECT_EQ(table.size(three), 3u);
  EXPECT_EQ(table.size(two), 2u);
  ScriptedSource<> of_three({4294967295u, 1431655764u});
  EXPECT_EQ(table.Pick(three, table.Accept(three, of_three)), 0u);
  ScriptedSource<> of_two({4294967295u});
  EXPECT_EQ(table.Pick(two, table.Accept(two, of_two)), 1u);
  EXPECT_EQ(table.Pick(three, 1431655765u), 1u);
  EXPECT_EQ(table.Pick(two, 2147483647u), 0u);
  EXPECT_EQ(table.Weight(three, 1), 2u);
  EXPECT_EQ(table.Weight(two, 1), 1u);
}

}  // namespace
}  // namespace fairpull
