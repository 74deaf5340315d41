#include "fairpull/analysis/convolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "analysis/waits.h"
#include "fairpull/analysis/distribution.h"

namespace fairpull {
namespace {

using List = std::vector<double>;
using testing::SoftPityWait;

// A lost 50/50 makes the next hit the featured one.
List FeaturedWait() {
  const List wait = SoftPityWait();
  return Compound(wait, wait, {0.5, 0.5}).value();
}

// C(n, k) p^k (1 - p)^(n - k).
double Binomial(double n, double k, double p) {
  return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) -
                  std::lgamma(n - k + 1) + k * std::log(p) +
                  (n - k) * std::log1p(-p));
}

// The definition, in extended precision.
List BySchoolbook(const List& a, const List& b) {
  std::vector<long double> sum(a.size() + b.size() - 1);
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j) {
      sum[i + j] += static_cast<long double>(a[i]) * b[j];
    }
  }
  return List(sum.begin(), sum.end());
}

void ExpectNear(const List& actual, const List& expected, double error) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t n = 0; n < actual.size(); ++n) {
    ASSERT_GE(actual[n], 0) << n;
    ASSERT_NEAR(actual[n], expected[n], error) << n;
  }
}

TEST(ConvolveTest, SmallListsByHand) {
  EXPECT_EQ(Convolve({0.5, 0.5}, {0.25, 0.25, 0.5}),
            (List{0.125, 0.25, 0.375, 0.25}));
  EXPECT_EQ(Convolve({1}, {0.5, 0.25}), (List{0.5, 0.25}));
  EXPECT_EQ(Convolve({0, 0, 1}, {0.5, 0, 0.5, 0}),
            (List{0, 0, 0.5, 0, 0.5, 0}));
  EXPECT_EQ(Convolve({0, 0}, {0.5, 0.5}), (List{0, 0, 0}));
  EXPECT_EQ(Convolve({}, {0.5, 0.5}), List{});
}

TEST(ConvolveTest, ListsOfAllLengthsAboutABlock) {
  for (std::size_t m = 1; m < 40; ++m) {
    for (std::size_t n = 1; n < 40; ++n) {
      List a(m);
      List b(n);
      for (std::size_t i = 0; i < m; ++i) a[i] = 1.0 / (2.0 + double(i * i));
      for (std::size_t i = 0; i < n; ++i) b[i] = 1.0 / (3.0 + double(i));
      ExpectNear(Convolve(a, b), BySchoolbook(a, b), 1e-15);
    }
  }
}

// Long enough for transforms, with a hard pity in each.
TEST(ConvolveTest, LongListsWithSpikesKeepTheirDigits) {
  List a(3000, 1e-4);
  List b(2500, 1e-5);
  a[90] += 0.7;
  b[80] += 0.9;
  b[2000] += 0.075;
  ExpectNear(Convolve(a, b), BySchoolbook(a, b), 2e-16);
}

TEST(ConvolvePowerTest, SmallListsByHand) {
  EXPECT_EQ(ConvolvePower({0.5, 0.5}, 0).value(), List{1});
  EXPECT_EQ(ConvolvePower({0.5, 0.5}, 1).value(), (List{0.5, 0.5}));
  EXPECT_EQ(ConvolvePower({0.5, 0.5}, 4).value(),
            (List{0.0625, 0.25, 0.375, 0.25, 0.0625}));
  EXPECT_EQ(ConvolvePower({0, 0, 0.5}, 3).value(),
            (List{0, 0, 0, 0, 0, 0, 0.125}));
  EXPECT_EQ(ConvolvePower({0, 0}, 3).value(), (List{0, 0, 0, 0}));
}

// Schoolbook convolution in 60-digit decimal arithmetic.
TEST(ConvolvePowerTest, SevenFeaturedHits) {
  const List pmf = ConvolvePower(FeaturedWait(), 7).value();
  ASSERT_EQ(pmf.size(), 1261);
  const std::pair<std::size_t, double> expected[] = {
      {7, 2.187e-18},
      {100, 2.4076782946652150818e-9},
      {300, 0.000022984703048390075892},
      {500, 0.0014453952377414906271},
      {654, 0.0034390772015617377622},
      {900, 0.00034206661821563579548},
      {1200, 7.5031510133624756686e-38},
      {1260, 8.2876088088075560953e-103}};
  for (const auto& [n, value] : expected) {
    EXPECT_NEAR(pmf[n] / value, 1, 1e-13) << n;
  }
  const Distribution pulls = Distribution::Make(pmf).value();
  EXPECT_NEAR(pulls.mean() / 654.121986416125191511, 1, 1e-14);
  EXPECT_NEAR(pulls.variance() / 12998.0804236300152856, 1, 1e-13);
  const std::pair<double, std::int64_t> quantiles[] = {{0.1, 507}, {0.25, 576},
                                                       {0.5, 654}, {0.75, 732},
                                                       {0.9, 801}, {0.99, 917}};
  for (const auto& [q, n] : quantiles) EXPECT_EQ(pulls.Quantile(q).value(), n);
}

// A coin thrown often: binomial. All of it, down to 1e-300, goes through
// several tilts.
TEST(ConvolvePowerTest, LongPowersAreRightFarIntoTheirTails) {
  const List pmf = ConvolvePower({0.75, 0.25}, 4000).value();
  ASSERT_EQ(pmf.size(), 4001);
  for (std::size_t k = 0; k <= 4000; ++k) {
    const double expected = Binomial(4000, static_cast<double>(k), 0.25);
    if (expected < 1e-295) continue;
    // 1e-9: lgamma's own error, times its size.
    ASSERT_NEAR(pmf[k] / expected, 1, 1e-9) << k;
  }
  EXPECT_NEAR(std::accumulate(pmf.begin(), pmf.end(), 0.0), 1, 1e-12);
}

// Both ends can be written down: P(n) at the first and last count.
TEST(ConvolvePowerTest, BothEndsOfALongPower) {
  List pmf(181, 0.5 / 179);
  pmf[0] = 0;
  pmf[1] = 0.25;
  pmf[180] = 0.25 + 0.5 / 179;
  pmf[2] = 0;
  const List power = ConvolvePower(pmf, 100).value();
  EXPECT_EQ(power[99], 0);
  EXPECT_NEAR(power[100] / std::pow(0.25, 100), 1, 1e-12);
  EXPECT_NEAR(power[102] / (100 * pmf[3] * std::pow(0.25, 99)), 1, 1e-12);
  EXPECT_NEAR(power[18000] / std::pow(pmf[180], 100), 1, 1e-12);
}

TEST(ConvolvePowerTest, PutsNothingWhereNothingCanBe) {
  List pmf(181);
  pmf[60] = 0.5;
  pmf[180] = 0.5;  // all sums are multiples of 60
  const List power = ConvolvePower(pmf, 200).value();
  for (std::size_t n = 0; n < power.size(); ++n) {
    if (n % 60 != 0) {
      ASSERT_EQ(power[n], 0) << n;
    }
  }
  EXPECT_NEAR(power[200 * 120] / Binomial(200, 100, 0.5), 1, 1e-12);
}

// No tilt makes a middle of this: the gaps are 0, not noise.
TEST(ConvolvePowerTest, AListFullOfHolesKeepsItsAbsoluteError) {
  List pmf(181);
  pmf[0] = 0.5;
  pmf[179] = 0.25;
  pmf[180] = 0.25;
  const List power = ConvolvePower(pmf, 40).value();
  // j of 40 are long, i of them 180.
  for (std::size_t j = 0; j <= 40; ++j) {
    for (std::size_t i = 0; i <= j; ++i) {
      ASSERT_NEAR(
          power[179 * j + i],
          Binomial(40, double(j), 0.5) * Binomial(double(j), double(i), 0.5),
          1e-15);
    }
  }
  EXPECT_EQ(power[90], 0);
  EXPECT_EQ(power[20 * 179 + 100], 0);
}

TEST(ConvolvePowerTest, AThousandFeaturedHits) {
  const List pmf = ConvolvePower(FeaturedWait(), 1000).value();
  ASSERT_EQ(pmf.size(), 180'001);
  const Moments moments = MomentsOf(pmf);
  EXPECT_NEAR(moments.mean / 93445.9980594464559302, 1, 1e-12);
  EXPECT_NEAR(moments.variance / 1856868.63194714504079, 1, 1e-11);
  for (const double p : pmf) ASSERT_GE(p, 0);
}

TEST(CompoundTest, ByHand) {
  // 1/2 at once, 1/4 after one more wait of 1 or 2, 1/4 after two.
  EXPECT_EQ(Compound({0, 1}, {0, 0.5, 0.5}, {0.5, 0.25, 0.25}).value(),
            (List{0, 0.5, 0.125, 0.1875, 0.125, 0.0625}));
  EXPECT_EQ(Compound({0, 1}, {0, 1}, {1}).value(), (List{0, 1}));
}

// A geometric number of waits: f = p first + q wait * f, entry by entry.
TEST(CompoundTest, AGeometricNumberOfWaitsAgreesWithItsRecursion) {
  List wait(91);
  for (std::size_t n = 1; n <= 90; ++n) {
    wait[n] = static_cast<double>(n) / (45.0 * 91.0);
  }
  for (const double q : {0.5, 10.0 / 11.0, 0.97}) {
    List weights;
    for (double rest = 1; rest > 1e-19; rest *= q) {
      weights.push_back((1 - q) * rest);
    }
    const List sum = Compound(wait, wait, weights).value();
    ASSERT_GT(sum.size(), 60 * 90u);
    std::vector<long double> expected(sum.size());
    for (std::size_t n = 1; n < sum.size(); ++n) {
      long double total =
          n < wait.size() ? (1 - static_cast<long double>(q)) * wait[n] : 0;
      for (std::size_t j = 1; j < wait.size() && j < n; ++j) {
        total += static_cast<long double>(q) * wait[j] * expected[n - j];
      }
      expected[n] = total;
      ASSERT_NEAR(sum[n], static_cast<double>(total), 1e-16) << q << " " << n;
    }
  }
}

TEST(CompoundTest, LongSumsAgreeWithTheirParts) {
  const List wait = SoftPityWait();
  List weights(120);
  for (std::size_t k = 0; k < weights.size(); ++k) {
    weights[k] = Binomial(119, static_cast<double>(k), 0.4);
  }
  const List sum = Compound(wait, wait, weights).value();
  ASSERT_EQ(sum.size(), 90 * 120 + 1);
  List expected(sum.size());
  for (std::size_t k = 0; k < weights.size(); ++k) {
    const List part = ConvolvePower(wait, k + 1).value();
    for (std::size_t n = 0; n < part.size(); ++n) {
      expected[n] += weights[k] * part[n];
    }
  }
  ExpectNear(sum, expected, 1e-15);
}

// 60-digit decimal arithmetic, from the definition.
TEST(HitsWithinTest, HitsInNinetyPulls) {
  const List wait = SoftPityWait();
  const List any = HitsWithin(wait, wait, 90).value();
  ASSERT_EQ(any.size(), 91);
  EXPECT_EQ(any[0], 0);
  EXPECT_NEAR(any[1], 0.81212330115422260007, 1e-15);
  EXPECT_NEAR(any[2], 0.16612482108413145211, 1e-15);
  EXPECT_NEAR(any[10] / 2.1373148602842283564e-10, 1, 1e-13);
  EXPECT_NEAR(any[50] / 3.8039407560412015118e-86, 1, 1e-13);
  EXPECT_NEAR(any[90] / 1.0804695562359870518e-200, 1, 1e-13);

  const List featured = HitsWithin(FeaturedWait(), FeaturedWait(), 90).value();
  EXPECT_NEAR(featured[0], 0.40606165057711130004, 1e-15);
  EXPECT_NEAR(featured[1], 0.53551037275623696257, 1e-15);
  EXPECT_NEAR(featured[2], 0.054747427657501524428, 1e-15);
  EXPECT_NEAR(featured[50] / 4.2835070630741001703e-101, 1, 1e-13);
}

TEST(HitsWithinTest, ByHand) {
  // The first at 1 or 2, then one every second pull.
  EXPECT_EQ(HitsWithin({0, 0.5, 0.5}, {0, 0, 1}, 4).value(),
            (List{0, 0, 1, 0, 0}));
  EXPECT_EQ(HitsWithin({0, 0.5, 0.5}, {0, 0, 1}, 3).value(),
            (List{0, 0.5, 0.5, 0}));
  EXPECT_EQ(HitsWithin({0, 1}, {0, 1}, 0).value(), List{1});
  // Half of all never get one; then it is one and no more.
  EXPECT_EQ(HitsWithin({0, 0.25, 0.25}, {0, 0}, 3).value(),
            (List{0.5, 0.5, 0, 0}));
}

// Without memory the hits are binomial.
TEST(HitsWithinTest, FlatOddsGiveTheBinomialDistribution) {
  constexpr double kOdds = 0.05;
  for (const std::size_t pulls : {100, 400, 2000}) {
    List wait(20 * pulls);  // what is beyond is too small to count
    for (std::size_t n = 1; n < wait.size(); ++n) {
      wait[n] = kOdds * std::pow(1 - kOdds, static_cast<double>(n - 1));
    }
    const List hits = HitsWithin(wait, wait, pulls).value();
    for (std::size_t k = 0; k <= pulls; ++k) {
      const double expected =
          Binomial(static_cast<double>(pulls), static_cast<double>(k), kOdds);
      if (expected < 1e-290) continue;
      ASSERT_NEAR(hits[k] / expected, 1, 1e-9) << k << " of " << pulls;
    }
  }
}

// More than k hits in so many pulls: the k + 1st comes within them.
TEST(HitsWithinTest, ManyPullsAgreeWithTheWaitsForThem) {
  const List wait = SoftPityWait();
  constexpr std::size_t kPulls = 5000;
  const List hits = HitsWithin(wait, wait, kPulls).value();
  double more = 1;  // P(more than k)
  for (std::size_t k = 0; k < 120; ++k) {
    more -= hits[k];
    if (k < 70) continue;
    const Distribution pulls =
        Distribution::Make(ConvolvePower(wait, k + 1).value()).value();
    ASSERT_NEAR(more, pulls.Cdf(kPulls), 1e-13) << k;
  }
  EXPECT_EQ(hits[54], 0);  // the 55th comes at pull 55 * 90 = 4950 at last
}

TEST(ConvolutionTest, RefusesWhatIsNoDistribution) {
  const List ok = {0, 1};
  const double nan = std::nan("");
  for (const List& bad : {List{}, List{0, -0.5}, List{0, nan},
                          List{0, std::numeric_limits<double>::infinity()}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ConvolvePower(bad, 2).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(Compound(bad, ok, {1}).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(Compound(ok, bad, {1}).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(Compound(ok, ok, bad).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(HitsWithin(bad, ok, 5).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(HitsWithin(ok, bad, 5).status()));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(HitsWithin({1}, ok, 5).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(HitsWithin(ok, {0, 2}, 5).status()));
}

TEST(ConvolutionTest, RefusesListsThatWouldNotFit) {
  const List ok = {0, 0.5, 0.5};
  EXPECT_TRUE(absl::IsResourceExhausted(
      ConvolvePower(ok, kMaxDistributionEntries).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(ConvolvePower(ok, ~0ull).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(
      HitsWithin(ok, ok, kMaxDistributionEntries).status()));
}

}  // namespace
}  // namespace fairpull
