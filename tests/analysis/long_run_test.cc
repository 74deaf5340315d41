#include "fairpull/analysis/long_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>

#include "banner/files.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/analysis/pulls_to.h"

namespace fairpull {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

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

// By hand: a hard pity of 3 at even odds. The third pull is a hit for certain
// only for the quarter of players who had none.
TEST(EarlyOddsTest, TheFirstPullsOfANewPlayer) {
  const Banner banner =
      Banner::FromJson(TwoRarities(R"("odds": "50%", "hard_pity": 3)"),
                       "x.json")
          .value();
  const EarlyOdds early = *ComputeEarlyOdds(banner, 4);
  EXPECT_THAT(early.rarity[0], ElementsAre(DoubleEq(0.5), DoubleEq(0.5),
                                           DoubleEq(0.625), DoubleEq(0.5625)));
  EXPECT_THAT(early.rarity[1], ElementsAre(0.5, 0.5, 0.375, 0.4375));
}

// The mean number of hits in so many pulls, which another recursion gives.
TEST(EarlyOddsTest, TheySumToTheMeanNumberOfHits) {
  const Banner banner = testing::LoadShipped("genshin-character");
  const EarlyOdds early = *ComputeEarlyOdds(banner, 300);
  const auto mean = [&](const std::string& goal) {
    return HitsIn(banner, *Goal::Parse(banner, goal), 300)->mean();
  };
  const auto sum = [](const std::vector<double>& odds) {
    return std::accumulate(odds.begin(), odds.end(), 0.0);
  };
  EXPECT_NEAR(sum(early.rarity[0]), mean("rarity:5-star"), 1e-12);
  EXPECT_NEAR(sum(early.rarity[1]), mean("rarity:4-star"), 1e-11);
  EXPECT_NEAR(sum(early.featured[0]), mean("featured:5-star"), 1e-12);
}

TEST(EarlyOddsTest, TheyEndWhereTheLongRunBegins) {
  const Banner banner = testing::LoadShipped("genshin-character");
  const EarlyOdds early = *ComputeEarlyOdds(banner, 1'000'000);
  EXPECT_LT(early.rarity[0].size(), 10'000u);
  const LongRunOdds odds = *ComputeLongRunOdds(banner);
  EXPECT_NEAR(early.rarity[0].back(), odds.rarity[0], 1e-12);
  EXPECT_NEAR(early.rarity[1].back(), odds.rarity[1], 1e-12);
}

}  // namespace
}  // namespace fairpull
