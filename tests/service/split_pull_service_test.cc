#include "fairpull/service/split_pull_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/fixtures.h"

namespace fairpull {
namespace {

class SplitPullServiceTest : public ::testing::Test {
 protected:
  [[nodiscard]] static PullRequest Ask(const std::string& id,
                                       std::uint32_t count = 1) {
    return {.id = Op(id), .player = kPlayer, .banner = kShop, .count = count};
  }
  PullStep Tell(const std::string& id, PullAnswer answer) {
    const auto step = desk_.Advance(kPlayer, Op(id), answer);
    EXPECT_TRUE(step.ok()) << step.status();
    return step.value_or(PullStep());
  }

  HandClock time_;
  std::unique_ptr<Store> store_ = NewMemoryStore();
  SplitPullService desk_{*store_, ShopCatalog(), ShopSeeds(), time_.clock()};
};

TEST_F(SplitPullServiceTest, WhatBeganOnAVersionIsFinishedOnIt) {
  const auto old = desk_.Begin(Ask("old"));
  ASSERT_TRUE(old.ok()) << old.status();
  desk_.Use(ShopCatalogWithSecondVersion());
  time_.now_ms->store(7000);
  const auto next = desk_.Begin(Ask("next"));
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(old->operation.cost, 160);
  EXPECT_EQ(next->operation.cost, 200);
  const PullStep drawn = Tell("old", PullAnswer::kHoldPlaced);
  ASSERT_EQ(drawn.pulls.size(), 1u);
  EXPECT_EQ(drawn.pulls[0].odds_version, old->operation.odds_version);
  EXPECT_EQ(drawn.pulls[0].cost, 160);
  // Without the version it waits, and goes on once that is back.
  desk_.Use(Catalog::Make({}).value());
  EXPECT_EQ(desk_.Advance(kPlayer, Op("next"), PullAnswer::kHoldPlaced)
                .status()
                .code(),
            absl::StatusCode::kNotFound);
  desk_.Use(ShopCatalogWithSecondVersion());
  EXPECT_EQ(Tell("next", PullAnswer::kHoldPlaced).pulls[0].cost, 200);
}

TEST_F(SplitPullServiceTest, AsksForAHoldDrawsAndHasItPosted) {
  const auto begun = desk_.Begin(Ask("k1", 10));
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_EQ(begun->action, PullAction::kPlaceHold);
  EXPECT_EQ(begun->operation.cost, 1600);
  EXPECT_EQ(begun->operation.currency, kGems);
  EXPECT_TRUE(begun->pulls.empty());
  EXPECT_FALSE(begun->drew);

  const PullStep drawn = Tell("k1", PullAnswer::kHoldPlaced);
  EXPECT_EQ(drawn.operation.state, PullState::kDrawn);
  EXPECT_EQ(drawn.action, PullAction::kPostHold);
  EXPECT_EQ(drawn.pulls.size(), 10u);
  EXPECT_TRUE(drawn.drew);

  // Told again, it is the same draw and no other.
  const PullStep again = Tell("k1", PullAnswer::kHoldPlaced);
  EXPECT_EQ(again.pulls, drawn.pulls);
  EXPECT_FALSE(again.drew);

  const PullStep done = Tell("k1", PullAnswer::kPosted);
  EXPECT_EQ(done.operation.state, PullState::kDone);
  EXPECT_TRUE(done.operation.settled);
  EXPECT_EQ(done.action, PullAction::kNone);
  EXPECT_EQ(done.pulls, drawn.pulls);
  EXPECT_FALSE(done.drew);
  EXPECT_TRUE(desk_.Unsettled(INT64_MAX, 10)->empty());
  ExpectNoViolation(*store_);
}

TEST_F(SplitPullServiceTest, ARequestIsBegunOnce) {
  ASSERT_TRUE(desk_.Begin(Ask("k1")).ok());
  const auto again = desk_.Begin(Ask("k1"));
  EXPECT_EQ(again->action, PullAction::kPlaceHold);
  const PullStep drawn = Tell("k1", PullAnswer::kHoldPlaced);
  *time_.now_ms = 99'000'000;  // the banner has closed since
  const auto after = desk_.Begin(Ask("k1"));
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->action, PullAction::kPostHold);
  EXPECT_EQ(after->pulls, drawn.pulls);

  const auto other = desk_.Begin(Ask("k1", 10));
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ConflictingFieldIn(other.status()), "count");
  EXPECT_EQ(desk_.Begin(Ask("k2")).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(SplitPullServiceTest, AWrongPriceIsNotWrittenDown) {
  PullRequest request = Ask("k1");
  request.expected_cost = 161;
  EXPECT_EQ(PriceIn(desk_.Begin(request).status()), 160);
  EXPECT_TRUE(desk_.Unsettled(INT64_MAX, 10)->empty());
}

// Every state that the columns can be in, told every answer, twice: the second
// time must find what the first left.
TEST_F(SplitPullServiceTest, EveryAnswerInEveryStateIsSafeToRepeat) {
  int n = 0;
  for (const PullPhase phase : kPullPhases) {
    for (const PullAnswer answer : kPullAnswers) {
      SCOPED_TRACE(
          absl::StrCat(PullPhaseName(phase), " ", PullAnswerName(answer)));
      const std::string id = absl::StrCat("k", n++);
      ASSERT_TRUE(desk_.Begin(Ask(id)).ok());
      switch (phase) {
        case PullPhase::kIntent:
          break;
        case PullPhase::kDone:
          Tell(id, PullAnswer::kHoldPlaced);
          Tell(id, PullAnswer::kPosted);
          break;
        case PullPhase::kDrawn:
          Tell(id, PullAnswer::kHoldPlaced);
          break;
        case PullPhase::kRejected:
          Tell(id, PullAnswer::kInsufficientFunds);
          break;
        case PullPhase::kAborted:
          Tell(id, PullAnswer::kGivenUp);
          Tell(id, PullAnswer::kVoided);
          break;
        case PullPhase::kAborting:
          Tell(id, PullAnswer::kGivenUp);
          break;
      }
      const PullTransition expected = NextPullStep(phase, answer);
      const PullStep first = Tell(id, answer);
      EXPECT_EQ(PhaseOf(first.operation), expected.phase);
      EXPECT_EQ(first.action, expected.action);
      EXPECT_EQ(first.alarm, expected.alarm);
      const bool has_items = expected.phase == PullPhase::kDrawn ||
                             expected.phase == PullPhase::kDone;
      EXPECT_EQ(first.pulls.size(), has_items ? 1u : 0u);
      const PullStep second = Tell(id, answer);
      EXPECT_EQ(PhaseOf(second.operation),
                NextPullStep(expected.phase, answer).phase);
      EXPECT_EQ(second.pulls, first.pulls);
    }
  }
  ExpectNoViolation(*store_);
  EXPECT_TRUE(
      VerifyDraws(*store_, ShopCatalog(), ShopSeeds(), kPlayer)->empty());
}

TEST_F(SplitPullServiceTest, AnIntentIsGivenUpAfterItsTime) {
  ASSERT_TRUE(desk_.Begin(Ask("k1")).ok());
  *time_.now_ms = 5000 + 29'999;
  EXPECT_EQ(Tell("k1", PullAnswer::kNoAnswer).action, PullAction::kRetryLater);
  *time_.now_ms = 5000 + 30'000;
  EXPECT_EQ(Tell("k1", PullAnswer::kNoAnswer).action, PullAction::kVoidHold);
  // A hold that was placed after all is voided, not drawn.
  EXPECT_EQ(Tell("k1", PullAnswer::kHoldPlaced).action, PullAction::kVoidHold);
  const PullStep aborted = Tell("k1", PullAnswer::kVoided);
  EXPECT_EQ(aborted.operation.state, PullState::kAborted);
  EXPECT_TRUE(aborted.operation.settled);
  EXPECT_EQ(desk_.Begin(Ask("k1"))->operation.state, PullState::kAborted);
  EXPECT_TRUE(store_->Pity(kPlayer)->empty());
}

TEST_F(SplitPullServiceTest, ADrawnPullIsNeverGivenUp) {
  ASSERT_TRUE(desk_.Begin(Ask("k1")).ok());
  Tell("k1", PullAnswer::kHoldPlaced);
  *time_.now_ms = 500'000'000;
  EXPECT_EQ(Tell("k1", PullAnswer::kNoAnswer).action, PullAction::kRetryLater);
  EXPECT_EQ(Tell("k1", PullAnswer::kResume).action, PullAction::kPostHold);
}

TEST_F(SplitPullServiceTest, UnansweredItWaitsTwiceAsLongEachTime) {
  ASSERT_TRUE(desk_.Begin(Ask("k1")).ok());
  Tell("k1", PullAnswer::kHoldPlaced);
  for (const std::int64_t wait_ms :
       {500, 1000, 2000, 4000, 8000, 16'000, 30'000, 30'000}) {
    const PullStep step = Tell("k1", PullAnswer::kNoAnswer);
    EXPECT_EQ(step.operation.next_due_ms, *time_.now_ms + wait_ms);
    EXPECT_TRUE(desk_.Unsettled(*time_.now_ms + wait_ms - 1, 9)->empty());
    EXPECT_EQ(desk_.Unsettled(*time_.now_ms + wait_ms, 9)->size(), 1u);
    *time_.now_ms += wait_ms;
  }
}

TEST_F(SplitPullServiceTest, TheFenceDecidesBeforeItAnswers) {
  ASSERT_TRUE(desk_.Begin(Ask("intent")).ok());
  EXPECT_EQ(*desk_.Inquire(kPlayer, Op("intent")), HoldVerdict::kVoid);
  EXPECT_EQ(Tell("intent", PullAnswer::kHoldPlaced).action,
            PullAction::kVoidHold);

  ASSERT_TRUE(desk_.Begin(Ask("drawn")).ok());
  Tell("drawn", PullAnswer::kHoldPlaced);
  EXPECT_EQ(*desk_.Inquire(kPlayer, Op("drawn")), HoldVerdict::kPost);
  Tell("drawn", PullAnswer::kPosted);
  EXPECT_EQ(*desk_.Inquire(kPlayer, Op("drawn")), HoldVerdict::kPost);

  ASSERT_TRUE(desk_.Begin(Ask("rejected")).ok());
  Tell("rejected", PullAnswer::kInsufficientFunds);
  EXPECT_EQ(*desk_.Inquire(kPlayer, Op("rejected")), HoldVerdict::kVoid);

  // Never seen: it is fenced off, and a request that comes late finds it so.
  EXPECT_EQ(*desk_.Inquire(kPlayer, Op("unknown")), HoldVerdict::kVoid);
  const auto late = desk_.Begin(Ask("unknown", 10));
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->operation.state, PullState::kAborted);
  EXPECT_EQ(late->action, PullAction::kNone);
  EXPECT_EQ(desk_.Advance(kPlayer, Op("unknown"), PullAnswer::kPosted)
                .status()
                .code(),
            absl::StatusCode::kFailedPrecondition);
  ExpectNoViolation(*store_);
}

TEST_F(SplitPullServiceTest, AnUnknownPullCannotAdvance) {
  EXPECT_EQ(
      desk_.Advance(kPlayer, Op("k9"), PullAnswer::kHoldPlaced).status().code(),
      absl::StatusCode::kNotFound);
}

TEST_F(SplitPullServiceTest, OfManyThreadsOneDraws) {
  for (int round = 0; round < 50; ++round) {
    const std::string id = absl::StrCat("k", round);
    ASSERT_TRUE(desk_.Begin(Ask(id, 10)).ok());
    std::vector<PullStep> seen(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < seen.size(); ++t) {
      threads.emplace_back(
          [&, t] { seen[t] = Tell(id, PullAnswer::kHoldPlaced); });
    }
    for (std::thread& thread : threads) thread.join();
    int drew = 0;
    for (const PullStep& step : seen) {
      EXPECT_EQ(step.pulls, seen[0].pulls);
      drew += step.drew ? 1 : 0;
    }
    EXPECT_EQ(drew, 1);
    EXPECT_EQ((*store_->Pity(kPlayer))[0].seq, 10 * (round + 1));
  }
  ExpectNoViolation(*store_);
}

TEST_F(SplitPullServiceTest, TheFenceRacesTheDrawAndOneWins) {
  int draws = 0;
  for (int round = 0; round < 200; ++round) {
    const std::string id = absl::StrCat("k", round);
    ASSERT_TRUE(desk_.Begin(Ask(id)).ok());
    std::optional<HoldVerdict> verdict;
    std::thread fence([&] { verdict = *desk_.Inquire(kPlayer, Op(id)); });
    const PullStep step = Tell(id, PullAnswer::kHoldPlaced);
    fence.join();
    const bool drawn = step.operation.state == PullState::kDrawn;
    EXPECT_EQ(verdict, drawn ? HoldVerdict::kPost : HoldVerdict::kVoid);
    EXPECT_EQ(step.pulls.size(), drawn ? 1u : 0u);
    draws += drawn ? 1 : 0;
  }
  EXPECT_EQ(store_->Pulls(kPlayer, kShopScope, 0, 1000)->size(),
            static_cast<std::size_t>(draws));
  ExpectNoViolation(*store_);
}

TEST_F(SplitPullServiceTest, APullIsFinishedOnTheOddsAndSeedItBeganWith) {
  ASSERT_TRUE(desk_.Begin(Ask("k1")).ok());
  std::string dearer = kShopJson;
  dearer.replace(dearer.find("160"), 3, "200");
  dearer.replace(dearer.find("00:00:01Z"), 9, "00:00:02Z");
  auto before = Banner::FromJson(kShopJson, "a.json");
  auto after = Banner::FromJson(dearer, "b.json");
  ASSERT_TRUE(before.ok() && after.ok());
  SplitPullService restarted(*store_, *Catalog::Make({*before, *after}),
                             ShopSeeds(2), time_.clock());
  const auto step =
      restarted.Advance(kPlayer, Op("k1"), PullAnswer::kHoldPlaced);
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_EQ(step->pulls[0].cost, 160);
  EXPECT_EQ(step->pulls[0].seed_epoch, 1);
  EXPECT_EQ(step->pulls[0].odds_version, before->odds_version());

  // Without that version it stays as it is.
  ASSERT_TRUE(desk_.Begin(Ask("k2")).ok());
  SplitPullService without(*store_, ShopCatalog(dearer), ShopSeeds(),
                           time_.clock());
  EXPECT_EQ(without.Advance(kPlayer, Op("k2"), PullAnswer::kHoldPlaced)
                .status()
                .code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Tell("k2", PullAnswer::kHoldPlaced).pulls.size(), 1u);
}

TEST_F(SplitPullServiceTest, HistoryInventoryAndPityShowWhatWasDrawn) {
  EXPECT_EQ(desk_.Pity(kPlayer, kShop)->size(), 2u);
  for (int i = 0; i < 3; ++i) {
    const std::string id = absl::StrCat("k", i);
    ASSERT_TRUE(desk_.Begin(Ask(id)).ok());
    Tell(id, PullAnswer::kHoldPlaced);
    *time_.now_ms += 1;
  }
  const auto first = desk_.History(kPlayer, 2);
  ASSERT_EQ(first->pulls.size(), 2u);
  EXPECT_EQ(first->pulls[0].pull_id, Op("k2"));
  ASSERT_TRUE(first->next.has_value());
  const auto second = desk_.History(kPlayer, 2, first->next);
  ASSERT_EQ(second->pulls.size(), 1u);
  EXPECT_EQ(second->pulls[0].pull_id, Op("k0"));
  EXPECT_FALSE(second->next.has_value());
  EXPECT_FALSE(desk_.History(kPlayer, 3)->next.has_value());
  EXPECT_EQ(desk_.History(kPlayer, 0).status().code(),
            absl::StatusCode::kInvalidArgument);

  std::int64_t items = 0;
  const auto inventory = desk_.Inventory(kPlayer);
  for (const InventoryRecord& row : *inventory) items += row.count;
  EXPECT_EQ(items, 3);
  *time_.now_ms = 99'000'000;  // closed, and still to be looked at
  const auto pity = desk_.Pity(kPlayer, kShop);
  ASSERT_TRUE(pity.ok()) << pity.status();
  const auto nowhere = desk_.Pity(kPlayer, BannerId::Trusted("nowhere"));
  EXPECT_EQ(nowhere.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(BannerRefusalIn(nowhere.status()), BannerRefusal::kUnknown);
}

}  // namespace
}  // namespace fairpull
