#include "fairpull/banner/banner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "banner/files.h"
#include "fairpull/banner/catalog.h"

namespace fairpull {
namespace {

using testing::Edited;
using ::testing::HasSubstr;
using testing::kSmallBanner;
using Values = std::vector<std::pair<std::string, std::int64_t>>;

Banner Small(const std::string& text = kSmallBanner) {
  return Banner::FromJson(text, "small.json").value();
}

std::vector<std::uint32_t> Weights(const Banner& banner, const Values& state) {
  const std::uint32_t row =
      banner.Row(banner.counters().FromValues(state)->value);
  std::vector<std::uint32_t> weights;
  for (std::uint32_t g = 0; g < banner.groups().size(); ++g) {
    weights.push_back(banner.wheels().Weight(row, g));
  }
  return weights;
}

// W = 100 (odds) x 4 (share). Groups: gold featured, gold others, silver, tin.
TEST(BannerTest, TheWheelsOfEachStateByHand) {
  const Banner banner = Small();
  EXPECT_EQ(banner.wheels().size(banner.wheels().RowAt(0)), 400u);
  using W = std::vector<std::uint32_t>;
  EXPECT_EQ(Weights(banner, {}), (W{3, 1, 40, 356}));
  EXPECT_EQ(Weights(banner, {{"pity:gold", 3}}), (W{3, 1, 40, 356}));
  EXPECT_EQ(Weights(banner, {{"pity:gold", 4}}), (W{63, 21, 40, 276}));
  EXPECT_EQ(Weights(banner, {{"pity:gold", 7}}), (W{300, 100, 0, 0}));
  EXPECT_EQ(Weights(banner, {{"guarantee:gold", 1}}), (W{4, 0, 40, 356}));
  // Gold first on one wheel: a certain silver gets what gold leaves.
  EXPECT_EQ(Weights(banner, {{"pity:silver", 3}, {"pity:gold", 4}}),
            (W{63, 21, 316, 0}));
  EXPECT_EQ(Weights(banner, {{"pity:silver", 3}, {"pity:gold", 7}}),
            (W{300, 100, 0, 0}));
}

TEST(BannerTest, StatesWithEqualOddsShareAWheel) {
  // gold: 1%, 21%, 41%, 61%, 100%; guarantee: 2; silver: 10%, 100%.
  EXPECT_EQ(Small().wheels().rows(), 5u * 2 * 2);
}

TEST(BannerTest, SaysFromWhichPullARarityIsCertain) {
  const Banner banner = Small();
  EXPECT_EQ(banner.rarities()[0].certain_at, 8u);
  EXPECT_EQ(banner.rarities()[1].certain_at, 4u);
  EXPECT_EQ(banner.rarities()[2].certain_at, std::nullopt);
  const Banner grows =
      Small(Edited("\"soft_pity\": {\"from\": 5, \"step\": \"20%\"}, "
                   "\"hard_pity\": 8",
                   "\"curve\": [\"1%\", \"3%\"]"));
  EXPECT_EQ(grows.rarities()[0].certain_at, std::nullopt);
}

TEST(BannerTest, KnowsItsCounters) {
  const Banner banner = Small();
  EXPECT_EQ(banner.counters().size(), 3u);
  EXPECT_EQ(banner.counters()[0].name, "pity:gold");
  EXPECT_EQ(banner.counters()[0].cap, 7);
  EXPECT_EQ(banner.counters()[1].name, "guarantee:gold");
  EXPECT_EQ(banner.counters()[2].name, "pity:silver");
  EXPECT_EQ(banner.counters()[2].cap, 3);
  // A rate-up without guarantee remembers nothing.
  EXPECT_EQ(Small(Edited("\"guarantee\"", "\"same_odds\"")).counters().size(),
            2u);
}

LaneArray After(const Banner& banner, const Values& before, Pool pool,
                std::uint8_t rarity) {
  for (const Group& group : banner.groups()) {
    if (group.rarity == rarity && group.pool == pool) {
      return group.step.After(banner.counters().FromValues(before)->value);
    }
  }
  throw std::logic_error("no such group");
}

TEST(BannerTest, AHigherHitKeepsResetsOrFreezesTheLowerPity) {
  const Values before = {{"pity:gold", 2}, {"pity:silver", 1}};
  const auto after_gold = [&](const char* rule) {
    const Banner banner = Small(Edited("\"reset\"", rule));
    return After(banner, before, Pool::kFeatured, 0)[2];
  };
  EXPECT_EQ(after_gold("\"keep\""), 2);  // one more pull without a silver
  EXPECT_EQ(after_gold("\"reset\""), 0);
  EXPECT_EQ(after_gold("\"freeze\""), 1);
}

TEST(BannerTest, ADisplacedHardPityStaysDueWhenKept) {
  const Banner banner = Small(Edited("\"reset\"", "\"keep\""));
  const LaneArray after =
      After(banner, {{"pity:silver", 3}}, Pool::kFeatured, 0);
  EXPECT_EQ(after[2], 3);
}

TEST(BannerTest, ALossGuaranteesAWinClears) {
  const Banner banner = Small();
  EXPECT_EQ(After(banner, {}, Pool::kOthers, 0)[1], 1);
  EXPECT_EQ(After(banner, {{"guarantee:gold", 1}}, Pool::kFeatured, 0)[1], 0);
  // Hits of other rarities leave it alone.
  EXPECT_EQ(After(banner, {{"guarantee:gold", 1}}, Pool::kAll, 1)[1], 1);
}

TEST(BannerTest, OddsVersionNamesTheOddsAndNothingElse) {
  const std::string version = Small().odds_version();
  EXPECT_EQ(version.size(), 64u);
  EXPECT_EQ(Small(Edited("\"rarities\"",
                         "\"name\": \"New\", \"closes\": "
                         "\"2030-01-01T00:00:00Z\", "
                         "\"rarities\""))
                .odds_version(),
            version);
  // The same odds in other words.
  EXPECT_EQ(Small(Edited("\"10%\"", "\"0.1\"")).odds_version(), version);
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{
           {"\"10%\"", "\"11%\""},
           {"\"from\": 5", "\"from\": 6"},
           {"\"hard_pity\": 4", "\"hard_pity\": 5"},
           {"\"75%\"", "\"50%\""},
           {"\"guarantee\"", "\"same_odds\""},
           {"\"reset\"", "\"keep\""},
           {"\"weight\": 2", "\"weight\": 3"},
           {"[\"g1\"]", "[\"g2\"]"},
           {"100", "101"},
           {"\"small\"", "\"small2\""}}) {
    EXPECT_NE(Small(Edited(from, to)).odds_version(), version) << from;
  }
}

TEST(BannerTest, SellsTheBatchesItNames) {
  EXPECT_EQ(*Small().PriceOf(1), 100);
  EXPECT_EQ(*Small().PriceOf(10), 1000);
  const auto refused = Small().PriceOf(7);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("sells 1, 10"));
}

std::string Scheduled(const std::string& opens, const std::string& closes,
                      const std::string& amount = "100") {
  std::string text = Edited("\"amount\": 100", "\"amount\": " + amount);
  const std::string times =
      "\"opens\": \"" + opens + "\", \"closes\": \"" + closes + "\", ";
  return text.insert(text.find("\"rarities\""), times);
}

TEST(BannerTest, IsOpenFromItsFirstMillisecondToBeforeItsLast) {
  const Banner banner =
      Small(Scheduled("2026-03-01T00:00:00Z", "2026-03-02T01:00:00+01:00"));
  constexpr std::int64_t kOpens_ms = 1772323200000;  // 2026-03-01 00:00 UTC
  constexpr std::int64_t kCloses_ms = kOpens_ms + 86'400'000;
  EXPECT_EQ(banner.CheckOpen(kOpens_ms - 1).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(banner.CheckOpen(kOpens_ms - 1).message()),
              HasSubstr("opens at 2026-03-01T00:00:00Z"));
  EXPECT_TRUE(banner.CheckOpen(kOpens_ms).ok());
  EXPECT_TRUE(banner.CheckOpen(kCloses_ms - 1).ok());
  EXPECT_THAT(std::string(banner.CheckOpen(kCloses_ms).message()),
              HasSubstr("closed at 2026-03-02T00:00:00Z"));
}

TEST(CatalogTest, GivesTheVersionThatOpenedLast) {
  const Banner first =
      Small(Scheduled("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"));
  const Banner second =
      Small(Scheduled("2026-06-01T00:00:00Z", "2026-12-01T00:00:00Z", "120"));
  const Catalog catalog = *Catalog::Make({first, second});
  const BannerId id = first.id();
  constexpr std::int64_t kMay_ms = 1777593600000;
  constexpr std::int64_t kJuly_ms = 1782864000000;
  constexpr std::int64_t kDecember_ms = 1796083200000;
  const auto price = [&](std::int64_t now_ms) {
    return *(*catalog.Current(id, now_ms))->PriceOf(1);
  };
  EXPECT_EQ(price(kMay_ms), 100);
  EXPECT_EQ(price(kJuly_ms), 120);
  EXPECT_EQ(price(kDecember_ms), 100);
  EXPECT_EQ(catalog.Current(id, 0).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ((*catalog.Version(id, second.odds_version()))->odds_version(),
            second.odds_version());
}

TEST(CatalogTest, BannersOfAFamilyThatAreOpenTogetherShareTheirCounters) {
  const auto member = [](const std::string& id, const std::string& rules,
                         const std::string& schedule = "") {
    std::string text = Edited("\"hard_pity\": 4", rules);
    text.replace(text.find("\"small\""), 7, "\"" + id + "\"");
    return Small(
        text.insert(text.find("\"price\""), "\"family\": \"f\", " + schedule));
  };
  const std::string four = "\"hard_pity\": 4";
  const std::string five = "\"hard_pity\": 5";
  EXPECT_TRUE(Catalog::Make({member("a", four), member("b", four)}).ok());
  const auto mixed = Catalog::Make({member("a", four), member("b", five)});
  EXPECT_THAT(std::string(mixed.status().message()),
              HasSubstr("share the family \"f\" but not its counters"));
  EXPECT_TRUE(Catalog::Make(
                  {member("a", four, "\"closes\": \"2026-01-01T00:00:00Z\", "),
                   member("b", five, "\"opens\": \"2026-01-01T00:00:00Z\", ")})
                  .ok());
}

TEST(CatalogTest, RefusesTwoVersionsThatOpenTogetherAndNamesUnknownBanners) {
  EXPECT_FALSE(Catalog::Make({Small(), Small()}).ok());
  const Catalog catalog = *Catalog::Make({Small()});
  const auto unknown = catalog.Current(BannerId::Trusted("big"), 0);
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(unknown.status().message()),
              HasSubstr("there are \"small\""));
  EXPECT_FALSE(catalog.Version(BannerId::Trusted("small"), "00").ok());
}

}  // namespace
}  // namespace fairpull
