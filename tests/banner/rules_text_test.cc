#include "fairpull/banner/rules_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "banner/files.h"

namespace fairpull {
namespace {

using ::testing::ElementsAre;
using ::testing::IsSupersetOf;

std::vector<std::string> Told(const Banner& banner) {
  std::vector<std::string> lines;
  for (const RuleText& rule : DescribeRules(banner.spec())) {
    lines.push_back(absl::StrCat(rule.pointer, " ", rule.text));
  }
  return lines;
}

// A banner of gold and tin, with more in gold and at the top.
std::vector<std::string> ToldWith(const std::string& gold,
                                  const std::string& top = "") {
  const std::string text = absl::StrReplaceAll(
      R"({"id": "any", "price": {"currency": "gem", "amount": 100}, $top
          "rarities": [
            {"id": "gold", "name": "Gold", "odds": "10%" $gold},
            {"id": "tin", "name": "Tin", "odds": "rest"}],
          "items": [
            {"id": "g1", "name": "Ada", "type": "hero", "rarity": "gold"},
            {"id": "g2", "name": "Ben", "type": "item", "rarity": "gold"},
            {"id": "t1", "name": "Tin Cup", "type": "item",
             "rarity": "tin"}]})",
      {{"$top", top.empty() ? "" : top + ","},
       {"$gold", gold.empty() ? "" : ", " + gold}});
  const absl::StatusOr<Banner> banner = Banner::FromJson(text, "any.json");
  EXPECT_TRUE(banner.ok()) << banner.status();
  return banner.ok() ? Told(*banner) : std::vector<std::string>();
}

TEST(RulesTextTest, PityAndGuarantee) {
  EXPECT_THAT(
      Told(Banner::FromJson(testing::kSmallBanner, "small.json").value()),
      ElementsAre(
          "/price one pull costs 100 gem",
          "/rarities/0/soft_pity gold: from pull 5 since the last one on, odds "
          "grow by 20 percentage points with each pull",
          "/rarities/0/hard_pity gold: certain at pull 8 since the last one at "
          "the latest",
          "/rarities/0/rate_up gold: 75% of them are g1",
          "/rarities/0/rate_up gold: after one that is not featured the next "
          "is",
          "/rarities/1/hard_pity silver: certain, if no higher rarity is "
          "drawn, at pull 4 since the last one at the latest",
          "/rarities/1/on_higher_hit silver: a higher rarity starts its pity "
          "again"));
}

TEST(RulesTextTest, CurvesOfEveryKind) {
  EXPECT_THAT(
      ToldWith(R"("knots": [{"pull": 5, "odds": "20%"},
                            {"pull": 7, "odds": "1"}])"),
      IsSupersetOf({"/rarities/0/knots Gold: odds grow along straight lines to "
                    "20% at pull 5, 100% at pull 7 since the last one"}));
  EXPECT_THAT(ToldWith(R"("curve": ["10%", "30%", "100%"])"),
              IsSupersetOf({"/rarities/0/curve Gold: odds by pull since the "
                            "last one are 10%, 30%, 100%"}));
  EXPECT_THAT(
      ToldWith(R"("soft_pity": {"from": 3, "step": "2.5%", "every": 10})"),
      IsSupersetOf(
          {"/rarities/0/soft_pity Gold: from pull 3 since the last one "
           "on, odds grow by 2.5 percentage points with each 10 "
           "pulls"}));
}

TEST(RulesTextTest, RateUpOfEveryKind) {
  EXPECT_THAT(
      ToldWith(R"("rate_up": {"featured": ["g1"], "odds": "0.5%",
                              "after_loss": "same_odds",
                              "off_pool": "all",
                              "featured_from_off_pool": "win"})"),
      IsSupersetOf({"/rarities/0/rate_up Gold: 0.5% of pulls are Ada",
                    "/rarities/0/rate_up Gold: the others are drawn from all "
                    "of them, and a featured one among those counts as won"}));
  EXPECT_THAT(ToldWith(R"("rate_up": {"featured": ["g1"], "share": "50%",
                    "after_loss": "guarantee",
                    "loss_streak": {"start": 1, "certain_at": 3, "then": 1}})"),
              IsSupersetOf(
                  {"/rarities/0/rate_up Gold: a counter goes up by 1 with each "
                   "that is lost and down with each that is won, from 1; at 3 "
                   "the next is featured, and it becomes 1"}));
  EXPECT_THAT(
      ToldWith(R"("rate_up": {"featured": ["g1"], "share": "50%",
                    "after_loss": "same_odds",
                    "featured_within": {"pulls": 30, "certain": "pull",
                                        "once": true}})"),
      IsSupersetOf({"/rarities/0/rate_up Gold: after 29 pulls without a "
                    "featured one the next pull is one, until the first "
                    "featured one"}));
  EXPECT_THAT(
      ToldWith(R"("rate_up": {"featured": ["g1"], "share": "50%",
                    "after_loss": "same_odds",
                    "featured_within": {"pulls": 30,
                                        "certain": "next_hit"}})"),
      IsSupersetOf({"/rarities/0/rate_up Gold: after 30 pulls without a "
                    "featured one the next of this rarity is one"}));
  EXPECT_THAT(Told(testing::LoadShipped("genshin-weapon-path1")),
              IsSupersetOf({"/rarities/0/rate_up 5-star: each that is not the "
                            "chosen item gives a fate point; with 1 point the "
                            "next is the chosen item"}));
}

TEST(RulesTextTest, WhatARarityDoesWithItsItems) {
  EXPECT_THAT(
      ToldWith(R"("split": [{"type": "hero", "share": "20%"},
                            {"type": "item", "share": "80%"}],
                  "duplicate_gives": {"from_copy": 3, "currency": "dust",
                                      "amount": 40})"),
      IsSupersetOf({"/rarities/0/split Gold: 20% hero, 80% item",
                    "/rarities/0/duplicate_gives Gold: copy 3 of an item and "
                    "each later one gives 40 dust"}));
  EXPECT_THAT(
      ToldWith(R"("protect_duplicates": {"when_all_owned": "lower_rarity"})"),
      IsSupersetOf({"/rarities/0/protect_duplicates Gold: no item comes twice "
                    "before all are owned; then its odds go to the next lower "
                    "rarity"}));
}

TEST(RulesTextTest, PricesAndBatches) {
  EXPECT_THAT(
      ToldWith("", R"("batches": [1, {"size": 10, "bonus": 1, "price": 900,
                        "at_least": {"rarity": "gold", "count": 2},
                        "mixture": {"chance": "5%", "odds": {"gold": "100%"}},
                        "shuffle": true}],
                      "discounts": [{"id": "first", "batch": 10,
                                     "amount": 500, "limit": 3}],
                      "frozen_odds": true)"),
      ElementsAre(
          "/price one pull costs 100 gem",
          "/discounts/0 3 times, 10 pulls cost 500 gem",
          "/frozen_odds all pulls of a batch have the odds of its first",
          "/batches/1/price 10 pulls at once cost 900 gem",
          "/batches/1/bonus 10 pulls at once give 1 more",
          "/batches/1/at_least 10 pulls at once have at least 2 Gold or higher",
          "/batches/1/mixture of 10 pulls at once, with a chance of 5% all "
          "have "
          "other odds: Gold 100%",
          "/batches/1/shuffle 10 pulls at once are shown in random order"));
  EXPECT_THAT(ToldWith("", R"("batches": [{"size": 5, "last_if_none": "gold",
                               "at_most": {"rarity": "gold", "count": 1}}])"),
              IsSupersetOf({"/batches/0/last_if_none 5 pulls at once have at "
                            "least 1 Gold or higher",
                            "/batches/0/at_most 5 pulls at once have at most 1 "
                            "Gold"}));
}

TEST(RulesTextTest, WhatGivesWayWhereOddsPassOne) {
  EXPECT_THAT(ToldWith("", R"("overflow": "independent")"),
              IsSupersetOf({"/overflow each rarity is tried on its own, the "
                            "highest first, and the first that comes counts"}));
  EXPECT_THAT(ToldWith("", R"("overflow": "normalise")"),
              IsSupersetOf({"/overflow where the odds of all rarities pass "
                            "100%, each gives way in proportion"}));
  EXPECT_THAT(
      ToldWith("", R"("overflow": "scale_filler")"),
      IsSupersetOf({"/overflow rarities whose odds never grow share what "
                    "the others leave, in proportion"}));
}

TEST(RulesTextTest, StepsWithTheHighestRarityFirst) {
  EXPECT_THAT(
      Told(testing::LoadShipped("stepup-asteria")),
      IsSupersetOf({"/step_up/steps/0 step 1: 10 pulls at once cost 35 "
                    "star-spirit-stone, and number 10 has odds of its own: "
                    "5-star 13%, 4-star 87%",
                    "/step_up after the last step the last follows; after a "
                    "5-star the first"}));
}

TEST(RulesTextTest, WhatIsGiven) {
  EXPECT_THAT(
      ToldWith("", R"("spark": {"points": 200, "choose": ["g1", "g2"]},
                      "milestones": [
                        {"at": 30, "gives": {"draws": 10}},
                        {"at": 50, "repeat": true,
                         "gives": {"item": "g2", "count": 2}}],
                      "collections": [
                        {"items": ["g1", "g2"],
                         "gives": {"currency": "gem", "amount": 5}}],
                      "counters": {"spark": {"scope": "account",
                        "at_end": {"currency": "coin", "amount": 1}}})"),
      ElementsAre(
          "/price one pull costs 100 gem",
          "/spark each pull gives a point; 200 points buy Ada or Ben",
          "/milestones/0 pull number 30 gives 10 pulls that read and move no "
          "counter",
          "/milestones/1 each 50 pulls give 2 × Ben",
          "/collections/0 whoever has Ada and Ben is given 5 gem",
          "/counters/spark counter spark is shared by all banners; when it "
          "ends, each point becomes 1 coin"));
  EXPECT_THAT(Told(testing::LoadShipped("box-300")),
              IsSupersetOf({"/box the items are a box without replacement, "
                            "which is filled anew when no prize is left"}));
}

TEST(RulesTextTest, ALongListIsCounted) {
  std::string items;
  std::string ids;
  for (int i = 1; i <= 11; ++i) {
    absl::StrAppend(&items, R"({"id": "i)", i,
                    R"(", "type": "hero", "rarity": "gold"},)");
    absl::StrAppend(&ids, i == 1 ? "" : ", ", "\"i", i, "\"");
  }
  const Banner banner =
      Banner::FromJson(
          absl::StrCat(R"({"id": "long",
              "price": {"currency": "gem", "amount": 1},
              "rarities": [{"id": "gold", "odds": "10%"},
                           {"id": "tin", "odds": "rest"}],
              "items": [)",
                       items, R"({"id": "t", "type": "item", "rarity": "tin"}],
              "spark": {"points": 9, "choose": [)",
                       ids, "]}}"),
          "long.json")
          .value();
  EXPECT_EQ(Told(banner).back(),
            "/spark each pull gives a point; 9 points buy i1, i2, i3, i4, "
            "i5, i6, i7, i8 or 3 more");
}

}  // namespace
}  // namespace fairpull
