#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "fairpull/ledger/amount.h"
#include "fairpull/store/call_deadline.h"
#include "store/conformance.h"
#include "store/rows.h"
#include "store/waiting.h"

namespace fairpull {
namespace {

using ::testing::ElementsAre;

TEST_P(StoreConformanceTest, AnEmptyStoreHasNothingAndNoError) {
  const std::unique_ptr<Store> store = MakeStore();
  const OperationId id = OperationId::Trusted("x");
  const auto snapshot = store->Read({.player = kPlayer,
                                     .operations = {id},
                                     .holds = {id},
                                     .accounts = {kGems},
                                     .accounts_of_holds = true,
                                     .pity = {kScope},
                                     .pull_operations = {id}});
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->FindOperation(id), nullptr);
  EXPECT_EQ(snapshot->FindHold(id), nullptr);
  EXPECT_EQ(snapshot->FindAccount(kGems), nullptr);
  EXPECT_EQ(snapshot->FindPity(kScope), nullptr);
  EXPECT_EQ(snapshot->FindPullOperation(id), nullptr);
  EXPECT_TRUE(store->Entries(kPlayer, kGems, 0, 10)->empty());
  EXPECT_TRUE(store->History(kPlayer, std::nullopt, 10)->empty());
  EXPECT_TRUE(store->Pulls(kPlayer, kScope, 0, 10)->empty());
  EXPECT_TRUE(store->Inventory(kPlayer)->empty());
  EXPECT_TRUE(store->Players({}, 10)->empty());
  EXPECT_TRUE(store->PendingHolds(INT64_MAX, 10)->empty());
  EXPECT_TRUE(store->UnsettledPulls(INT64_MAX, 10)->empty());
}

TEST_P(StoreConformanceTest, EveryColumnOfEveryRowComesBack) {
  const std::unique_ptr<Store> store = MakeStore();
  const std::int64_t most = kMaxAmount;
  const OperationId id = OperationId::Trusted("op");
  const SystemAccount sink = SystemAccount::Trusted("spend:starter");
  const Balance balance{.posted = most, .held = 7, .seq = 0, .version = 0};
  WriteSet writes;
  writes.operations = {
      {.player = kPlayer,
       .id = id,
       .kind = OperationKind::kHold,
       .currency = kGems,
       .amount = most,
       .counterparty = sink,
       .outcome = LedgerOutcome::kInsufficientFunds,
       .after = {.posted = -9, .held = 8, .seq = 7, .version = 11},
       .at_ms = 123,
       .lots = {{.lot = id, .posted = -4, .held = 2}, {.lot = SharedLot()}},
       .terms = LotTerms{.funding = Funding::kPaid,
                         .expires_at_ms = 99,
                         .price = most,
                         .price_currency = "JPY"},
       .moved = -most,
       .hash = std::string(64, 'a'),
       .memo = "noted"}};
  // The same, seen from its account.
  const Entry line{.player = kPlayer,
                   .currency = kGems,
                   .seq = 7,
                   .operation = id,
                   .counterparty = sink,
                   .amount = -most,
                   .balance_after = -9,
                   .at_ms = 123,
                   .hash = std::string(64, 'a')};
  writes.accounts = {{.player = kPlayer,
                      .currency = kGems,
                      .balance = balance,
                      .debt = 3,
                      .lots = {{.id = id,
                                .terms = *writes.operations[0].terms,
                                .granted = 5,
                                .remaining = 4,
                                .held = 1}},
                      .chain = std::string(64, 'b')}};
  writes.holds = {{.player = kPlayer,
                   .id = id,
                   .currency = kGems,
                   .amount = 40,
                   .counterparty = sink,
                   .state = HoldState::kPosted,
                   .posted_amount = 39,
                   .at_ms = 1,
                   .ask_at_ms = 2}};
  writes.pity = {{.player = kPlayer,
                  .scope = kScope,
                  .seq = 8,
                  .state = "{\"a\": 'b'}\n\xc3\xa9"}};
  writes.pulls = {Pull(4, 1000)};
  writes.inventory = {
      {.player = kPlayer, .item = ItemId::Trusted("sword"), .count = 2}};
  writes.pull_operations = {Asked("pull-1", 17)};
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());

  const auto snapshot =
      store->Read({.player = kPlayer,
                   .operations = {id, id},
                   .holds = {id},
                   .accounts_of_holds = true,
                   .pity = {kScope},
                   .pull_operations = {OperationId::Trusted("pull-1")}});
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->operations, writes.operations);
  EXPECT_EQ(snapshot->holds, writes.holds);
  EXPECT_EQ(snapshot->accounts, writes.accounts);
  EXPECT_EQ(snapshot->pity, writes.pity);
  EXPECT_EQ(snapshot->pull_operations, writes.pull_operations);
  EXPECT_THAT(*store->Entries(kPlayer, kGems, 0, 10), ElementsAre(line));
  EXPECT_EQ(*store->EntryAsOf(kPlayer, kGems, 123), line);
  EXPECT_EQ(*store->Pulls(kPlayer, kScope, 0, 10), writes.pulls);
  EXPECT_EQ(*store->History(kPlayer, std::nullopt, 10), writes.pulls);
  EXPECT_EQ(*store->Inventory(kPlayer), writes.inventory);
  EXPECT_EQ(*store->Accounts(kPlayer), writes.accounts);
  EXPECT_EQ(*store->Pity(kPlayer), writes.pity);
  EXPECT_EQ(*store->Operations(kPlayer, {}, 10), writes.operations);
  EXPECT_EQ(*store->Holds(kPlayer, {}, 10), writes.holds);
  EXPECT_EQ(*store->PullOperations(kPlayer, {}, 10), writes.pull_operations);
  EXPECT_THAT(*store->Players({}, 10), ElementsAre(kPlayer));
}

TEST_P(StoreConformanceTest, ADroppedTransactionLeavesNothing) {
  const std::unique_ptr<Store> store = MakeStore();
  {
    ASSERT_TRUE(store->Begin({.player = kPlayer}).ok());
  }
  EXPECT_TRUE(store->Players({}, 10)->empty());
  EXPECT_EQ(Write(*store, {}), absl::OkStatus());
  EXPECT_TRUE(store->Players({}, 10)->empty());
}

TEST_P(StoreConformanceTest, ATransactionCommitsOnce) {
  const std::unique_ptr<Store> store = MakeStore();
  auto transaction = store->Begin({.player = kPlayer});
  ASSERT_TRUE(transaction.ok());
  WriteSet writes;
  writes.accounts = {NewAccount(kPlayer, kGems)};
  EXPECT_EQ((*transaction)->Commit(writes), absl::OkStatus());
  EXPECT_EQ((*transaction)->Commit({}).code(),
            absl::StatusCode::kFailedPrecondition);
  // Over, though not yet dropped: the player is free.
  EXPECT_TRUE(store->Begin({.player = kPlayer}).ok());
}

TEST_P(StoreConformanceTest, AReadNeverWaitsAndSeesWhatIsCommitted) {
  const std::unique_ptr<Store> store = MakeStore();
  Fund(*store, 100);
  auto transaction = store->Begin({.player = kPlayer, .accounts = {kGems}});
  ASSERT_TRUE(transaction.ok());
  EXPECT_EQ(BalanceOf(*store).posted, 100);
  Account account = *(*transaction)->snapshot().FindAccount(kGems);
  account.balance.posted = 150;
  account.balance.version += 1;
  WriteSet writes;
  writes.accounts = {account};
  EXPECT_EQ(BalanceOf(*store).posted, 100);
  ASSERT_EQ((*transaction)->Commit(writes), absl::OkStatus());
  EXPECT_EQ(BalanceOf(*store).posted, 150);
}

TEST_P(StoreConformanceTest, ASecondTransactionGivesUpInTheEnd) {
  const std::unique_ptr<Store> store = GetParam().make(20);
  auto first = store->Begin({.player = kPlayer});
  ASSERT_TRUE(first.ok());
  const auto second = store->Begin({.player = kPlayer});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable)
      << second.status();
  first->reset();
  EXPECT_TRUE(store->Begin({.player = kPlayer}).ok());
}

TEST_P(StoreConformanceTest, NoCallWaitsLongerThanItsDeadline) {
  const std::unique_ptr<Store> store = MakeStore();
  Fund(*store, 100);
  const ReadSet reads{.player = kPlayer, .accounts = {kGems}};
  auto first = store->Begin(reads);
  ASSERT_TRUE(first.ok());
  {
    const CallDeadline deadline(std::chrono::milliseconds(50));
    absl::Status status;
    EXPECT_LT(MsOf([&] { status = store->Begin(reads).status(); }), 10'000);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  }
  first->reset();
  EXPECT_TRUE(Carry(*store, Request(OperationKind::kDebit, "d", 1))->ok());
}

TEST_P(StoreConformanceTest, InsertsGiveWayToWhatIsThere) {
  const std::unique_ptr<Store> store = MakeStore();
  Fund(*store, 100);
  const Operation operation{.player = kPlayer,
                            .id = OperationId::Trusted("fund")};
  // Another id at a seq that the account has an operation at.
  const Operation at_same_seq{
      .player = kPlayer,
      .id = OperationId::Trusted("x"),
      .currency = kGems,
      .amount = 5,
      .counterparty = SystemAccount::Trusted("promotion"),
      .after = {.posted = 5, .seq = 1, .version = 1},
      .moved = 5,
      .hash = std::string(64, 'a')};
  WriteSet pulls;
  pulls.pulls = {Pull(1, 10)};
  ASSERT_EQ(Write(*store, pulls), absl::OkStatus());
  WriteSet operations;
  operations.operations = {operation};
  WriteSet same_seq;
  same_seq.operations = {at_same_seq};
  for (WriteSet* writes : {&operations, &same_seq, &pulls}) {
    // The rest of the same commit is left out too.
    writes->pity = {{.player = kPlayer, .scope = kScope, .seq = 1}};
    EXPECT_EQ(Write(*store, *writes).code(), absl::StatusCode::kAborted);
    EXPECT_TRUE(store->Pity(kPlayer)->empty());
  }
  ExpectSound(*store);
}

TEST_P(StoreConformanceTest, AnAccountMovesByOneVersion) {
  const std::unique_ptr<Store> store = MakeStore();
  Fund(*store, 100);  // leaves version 1
  for (const std::int64_t version : {0, 1, 3, 9}) {
    WriteSet writes;
    writes.accounts = {{.player = kPlayer,
                        .currency = kGems,
                        .balance = {.posted = 5, .version = version}}};
    EXPECT_EQ(Write(*store, writes).code(), absl::StatusCode::kAborted)
        << version;
  }
  WriteSet writes;
  writes.accounts = {{.player = kPlayer,
                      .currency = CurrencyId::Trusted("gold"),
                      .balance = {.version = 1}}};
  EXPECT_EQ(Write(*store, writes).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(BalanceOf(*store).posted, 100);
}

TEST_P(StoreConformanceTest, AResolvedHoldStays) {
  const std::unique_ptr<Store> store = MakeStore();
  Hold hold{.player = kPlayer,
            .id = OperationId::Trusted("h"),
            .currency = kGems,
            .amount = 5,
            .state = HoldState::kPending};
  WriteSet writes;
  writes.holds = {hold};
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  EXPECT_EQ(Write(*store, writes).code(), absl::StatusCode::kAborted);
  writes.holds[0].state = HoldState::kVoided;
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  writes.holds[0].state = HoldState::kPosted;
  EXPECT_EQ(Write(*store, writes).code(), absl::StatusCode::kAborted);
  EXPECT_EQ((*store->Holds(kPlayer, {}, 10))[0].state, HoldState::kVoided);
}

TEST_P(StoreConformanceTest, APityNeverGoesBack) {
  const std::unique_ptr<Store> store = MakeStore();
  WriteSet writes;
  writes.pity = {
      {.player = kPlayer, .scope = kScope, .seq = 10, .state = "ten"}};
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  EXPECT_EQ(Write(*store, writes).code(), absl::StatusCode::kAborted);
  writes.pity[0] = {
      .player = kPlayer, .scope = kScope, .seq = 20, .state = "twenty"};
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  writes.pity[0].seq = 19;
  writes.pity[0].state = "nineteen";
  EXPECT_EQ(Write(*store, writes).code(), absl::StatusCode::kAborted);
  EXPECT_EQ((*store->Pity(kPlayer))[0].state, "twenty");
}

TEST_P(StoreConformanceTest, InventoryAddsUp) {
  const std::unique_ptr<Store> store = MakeStore();
  WriteSet writes;
  writes.inventory = {
      {.player = kPlayer, .item = ItemId::Trusted("b"), .count = 2},
      {.player = kPlayer, .item = ItemId::Trusted("a"), .count = 1},
      {.player = kPlayer, .item = ItemId::Trusted("b"), .count = 3}};
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  const std::vector<InventoryRecord> expected = {
      {.player = kPlayer, .item = ItemId::Trusted("a"), .count = 2},
      {.player = kPlayer, .item = ItemId::Trusted("b"), .count = 10}};
  EXPECT_EQ(*store->Inventory(kPlayer), expected);
}

TEST_P(StoreConformanceTest, RowsThatCannotBeAreRefusedWhole) {
  const std::unique_ptr<Store> store = MakeStore();
  std::vector<WriteSet> bad;
  const auto with = [&bad](auto&& add) {
    WriteSet writes;
    writes.pity = {{.player = kPlayer, .scope = kScope, .seq = 1}};
    add(writes);
    bad.push_back(writes);
  };
  with([](WriteSet& w) {
    w.accounts = {NewAccount(PlayerId::Trusted("p2"), kGems)};
  });
  with([](WriteSet& w) {
    w.accounts = {{.player = kPlayer,
                   .currency = kGems,
                   .balance = {.posted = 1, .held = 2}}};
  });
  with([](WriteSet& w) {
    w.accounts = {{.player = kPlayer,
                   .currency = kGems,
                   .balance = {.posted = kMaxAmount + 1}}};
  });
  with([](WriteSet& w) { w.accounts = {NewAccount(kPlayer, CurrencyId())}; });
  // Moved something, at no seq and without a hash.
  with([](WriteSet& w) {
    w.operations = {{.player = kPlayer,
                     .id = OperationId::Trusted("op"),
                     .currency = kGems,
                     .amount = 1,
                     .moved = 1}};
  });
  with([](WriteSet& w) {
    w.holds = {{.player = kPlayer,
                .id = OperationId::Trusted("h"),
                .amount = 1,
                .state = HoldState::kPosted,
                .posted_amount = 2}};
  });
  with([](WriteSet& w) {
    w.inventory = {
        {.player = kPlayer, .item = ItemId::Trusted("a"), .count = 0}};
  });
  with([](WriteSet& w) { w.pulls = {Pull(0, 1)}; });
  with([](WriteSet& w) { w.pull_operations = {Asked("", 1)}; });
  for (const WriteSet& writes : bad) {
    EXPECT_EQ(Write(*store, writes).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(store->Players({}, 10)->empty());
  EXPECT_EQ(store->Begin({}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(store->Read({}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fairpull
