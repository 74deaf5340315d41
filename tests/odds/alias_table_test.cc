#include "fairpull/odds/alias_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "fairpull/random/pcg_source.h"

namespace fairpull {
namespace {

using Weights = std::vector<std::uint32_t>;
using ::testing::HasSubstr;

// Checks over every place of the wheel that item i has w_i * W / S of them.
void ExpectExact(const Weights& weights) {
  const auto table = AliasTable::Make(weights);
  ASSERT_TRUE(table.ok()) << table.status();
  const Uniform<std::uint32_t> uniform(table->wheel_size());
  Weights count(weights.size(), 0);
  for (std::uint32_t r = 0; r < table->wheel_size(); ++r) {
    const auto first = static_cast<std::uint32_t>(uniform.Threshold(r));
    const auto last = static_cast<std::uint32_t>(uniform.Threshold(r + 1) - 1);
    const std::uint32_t item = table->At(first);
    ASSERT_EQ(item, table->At(last));
    ++count.at(item);
  }
  const std::uint64_t sum =
      std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_EQ(count[i] * sum, std::uint64_t{weights[i]} * table->wheel_size());
  }
}

TEST(AliasTableTest, EachItemHasExactlyItsShare) {
  ExpectExact({1});
  ExpectExact({5});
  ExpectExact({1, 1, 1});
  ExpectExact({90, 9, 1});
  ExpectExact({1, 98, 1});
  ExpectExact({625, 125, 25, 5, 2});
  ExpectExact({0, 3, 0, 7});
  ExpectExact({7, 1, 1, 1, 1, 1, 1});
  ExpectExact(Weights(1000, 3));
}

TEST(AliasTableTest, ExactForRandomWeights) {
  PcgSource bits = PcgSource::Seeded(11);
  for (int round = 0; round < 200; ++round) {
    Weights weights(1 + bits.Next() % 12);
    for (std::uint32_t& weight : weights) weight = bits.Next() % 50;
    weights[bits.Next() % weights.size()] += 1;
    ExpectExact(weights);
  }
}

TEST(AliasTableTest, EqualWeightsMakeThePlaceTheIndex) {
  const auto table = *AliasTable::Make(Weights(24, 10));
  EXPECT_EQ(table.wheel_size(), 24u);
  const Uniform<std::uint32_t> uniform(24);
  for (std::uint32_t i = 0; i < 24; ++i) {
    EXPECT_EQ(table.At(static_cast<std::uint32_t>(uniform.Threshold(i))), i);
  }
}

// By hand: n = 3, S = 4, W = 12, columns 4 wide; masses 3, 3, 6: columns 0 and
// 1 keep 3 places and give the fourth to item 2, which fills its own.
TEST(AliasTableTest, FrozenColumns) {
  const auto built = *BuildAliasColumns({1, 1, 2}, 1 << 24);
  EXPECT_EQ(built.wheel_size, 12u);
  EXPECT_EQ(built.columns[0].cut, 3u);
  EXPECT_EQ(built.columns[0].alias, 2u);
  EXPECT_EQ(built.columns[1].cut, 3u);
  EXPECT_EQ(built.columns[1].alias, 2u);
  EXPECT_EQ(built.columns[2].cut, 4u);
}

TEST(AliasTableTest, ExactForEveryWordOfAByte) {
  for (std::uint32_t a = 0; a <= 8; ++a) {
    for (std::uint32_t b = 0; b <= 8; ++b) {
      for (std::uint32_t c = 1; c <= 4; ++c) {
        const auto table = BasicAliasTable<std::uint8_t>::Make({a, b, c});
        if (!table.ok()) continue;  // W past 64
        Weights count(3, 0);
        for (int word = 0; word < 256; ++word) {
          const auto x = static_cast<std::uint8_t>(word);
          if (table->IsAccepted(x)) ++count[table->At(x)];
        }
        const std::uint32_t accepted = count[0] + count[1] + count[2];
        ASSERT_EQ(count[0] * (a + b + c), a * accepted);
        ASSERT_EQ(count[1] * (a + b + c), b * accepted);
        ASSERT_EQ(count[2] * (a + b + c), c * accepted);
      }
    }
  }
}

TEST(AliasTableTest, RefusesNothingToDrawAndWeightsTooFine) {
  EXPECT_FALSE(AliasTable::Make({}).ok());
  EXPECT_FALSE(AliasTable::Make({0, 0}).ok());
  const auto fine = AliasTable::Make({16777213, 2, 1});
  EXPECT_EQ(fine.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(fine.status().message()), HasSubstr("16777216"));
  EXPECT_FALSE(AliasTable::Make({0xffffffffu, 0xfffffffeu}).ok());
}

}  // namespace
}  // namespace fairpull
