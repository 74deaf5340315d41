#include "fairpull/pity/counter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using Values = std::vector<std::pair<std::string, std::int64_t>>;

CounterSet Two() {
  return *CounterSet::Make({{"pity:5-star", 89}, {"guarantee:5-star", 1}});
}

TEST(CounterSetTest, WritesEveryCounterSortedByName) {
  const PityState state = *Two().FromValues(Values{{"pity:5-star", 12}});
  EXPECT_EQ(Two().Serialize(state), "guarantee:5-star=0,pity:5-star=12");
  EXPECT_EQ(Two().Serialize(PityState{}), "guarantee:5-star=0,pity:5-star=0");
}

TEST(CounterSetTest, ReadsBackWhatItWrote) {
  for (int pity : {0, 1, 88, 89}) {
    for (int guarantee : {0, 1}) {
      const PityState state = *Two().FromValues(
          Values{{"guarantee:5-star", guarantee}, {"pity:5-star", pity}});
      EXPECT_EQ(*Two().Parse(Two().Serialize(state)), state);
    }
  }
  EXPECT_EQ(*Two().Parse(""), PityState{});
}

TEST(CounterSetTest, AValueOfAnOlderVersionPastTheCapBecomesTheCap) {
  EXPECT_EQ(Two().Parse("pity:5-star=120")->value[0], 89);
}

TEST(CounterSetTest, RefusesImpossibleStatesAndSaysTheRange) {
  const auto over = Two().FromValues(Values{{"pity:5-star", 90}});
  EXPECT_EQ(over.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(over.status().message()), HasSubstr("from 0 to 89"));
  EXPECT_FALSE(Two().FromValues(Values{{"pity:5-star", -1}}).ok());
  const auto unknown = Two().FromValues(Values{{"pity:6-star", 1}});
  EXPECT_THAT(std::string(unknown.status().message()),
              HasSubstr("this banner has pity:5-star, guarantee:5-star"));
  EXPECT_FALSE(
      Two().FromValues(Values{{"pity:5-star", 1}, {"pity:5-star", 1}}).ok());
}

TEST(CounterSetTest, CarriesCountersOfOtherVersionsAlong) {
  const std::string stored = "guarantee:5-star=1,pity:5-star=3,spark=40";
  const PityState state = *Two().Parse(stored);
  EXPECT_EQ(Two().Serialize(state, stored), stored);
  EXPECT_EQ(Two().Serialize(PityState{}, stored),
            "guarantee:5-star=0,pity:5-star=0,spark=40");
}

TEST(CounterSetTest, RefusesTextThatIsNoState) {
  for (const std::string bad :
       {"pity:5-star", "pity:5-star=", "=3", "pity:5-star=-1", "pity:5-star=1;",
        "pity:5-star=99999999999"}) {
    EXPECT_FALSE(Two().Parse(bad).ok()) << bad;
  }
}

TEST(CounterSetTest, RefusesTooManyCountersAndRepeatedNames) {
  EXPECT_FALSE(CounterSet::Make(std::vector<Counter>(2, {"a", 1})).ok());
  std::vector<Counter> nine;
  for (int i = 0; i < 9; ++i)
    nine.push_back({std::string(1, char('a' + i)), 1});
  EXPECT_FALSE(CounterSet::Make(nine).ok());
  EXPECT_FALSE(CounterSet::Make({{"a", 0x7fff}}).ok());
  EXPECT_FALSE(CounterSet::Make({{"a", -1}}).ok());
}

TEST(CounterStepTest, AdvancesToTheCapFreezesAndAssigns) {
  const CounterSet set = *CounterSet::Make({{"a", 3}, {"b", 9}, {"c", 1}});
  CounterStep step = set.FrozenStep();
  step.Advance(0);
  step.Assign(2, 1);
  PityState state = *set.FromValues(Values{{"b", 7}});
  for (const int a : {1, 2, 3, 3}) {
    state.value = step.After(state.value);
    EXPECT_EQ(set.Serialize(state), "a=" + std::to_string(a) + ",b=7,c=1");
  }
  step.Advance(0, -2);
  for (const int a : {1, 0, 0}) {
    state.value = step.After(state.value);
    EXPECT_EQ(state.value[0], a);
  }
  step.Assign(0, 0);
  state.value = step.After(state.value);
  EXPECT_EQ(set.Serialize(state), "a=0,b=7,c=1");
}

}  // namespace
}  // namespace fairpull
