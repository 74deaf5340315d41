// Values worked out elsewhere, in 60-digit arithmetic;
// tests/python/exact_test.py holds every shipped banner against more of them,
// entry by entry.

#include "fairpull/analysis/pulls_to.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "banner/files.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using Values = std::vector<std::pair<std::string, std::int64_t>>;

struct Known {
  std::string banner;
  std::string goal;
  std::uint64_t copies;
  double mean;
  double variance;
  std::array<int, 6> quantiles;  // at 10, 25, 50, 75, 90 and 99%
};

void PrintTo(const Known& known, std::ostream* out) {
  *out << known.banner << " " << known.goal << " x" << known.copies;
}

class KnownTest : public ::testing::TestWithParam<Known> {};

TEST_P(KnownTest, MeanVarianceAndQuantiles) {
  const Known& known = GetParam();
  const Banner banner = testing::LoadShipped(known.banner);
  const Distribution pulls = *PullsTo(banner, *Goal::Parse(banner, known.goal),
                                      {.copies = known.copies});
  EXPECT_NEAR(pulls.mean(), known.mean, 1e-13 * known.mean);
  EXPECT_NEAR(pulls.variance(), known.variance, 1e-13 * known.variance);
  constexpr std::array<double, 6> kAt = {0.10, 0.25, 0.50, 0.75, 0.90, 0.99};
  for (std::size_t i = 0; i < kAt.size(); ++i) {
    EXPECT_EQ(*pulls.Quantile(kAt[i]), known.quantiles[i]) << kAt[i];
  }
}

INSTANTIATE_TEST_SUITE_P(
    Games, KnownTest,
    ::testing::Values(Known{"genshin-character",
                            "rarity:5-star",
                            1,
                            62.2973320396309706201,
                            591.086158088758116,
                            {18, 48, 76, 78, 80, 83}},
                      Known{"genshin-character",
                            "featured:5-star",
                            1,
                            93.4459980594464559,
                            1856.86863194714505,
                            {34, 75, 80, 135, 155, 161}},
                      Known{"genshin-character",
                            "featured:5-star",
                            7,
                            654.121986416125192,
                            12998.0804236300153,
                            {507, 576, 654, 732, 801, 917}},
                      Known{"genshin-character-radiance",
                            "featured:5-star",
                            7,
                            637.08755968653860,
                            10423.8849321163,
                            {503, 569, 640, 709, 768, 856}},
                      Known{"genshin-weapon-path1",
                            "chosen:5-star",
                            1,
                            86.531884701256434,
                            1361.85971989905,
                            {36, 65, 79, 128, 133, 138}},
                      Known{"wuwa-character",
                            "featured:5-star",
                            1,
                            81.154115679738714,
                            1537.46257416069,
                            {26, 65, 73, 113, 140, 147}},
                      Known{"arknights-standard",
                            "rarity:6-star",
                            1,
                            34.594554935209829,
                            438.040197114517,
                            {6, 15, 35, 55, 60, 67}},
                      Known{"reverse1999",
                            "featured:6-star",
                            1,
                            63.580330073091810,
                            1304.25848774355,
                            {14, 35, 65, 84, 120, 138}},
                      Known{"bluearchive-pickup",
                            "featured:3-star",
                            1,
                            107.80200663753004,
                            5049.44419544785,
                            {15, 41, 99, 198, 200, 200}},
                      Known{"box-300",
                            "rarity:prize",
                            10,
                            273.63636363636364,
                            601.170798898072,
                            {240, 262, 281, 292, 297, 300}}));

Banner Coins(int items, const std::string& more = "") {
  std::string list;
  for (int i = 0; i < items; ++i) {
    absl::StrAppend(&list, i == 0 ? "" : ",", R"({"id": "c)", i,
                    R"(", "type": "x", "rarity": "coin"})");
  }
  return Banner::FromJson(
             absl::StrCat(
                 R"({"id": "coins", "price": {"currency": "gem", "amount": 1},)",
                 more, R"("rarities": [{"id": "coin", "odds": "rest"}],
                 "items": [)",
                 list, "]}"),
             "coins.json")
      .value();
}

// n * H(n), and the sum of n^2/k^2 - n/k over k from 1 to n.
TEST(PullsToTest, ACollectionOfEqualItems) {
  const Banner banner = Coins(20);
  std::string goal = "all:c0";
  for (int i = 1; i < 20; ++i) absl::StrAppend(&goal, ",c", i);
  const Distribution pulls = *PullsTo(banner, *Goal::Parse(banner, goal));
  EXPECT_NEAR(pulls.mean(), 71.954793142873638, 1e-11);
  EXPECT_NEAR(pulls.variance(), 566.510504422336, 1e-10);
  EXPECT_EQ(pulls.support_min(), 20);
  EXPECT_EQ(pulls.support_max(), std::nullopt);
  EXPECT_NEAR(pulls.tail(), 9.83123e-26, 1e-31);
  EXPECT_EQ(*pulls.Quantile(0.99), 149);
}

// By hand: heads with 1/2 each, an exchange at the third flip. In three flips
// there are h heads with odds 1/8, 3/8, 3/8, 1/8, and one more by exchange.
TEST(PullsToTest, AnExchangeAndAHitOnOnePullAreTwoItems) {
  const Banner banner =
      Banner::FromJson(
          R"({"id": "b", "price": {"currency": "gem", "amount": 1},
          "spark": {"points": 3, "choose": ["h"]},
          "rarities": [{"id": "head", "odds": "1/2"},
                       {"id": "tail", "odds": "rest"}],
          "items": [{"id": "h", "type": "x", "rarity": "head"},
                    {"id": "t", "type": "x", "rarity": "tail"}]})",
          "b.json")
          .value();
  const Goal goal = *Goal::Parse(banner, "item:h");
  const Distribution hits = *HitsIn(banner, goal, 3);
  EXPECT_EQ(std::vector<double>(hits.pmf().begin(), hits.pmf().end()),
            (std::vector<double>{0, 0.125, 0.375, 0.375, 0.125}));
  // The second copy: two heads in 2, or one in 2 and not done, or at flip 3.
  const Distribution two = *PullsTo(banner, goal, {.copies = 2});
  EXPECT_DOUBLE_EQ(two.Pmf(2), 0.25);
  EXPECT_DOUBLE_EQ(two.Pmf(3), 0.5 + 0.25 * 0.5);
  EXPECT_EQ(two.support_max(), 5 + 1);
  // Points that suffice at once.
  const Distribution now =
      *PullsTo(banner, goal,
               {.state = *banner.counters().FromValues(Values{{"spark", 4}})});
  EXPECT_EQ(now.support_max(), 0);
}

// Rule 10: the first copy within 3, later ones by the odds alone.
TEST(PullsToTest, AOneTimeGuaranteeCountsForTheFirstCopyAlone) {
  const Banner banner =
      Banner::FromJson(
          R"({"id": "b", "price": {"currency": "gem", "amount": 1},
          "rarities": [{"id": "head", "odds": "1/2", "rate_up": {
            "featured": ["h"], "share": "1/2", "after_loss": "same_odds",
            "featured_within": {"pulls": 3, "certain": "pull",
                                "once": true}}},
                       {"id": "tail", "odds": "rest"}],
          "items": [{"id": "h", "type": "x", "rarity": "head"},
                    {"id": "o", "type": "x", "rarity": "head"},
                    {"id": "t", "type": "x", "rarity": "tail"}]})",
          "b.json")
          .value();
  const Goal goal = *Goal::Parse(banner, "featured:head");
  const Distribution first = *PullsTo(banner, goal);
  EXPECT_DOUBLE_EQ(first.Pmf(1), 1.0 / 4);
  EXPECT_DOUBLE_EQ(first.Pmf(2), 3.0 / 16);
  EXPECT_DOUBLE_EQ(first.Pmf(3), 9.0 / 16);
  EXPECT_EQ(first.support_max(), 3);
  const Distribution second = *PullsTo(banner, goal, {.copies = 2});
  EXPECT_DOUBLE_EQ(second.mean(), first.mean() + 4);
  EXPECT_EQ(second.support_max(), std::nullopt);
}

// By hand: a draw at 2, then ten detached draws at 1/2: none of eleven fails.
TEST(PullsToTest, DetachedDrawsCountAtTheDrawThatGivesThem) {
  const Banner banner =
      Banner::FromJson(
          R"({"id": "b", "price": {"currency": "gem", "amount": 1},
          "milestones": [{"at": 2, "gives": {"draws": 10}}],
          "rarities": [{"id": "head", "odds": "1/2"},
                       {"id": "tail", "odds": "rest"}],
          "items": [{"id": "h", "type": "x", "rarity": "head"},
                    {"id": "t", "type": "x", "rarity": "tail"}]})",
          "b.json")
          .value();
  const Distribution pulls =
      *PullsTo(banner, *Goal::Parse(banner, "rarity:head"));
  EXPECT_DOUBLE_EQ(pulls.Pmf(1), 0.5);
  EXPECT_DOUBLE_EQ(pulls.Pmf(2), 0.5 - 1.0 / 4096);
  EXPECT_DOUBLE_EQ(pulls.Pmf(3), 1.0 / 8192);
}

TEST(PullsToTest, SaysWhichGoalsAndCopiesThereAre) {
  const Banner banner = testing::LoadShipped("genshin-character");
  const auto message = [&](const std::string& goal) {
    return std::string(Goal::Parse(banner, goal).status().message());
  };
  EXPECT_THAT(message("5-star"), HasSubstr("must begin with rarity:"));
  EXPECT_THAT(message("rarity:6-star"), HasSubstr("5-star, 4-star, 3-star"));
  EXPECT_THAT(message("featured:3-star"), HasSubstr("no featured items"));
  EXPECT_THAT(message("chosen:5-star"), HasSubstr("no fate points"));
  EXPECT_THAT(message("item:nobody"), HasSubstr("no item \"nobody\""));
  EXPECT_THAT(message("all:"), HasSubstr("no item \"\""));
  const Goal goal = *Goal::Parse(banner, "rarity:5-star");
  EXPECT_THAT(
      std::string(PullsTo(banner, goal, {.copies = 0}).status().message()),
      HasSubstr("from 1 to 100000"));
  EXPECT_THAT(
      std::string(PullsTo(banner, goal, {.batch = 7}).status().message()),
      HasSubstr("it sells 1, 10"));
}

TEST(PullsToTest, RefusesWhatIsTooLargeWithItsSizeAndTheLimit) {
  const Banner banner = testing::LoadShipped("endfield-character");
  const auto pulls = PullsTo(banner, *Goal::Parse(banner, "featured:6-star"),
                             {.copies = 100'000});
  EXPECT_EQ(pulls.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(pulls.status().message()),
              HasSubstr(absl::StrCat("at most ", kMaxAnalysisStates)));
}

}  // namespace
}  // namespace fairpull
