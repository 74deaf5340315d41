// The rules of evaluation, each of which changes the odds: for each a case that
// comes out differently under the rule that it is mistaken for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "banner/files.h"
#include "fairpull/engine/actions.h"
#include "fairpull/engine/batch.h"
#include "fairpull/engine/pull.h"
#include "fairpull/random/pcg_source.h"
#include "fairpull/random/scripted_source.h"

namespace fairpull {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Values = std::vector<std::pair<std::string, std::int64_t>>;

// A banner of gold (with `gold`) and tin whose other keys are `rest`.
Banner Make(const std::string& gold, const std::string& rest = "",
            const std::string& more_items = "") {
  const std::string text = absl::StrCat(
      R"({"id": "b", "price": {"currency": "gem", "amount": 100}, )", rest,
      R"("rarities": [{"id": "gold", )", gold,
      R"(}, {"id": "tin", "odds": "rest"}], "items": [
        {"id": "g1", "type": "hero", "rarity": "gold"},
        {"id": "g2", "type": "hero", "rarity": "gold"},
        {"id": "g3", "type": "hero", "rarity": "gold"},)",
      more_items, R"({"id": "t1", "type": "item", "rarity": "tin"}]})");
  return Banner::FromJson(text, "b.json").value();
}

PityState State(const Banner& banner, const Values& values) {
  return banner.counters().FromValues(values).value();
}

// The odds of each item for a single pull in a state.
std::vector<double> Odds(const Banner& banner, const PityState& state) {
  std::vector<double> odds(banner.items().size(), 0);
  const std::uint32_t row = banner.Row(state.value);
  for (std::uint32_t g = 0; g < banner.groups().size(); ++g) {
    const Group& group = banner.groups()[g];
    for (const std::uint16_t item : group.items) {
      odds[item] += banner.wheels().Weight(row, g) /
                    static_cast<double>(banner.wheels().size(row)) /
                    static_cast<double>(group.items.size());
    }
  }
  return odds;
}

// The state after a draw that falls on `item`'s group in `state`.
PityState After(const Banner& banner, PityState state,
                const std::string& item) {
  const std::uint32_t row = banner.Row(state.value);
  for (std::uint32_t g = 0; g < banner.groups().size(); ++g) {
    const Group& group = banner.groups()[g];
    for (const std::uint16_t i : group.items) {
      if (banner.items()[i].id.value() == item &&
          banner.wheels().Weight(row, g) > 0) {
        state.value = group.step.After(state.value);
        banner.Settle(state.value);
        return state;
      }
    }
  }
  throw std::logic_error("no draw in this state gives " + item);
}

// Rule 1, and the peer whose pity fired at every 90th pull whatever came
// before: a hit at pull 5 makes pull 10 of five certain pulls the next one.
TEST(RulesTest, CountersAreOneBasedAndCountFromTheLastHit) {
  const Banner banner =
      Make(R"("curve": ["1%", "2%", "3%", "100%"], "odds": "1%")");
  const auto gold = [&](int pity) {
    return Odds(banner, State(banner, {{"pity:gold", pity}}))[0] * 3;
  };
  EXPECT_DOUBLE_EQ(gold(0), 0.01);  // entry 1 for the first pull after a hit
  EXPECT_DOUBLE_EQ(gold(2), 0.03);
  EXPECT_DOUBLE_EQ(gold(3), 1);
  const PityState after =
      After(banner, State(banner, {{"pity:gold", 2}}), "g1");
  EXPECT_EQ(banner.counters().Text(after), "pity:gold=0");
}

constexpr char kFate[] = R"("odds": "10%", "rate_up": {
    "featured": ["g1", "g2"], "share": "50%", "after_loss": "guarantee",
    "fate_points": {"certain_at": 2}})";

// Rule 5.
TEST(RulesTest, FullFatePointsGiveTheChosenItemAndClearTheGuarantee) {
  const Banner banner = Make(kFate);
  const PityState full = State(
      banner, {{"fate:gold", 2}, {"guarantee:gold", 1}, {"chosen:gold", 1}});
  EXPECT_THAT(Odds(banner, full), ElementsAre(0, 0.1, 0, 0.9));
  EXPECT_EQ(banner.counters().Text(After(banner, full, "g2")),
            "chosen:gold=1,fate:gold=0,guarantee:gold=0");
}

TEST(RulesTest, TheGuaranteeComesBeforeFatePointsThatAreNotFull) {
  const Banner banner = Make(kFate);
  const PityState state =
      State(banner, {{"fate:gold", 1}, {"guarantee:gold", 1}});
  EXPECT_THAT(Odds(banner, state), ElementsAre(0.05, 0.05, 0, 0.9));
  // The featured item that was not chosen gives a point and uses it up.
  EXPECT_EQ(banner.counters().Text(After(banner, state, "g2")),
            "chosen:gold=0,fate:gold=2,guarantee:gold=0");
}

constexpr char kStreak[] = R"("odds": "10%", "rate_up": {
    "featured": ["g1"], "share": "50%", "after_loss": "guarantee",
    "loss_streak": {"start": 1, "certain_at": 3, "then": 1}})";

TEST(RulesTest, GuaranteedHitsLeaveTheLossStreakAlone) {
  const Banner banner = Make(kStreak);
  const auto text = [&](const Values& before, const char* item) {
    return banner.counters().Text(After(banner, State(banner, before), item));
  };
  EXPECT_EQ(banner.counters().Text(banner.counters().Start()),
            "guarantee:gold=0,losses:gold=1");
  EXPECT_EQ(text({}, "g1"), "guarantee:gold=0,losses:gold=0");
  EXPECT_EQ(text({{"losses:gold", 0}}, "g1"), "guarantee:gold=0,losses:gold=0");
  EXPECT_EQ(text({}, "g2"), "guarantee:gold=1,losses:gold=2");
  EXPECT_EQ(text({{"guarantee:gold", 1}, {"losses:gold", 3}}, "g1"),
            "guarantee:gold=0,losses:gold=3");
  EXPECT_EQ(text({{"losses:gold", 3}}, "g1"), "guarantee:gold=0,losses:gold=1");
  EXPECT_DOUBLE_EQ(Odds(banner, State(banner, {{"losses:gold", 3}}))[0], 0.1);
}

// Rule 6.
TEST(RulesTest, AFeaturedItemOfALostRateUpIsAWinOrALoss) {
  const std::string rule = R"("odds": "10%", "rate_up": {
      "featured": ["g1"], "share": "50%", "after_loss": "guarantee",
      "off_pool": "all", "featured_from_off_pool": "$"})";
  const Banner win = Make(absl::StrReplaceAll(rule, {{"$", "win"}}));
  const Banner loss = Make(absl::StrReplaceAll(rule, {{"$", "loss"}}));
  for (const Banner* banner : {&win, &loss}) {
    // 50% and a third of the other 50%.
    const std::vector<double> odds = Odds(*banner, banner->counters().Start());
    EXPECT_DOUBLE_EQ(odds[0], 0.1 * 2 / 3);
    EXPECT_DOUBLE_EQ(odds[1], 0.1 / 6);
  }
  EXPECT_EQ(win.groups().size(), 3u);
  ASSERT_EQ(loss.groups().size(), 4u);
  EXPECT_EQ(loss.groups()[1].way, Way::kLost);
  EXPECT_EQ(loss.groups()[1].step.add[0], 1);  // the next one is guaranteed
}

// One part of ten: word 0 is gold, the last words are tin.
constexpr char kTen[] = R"("odds": "10%")";

// Rule 7: gold at the last draw if none before was; or always.
TEST(RulesTest, LastIfNoneAndLastAlwaysDiffer) {
  const Banner if_none =
      Make(kTen, R"("batches": [1, {"size": 3, "last_if_none": "gold"}], )");
  const Banner always = Make(kTen,
                             R"("batches": [1, {"size": 3, "slot": {"draw": 3,
         "odds": {"gold": "100%"}}}], )");
  const auto last_draw = [](const Banner& banner, std::uint32_t first) {
    PityState state = banner.counters().Start();
    ScriptedSource<> bits({first, 0, 4294967289u, 0, 4294967289u, 0});
    std::array<Outcome, 3> outcomes;
    PullBatch(banner, 3, state, bits, absl::MakeSpan(outcomes));
    EXPECT_EQ(state, banner.counters().Start());
    return banner.rarities()[outcomes[2].rarity].id;
  };
  EXPECT_EQ(last_draw(if_none, 4294967289u), "gold");
  EXPECT_EQ(last_draw(if_none, 0), "tin");
  EXPECT_EQ(last_draw(always, 4294967289u), "gold");
  EXPECT_EQ(last_draw(always, 0), "gold");
}

TEST(RulesTest, AtLeastTwoMakesAsManyOfTheLastDrawsAsNeeded) {
  const Banner banner =
      Make(kTen,
           R"("batches": [{"size": 3, "at_least": {"rarity": "gold",
              "count": 2}}], )");
  PityState state = banner.counters().Start();
  ScriptedSource<> bits({4294967289u, 0, 4294967289u, 0, 4294967289u, 0});
  std::array<Outcome, 3> outcomes;
  PullBatch(banner, 3, state, bits, absl::MakeSpan(outcomes));
  EXPECT_EQ(outcomes[0].rarity, 1);
  EXPECT_EQ(outcomes[1].rarity, 0);
  EXPECT_EQ(outcomes[2].rarity, 0);
}

TEST(RulesTest, AtMostOneLeavesItsOddsToTheNextRarity) {
  const Banner banner = Make(
      kTen,
      R"("batches": [{"size": 3, "at_most": {"rarity": "gold", "count": 1}}],
         )");
  PityState state = banner.counters().Start();
  ScriptedSource<> bits({0, 0, 0, 0, 0, 0});
  std::array<Outcome, 3> outcomes;
  PullBatch(banner, 3, state, bits, absl::MakeSpan(outcomes));
  EXPECT_EQ(outcomes[0].rarity, 0);
  EXPECT_EQ(outcomes[1].rarity, 1);
  EXPECT_EQ(outcomes[2].rarity, 1);
}

TEST(RulesTest, AMixtureIsDecidedOnceForTheWholeBatch) {
  const Banner banner =
      Make(kTen,
           R"("batches": [{"size": 2, "mixture": {"chance": "1/4",
         "odds": {"gold": "100%"}}}], )");
  const auto draws = [&](std::uint32_t word) {
    PityState state = banner.counters().Start();
    ScriptedSource<> bits({word, 4294967289u, 0, 4294967289u, 0});
    std::array<Outcome, 2> outcomes;
    PullBatch(banner, 2, state, bits, absl::MakeSpan(outcomes));
    EXPECT_FALSE(bits.overran());
    return outcomes[0].rarity + outcomes[1].rarity;
  };
  EXPECT_EQ(draws(0x3fffffff), 0);  // both gold
  EXPECT_EQ(draws(0x40000000), 2);
}

// Rule 8: the second draw still reads the odds of the batch's start.
TEST(RulesTest, FrozenOddsAreThoseOfTheStartOfTheBatch) {
  const std::string gold = R"("odds": "10%", "curve": ["10%", "100%"])";
  const auto second = [](const Banner& banner) {
    PityState state = banner.counters().Start();
    ScriptedSource<> bits({4294967289u, 0, 4294967289u, 0});
    std::array<Outcome, 2> outcomes;
    PullBatch(banner, 2, state, bits, absl::MakeSpan(outcomes));
    return std::make_pair(banner.rarities()[outcomes[1].rarity].id,
                          banner.counters().Text(state));
  };
  EXPECT_EQ(second(Make(gold, R"("batches": [1, 2], )")),
            std::make_pair(std::string("gold"), std::string("pity:gold=0")));
  EXPECT_EQ(second(Make(gold, R"("batches": [1, 2], "frozen_odds": true, )")),
            std::make_pair(std::string("tin"), std::string("pity:gold=1")));
}

// Rule 10.
TEST(RulesTest, ALongestWaitThatCountsOnceIsSpentByTheFirstFeaturedHit) {
  const std::string rule = R"("odds": "10%", "rate_up": {"featured": ["g1"],
      "share": "50%", "after_loss": "same_odds", "featured_within":
      {"pulls": 5, "certain": "pull", "once": $}})";
  for (const bool once : {false, true}) {
    const Banner banner =
        Make(absl::StrReplaceAll(rule, {{"$", once ? "true" : "false"}}));
    PityState state = State(banner, {{"featured_pity:gold", 4}});
    EXPECT_DOUBLE_EQ(Odds(banner, state)[0], 1);
    state = After(banner, state, "g1");
    for (int i = 0; i < 4; ++i) state = After(banner, state, "t1");
    EXPECT_DOUBLE_EQ(Odds(banner, state)[0], once ? 0.05 : 1) << once;
  }
}

TEST(RulesTest, ALongestWaitForTheNextHitForcesThePoolAlone) {
  const Banner banner = Make(R"("odds": "10%", "rate_up": {"featured": ["g1"],
      "share": "50%", "after_loss": "same_odds", "featured_within":
      {"pulls": 5, "certain": "next_hit"}})");
  EXPECT_DOUBLE_EQ(Odds(banner, State(banner, {{"featured_pity:gold", 4}}))[0],
                   0.05);
  EXPECT_DOUBLE_EQ(Odds(banner, State(banner, {{"featured_pity:gold", 5}}))[0],
                   0.1);
}

// Rule 11.
TEST(RulesTest, ChoosingAnotherItemClearsItsFatePoints) {
  const Banner banner = Make(kFate);
  const PityState state = State(banner, {{"fate:gold", 1}});
  EXPECT_EQ(banner.counters().Text(*ChooseItem(banner, state, "g1")),
            "chosen:gold=0,fate:gold=1,guarantee:gold=0");
  EXPECT_EQ(banner.counters().Text(*ChooseItem(banner, state, "g2")),
            "chosen:gold=1,fate:gold=0,guarantee:gold=0");
  EXPECT_THAT(std::string(ChooseItem(banner, state, "g3").status().message()),
              HasSubstr("one of g1, g2 can be"));
}

TEST(RulesTest, TheEndOfABannerKeepsZeroesOrConverts) {
  const Banner banner =
      Make(kFate, R"("spark": {"points": 5, "choose": ["g1"]}, "counters": {
      "spark": {"at_end": {"currency": "coin", "amount": 3}},
      "fate:gold": {"scope": "banner", "at_end": "zero"}}, )");
  const BannerEnd end = EndBanner(
      banner,
      State(banner, {{"spark", 7}, {"fate:gold", 1}, {"guarantee:gold", 1}}));
  EXPECT_EQ(banner.counters().Text(end.state),
            "chosen:gold=0,fate:gold=0,guarantee:gold=1,spark=0");
  EXPECT_THAT(end.gives,
              ElementsAre(CurrencyAmount{CurrencyId::Trusted("coin"), 21}));
}

TEST(RulesTest, SparkPointsBuyWhatIsSoldForThem) {
  const Banner banner =
      Make(kTen, R"("spark": {"points": 5, "choose": ["g1"]}, )");
  const PityState four = State(banner, {{"spark", 4}});
  const PityState five = After(banner, four, "t1");
  EXPECT_FALSE(CanExchangeSpark(banner, four));
  EXPECT_TRUE(CanExchangeSpark(banner, five));
  EXPECT_EQ(ExchangeSpark(banner, five, "g1")->value[0], 0);
  EXPECT_EQ(ExchangeSpark(banner, four, "g1").status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ExchangeSpark(banner, five, "g2").status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Rule 12.
TEST(RulesTest, DetachedDrawsNeitherReadNorMoveCounters) {
  const Banner banner =
      Make(R"("odds": "10%", "curve": ["10%", "100%"])",
           R"("milestones": [{"at": 2, "gives": {"draws": 10}}], )");
  ScriptedSource<> bits({4294967289u, 0});
  const Outcome outcome = DrawDetached(banner, bits);
  EXPECT_EQ(outcome.rarity, 1);  // in the state below gold would be certain
  PityState state = State(banner, {{"pity:gold", 1}, {"milestone:1", 1}});
  EXPECT_EQ(GiftsOf(banner, state).size(), 1u);
  EXPECT_EQ(GiftsOf(banner, banner.counters().Start()).size(), 0u);
  state = After(banner, state, "g1");
  EXPECT_EQ(banner.counters().Text(state), "milestone:1=2,pity:gold=0");
  EXPECT_EQ(GiftsOf(banner, state).size(), 0u);  // given once
}

TEST(RulesTest, AMilestoneThatRepeatsStartsAgain) {
  const Banner banner = Make(kTen, R"("milestones": [{"at": 2, "repeat": true,
      "gives": {"currency": "coin", "amount": 5}}], )");
  PityState state = banner.counters().Start();
  int gifts = 0;
  PcgSource bits = PcgSource::Seeded(1);
  for (int i = 0; i < 10; ++i) {
    gifts += static_cast<int>(GiftsOf(banner, state).size());
    const Outcome outcome = Pull(banner, state, bits);
    ASSERT_LT(outcome.item, 4);
  }
  EXPECT_EQ(gifts, 5);
}

TEST(RulesTest, ACollectionGivesOnceWhenItBecomesWhole) {
  const Banner banner = Make(kTen, R"("collections": [{"items": ["g1", "g2"],
      "gives": {"item": "g3", "count": 1}}], )");
  std::array<std::int64_t, 4> owned = {1, 0, 0, 0};
  const auto count = [&](std::uint16_t i) { return owned[i]; };
  EXPECT_EQ(GiftsOfCollections(banner, 1, count).size(), 1u);
  EXPECT_EQ(GiftsOfCollections(banner, 2, count).size(), 0u);
  owned[1] = 1;
  EXPECT_EQ(GiftsOfCollections(banner, 1, count).size(), 0u);
}

TEST(RulesTest, CopiesFromTheSecondOnGiveWhatTheFileSays) {
  const Banner banner =
      Make(R"("odds": "10%", "duplicate_gives": {"from_copy": 2,
              "currency": "dust", "amount": 10})");
  EXPECT_TRUE(DuplicateGives(banner, 0, 0).empty());
  EXPECT_THAT(DuplicateGives(banner, 0, 1),
              ElementsAre(CurrencyAmount{CurrencyId::Trusted("dust"), 10}));
  EXPECT_TRUE(DuplicateGives(banner, 3, 9).empty());
}

TEST(RulesTest, ProtectedDuplicatesDoNotRepeatUntilAllAreOwned) {
  const std::string rule =
      R"("odds": "50%", "protect_duplicates": {"when_all_owned": "$"})";
  const Banner any = Make(absl::StrReplaceAll(rule, {{"$", "any"}}));
  PityState state = any.counters().Start();
  PcgSource bits = PcgSource::Seeded(5);
  std::vector<std::uint16_t> golds;
  while (golds.size() < 5) {
    const Outcome outcome = Pull(any, state, bits);
    if (outcome.rarity == 0) golds.push_back(outcome.item);
  }
  std::sort(golds.begin(), golds.begin() + 3);
  EXPECT_THAT(std::vector<std::uint16_t>(golds.begin(), golds.begin() + 3),
              ElementsAre(0, 1, 2));
  EXPECT_EQ(any.counters().Text(state), "owned:g1=1,owned:g2=1,owned:g3=1");
  // The odds go to the next lower rarity instead.
  const Banner lower = Make(absl::StrReplaceAll(rule, {{"$", "lower_rarity"}}));
  EXPECT_DOUBLE_EQ(
      Odds(lower, State(lower, {{"owned:g1", 1}, {"owned:g2", 1}}))[0] * 3,
      0.5);
  EXPECT_DOUBLE_EQ(
      Odds(
          lower,
          State(lower, {{"owned:g1", 1}, {"owned:g2", 1}, {"owned:g3", 1}}))[3],
      1);
}

TEST(RulesTest, ABoxGivesEachThingOnceAndIsFilledAnew) {
  const Banner banner =
      Banner::FromJson(R"({"id": "box", "box": {"reset": "empty"},
      "price": {"currency": "gem", "amount": 1},
      "rarities": [{"id": "prize"}, {"id": "other"}], "items": [
      {"id": "p", "type": "x", "rarity": "prize", "stock": 1},
      {"id": "o", "type": "x", "rarity": "other", "stock": 3}]})",
                       "box.json")
          .value();
  PcgSource bits = PcgSource::Seeded(2);
  PityState state = banner.counters().Start();
  for (int box = 0; box < 50; ++box) {
    std::array<int, 2> seen{};
    for (int i = 0; i < 4; ++i) ++seen.at(Pull(banner, state, bits).item);
    EXPECT_THAT(seen, ElementsAre(1, 3));
    EXPECT_EQ(state, banner.counters().Start());
  }
}

TEST(RulesTest, AStepUpCostsAndDrawsByItsStep) {
  const Banner banner =
      Make(kTen, R"("batches": [2], "step_up": {"batch": 2, "steps": [
      {"price": 35}, {"price": 40, "slot": {"draw": 2,
      "odds": {"gold": "100%"}}}], "back_to_first_on": "gold",
      "after_last": "repeat"}, )");
  PityState state = banner.counters().Start();
  EXPECT_EQ(banner.QuoteOf(2, state)->amount, 35);
  std::array<Outcome, 2> outcomes;
  ScriptedSource<> misses({4294967289u, 0, 4294967289u, 0});
  PullBatch(banner, 2, state, misses, absl::MakeSpan(outcomes));
  EXPECT_EQ(banner.counters().Text(state), "step=2");
  EXPECT_EQ(banner.QuoteOf(2, state)->amount, 40);
  ScriptedSource<> again({4294967289u, 0, 4294967289u, 0});
  PullBatch(banner, 2, state, again, absl::MakeSpan(outcomes));
  EXPECT_EQ(outcomes[1].rarity, 0);  // the step's slot
  EXPECT_EQ(banner.counters().Text(state), "step=1");
}

TEST(RulesTest, DiscountsAreUsedUpAndOtherCurrenciesHaveTheirPrice) {
  const Banner banner =
      Banner::FromJson(
          R"({"id": "b", "price": [{"currency": "gem", "amount": 100},
          {"currency": "ticket", "amount": 1}],
          "discounts": [{"id": "first", "batch": 10, "amount": 500}],
          "rarities": [{"id": "tin", "odds": "rest"}],
          "items": [{"id": "t", "type": "x", "rarity": "tin"}]})",
          "b.json")
          .value();
  PityState state = banner.counters().Start();
  const Quote first = *banner.QuoteOf(10, state);
  EXPECT_EQ(first.amount, 500);
  state = AfterPaying(banner, state, first);
  EXPECT_EQ(banner.QuoteOf(10, state)->amount, 1000);
  EXPECT_EQ(banner.QuoteOf(1, state)->amount, 100);
  EXPECT_EQ(banner.QuoteOf(10, state, CurrencyId::Trusted("ticket"))->amount,
            10);
  EXPECT_THAT(std::string(banner.QuoteOf(1, state, CurrencyId::Trusted("coin"))
                              .status()
                              .message()),
              HasSubstr("they are for gem, ticket"));
}

TEST(RulesTest, AShuffleChangesTheOrderAndNothingElse) {
  const std::string rest =
      R"("batches": [{"size": 10, "slot": {"draw": 10, "odds":
         {"gold": "100%"}}, "shuffle": true}], )";
  const Banner banner = Make(R"("odds": "0%")", rest);
  PcgSource bits = PcgSource::Seeded(3);
  std::array<int, 10> place{};
  for (int round = 0; round < 2000; ++round) {
    PityState state = banner.counters().Start();
    std::array<Outcome, 10> outcomes;
    PullBatch(banner, 10, state, bits, absl::MakeSpan(outcomes));
    int golds = 0;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i].rarity != 0) continue;
      ++golds;
      ++place.at(i);
    }
    ASSERT_EQ(golds, 1);
  }
  // 200 expected at each place, sigma 13.4: 6.5 sigma is below 1e-9.
  for (const int count : place) EXPECT_NEAR(count, 200, 88);
}

}  // namespace
}  // namespace fairpull
