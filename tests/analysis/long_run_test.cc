#include "fairpull/analysis/long_run.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "banner/files.h"

namespace fairpull {
namespace {

LongRunOdds Of(const std::string& text) {
  return *ComputeLongRunOdds(Banner::FromJson(text, "x.json").value());
}

// Exact values of the chain, worked out in 60-digit decimal arithmetic.
TEST(LongRunTest, TheBestRecordedBanner) {
  const LongRunOdds odds =
      *ComputeLongRunOdds(testing::LoadShipped("genshin-character"));
  EXPECT_NEAR(odds.rarity[0] / 0.0160520517855217557, 1, 1e-13);
  EXPECT_NEAR(odds.rarity[1] / 0.130566566833941315, 1, 1e-13);
  // A lost 50/50 makes the next one featured: two hits of three are.
  EXPECT_NEAR(odds.group[0] / odds.rarity[0], 2.0 / 3, 1e-13);
  EXPECT_NEAR(odds.item[0], odds.group[0], 1e-17);
  EXPECT_NEAR(odds.item[1] * 7, odds.group[1], 1e-17);
  EXPECT_NEAR(std::accumulate(odds.item.begin(), odds.item.end(), 0.0), 1,
              1e-13);
}

std::string TwoRarities(const std::string& rules) {
  return R"({"id": "two", "price": {"currency": "gem", "amount": 1},
    "rarities": [{"id": "hit", )" +
         rules + R"(},
                 {"id": "miss", "odds": "rest"}],
    "items": [{"id": "a", "type": "x", "rarity": "hit"},
              {"id": "b", "type": "x", "rarity": "miss"}]})";
}

TEST(LongRunTest, WithoutCountersTheyAreTheBaseOdds) {
  const LongRunOdds odds = Of(TwoRarities(R"("odds": "3/8")"));
  EXPECT_DOUBLE_EQ(odds.rarity[0], 0.375);
  EXPECT_DOUBLE_EQ(odds.rarity[1], 0.625);
}

// Waits of a hard pity n with odds p last (1 - (1-p)^n) / p pulls on average.
TEST(LongRunTest, HardPityAloneByHand) {
  EXPECT_NEAR(Of(TwoRarities(R"("odds": "50%", "hard_pity": 3)")).rarity[0],
              1 / 1.75, 1e-15);
  EXPECT_NEAR(Of(TwoRarities(R"("odds": "10%", "hard_pity": 2)")).rarity[0],
              1 / 1.9, 1e-15);
}

// Nothing but the hard pity: the chain goes round in a circle.
TEST(LongRunTest, APeriodicChainSettlesToo) {
  EXPECT_NEAR(Of(TwoRarities(R"("odds": "0%", "hard_pity": 10)")).rarity[0],
              0.1, 1e-15);
  EXPECT_NEAR(
      Of(TwoRarities(R"("odds": "0.01%", "hard_pity": 10000)")).rarity[0],
      // (1 - (1 - 1e-4)^10000) / 1e-4 = 6321.3895…
      1 / ((1 - std::pow(1 - 1e-4, 10000)) / 1e-4), 1e-13);
}

}  // namespace
}  // namespace fairpull
