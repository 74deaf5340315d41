#include "fairpull/analysis/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "banner/files.h"

namespace fairpull {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Wallet = std::vector<std::pair<CurrencyId, std::int64_t>>;

Distribution Of(std::vector<double> pmf) {
  return *Distribution::Make(std::move(pmf));
}

// One or two pulls, a half each; 100 a pull. With 300: two and one, one and
// two, one and one are enough, two and two is not.
TEST(PlanTest, GoalsOneAfterTheOtherFromOneBudget) {
  const Distribution coin = Of({0, 0.5, 0.5});
  const PlanOdds odds = *FollowPlan(
      300, {{.pulls = &coin, .price = 100}, {.pulls = &coin, .price = 100}});
  EXPECT_THAT(odds.met, ElementsAre(1.0, 0.75));
  EXPECT_EQ(odds.unit, 100);
  EXPECT_THAT(odds.left, ElementsAre(0.5, 0.25, 0, 0));
}

TEST(PlanTest, IncomeComesInBeforeItsStage) {
  const Distribution coin = Of({0, 0.5, 0.5});
  const PlanOdds odds =
      *FollowPlan(100, {{.pulls = &coin, .price = 100},
                        {.pulls = &coin, .price = 50, .income = 50}});
  // The first goal in one pull, then 50: one pull of the other.
  EXPECT_THAT(odds.met, ElementsAre(0.5, 0.25));
  EXPECT_EQ(odds.unit, 50);
}

// Heads with a half each flip, in four flips: the first head at flip k leaves
// 4 - k flips for more of them.
TEST(PlanTest, FirstOneThenAsManyOfTheOtherAsPossible) {
  const Banner coin =
      Banner::FromJson(
          R"({"id": "b", "price": {"currency": "gem", "amount": 1},
          "rarities": [{"id": "head", "odds": "1/2"},
                       {"id": "tail", "odds": "rest"}],
          "items": [{"id": "h", "type": "x", "rarity": "head"},
                    {"id": "t", "type": "x", "rarity": "tail"}]})",
          "b.json")
          .value();
  const Goal head = *Goal::Parse(coin, "rarity:head");
  const Distribution first = *PullsTo(coin, head);
  // As the number of heads in four flips, less the first one.
  EXPECT_THAT(
      *ThenAsManyAsPossible(first, coin, head, 4),
      ElementsAre(DoubleNear(4.0 / 16, 1e-15), DoubleNear(6.0 / 16, 1e-15),
                  DoubleNear(4.0 / 16, 1e-15), DoubleNear(1.0 / 16, 1e-15)));
}

TEST(PlanTest, AWalletBuysInEachCurrencyThatItCan) {
  const Banner banner =
      Banner::FromJson(
          R"({"id": "b", "price": [{"currency": "gem", "amount": 160},
                               {"currency": "ticket", "amount": 1}],
          "rarities": [{"id": "tin", "odds": "rest"}],
          "items": [{"id": "t", "type": "x", "rarity": "tin"}]})",
          "b.json")
          .value();
  const auto id = [](const char* name) { return CurrencyId::Trusted(name); };
  EXPECT_EQ(
      *AffordablePulls(banner, Wallet{{id("gem"), 1000}, {id("ticket"), 7}}),
      6 + 7);
  EXPECT_EQ(*AffordablePulls(banner, Wallet{{id("coin"), 1000}}), 0);
  EXPECT_THAT(
      std::string(
          AffordablePulls(banner, Wallet{{id("gem"), -1}}).status().message()),
      HasSubstr("at least 0"));
  EXPECT_FALSE(
      AffordablePulls(banner, Wallet{{id("gem"), 1}, {id("gem"), 1}}).ok());
  EXPECT_FALSE(AffordablePulls(testing::LoadShipped("stepup-asteria"),
                               Wallet{{id("gem"), 1}})
                   .ok());
}

TEST(PlanTest, RefusesWhatIsNoPlan) {
  const Distribution coin = Of({0, 0.5, 0.5});
  EXPECT_FALSE(FollowPlan(-1, {}).ok());
  EXPECT_THAT(
      std::string(
          FollowPlan(1, {{.pulls = &coin, .price = 0}}).status().message()),
      HasSubstr("stage 1"));
  EXPECT_FALSE(FollowPlan(1, {{.price = 1}}).ok());
  EXPECT_EQ(FollowPlan(std::int64_t{1} << 40, {{.pulls = &coin, .price = 1}})
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace fairpull
