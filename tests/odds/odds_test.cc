#include "fairpull/odds/odds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fairpull {
namespace {

using ::testing::HasSubstr;

void ExpectFraction(const std::string& text, std::uint32_t numerator,
                    std::uint32_t denominator) {
  const auto odds = Odds::Parse(text);
  ASSERT_TRUE(odds.ok()) << text << ": " << odds.status();
  EXPECT_EQ(odds->numerator(), numerator) << text;
  EXPECT_EQ(odds->denominator(), denominator) << text;
}

TEST(OddsTest, ReadsPercentagesDecimalsAndFractionsExactly) {
  ExpectFraction("0.6%", 3, 500);
  ExpectFraction("0.006", 3, 500);
  ExpectFraction("3/500", 3, 500);
  ExpectFraction("5.1%", 51, 1000);
  ExpectFraction("78.125%", 25, 32);
  ExpectFraction("100%", 1, 1);
  ExpectFraction("1", 1, 1);
  ExpectFraction("1.000", 1, 1);
  ExpectFraction("0", 0, 1);
  ExpectFraction("0%", 0, 1);
  ExpectFraction(".5", 1, 2);
  ExpectFraction("2/782", 1, 391);
  ExpectFraction("1/16777216", 1, 16777216);
}

TEST(OddsTest, RefusesWhatIsNotOddsAndSaysWhatWouldBe) {
  for (const std::string bad :
       {"",      "%",     ".",     "1.",   "-0.1",
        "+0.1",  "0.6 %", " 0.6%", "0,6%", "1e-3",
        "nan",   "0x1",   "1/2/3", "1/",   "/2",
        "0.5/1", "50%%",  "1/2%",  "six",  "0.0000000000000001"}) {
    const auto odds = Odds::Parse(bad);
    ASSERT_EQ(odds.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(odds.status().message()), HasSubstr("\"0.6%\""));
  }
}

TEST(OddsTest, RefusesMoreThanCertainAndZeroDenominators) {
  for (const std::string bad : {"1.0001", "100.1%", "3/2", "2"}) {
    EXPECT_THAT(std::string(Odds::Parse(bad).status().message()),
                HasSubstr("above 1"))
        << bad;
  }
  EXPECT_THAT(std::string(Odds::Parse("1/0").status().message()),
              HasSubstr("denominator 0"));
}

TEST(OddsTest, RefusesOddsFinerThanAWheel) {
  EXPECT_THAT(std::string(Odds::Parse("1/16777217").status().message()),
              HasSubstr("finer"));
  EXPECT_FALSE(Odds::Parse("0.00000001").ok());
}

TEST(OddsTest, AddsStepsExactlyAndStopsAtCertain) {
  const Odds base = *Odds::Parse("0.6%");
  const Odds step = *Odds::Parse("6%");
  EXPECT_EQ(*base.PlusSteps(step, 0), base);
  EXPECT_EQ(base.PlusSteps(step, 1)->ToString(), "33/500");    // 6.6%
  EXPECT_EQ(base.PlusSteps(step, 16)->ToString(), "483/500");  // 96.6%
  EXPECT_TRUE(base.PlusSteps(step, 17)->certain());            // 102.6%
  EXPECT_TRUE(base.PlusSteps(step, 0xffffffffu)->certain());
  EXPECT_EQ(base.PlusSteps(Odds::Never(), 0xffffffffu)->ToString(), "3/500");
}

TEST(OddsTest, RefusesASumFinerThanAWheel) {
  const Odds a = *Odds::Parse("1/4999");
  const Odds b = *Odds::Parse("1/5003");  // both prime: 25,009,997 together
  EXPECT_FALSE(a.PlusSteps(b, 1).ok());
}

TEST(OddsTest, ComparesAsFractions) {
  EXPECT_LT(*Odds::Parse("1/3"), *Odds::Parse("0.334"));
  EXPECT_GT(*Odds::Parse("1/3"), *Odds::Parse("0.333"));
  EXPECT_EQ(*Odds::Parse("50%"), *Odds::Parse("1/2"));
  EXPECT_EQ(Odds::Parse("0.6%")->WeightOf(2000), 12u);
}

}  // namespace
}  // namespace fairpull
