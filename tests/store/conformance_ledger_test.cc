#include <gtest/gtest.h>

#include <string>

#include "fairpull/ledger/amount.h"
#include "store/conformance.h"

namespace fairpull {
namespace {

using enum OperationKind;
using enum LedgerOutcome;

// Each outcome of the ledger, from rows that a store gave back.
TEST_P(StoreConformanceTest, EveryOutcomeComesFromStoredRows) {
  const std::unique_ptr<Store> store = MakeStore();
  const auto outcome = [&](const LedgerRequest& request) {
    const auto receipt = Carry(*store, request);
    EXPECT_TRUE(receipt.ok()) << receipt.status();
    return receipt->outcome;
  };
  EXPECT_EQ(outcome(Request(kCredit, "c0", 5)), kUnknownAccount);
  Fund(*store, 100);
  EXPECT_EQ(outcome(Request(kCredit, "c0", 5)), kOk);  // was not stored
  EXPECT_EQ(outcome(Request(kDebit, "d1", 0)), kMalformed);
  EXPECT_EQ(outcome(Request(kDebit, "d1", 5)), kOk);
  EXPECT_EQ(outcome(Request(kDebit, "d1", 5)), kOk);
  EXPECT_EQ(outcome(Request(kDebit, "d1", 6)), kIdConflict);
  EXPECT_EQ(outcome(Request(kHold, "d1", 5)), kIdConflict);
  EXPECT_EQ(outcome(Request(kCredit, "c1", kMaxAmount)), kAmountOverflow);
  EXPECT_EQ(outcome(Request(kHold, "h0", 101)), kInsufficientFunds);
  EXPECT_EQ(outcome(Request(kPost, "h0")), kIdAlreadyFailed);
  EXPECT_EQ(outcome(Request(kHold, "h1", 60)), kOk);
  EXPECT_EQ(outcome(Request(kHold, "h2", 41)), kInsufficientFunds);
  EXPECT_EQ(outcome(Request(kPost, "h1", 61)), kExceedsHold);
  EXPECT_EQ(outcome(Request(kPost, "h1", 60)), kOk);
  EXPECT_EQ(outcome(Request(kPost, "h1")), kOk);
  EXPECT_EQ(outcome(Request(kPost, "h1", 59)), kIdConflict);
  EXPECT_EQ(outcome(Request(kVoid, "h1")), kHoldAlreadyPosted);
  EXPECT_EQ(outcome(Request(kPost, "h3")), kUnknownHold);
  EXPECT_EQ(outcome(Request(kVoid, "h3")), kOk);
  EXPECT_EQ(outcome(Request(kHold, "h3", 1)), kHoldAlreadyVoided);
  EXPECT_EQ(outcome(Request(kPost, "h3", 1)), kHoldAlreadyVoided);
  // There would be enough by now, and still the id has failed.
  EXPECT_EQ(outcome(Request(kCredit, "c2", 500)), kOk);
  EXPECT_EQ(outcome(Request(kHold, "h2", 41)), kInsufficientFunds);
  EXPECT_EQ(BalanceOf(*store),
            (Balance{.posted = 540, .held = 0, .seq = 5, .version = 6}));
  ExpectSound(*store);
}

TEST_P(StoreConformanceTest, AnAnswerIsKeptAsItWasGiven) {
  const std::unique_ptr<Store> store = MakeStore();
  Fund(*store, 100);
  const LedgerRequest hold = Request(kHold, "h", 40);
  const Receipt first = *Carry(*store, hold);
  ASSERT_TRUE(Carry(*store, Request(kPost, "h", 15))->ok());
  ASSERT_TRUE(Carry(*store, Request(kCredit, "c", 1000))->ok());
  const Receipt again = *Carry(*store, hold);
  EXPECT_EQ(again.outcome, first.outcome);
  EXPECT_EQ(again.balance, first.balance);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(first.hold_state, HoldState::kPending);
  EXPECT_EQ(again.hold_state, HoldState::kPosted);
}

TEST_P(StoreConformanceTest, OneIdMayBeUsedByTwoPlayers) {
  const std::unique_ptr<Store> store = MakeStore();
  const PlayerId other = PlayerId::Trusted("p2");
  Fund(*store, 10);
  Fund(*store, 20, other);
  EXPECT_TRUE(Carry(*store, Request(kDebit, "d", 1))->ok());
  const Receipt receipt = *Carry(*store, Request(kDebit, "d", 2, other));
  EXPECT_TRUE(receipt.ok());
  EXPECT_FALSE(receipt.replayed);
  EXPECT_EQ(BalanceOf(*store, other).posted, 18);
}

}  // namespace
}  // namespace fairpull
