#include "fairpull/pity/curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fairpull/pity/rate_up.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;

Odds Of(const char* text) { return *Odds::Parse(text); }

TEST(CurveTest, RampOfTheWellKnownFiveStar) {
  const Curve curve = *Curve::Ramp(Of("0.6%"), {{74, Of("6%")}}, 90);
  EXPECT_EQ(curve.At(1), Of("0.6%"));
  EXPECT_EQ(curve.At(73), Of("0.6%"));
  EXPECT_EQ(curve.At(74), Of("6.6%"));
  EXPECT_EQ(curve.At(89), Of("96.6%"));
  EXPECT_TRUE(curve.At(90).certain());
  EXPECT_TRUE(curve.At(500).certain());
  EXPECT_EQ(curve.length(), 90u);
  EXPECT_EQ(curve.certain_at(), 90u);
}

TEST(CurveTest, ARampIsCertainAtTheHardPityEvenIfItsStepsAreNotThere) {
  const Curve curve = *Curve::Ramp(Of("1%"), {{5, Of("10%")}}, 8);
  EXPECT_EQ(curve.At(7), Of("31%"));
  EXPECT_TRUE(curve.At(8).certain());
}

TEST(CurveTest, ARampWithoutHardPityEndsWhereItIsCertain) {
  const Curve curve = *Curve::Ramp(Of("2%"), {{51, Of("2%")}});
  EXPECT_EQ(curve.At(51), Of("4%"));
  EXPECT_EQ(curve.At(98), Of("98%"));
  EXPECT_EQ(curve.certain_at(), 99u);
}

TEST(CurveTest, HardPityAlone) {
  const Curve curve = *Curve::Constant(Of("3%"), 10);
  EXPECT_EQ(curve.At(9), Of("3%"));
  EXPECT_EQ(curve.certain_at(), 10u);
  EXPECT_EQ(Curve::Constant(Of("3%"))->length(), 1u);
  EXPECT_EQ(Curve::Constant(Of("3%"))->certain_at(), std::nullopt);
  EXPECT_TRUE(Curve::Constant(Of("3%"), 1)->At(1).certain());
}

TEST(CurveTest, AListHoldsItsLastEntry) {
  const Curve curve = *Curve::List({Of("1%"), Of("5%"), Of("5%"), Of("5%")});
  EXPECT_EQ(curve.At(1), Of("1%"));
  EXPECT_EQ(curve.At(2), Of("5%"));
  EXPECT_EQ(curve.At(1000), Of("5%"));
  EXPECT_EQ(curve.length(), 2u);
}

TEST(CurveTest, RefusesWhatMakesNoSense) {
  EXPECT_FALSE(Curve::List({}).ok());
  EXPECT_FALSE(Curve::List(std::vector<Odds>(10'001, Of("1%"))).ok());
  EXPECT_FALSE(Curve::Constant(Of("1%"), 0).ok());
  EXPECT_FALSE(Curve::Constant(Of("1%"), 10'001).ok());
  EXPECT_FALSE(Curve::Ramp(Of("1%"), {{0, Of("1%")}}, 90).ok());
  EXPECT_FALSE(Curve::Ramp(Of("1%"), {{5, Odds::Never()}}, 90).ok());
  const auto late = Curve::Ramp(Of("1%"), {{90, Of("1%")}}, 90);
  EXPECT_THAT(std::string(late.status().message()),
              HasSubstr("before the hard pity at 90"));
  const auto slow = Curve::Ramp(Of("0%"), {{1, Of("1/1000000")}});
  EXPECT_THAT(std::string(slow.status().message()), HasSubstr("larger step"));
}

TEST(CurveTest, AStepEveryTenPullsAndWhatAHardPityStandsInPlaceOf) {
  const Curve curve = *Curve::Ramp(Of("4%"), {{11, Of("0.5%"), 10}}, 101);
  EXPECT_EQ(curve.At(10), Of("4%"));
  EXPECT_EQ(curve.At(11), Of("4.5%"));
  EXPECT_EQ(curve.At(20), Of("4.5%"));
  EXPECT_EQ(curve.At(21), Of("5%"));
  EXPECT_EQ(curve.At(100), Of("8.5%"));
  EXPECT_TRUE(curve.At(101).certain());
  EXPECT_EQ(curve.uncapped(), Of("9%"));
}

// 0.8% to 65, +4 points x 5, +8 x 5, +10 x 3, certain at 79.
TEST(CurveTest, SegmentsGoOnUntilTheNextOneBegins) {
  const Curve curve = *Curve::Ramp(
      Of("0.8%"), {{66, Of("4%")}, {71, Of("8%")}, {76, Of("10%")}}, 79);
  EXPECT_EQ(curve.At(65), Of("0.8%"));
  EXPECT_EQ(curve.At(70), Of("20.8%"));
  EXPECT_EQ(curve.At(75), Of("60.8%"));
  EXPECT_EQ(curve.At(78), Of("90.8%"));
  EXPECT_TRUE(curve.At(79).certain());
  EXPECT_FALSE(Curve::Ramp(Of("1%"), {{9, Of("1%")}, {9, Of("2%")}}).ok());
}

TEST(CurveTest, AStraightLineBetweenKnots) {
  const Curve curve = *Curve::Through(
      Of("1%"), {{3, Of("2%")}, {5, Of("5%")}, {6, Of("100%")}});
  EXPECT_EQ(curve.At(2), Of("1%"));
  EXPECT_EQ(curve.At(3), Of("2%"));
  EXPECT_EQ(curve.At(4), Of("3.5%"));
  EXPECT_EQ(curve.At(5), Of("5%"));
  EXPECT_TRUE(curve.At(6).certain());
  EXPECT_FALSE(Curve::Through(Of("1%"), {{3, Of("2%")}, {3, Of("5%")}}).ok());
  EXPECT_FALSE(Curve::Through(Of("1%"), {{3, Of("2%")}, {4, Of("1%")}}).ok());
  EXPECT_FALSE(Curve::Through(Of("1%"), {}).ok());
}

// Each rule alone, and the longest wait before fate points before the
// guarantee before the streak.
TEST(RateUpTest, WhatDecidesThePoolInItsOrder) {
  const RateUp rate_up{.share = Of("50%"),
                       .loss_streak = LossStreak{1, 3, 1},
                       .fate_points = FatePoints{2},
                       .featured_within = FeaturedWithin{
                           .pulls = 120, .pull_itself = true, .once = true}};
  EXPECT_EQ(rate_up.WayOf({}), Way::kWon);
  EXPECT_EQ(rate_up.WayOf({.losses = 2, .fate = 1}), Way::kWon);
  EXPECT_EQ(rate_up.WayOf({.losses = 3}), Way::kStreak);
  EXPECT_EQ(rate_up.WayOf({.guarantee = 1, .losses = 3}), Way::kGuaranteed);
  EXPECT_EQ(rate_up.WayOf({.guarantee = 1, .fate = 2}), Way::kChosen);
  EXPECT_EQ(rate_up.WayOf({.fate = 2, .featured_pity = 119}), Way::kGuaranteed);
  EXPECT_FALSE(rate_up.ForcesPull({.featured_pity = 118}));
  EXPECT_TRUE(rate_up.ForcesPull({.featured_pity = 119}));
  EXPECT_FALSE(rate_up.ForcesPull({.featured_pity = 119, .featured_spent = 1}));
}

TEST(RateUpTest, ALongestWaitForTheNextHitForcesNoPull) {
  const RateUp rate_up{
      .share = Of("50%"),
      .featured_within = FeaturedWithin{.pulls = 150, .pull_itself = false}};
  EXPECT_EQ(rate_up.WayOf({.featured_pity = 149}), Way::kWon);
  EXPECT_EQ(rate_up.WayOf({.featured_pity = 150}), Way::kGuaranteed);
  EXPECT_FALSE(rate_up.ForcesPull({.featured_pity = 150}));
}

}  // namespace
}  // namespace fairpull
