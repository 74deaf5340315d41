#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "fairpull/store/ledger_rows.h"
#include "store/conformance.h"

namespace fairpull {
namespace {

PlayerId Member(int i) { return PlayerId::Trusted(absl::StrCat("m", i)); }

// Carries the requests of different players out in one transaction.
absl::StatusOr<std::vector<Receipt>> CarryAll(
    Store& store, const std::vector<LedgerRequest>& requests) {
  std::vector<ReadSet> reads;
  for (const LedgerRequest& request : requests) {
    reads.push_back({.player = request.player});
    AddRowsOf(request, reads.back());
  }
  FAIRPULL_ASSIGN_OR_RETURN(const auto group, store.BeginMany(reads));
  std::vector<WriteSet> writes(requests.size());
  std::vector<Receipt> receipts;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Decision decision =
        Decide(ViewOf(group->snapshots()[i], requests[i]), requests[i]);
    AddWritesOf(decision, writes[i]);
    receipts.push_back(decision.receipt);
  }
  FAIRPULL_RETURN_IF_ERROR(group->Commit(writes));
  return receipts;
}

// A pity row for each of `players`, in their order.
std::vector<WriteSet> PityOf(const std::vector<PlayerId>& players,
                             std::int64_t seq) {
  std::vector<WriteSet> writes(players.size());
  for (std::size_t i = 0; i < players.size(); ++i) {
    writes[i].pity = {
        {.player = players[i], .scope = kScope, .seq = seq, .state = "s"}};
  }
  return writes;
}

// The first `count` members whom the store keeps on one database.
std::vector<PlayerId> OnOneDatabase(const StoreAdapter& adapter,
                                    std::size_t count) {
  std::vector<PlayerId> together = {Member(0)};
  for (int i = 1; together.size() < count; ++i) {
    if (adapter.place(Member(i)) == adapter.place(Member(0))) {
      together.push_back(Member(i));
    }
  }
  return together;
}

TEST_P(StoreConformanceTest, AGroupReadsAndWritesInTheOrderGiven) {
  const std::unique_ptr<Store> store = MakeStore();
  const std::vector<int> order = {3, 0, 2, 1};
  std::vector<LedgerRequest> requests;
  for (const int i : order) {
    Fund(*store, 100 + i, Member(i));
    requests.push_back(
        Request(OperationKind::kDebit, "d", 10 * (i + 1), Member(i)));
  }
  const auto receipts = CarryAll(*store, requests);
  ASSERT_TRUE(receipts.ok()) << receipts.status();
  for (std::size_t n = 0; n < order.size(); ++n) {
    const int i = order[n];
    EXPECT_EQ((*receipts)[n].balance.posted, 100 + i - 10 * (i + 1));
    EXPECT_EQ(BalanceOf(*store, Member(i)).posted, 100 + i - 10 * (i + 1));
    ExpectSound(*store, Member(i));
  }
  // The same answers again, and nothing is written.
  const auto again = CarryAll(*store, requests);
  ASSERT_TRUE(again.ok()) << again.status();
  for (const Receipt& receipt : *again) EXPECT_TRUE(receipt.replayed);
}

TEST_P(StoreConformanceTest, AGroupIsOfDifferentPlayersAndNotEmpty) {
  const std::unique_ptr<Store> store = MakeStore();
  for (const std::vector<ReadSet>& reads : std::vector<std::vector<ReadSet>>{
           {},
           {{.player = kPlayer}, {}},
           {{.player = kPlayer}, {.player = Member(1)}, {.player = kPlayer}}}) {
    EXPECT_EQ(store->BeginMany(reads).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  // Nobody was left locked.
  EXPECT_TRUE(store->Begin({.player = kPlayer}).ok());
}

TEST_P(StoreConformanceTest, OneGuardThatFailsKeepsTheWholeGroupOut) {
  const std::unique_ptr<Store> store = MakeStore();
  const std::vector<PlayerId> players = OnOneDatabase(GetParam(), 3);
  for (std::size_t bad = 0; bad < players.size(); ++bad) {
    Fund(*store, 5, PlayerId::Trusted(absl::StrCat("x", bad)));
  }
  const auto commit = [&](const std::vector<WriteSet>& writes) {
    std::vector<ReadSet> reads;
    for (const PlayerId& player : players) reads.push_back({.player = player});
    const auto group = store->BeginMany(reads);
    EXPECT_TRUE(group.ok()) << group.status();
    const absl::Status status = (*group)->Commit(writes);
    EXPECT_EQ((*group)->Commit(writes).code(),
              absl::StatusCode::kFailedPrecondition);
    return status.code();
  };
  ASSERT_EQ(commit(PityOf(players, 5)), absl::StatusCode::kOk);
  for (std::size_t bad = 0; bad < players.size(); ++bad) {
    std::vector<WriteSet> writes = PityOf(players, 6);
    writes[bad].pity[0].seq = 5;
    EXPECT_EQ(commit(writes), absl::StatusCode::kAborted) << bad;
    writes = PityOf(players, 6);
    writes[bad].pity[0].seq = -1;
    EXPECT_EQ(commit(writes), absl::StatusCode::kInvalidArgument) << bad;
    writes = PityOf(players, 6);
    writes[bad].pity[0].player = players[(bad + 1) % players.size()];
    EXPECT_EQ(commit(writes), absl::StatusCode::kInvalidArgument) << bad;
    writes = PityOf(players, 6);
    writes.pop_back();
    EXPECT_EQ(commit(writes), absl::StatusCode::kInvalidArgument) << bad;
  }
  for (const PlayerId& player : players) {
    EXPECT_EQ((*store->Pity(player))[0].seq, 5);
  }
  EXPECT_EQ(commit(PityOf(players, 6)), absl::StatusCode::kOk);
}

TEST_P(StoreConformanceTest, WhoWritesNothingInAGroupLeavesNothing) {
  const std::unique_ptr<Store> store = MakeStore();
  const std::vector<ReadSet> reads = {{.player = Member(0)},
                                      {.player = Member(1)}};
  {
    const auto group = store->BeginMany(reads);
    ASSERT_TRUE(group.ok()) << group.status();
  }
  {
    const auto group = store->BeginMany(reads);
    std::vector<WriteSet> writes = PityOf({Member(0)}, 1);
    writes.emplace_back();
    ASSERT_EQ((*group)->Commit(writes), absl::OkStatus());
  }
  EXPECT_EQ(*store->Players({}, 10), std::vector<PlayerId>{Member(0)});
  EXPECT_TRUE(store->Begin({.player = Member(1)}).ok());
}

TEST_P(StoreConformanceTest, AGroupKeepsItsPlayersToItself) {
  const std::unique_ptr<Store> store = GetParam().make(20);
  Fund(*store, 5, Member(1));
  auto group = store->BeginMany({{.player = Member(1)}, {.player = Member(0)}});
  ASSERT_TRUE(group.ok()) << group.status();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(store->Begin({.player = Member(i)}).status().code(),
              absl::StatusCode::kUnavailable);
    EXPECT_EQ(store->BeginMany({{.player = Member(2)}, {.player = Member(i)}})
                  .status()
                  .code(),
              absl::StatusCode::kUnavailable);
    EXPECT_EQ(BalanceOf(*store, Member(1)).posted, 5) << "reading goes on";
  }
  group->reset();
  EXPECT_TRUE(store->Begin({.player = Member(0)}).ok());
  EXPECT_TRUE(
      store->BeginMany({{.player = Member(0)}, {.player = Member(1)}}).ok());
}

// Groups in random order over the same few players, beside single transactions:
// none waits for ever, none gets in the way of another.
TEST_P(StoreConformanceTest, OverlappingGroupsOfEightThreadsAllComeThrough) {
  constexpr int kMembers = 6;
  const std::unique_ptr<Store> store = MakeStore();
  for (int i = 0; i < kMembers; ++i) Fund(*store, 100'000, Member(i));
  std::vector<std::atomic<std::int64_t>> spent(kMembers);
  RunTogether(8, [&](int thread) {
    std::mt19937 random(static_cast<std::uint32_t>(thread));
    for (int n = 0; n < 30; ++n) {
      std::vector<int> members = {0, 1, 2, 3, 4, 5};
      std::shuffle(members.begin(), members.end(), random);
      members.resize(1 + random() % 4);
      std::vector<LedgerRequest> requests;
      for (const int i : members) {
        requests.push_back(Request(OperationKind::kDebit,
                                   absl::StrCat("d", thread, "-", n), 1 + i,
                                   Member(i)));
      }
      if (members.size() == 1) {
        const auto receipt = Carry(*store, requests[0]);
        ASSERT_TRUE(receipt.ok() && receipt->ok()) << receipt.status();
      } else {
        const auto receipts = CarryAll(*store, requests);
        ASSERT_TRUE(receipts.ok()) << receipts.status();
      }
      for (const int i : members) spent[static_cast<std::size_t>(i)] += 1 + i;
    }
  });
  for (int i = 0; i < kMembers; ++i) {
    EXPECT_EQ(BalanceOf(*store, Member(i)).posted,
              100'000 - spent[static_cast<std::size_t>(i)]);
    ExpectSound(*store, Member(i));
  }
}

}  // namespace
}  // namespace fairpull
