#include "fairpull/analysis/distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "analysis/waits.h"

namespace fairpull {
namespace {

Distribution Of(std::vector<double> pmf, DistributionOptions options = {}) {
  return Distribution::Make(std::move(pmf), options).value();
}

// P(1) = 1/2, P(2) = 1/4, P(4) = 1/4: mean 2, variance 3/2, third central
// moment 3/2, fourth 1/2 + 0 + 16/4 = 9/2.
Distribution Small() { return Of({0, 0.5, 0.25, 0, 0.25}); }

TEST(DistributionTest, GivesProbabilitiesInsideAndOutsideItsList) {
  const Distribution d = Small();
  EXPECT_EQ(d.Pmf(2), 0.25);
  EXPECT_EQ(d.Pmf(-1), 0);
  EXPECT_EQ(d.Pmf(5), 0);
  EXPECT_EQ(d.Cdf(-1), 0);
  EXPECT_EQ(d.Cdf(3), 0.75);
  EXPECT_EQ(d.Cdf(4), 1);
  EXPECT_EQ(d.Cdf(1000), 1);
  EXPECT_EQ(d.Ccdf(-1), 1);
  EXPECT_EQ(d.Ccdf(0), 1);
  EXPECT_EQ(d.Ccdf(1), 0.5);
  EXPECT_EQ(d.Ccdf(4), 0);
  EXPECT_EQ(d.MidRank(2), 0.625);
  EXPECT_EQ(d.MidRank(0), 0);
  EXPECT_EQ(d.MidRank(5), 1);
  EXPECT_EQ(d.support_min(), 1);
  EXPECT_EQ(d.support_max(), 4);
}

TEST(DistributionTest, MomentsByHand) {
  const Distribution d = Small();
  EXPECT_EQ(d.mean(), 2);
  EXPECT_EQ(d.variance(), 1.5);
  EXPECT_DOUBLE_EQ(d.standard_deviation(), std::sqrt(1.5));
  EXPECT_DOUBLE_EQ(d.skewness(), 1.5 / std::pow(1.5, 1.5));
  EXPECT_DOUBLE_EQ(d.excess_kurtosis(), 4.5 / 2.25 - 3);
}

TEST(DistributionTest, AConstantHasNoSpread) {
  const Distribution d = Of({0, 0, 0, 1});
  EXPECT_EQ(d.mean(), 3);
  EXPECT_EQ(d.variance(), 0);
  EXPECT_EQ(d.skewness(), 0);
  EXPECT_EQ(d.excess_kurtosis(), 0);
  EXPECT_EQ(d.Quantile(0).value(), 3);
  EXPECT_EQ(d.Median().value(), 3);
  EXPECT_EQ(d.Quantile(1).value(), 3);
}

// E[X^2] - E[X]^2 would have no digit left here.
TEST(DistributionTest, ASmallVarianceFarFromZeroKeepsItsDigits) {
  std::vector<double> pmf(1'000'002);
  pmf[1'000'000] = 1 - 0x1p-40;
  pmf[1'000'001] = 0x1p-40;
  EXPECT_DOUBLE_EQ(MomentsOf(pmf).variance, 0x1p-40 * (1 - 0x1p-40));
}

TEST(DistributionTest, TheMakersMomentsCount) {
  EXPECT_EQ(Of({0.5, 0.5}, {.moments = Moments{1, 2, 3, 4}}).variance(), 2);
}

TEST(DistributionTest, AQuantileIsTheFirstCountThatReachesIt) {
  const Distribution d = Small();
  EXPECT_EQ(d.Quantile(0).value(), 1);
  EXPECT_EQ(d.Quantile(1e-300).value(), 1);
  EXPECT_EQ(d.Quantile(0.5).value(), 1);  // a tie
  EXPECT_EQ(d.Quantile(0.500001).value(), 2);
  EXPECT_EQ(d.Quantile(0.75).value(), 2);  // a tie
  EXPECT_EQ(d.Quantile(0.750001).value(), 4);
  EXPECT_EQ(d.Quantile(1).value(), 4);
}

// k/m is no double as a rule, nor is a sum of 1/m: ties all the same.
TEST(DistributionTest, TiesOfFractionsThatAreNoDoublesAreTies) {
  for (const int m : {3, 7, 10, 49, 300, 1000}) {
    const Distribution d =
        Of(std::vector<double>(static_cast<std::size_t>(m), 1.0 / m));
    for (int k = 1; k <= m; ++k) {
      EXPECT_EQ(d.Quantile(static_cast<double>(k) / m).value(), k - 1)
          << k << "/" << m;
    }
  }
}

TEST(DistributionTest, QuantilesNearOneAreDecidedByTheTail) {
  // 1/10 of what is left goes at each step: P(X > n) = 10^-(n + 1).
  std::vector<double> pmf;
  double left = 1;
  for (int n = 0; n < 30; ++n, left /= 10) pmf.push_back(left * 0.9);
  pmf.push_back(left);
  const Distribution d = Of(pmf);
  EXPECT_EQ(d.Quantile(0.99).value(), 1);
  EXPECT_EQ(d.Quantile(1 - 1e-9).value(), 8);
  EXPECT_EQ(d.Quantile(1 - 0x1p-53).value(), 15);  // 10^-16 < 2^-53
  EXPECT_EQ(d.Quantile(1).value(), 30);
  EXPECT_NEAR(d.Ccdf(25) / 1e-26, 1, 1e-14);
}

TEST(DistributionTest, AnUnboundedSupportHasNoLastQuantile) {
  const Distribution d =
      Of({0, 0.5, 0.25}, {.support = Support::kUnbounded, .tail = 0.25});
  EXPECT_EQ(d.tail(), 0.25);
  EXPECT_EQ(d.support_max(), std::nullopt);
  EXPECT_EQ(d.Cdf(100), 0.75);
  EXPECT_EQ(d.Ccdf(100), 0.25);
  EXPECT_EQ(d.Quantile(0.75).value(), 2);
  EXPECT_TRUE(absl::IsOutOfRange(d.Quantile(0.76).status()));
  EXPECT_TRUE(absl::IsOutOfRange(d.Quantile(1).status()));
}

TEST(DistributionTest, WhatIsNoProbabilityIsNoQuantile) {
  for (const double q : {-0.1, 1.1, std::nan(""), -1e-300}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Small().Quantile(q).status())) << q;
  }
}

TEST(DistributionTest, RefusesListsThatAreNone) {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& pmf : std::vector<std::vector<double>>{
           {}, {0.5, 0.4}, {1, 1e-8}, {1.5, -0.5}, {nan, 1}, {infinity}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Distribution::Make(pmf).status()));
  }
  for (const DistributionOptions& options :
       {DistributionOptions{.tail = 0.5},  // bounded
        DistributionOptions{.support = Support::kUnbounded, .tail = -0.5},
        DistributionOptions{.support = Support::kUnbounded, .tail = nan},
        DistributionOptions{.support = Support::kUnbounded, .tail = 0.1}}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(Distribution::Make({0.5}, options).status()));
  }
}

TEST(DistributionTest, TheSupportMayBeginOrEndWithEntriesTooSmallForADouble) {
  const Distribution d = Of({0, 0, 0.5, 0.5, 0}, {.support_min = 1});
  EXPECT_EQ(d.support_min(), 1);
  EXPECT_EQ(d.support_max(), 4);
  EXPECT_EQ(d.Quantile(0).value(), 1);
  EXPECT_EQ(d.Quantile(1).value(), 4);
  EXPECT_FALSE(Distribution::Make({0, 1}, {.support_min = 2}).ok());
  EXPECT_FALSE(Distribution::Make({0, 1}, {.support_min = -1}).ok());
}

// Worked out in 60-digit decimal arithmetic.
TEST(DistributionTest, TheWaitWithSoftPity) {
  const Distribution d = Of(testing::SoftPityWait());
  EXPECT_NEAR(d.mean() / 62.2973320396309706201, 1, 1e-14);
  EXPECT_NEAR(d.variance() / 591.086158088758115533, 1, 1e-14);
  const std::int64_t expected[] = {18, 48, 76, 78, 80, 83};
  const double q[] = {0.1, 0.25, 0.5, 0.75, 0.9, 0.99};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(d.Quantile(q[i]).value(), expected[i]);
}

// Two heads: the sum of two coins has variance 1/2 and fourth cumulant -1/4.
TEST(MomentsTest, OfIndependentPartsAdd) {
  const Moments coin = MomentsOf(std::vector<double>{0.5, 0.5});
  EXPECT_EQ(coin, (Moments{0.5, 0.25, 0, -0.125}));
  EXPECT_EQ(coin + coin, MomentsOf(std::vector<double>{0.25, 0.5, 0.25}));
  EXPECT_EQ(Repeat(coin, 2), coin + coin);
  EXPECT_EQ(coin + Constant(3), (Moments{3.5, 0.25, 0, -0.125}));
  EXPECT_EQ(MomentsOf({}), Moments{});
}

// One or two waits, each with 1/2: 1/2 wait + 1/2 wait * wait.
TEST(MomentsTest, OfARandomSumAreThoseOfTheListItStandsFor) {
  // The wait is 1 or 3. One or two of them: P(1) = 1/4, P(2) = 1/8,
  // P(3) = 1/4, P(4) = 1/4, P(6) = 1/8.
  const Moments wait = MomentsOf(std::vector<double>{0, 0.5, 0, 0.5});
  const Moments number = MomentsOf(std::vector<double>{0, 0.5, 0.5});
  const Moments direct =
      MomentsOf(std::vector<double>{0, 0.25, 0.125, 0.25, 0.25, 0, 0.125});
  const Moments sum = RandomSum(number, wait);
  EXPECT_DOUBLE_EQ(sum.mean, 3);
  EXPECT_DOUBLE_EQ(sum.variance, direct.variance);
  EXPECT_DOUBLE_EQ(sum.third, direct.third);
  EXPECT_NEAR(sum.fourth, direct.fourth, 1e-14);
}

// Seven featured hits at 50/50 with guarantee: 60-digit decimal arithmetic.
TEST(MomentsTest, OfSevenFeaturedHits) {
  const Moments wait = MomentsOf(testing::SoftPityWait());
  const Moments number = MomentsOf(std::vector<double>{0, 0.5, 0.5});
  const Moments seven = Repeat(RandomSum(number, wait), 7);
  EXPECT_NEAR(seven.mean / 654.121986416125191511, 1, 1e-14);
  EXPECT_NEAR(seven.variance / 12998.0804236300152856, 1, 1e-13);
}

}  // namespace
}  // namespace fairpull
