#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/conformance.h"
#include "store/rows.h"

namespace fairpull {
namespace {

using ::testing::ElementsAre;

TEST_P(StoreConformanceTest, PagesOfTheHistoryGoFromNewToOld) {
  const std::unique_ptr<Store> store = MakeStore();
  const ScopeId other = ScopeId::Trusted("a-scope");
  WriteSet writes;
  // Two scopes, pulls of one millisecond, and a clock that went back.
  writes.pulls = {Pull(1, 100), Pull(2, 200), Pull(3, 200), Pull(4, 150),
                  Pull(1, 200, other)};
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  std::vector<std::string> seen;
  std::optional<PullCursor> cursor;
  while (true) {
    const auto page = store->History(kPlayer, cursor, 2);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const PullRecord& pull : *page) {
      seen.push_back(
          absl::StrCat(pull.at_ms, " ", pull.scope.value(), " ", pull.seq));
    }
    if (page->size() < 2) break;
    cursor = PullCursor::Of(page->back());
  }
  EXPECT_THAT(seen,
              ElementsAre("200 starter 3", "200 starter 2", "200 a-scope 1",
                          "150 starter 4", "100 starter 1"));
}

TEST_P(StoreConformanceTest, PagesByKeyGoOnAfterTheKeyGiven) {
  const std::unique_ptr<Store> store = MakeStore();
  WriteSet writes;
  writes.pulls = {Pull(1, 1), Pull(2, 1), Pull(3, 1)};
  writes.pull_operations = {Asked("b", 1), Asked("a", 1), Asked("a-", 1)};
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  EXPECT_EQ((*store->Pulls(kPlayer, kScope, 1, 1))[0].seq, 2);
  EXPECT_TRUE(store->Pulls(kPlayer, ScopeId::Trusted("s"), 0, 9)->empty());
  const auto page =
      store->PullOperations(kPlayer, OperationId::Trusted("a"), 9);
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ((*page)[0].id.value(), "a-");
  EXPECT_EQ((*page)[1].id.value(), "b");
  for (const char* name : {"p3", "p2", "P9"}) {
    Fund(*store, 1, PlayerId::Trusted(name));
  }
  EXPECT_THAT(*store->Players(PlayerId::Trusted("P9"), 2),
              ElementsAre(kPlayer, PlayerId::Trusted("p2")));
}

TEST_P(StoreConformanceTest, TheEntryAsOfATimeIsTheLastInOrderThatIsNotLater) {
  const std::unique_ptr<Store> store = MakeStore();
  Fund(*store, 0);
  // By seq, not by time: the third came with a clock that had stepped back.
  std::int64_t amount = 1;
  for (const std::int64_t at_ms : {100, 300, 200, 300}) {
    LedgerRequest request =
        Request(OperationKind::kCredit, "c" + std::to_string(amount), amount);
    request.at_ms = at_ms;
    ASSERT_TRUE(Carry(*store, request)->ok());
    amount += 1;
  }
  const auto seq_at = [&](std::int64_t at_ms) -> std::int64_t {
    const auto entry = store->EntryAsOf(kPlayer, kGems, at_ms);
    EXPECT_TRUE(entry.ok()) << entry.status();
    return entry->has_value() ? (*entry)->seq : 0;
  };
  EXPECT_EQ(seq_at(99), 0);
  EXPECT_EQ(seq_at(100), 1);
  EXPECT_EQ(seq_at(199), 1);
  EXPECT_EQ(seq_at(200), 3);
  EXPECT_EQ(seq_at(299), 3);
  EXPECT_EQ(seq_at(300), 4);
  EXPECT_FALSE(
      store->EntryAsOf(PlayerId::Trusted("p9"), kGems, 300)->has_value());
  EXPECT_EQ(**store->EntryAsOf(kPlayer, kGems, 999),
            store->Entries(kPlayer, kGems, 3, 1)->at(0));
}

TEST_P(StoreConformanceTest, APageHasOneToAThousandRows) {
  const std::unique_ptr<Store> store = MakeStore();
  for (const int limit : {0, -1, 1001, std::numeric_limits<int>::max()}) {
    EXPECT_EQ(store->Entries(kPlayer, kGems, 0, limit).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(store->History(kPlayer, std::nullopt, limit).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(store->Players({}, limit).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(store->PendingHolds(0, limit).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(store->UnsettledPulls(0, limit).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(store->Entries(kPlayer, kGems, 0, 1000).ok());
}

TEST_P(StoreConformanceTest, BackgroundWorkComesLongestDueFirst) {
  const std::unique_ptr<Store> store = MakeStore();
  const PlayerId other = PlayerId::Trusted("p0");
  WriteSet writes;
  writes.pull_operations = {Asked("late", 300), Asked("early", 100),
                            Asked("done", 50)};
  writes.pull_operations[2].settled = true;
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  WriteSet others;
  others.pull_operations = {Asked("mid", 200, other)};
  ASSERT_EQ(Write(*store, others, other), absl::OkStatus());
  const auto ids = [&](std::int64_t due_ms, int limit) {
    std::vector<std::string> found;
    const auto pulls = store->UnsettledPulls(due_ms, limit);
    for (const PullOperation& pull : *pulls) {
      found.push_back(pull.id.value());
    }
    return found;
  };
  EXPECT_THAT(ids(99, 10), ElementsAre());
  EXPECT_THAT(ids(200, 10), ElementsAre("early", "mid"));
  EXPECT_THAT(ids(INT64_MAX, 2), ElementsAre("early", "mid"));
  // Put off, it goes to its new place; settled, it is gone.
  writes.pull_operations = {Asked("early", 400), Asked("late", 300)};
  writes.pull_operations[1].settled = true;
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  EXPECT_THAT(ids(INT64_MAX, 10), ElementsAre("mid", "early"));
}

TEST_P(StoreConformanceTest, PendingHoldsAreFoundUntilTheyResolve) {
  const std::unique_ptr<Store> store = MakeStore();
  Fund(*store, 100);
  for (const char* id : {"h1", "h2", "h3"}) {
    ASSERT_TRUE(Carry(*store, Request(OperationKind::kHold, id, 10))->ok());
  }
  ASSERT_TRUE(Carry(*store, Request(OperationKind::kPost, "h1"))->ok());
  ASSERT_TRUE(Carry(*store, Request(OperationKind::kVoid, "h3"))->ok());
  ASSERT_TRUE(Carry(*store, Request(OperationKind::kVoid, "h4"))->ok());
  EXPECT_TRUE(store->PendingHolds(60'999, 10)->empty());
  const auto due = store->PendingHolds(61'000, 10);
  ASSERT_EQ(due->size(), 1u);
  EXPECT_EQ((*due)[0].id.value(), "h2");
  ExpectSound(*store);
}

}  // namespace
}  // namespace fairpull
