#include "fairpull/analysis/wait_odds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>

#include "banner/files.h"
#include "fairpull/analysis/long_run.h"

namespace fairpull {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

// Gold every other pull at the latest; a silver that is due on the second.
Banner GoldAndSilver(const std::string& on_higher_hit) {
  return Banner::FromJson(
             R"({"id": "x", "price": {"currency": "gem", "amount": 1},
    "rarities": [{"id": "gold", "odds": "1/2", "hard_pity": 2},
                 {"id": "silver", "odds": "1/4", "hard_pity": 2,
                  "on_higher_hit": ")" +
                 on_higher_hit + R"("},
                 {"id": "tin", "odds": "rest"}],
    "items": [{"id": "a", "type": "x", "rarity": "gold"},
              {"id": "b", "type": "x", "rarity": "silver"},
              {"id": "c", "type": "x", "rarity": "tin"}]})",
             "x.json")
      .value();
}

TEST(WaitOddsTest, ACurveIsItsOwnHazard) {
  const Banner banner = testing::LoadShipped("genshin-character");
  const WaitOdds waits = *ComputeWaitOdds(banner, 0);
  ASSERT_EQ(waits.hazard.size(), 90u);
  EXPECT_THAT(waits.begun_by, ElementsAre(0));
  for (int w = 1; w <= 73; ++w) EXPECT_NEAR(waits.hazard[w - 1], 0.006, 1e-15);
  EXPECT_NEAR(waits.hazard[73], 0.066, 1e-15);
  EXPECT_NEAR(waits.hazard[88], 0.966, 1e-15);
  EXPECT_EQ(waits.hazard[89], 1);
  EXPECT_EQ(waits.reached[0], 1);
  EXPECT_NEAR(waits.reached[1], 0.994, 1e-15);
  EXPECT_TRUE(waits.by_wait_alone);
  // A 4-star that is due gives way to what the 5-star has of the wheel by then.
  EXPECT_FALSE(ComputeWaitOdds(banner, 1)->by_wait_alone);
}

// By hand: after a silver comes a gold for certain; the silver that is due
// since then has half the wheel, until it is drawn.
TEST(WaitOddsTest, ADisplacedGuaranteeStaysDue) {
  const WaitOdds waits = *ComputeWaitOdds(GoldAndSilver("keep"), 1);
  EXPECT_THAT(waits.begun_by, ElementsAre(1));
  ASSERT_GT(waits.hazard.size(), 30u);
  EXPECT_EQ(waits.hazard[0], 0);
  for (int w = 2; w <= 30; ++w) {
    EXPECT_NEAR(waits.hazard[w - 1], 0.5, 1e-15) << w;
    EXPECT_NEAR(waits.reached[w - 1], std::pow(0.5, w - 2), 1e-15) << w;
  }
  // It ends where fewer waits than one in 10^12 come to.
  EXPECT_NEAR(static_cast<double>(waits.hazard.size()), 2 + 39, 1);
}

// By hand: four waits of five begin after a gold, with silver at 1/4 and tin at
// 1/4; the others after a silver, and end with the gold that is certain.
TEST(WaitOddsTest, AHigherHitThatSetsPityBackBeginsAWait) {
  const WaitOdds waits = *ComputeWaitOdds(GoldAndSilver("reset"), 1);
  EXPECT_THAT(waits.begun_by, ElementsAre(0, 1));
  EXPECT_THAT(waits.hazard, ElementsAre(DoubleEq(0.2), DoubleEq(0)));
  EXPECT_THAT(waits.reached, ElementsAre(DoubleEq(1), DoubleEq(0.2)));
}

// A hit in each wait that is not cut short: on every banner that ships, the
// waits give the long-run odds again.
TEST(WaitOddsTest, TheyGiveTheLongRunOdds) {
  for (const std::string& name : testing::ShippedNames()) {
    const Banner banner = testing::LoadShipped(name);
    const LongRunOdds odds = *ComputeLongRunOdds(banner);
    for (std::size_t r = 0; r < banner.rarities().size(); ++r) {
      const absl::StatusOr<WaitOdds> waits = ComputeWaitOdds(banner, r);
      ASSERT_TRUE(waits.ok()) << name << " " << waits.status();
      const double pulls =
          std::accumulate(waits->reached.begin(), waits->reached.end(), 0.0);
      double hits = 0;
      for (std::size_t i = 0; i < waits->hazard.size(); ++i) {
        hits += waits->reached[i] * waits->hazard[i];
      }
      EXPECT_NEAR(hits / pulls / odds.rarity[r], 1, 1e-9) << name << " " << r;
    }
  }
}

TEST(WaitOddsTest, AnUnknownRarityOrBatchIsRefused) {
  const Banner banner = testing::LoadShipped("starter");
  EXPECT_EQ(ComputeWaitOdds(banner, 3).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ComputeWaitOdds(banner, 0, 7).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fairpull
