// Every way in which a banner file can be wrong has its own message, with the
// JSON pointer of the place.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "banner/files.h"
#include "fairpull/banner/banner.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using ::testing::TestWithParam;
using ::testing::ValuesIn;

struct Case {
  std::string name;
  std::string text;
  std::string pointer;
  std::string message;  // a part of it
};

std::vector<Problem> Check(const std::string& text) {
  Problems problems("x.json");
  std::optional<BannerSpec> spec = ParseBanner(text, problems);
  if (spec.has_value()) {
    const bool compiled = CompileBanner(*spec, problems).has_value();
    EXPECT_EQ(compiled, problems.empty());
  }
  return problems.list();
}

void PrintTo(const Case& rejected, std::ostream* out) { *out << rejected.name; }

class RejectedTest : public TestWithParam<Case> {};

TEST_P(RejectedTest, TellsWhereAndWhy) {
  const std::vector<Problem> problems = Check(GetParam().text);
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems[0].file, "x.json");
  EXPECT_EQ(problems[0].pointer, GetParam().pointer) << problems[0].message;
  EXPECT_THAT(problems[0].message, HasSubstr(GetParam().message));
}

using testing::Edited;

const std::vector<Case> kForm = {
    {"Empty", "", "", "syntax error at line 1, column 1"},
    {"NotJson", "{\n  \"id\": }", "", "syntax error at line 2, column 9"},
    {"TrailingText", std::string(testing::kSmallBanner) + "x", "",
     "syntax error"},
    {"NumberOutOfRange", "{\"price\": 1e400}", "",
     "a number that is out of range"},
    {"NulByte", std::string(testing::kSmallBanner) + '\0' + "x", "",
     "a NUL byte at line 19"},
    {"NotAnObject", "[]", "", "is an array; it must be an object"},
    {"TooDeep", std::string(2000, '[') + std::string(2000, ']'), "",
     "nested deeper than 32"},
    {"TooLarge", std::string(kMaxBannerFileBytes + 1, ' '), "",
     "at most 4194304"},
    {"UnknownKey", Edited("\"price\"", "\"sale\": 1, \"price\""), "/sale",
     "unknown key; known here are \"$schema\", \"batches\""},
    {"UnknownKeyInside", Edited("\"hard_pity\": 8", "\"hard_pitty\": 8"),
     "/rarities/0/hard_pitty", "unknown key"},
    {"DuplicateKey",
     Edited("\"id\": \"small\"", "\"id\": \"small\", \"id\": \"other\""), "/id",
     "given twice"},
    {"DuplicateKeyInside",
     Edited("\"odds\": \"10%\"", "\"odds\": \"10%\", \"odds\": \"11%\""),
     "/rarities/1/odds", "given twice"},
    {"MissingKey", Edited("\"id\": \"small\",", ""), "",
     "the key \"id\" is missing"},
    {"MissingPrice",
     Edited("\"price\": {\"currency\": \"gem\", \"amount\": 100},", ""), "",
     "the key \"price\" is missing"},
    {"WrongType", Edited("\"small\"", "7"), "/id",
     "is an integer; it must be a string"},
    {"EmptyText", Edited("\"small\"", "\"\""), "/id", "is empty"},
    {"IdWithSpace", Edited("\"small\"", "\"a b\""), "/id", "' '"},
    {"OddsAsNumber", Edited("\"10%\"", "0.1"), "/rarities/1/odds",
     "odds are text"},
    {"OddsNonsense", Edited("\"10%\"", "\"ten\""), "/rarities/1/odds",
     "\"ten\" is not odds"},
    {"OddsAboveOne", Edited("\"10%\"", "\"110%\""), "/rarities/1/odds",
     "above 1"},
    {"PriceZero", Edited("100", "0"), "/price/amount", "from 1 to"},
    {"PriceFraction", Edited("100", "1.5"), "/price/amount",
     "is a number with a fraction; it must be an integer"},
    {"PriceTooLarge", Edited("100", "9007199254740992"), "/price/amount",
     "is 9007199254740992; it must be an integer from 1 to"},
    {"PricePastInt64", Edited("100", "18446744073709551615"), "/price/amount",
     "is 18446744073709551615"},
    {"HardPityZero", Edited("\"hard_pity\": 8", "\"hard_pity\": 0"),
     "/rarities/0/hard_pity", "from 1 to 10000"},
    {"HardPityText", Edited("\"hard_pity\": 8", "\"hard_pity\": \"8\""),
     "/rarities/0/hard_pity", "is a string"},
    {"WrongChoice", Edited("\"reset\"", "\"restart\""),
     "/rarities/1/on_higher_hit", "one of \"keep\", \"reset\", \"freeze\""},
    {"EmptyList", Edited("[\"g1\"]", "[]"), "/rarities/0/rate_up/featured",
     "at least one"},
    {"FeaturedNumber", Edited("[\"g1\"]", "[1]"),
     "/rarities/0/rate_up/featured/0", "the id of an item"},
    {"BatchZero", Edited("\"rarities\"", "\"batches\": [0], \"rarities\""),
     "/batches/0", "from 1 to 100"},
    {"BatchTwice", Edited("\"rarities\"", "\"batches\": [1, 1], \"rarities\""),
     "/batches/1", "given twice"},
    {"BadTime", Edited("\"rarities\"", "\"opens\": \"tomorrow\", \"rarities\""),
     "/opens", "RFC 3339"},
    {"InfiniteTime",
     Edited("\"rarities\"", "\"opens\": \"infinite-past\", \"rarities\""),
     "/opens", "RFC 3339"},
    {"SourceStatus",
     Edited("\"rarities\"",
            "\"sources\": [{\"covers\": \"a\", \"status\": \"mine\", "
            "\"reference\": \"b\"}], \"rarities\""),
     "/sources/0/status", "one of \"official\", \"community\""},
};

const std::vector<Case> kMeaning = {
    {"SumTooLow", Edited("\"rest\"", "\"88%\""), "/rarities",
     "sum to 99/100; they must sum to 1"},
    {"SumTooHigh", Edited("\"10%\"", "\"99.5%\""), "/rarities",
     "sum to 201/200; they must sum to 1 at most"},
    {"RestNotLast", Edited("\"10%\"", "\"rest\""), "/rarities/1/odds",
     "only the last rarity"},
    {"TwoRaritiesOneName", Edited("\"id\": \"silver\"", "\"id\": \"gold\""),
     "/rarities/1/id", "names two rarities"},
    {"TwoItemsOneName", Edited("\"id\": \"s2\"", "\"id\": \"s1\""),
     "/items/3/id", "names two items"},
    {"UnknownRarity", Edited("\"rarity\": \"tin\"", "\"rarity\": \"lead\""),
     "/items/4/rarity",
     "is no rarity of this banner; it has gold, silver, "
     "tin"},
    {"RarityWithoutItems",
     Edited(",\n    {\"id\": \"t1\", \"type\": \"item\", \"rarity\": \"tin\"}",
            ""),
     "/rarities/2", "no item has the rarity \"tin\""},
    {"FeaturedMissing", Edited("[\"g1\"]", "[\"g9\"]"),
     "/rarities/0/rate_up/featured/0",
     "featured item \"g9\" is not in the pool"},
    {"FeaturedOfAnotherRarity", Edited("[\"g1\"]", "[\"s1\"]"),
     "/rarities/0/rate_up/featured/0", "has the rarity \"silver\""},
    {"FeaturedTwice", Edited("[\"g1\"]", "[\"g1\", \"g1\"]"),
     "/rarities/0/rate_up/featured/1", "featured twice"},
    {"ShareZero", Edited("\"75%\"", "\"0%\""), "/rarities/0/rate_up/share",
     "above 0"},
    {"NothingForTheOthers", Edited("[\"g1\"]", "[\"g1\", \"g2\"]"),
     "/rarities/0/rate_up/share", "every item of this rarity is featured"},
    {"OthersNeverDrop", Edited("\"75%\"", "\"100%\""), "/items/1",
     "item \"g2\" can never drop: the featured items"},
    {"RarityNeverDrops",
     Edited("\"odds\": \"10%\", \"hard_pity\": 4, \"on_higher_hit\": "
            "\"reset\"",
            "\"odds\": \"0%\""),
     "/items/2", "item \"s1\" can never drop: its rarity never has odds"},
    {"HardPityNotCertain",
     Edited("\"soft_pity\": {\"from\": 5, \"step\": \"20%\"}",
            "\"curve\": [\"1%\", \"50%\"]"),
     "/rarities/0/hard_pity", "pull 8 is not certain: the curve has 1/2"},
    {"CurveAndSoftPity",
     Edited("\"hard_pity\": 8", "\"curve\": [\"1%\"], \"hard_pity\": 8"),
     "/rarities/0/curve", "keep one"},
    {"CurveBeginsElsewhere",
     Edited("\"soft_pity\": {\"from\": 5, \"step\": \"20%\"}",
            "\"curve\": [\"2%\", \"100%\"]"),
     "/rarities/0/curve", "its first entry must equal the odds, 1/100"},
    {"CurveThatFalls",
     Edited("\"soft_pity\": {\"from\": 5, \"step\": \"20%\"}, "
            "\"hard_pity\": 8",
            "\"curve\": [\"1%\", \"0%\"]"),
     "/rarities/0/curve/1", "below the entry before it"},
    {"ReachableByNoPull",
     Edited("\"odds\": \"10%\", \"hard_pity\": 4",
            "\"odds\": \"0%\", \"hard_pity\": 20"),
     "/items/2", "item \"s1\" can never drop"},
    {"SoftPityAfterHardPity", Edited("\"from\": 5", "\"from\": 8"),
     "/rarities/0/soft_pity", "before the hard pity at 8"},
    {"SoftPityWithoutStep", Edited("\"20%\"", "\"0%\""),
     "/rarities/0/soft_pity", "a step of 0"},
    {"PityOfTheLastRarity",
     Edited("\"odds\": \"rest\"", "\"odds\": \"rest\", \"hard_pity\": 3"),
     "/rarities/2", "takes what the others leave"},
    {"HigherHitOfTheHighest",
     Edited("\"hard_pity\": 8",
            "\"hard_pity\": 8, \"on_higher_hit\": "
            "\"keep\""),
     "/rarities/0/on_higher_hit", "no rarity is higher"},
    {"HigherHitWithoutPity", Edited("\"hard_pity\": 4, ", ""),
     "/rarities/1/on_higher_hit", "has no pity"},
    {"OddsTooFine", Edited("\"10%\"", "\"1/16777213\""), "/rarities/1",
     "need a wheel of"},
    {"WeightsTooFine", Edited("\"weight\": 2", "\"weight\": 16777216"),
     "/items", "rarity \"silver\""},
    {"ClosesBeforeItOpens",
     Edited("\"rarities\"",
            "\"opens\": \"2026-01-02T00:00:00Z\", \"closes\": "
            "\"2026-01-01T00:00:00Z\", \"rarities\""),
     "/closes", "is not after"},
};

std::string Name(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Form, RejectedTest, ValuesIn(kForm), Name);
INSTANTIATE_TEST_SUITE_P(Meaning, RejectedTest, ValuesIn(kMeaning), Name);

TEST(ProblemsTest, TheSmallBannerItselfHasNone) {
  EXPECT_EQ(Check(testing::kSmallBanner), std::vector<Problem>{});
}

TEST(ProblemsTest, TellsAllOfThemAtOnce) {
  const std::vector<Problem> problems = Check(
      R"({"id": "a b", "price": {"currency": "gem", "amount": 0},
          "rarities": [{"id": "x", "odds": 1}], "items": [{"id": "i"}]})");
  std::vector<std::string> pointers;
  for (const Problem& problem : problems) pointers.push_back(problem.pointer);
  EXPECT_EQ(pointers,
            (std::vector<std::string>{"/id", "/rarities/0/odds", "/items/0",
                                      "/items/0", "/price/amount"}));
}

TEST(ProblemsTest, TellsOfCurvesBesideTheRest) {
  const std::vector<Problem> problems = Check(R"({
      "id": "x", "price": {"currency": "gem", "amount": 1},
      "rarities": [
        {"id": "gold", "odds": "60%", "hard_pity": 5,
         "soft_pity": {"from": 8, "step": "1%"}},
        {"id": "silver", "odds": "50%", "knots": [{"pull": 3, "odds": "40%"}]},
        {"id": "tin", "odds": "rest"}],
      "items": [{"id": "a", "type": "x", "rarity": "gold"},
                {"id": "a", "type": "x", "rarity": "silver"},
                {"id": "t", "type": "x", "rarity": "tin"}]})");
  std::vector<std::string> pointers;
  for (const Problem& problem : problems) pointers.push_back(problem.pointer);
  EXPECT_THAT(pointers, ::testing::ElementsAre("/items/1/id", "/rarities",
                                               "/rarities/0/soft_pity",
                                               "/rarities/1/knots"));
}

TEST(ProblemsTest, StopsTellingAfterTwoHundred) {
  std::string batches = "[";
  for (int i = 0; i < 10'000; ++i) batches += "1,";
  const std::vector<Problem> problems = Check(
      Edited("\"rarities\"", "\"batches\": " + batches + "1], \"rarities\""));
  ASSERT_EQ(problems.size(), 201u);
  EXPECT_THAT(problems.back().message, HasSubstr("more problems"));
}

// A specification made by hand is held to the same rules.
TEST(ProblemsTest, ChecksWhatAFileCouldNotSay) {
  Problems parsing("x.json");
  const BannerSpec good = *ParseBanner(testing::kSmallBanner, parsing);
  const auto pointer = [](BannerSpec spec) {
    Problems problems("x.json");
    EXPECT_FALSE(CompileBanner(std::move(spec), problems).has_value());
    return problems.empty() ? "none" : problems.list()[0].pointer;
  };
  BannerSpec spec = good;
  spec.rarities.clear();
  EXPECT_EQ(pointer(spec), "/rarities");
  spec = good;
  spec.items.clear();
  EXPECT_EQ(pointer(spec), "/items");
  spec = good;
  spec.items[0].weight = 0;
  EXPECT_EQ(pointer(spec), "/items/0/weight");
  spec = good;
  spec.prices[0].amount = std::int64_t{1} << 62;
  EXPECT_EQ(pointer(spec), "/price/amount");
  spec = good;
  spec.batches = {BatchSpec{.size = 0}};
  EXPECT_EQ(pointer(spec), "/batches/0");
  spec = good;
  spec.batches.clear();
  EXPECT_EQ(pointer(spec), "/batches");
}

TEST(ProblemsTest, TheStatusNamesFileAndPlace) {
  const auto banner = Banner::FromJson(Edited("100", "0"), "summer.json");
  EXPECT_EQ(banner.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(banner.status().message()),
              HasSubstr("summer.json:/price/amount: is 0"));
}

}  // namespace
}  // namespace fairpull
