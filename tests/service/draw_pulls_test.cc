#include "fairpull/service/draw_pulls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "fairpull/engine/pull.h"
#include "fairpull/random/fair_source.h"
#include "service/fixtures.h"

namespace fairpull {
namespace {

PullOperation Operation(std::int64_t count, std::int64_t cost) {
  return {.player = kPlayer,
          .id = Op("k"),
          .banner = kShop,
          .count = count,
          .odds_version = ShopCatalog().banners()[0]->odds_version(),
          .seed_epoch = 1,
          .currency = kGems,
          .cost = cost,
          .scope = kShopScope};
}

TEST(DrawPullsTest, AreWhatTheEngineDrawsFromTheFairSource) {
  const Catalog catalog = ShopCatalog();
  const PityRecord pity{.player = kPlayer,
                        .scope = kShopScope,
                        .seq = 41,
                        .state = "guarantee:gold=1,pity:gold=3"};
  const auto drawn =
      DrawPulls(catalog, ShopSeeds(), Operation(10, 1600), &pity, 77);
  ASSERT_TRUE(drawn.ok()) << drawn.status();
  ASSERT_EQ(drawn->pulls.size(), 10u);
  EXPECT_EQ(drawn->pity.seq, 51);

  const Banner& banner = *catalog.banners()[0];
  PityState state = *banner.counters().Parse("guarantee:gold=1,pity:gold=3");
  for (std::int64_t i = 0; i < 10; ++i) {
    FairSource bits(**ShopSeeds().Find(1),
                    {.player = "p1",
                     .scope = "shop",
                     .sequence = static_cast<std::uint64_t>(42 + i)});
    const Outcome outcome = Pull(banner, state, bits);
    const PullRecord& pull = drawn->pulls[static_cast<std::size_t>(i)];
    EXPECT_EQ(pull.item, banner.items()[outcome.item].id);
    EXPECT_EQ(pull.seq, 42 + i);
    EXPECT_EQ(pull.at_ms, 77);
    EXPECT_EQ(pull.featured, pull.item.value() == "sun");
  }
  EXPECT_EQ(drawn->pity.state, banner.counters().Serialize(state));
  // Certain at the 5th, and featured since the last one was not.
  const bool first_is_gold = drawn->pulls[0].rarity == "gold";
  const PullRecord& gold = drawn->pulls[first_is_gold ? 0 : 1];
  EXPECT_EQ(gold.item.value(), "sun");
  EXPECT_EQ(gold.pity, first_is_gold ? 4 : 5);
}

TEST(DrawPullsTest, TheCostIsSharedOutWithoutALoss) {
  const auto drawn =
      DrawPulls(ShopCatalog(), ShopSeeds(), Operation(10, 1443), nullptr, 0);
  ASSERT_TRUE(drawn.ok()) << drawn.status();
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(drawn->pulls[i].cost, i < 7 ? 144 : 145) << i;
  }
}

TEST(DrawPullsTest, WhatIsKeptNoMoreIsNamed) {
  PullOperation operation = Operation(1, 160);
  operation.seed_epoch = 9;
  EXPECT_EQ(DrawPulls(ShopCatalog(), ShopSeeds(), operation, nullptr, 0)
                .status()
                .code(),
            absl::StatusCode::kNotFound);
  operation = Operation(1, 160);
  operation.odds_version = "other";
  EXPECT_EQ(DrawPulls(ShopCatalog(), ShopSeeds(), operation, nullptr, 0)
                .status()
                .code(),
            absl::StatusCode::kNotFound);
}

// A new version of a banner that drops a pity must not lock its players out.
TEST(DrawPullsTest, CountersOfAnotherVersionAreCarriedAlong) {
  const PityRecord pity{.player = kPlayer,
                        .scope = kShopScope,
                        .seq = 1,
                        .state = "pity:gold=2,pity:platinum=3"};
  const auto drawn =
      DrawPulls(ShopCatalog(), ShopSeeds(), Operation(1, 160), &pity, 0);
  ASSERT_TRUE(drawn.ok()) << drawn.status();
  EXPECT_THAT(drawn->pity.state, ::testing::EndsWith(",pity:platinum=3"));
}

TEST(DrawPullsTest, APityThatIsNoStateIsDamage) {
  const PityRecord pity{.player = kPlayer,
                        .scope = kShopScope,
                        .seq = 1,
                        .state = "pity:gold=many"};
  EXPECT_EQ(DrawPulls(ShopCatalog(), ShopSeeds(), Operation(1, 160), &pity, 0)
                .status()
                .code(),
            absl::StatusCode::kDataLoss);
}

TEST(ServerSeedsTest, TheCurrentEpochMustBeThere) {
  EXPECT_EQ(ServerSeeds::Make({}, 1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ShopSeeds(2).current(), 2);
  EXPECT_EQ(ShopSeeds().Find(3).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fairpull
