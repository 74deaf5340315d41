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
  const Curve curve = *Curve::Ramp(Of("0.6%"), {74, Of("6%")}, 90);
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
  const Curve curve = *Curve::Ramp(Of("1%"), {5, Of("10%")}, 8);
  EXPECT_EQ(curve.At(7), Of("31%"));
  EXPECT_TRUE(curve.At(8).certain());
}

TEST(CurveTest, ARampWithoutHardPityEndsWhereItIsCertain) {
  const Curve curve = *Curve::Ramp(Of("2%"), {51, Of("2%")});
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
  EXPECT_FALSE(Curve::Ramp(Of("1%"), {0, Of("1%")}, 90).ok());
  EXPECT_FALSE(Curve::Ramp(Of("1%"), {5, Odds::Never()}, 90).ok());
  const auto late = Curve::Ramp(Of("1%"), {90, Of("1%")}, 90);
  EXPECT_THAT(std::string(late.status().message()),
              HasSubstr("before the hard pity at 90"));
  const auto slow = Curve::Ramp(Of("0%"), {1, Of("1/1000000")});
  EXPECT_THAT(std::string(slow.status().message()), HasSubstr("larger step"));
}

TEST(RateUpTest, AGuaranteeGivesAllOfTheWeight) {
  const RateUp rate_up{Of("75%"), AfterLoss::kGuaranteed};
  EXPECT_EQ(rate_up.FeaturedWeight(8, 0), 6u);
  EXPECT_EQ(rate_up.FeaturedWeight(8, 1), 8u);
}

}  // namespace
}  // namespace fairpull
