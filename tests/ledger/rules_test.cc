#include "fairpull/ledger/rules.h"

#include <gtest/gtest.h>

#include "fairpull/ledger/amount.h"
#include "fairpull/ledger/chain.h"
#include "ledger/requests.h"

namespace fairpull {
namespace {

TEST(RulesTest, ACreditAddsAndWritesOneEntry) {
  const Account account =
      Gems({.posted = 100, .held = 30, .seq = 4, .version = 9});
  const Decision decision =
      Decide({.account = &account}, Request(OperationKind::kCredit, "c1", 60));
  EXPECT_EQ(decision.receipt.outcome, LedgerOutcome::kOk);
  EXPECT_FALSE(decision.receipt.replayed);
  const Balance after{.posted = 160, .held = 30, .seq = 5, .version = 10};
  EXPECT_EQ(decision.receipt.balance, after);
  EXPECT_EQ(decision.account->balance, after);
  const Entry expected{.player = kPlayer,
                       .currency = kGems,
                       .seq = 5,
                       .operation = OperationId::Trusted("c1"),
                       .counterparty = kIssuer,
                       .amount = 60,
                       .balance_after = 160,
                       .at_ms = 1000,
                       .hash = ChainHash("", *decision.operation)};
  EXPECT_EQ(EntryOf(*decision.operation), expected);
  EXPECT_EQ(decision.account->chain, expected.hash);
  EXPECT_EQ(decision.operation->after, after);
  EXPECT_FALSE(decision.hold);
}

TEST(RulesTest, ADebitTakesAtMostWhatIsAvailable) {
  const Account account =
      Gems({.posted = 100, .held = 30, .seq = 4, .version = 9});
  const Decision all =
      Decide({.account = &account}, Request(OperationKind::kDebit, "d1", 70));
  EXPECT_EQ(all.receipt.outcome, LedgerOutcome::kOk);
  EXPECT_EQ(all.operation->moved, -70);
  EXPECT_EQ(all.operation->after.posted, 30);
  EXPECT_EQ(all.receipt.balance.available(), 0);

  const Decision more =
      Decide({.account = &account}, Request(OperationKind::kDebit, "d2", 71));
  EXPECT_EQ(more.receipt.outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_EQ(more.receipt.balance, account.balance);
  EXPECT_EQ(more.operation->outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_EQ(more.operation->moved, 0);
  EXPECT_FALSE(more.account);
}

TEST(RulesTest, AHoldSetsAsideWithoutAnEntry) {
  const Account account = Gems({.posted = 100, .seq = 1, .version = 1});
  const Decision decision =
      Decide({.account = &account}, Request(OperationKind::kHold, "h1", 100));
  const Balance after{.posted = 100, .held = 100, .seq = 1, .version = 2};
  EXPECT_EQ(decision.receipt.balance, after);
  EXPECT_EQ(decision.receipt.hold_state, HoldState::kPending);
  EXPECT_EQ(decision.operation->moved, 0);
  EXPECT_EQ(decision.hold->amount, 100);
  EXPECT_EQ(decision.hold->ask_at_ms, 61000);

  const Decision more = Decide({.account = &*decision.account},
                               Request(OperationKind::kHold, "h2", 1));
  EXPECT_EQ(more.receipt.outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_FALSE(more.hold);
}

TEST(RulesTest, APostDebitsTheHoldAndReleasesTheRest) {
  const Held held(HoldState::kPending);
  const Decision part =
      Decide(held.view(), Request(OperationKind::kPost, "h", 15));
  const Balance after{.posted = 85, .held = 0, .seq = 2, .version = 3};
  EXPECT_EQ(part.receipt.balance, after);
  EXPECT_EQ(part.receipt.hold_state, HoldState::kPosted);
  EXPECT_EQ(part.hold->posted_amount, 15);
  EXPECT_EQ(part.operation->id.value(), "h/post");
  EXPECT_EQ(part.operation->currency, kGems);
  EXPECT_EQ(part.operation->moved, -15);
  EXPECT_EQ(part.operation->counterparty, kSink);
  EXPECT_EQ(part.operation->id.value(), "h/post");

  const Decision whole =
      Decide(held.view(), Request(OperationKind::kPost, "h"));
  EXPECT_EQ(whole.receipt.balance.posted, 60);
  EXPECT_EQ(whole.hold->posted_amount, 40);

  const Decision more =
      Decide(held.view(), Request(OperationKind::kPost, "h", 41));
  EXPECT_EQ(more.receipt.outcome, LedgerOutcome::kExceedsHold);
  EXPECT_FALSE(more.operation);
  EXPECT_FALSE(more.hold);
}

TEST(RulesTest, AVoidReleasesWithoutAnEntry) {
  const Held held(HoldState::kPending);
  const Decision decision =
      Decide(held.view(), Request(OperationKind::kVoid, "h"));
  const Balance after{.posted = 100, .held = 0, .seq = 1, .version = 3};
  EXPECT_EQ(decision.receipt.balance, after);
  EXPECT_EQ(decision.hold->state, HoldState::kVoided);
  EXPECT_EQ(decision.operation->id.value(), "h/void");
  EXPECT_EQ(decision.operation->amount, 40);
  EXPECT_EQ(decision.operation->moved, 0);
}

TEST(RulesTest, AHoldResolvesOnce) {
  const Held posted(HoldState::kPosted);
  const Decision late_void =
      Decide(posted.view(), Request(OperationKind::kVoid, "h"));
  EXPECT_EQ(late_void.receipt.outcome, LedgerOutcome::kHoldAlreadyPosted);
  EXPECT_EQ(late_void.receipt.hold_state, HoldState::kPosted);
  EXPECT_FALSE(late_void.account);

  const Held voided(HoldState::kVoided);
  const Decision late_post =
      Decide(voided.view(), Request(OperationKind::kPost, "h"));
  EXPECT_EQ(late_post.receipt.outcome, LedgerOutcome::kHoldAlreadyVoided);
  EXPECT_FALSE(late_post.account);
}

TEST(RulesTest, TheVoidOfAnUnknownHoldRefusesTheHoldThatComesLate) {
  const Decision first = Decide({}, Request(OperationKind::kVoid, "h"));
  EXPECT_EQ(first.receipt.outcome, LedgerOutcome::kOk);
  ASSERT_TRUE(first.hold);
  EXPECT_EQ(first.hold->state, HoldState::kVoided);
  EXPECT_EQ(first.hold->amount, 0);
  EXPECT_EQ(first.operation->id.value(), "h/void");
  EXPECT_FALSE(first.account);

  const Account account = Gems({.posted = 100, .seq = 1, .version = 1});
  const Decision late = Decide({.hold = &*first.hold, .account = &account},
                               Request(OperationKind::kHold, "h", 40));
  EXPECT_EQ(late.receipt.outcome, LedgerOutcome::kHoldAlreadyVoided);
  EXPECT_FALSE(late.operation);
  EXPECT_FALSE(late.account);

  const Decision post =
      Decide({.hold = &*first.hold}, Request(OperationKind::kPost, "h", 40));
  EXPECT_EQ(post.receipt.outcome, LedgerOutcome::kHoldAlreadyVoided);
}

TEST(RulesTest, APostOfAHoldThatNeverWas) {
  EXPECT_EQ(Decide({}, Request(OperationKind::kPost, "h")).receipt.outcome,
            LedgerOutcome::kUnknownHold);
  Operation other{.kind = OperationKind::kDebit};
  EXPECT_EQ(Decide({.placing = &other}, Request(OperationKind::kPost, "h"))
                .receipt.outcome,
            LedgerOutcome::kUnknownHold);
}

TEST(RulesTest, APostOfAHoldThatWasRefusedForFunds) {
  Operation refused{.kind = OperationKind::kHold,
                    .outcome = LedgerOutcome::kInsufficientFunds};
  EXPECT_EQ(Decide({.placing = &refused}, Request(OperationKind::kPost, "h"))
                .receipt.outcome,
            LedgerOutcome::kIdAlreadyFailed);
}

TEST(RulesTest, TheSameIdAndContentGetsTheStoredAnswer) {
  const Account before = Gems({.posted = 100, .seq = 1, .version = 1});
  const LedgerRequest request = Request(OperationKind::kDebit, "d", 10);
  const Decision first = Decide({.account = &before}, request);
  // The account has moved on since, and the clock too.
  const Account later = Gems({.posted = 7, .seq = 9, .version = 9});
  LedgerRequest again = request;
  again.at_ms = 999999;
  const Decision second =
      Decide({.operation = &*first.operation, .account = &later}, again);
  EXPECT_TRUE(second.receipt.replayed);
  EXPECT_EQ(second.receipt.outcome, first.receipt.outcome);
  EXPECT_EQ(second.receipt.balance, first.receipt.balance);
  EXPECT_FALSE(second.operation);
  EXPECT_FALSE(second.account);
}

TEST(RulesTest, AFailureForFundsIsKeptEvenWhenThereIsEnoughLater) {
  const Account poor = Gems({.posted = 5, .seq = 1, .version = 1});
  const LedgerRequest request = Request(OperationKind::kDebit, "d", 10);
  const Decision first = Decide({.account = &poor}, request);
  const Account rich = Gems({.posted = 500, .seq = 2, .version = 2});
  const Decision second =
      Decide({.operation = &*first.operation, .account = &rich}, request);
  EXPECT_EQ(second.receipt.outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_TRUE(second.receipt.replayed);
  EXPECT_EQ(second.receipt.balance, poor.balance);
  EXPECT_FALSE(second.account);
}

TEST(RulesTest, OtherContentUnderTheSameIdNamesTheField) {
  const Account account = Gems({.posted = 100, .seq = 1, .version = 1});
  const LedgerRequest request = Request(OperationKind::kDebit, "d", 10);
  const Decision first = Decide({.account = &account}, request);
  const LedgerView view{.operation = &*first.operation, .account = &account};
  const auto conflict = [&view](const LedgerRequest& other) {
    const Decision decision = Decide(view, other);
    EXPECT_EQ(decision.receipt.outcome, LedgerOutcome::kIdConflict);
    EXPECT_FALSE(decision.operation);
    EXPECT_FALSE(decision.account);
    return decision.receipt.field;
  };
  LedgerRequest other = request;
  other.amount = 11;
  EXPECT_EQ(conflict(other), "amount");
  other = request;
  other.currency = CurrencyId::Trusted("gold");
  EXPECT_EQ(conflict(other), "currency");
  other = request;
  other.counterparty = SystemAccount::Trusted("spend:other");
  EXPECT_EQ(conflict(other), "counterparty");
  EXPECT_EQ(conflict(Request(OperationKind::kCredit, "d", 10)), "kind");
  EXPECT_EQ(conflict(Request(OperationKind::kHold, "d", 10)), "kind");
}

TEST(RulesTest, APostWithoutAnAmountEqualsAPostOfTheWhole) {
  const Held held(HoldState::kPending);
  const Decision first =
      Decide(held.view(), Request(OperationKind::kPost, "h"));
  LedgerView view = held.view();
  view.operation = &*first.operation;
  view.hold = &*first.hold;
  const Decision same = Decide(view, Request(OperationKind::kPost, "h", 40));
  EXPECT_TRUE(same.receipt.replayed);
  EXPECT_EQ(same.receipt.hold_state, HoldState::kPosted);
  const Decision other = Decide(view, Request(OperationKind::kPost, "h", 39));
  EXPECT_EQ(other.receipt.outcome, LedgerOutcome::kIdConflict);
  EXPECT_EQ(other.receipt.field, "amount");
}

TEST(RulesTest, AReplayedHoldTellsWhatBecameOfIt) {
  const LedgerRequest request = Request(OperationKind::kHold, "h", 40);
  for (const HoldState state :
       {HoldState::kPending, HoldState::kPosted, HoldState::kVoided}) {
    const Held held(state);
    LedgerView view = held.view();
    view.operation = &held.placing;
    const Decision decision = Decide(view, request);
    EXPECT_TRUE(decision.receipt.replayed);
    EXPECT_EQ(decision.receipt.outcome, LedgerOutcome::kOk);
    EXPECT_EQ(decision.receipt.hold_state, state);
  }
}

TEST(RulesTest, WithoutAnAccountNothingMoves) {
  for (const OperationKind kind :
       {OperationKind::kCredit, OperationKind::kDebit, OperationKind::kHold}) {
    const Decision decision = Decide({}, Request(kind, "x", 1));
    EXPECT_EQ(decision.receipt.outcome, LedgerOutcome::kUnknownAccount);
    EXPECT_FALSE(decision.operation);
  }
}

TEST(RulesTest, ACreditPastTheLargestBalanceIsRefused) {
  const Account account =
      Gems({.posted = kMaxAmount - 1, .seq = 1, .version = 1});
  EXPECT_TRUE(
      Decide({.account = &account}, Request(OperationKind::kCredit, "c", 1))
          .receipt.ok());
  const Decision decision =
      Decide({.account = &account}, Request(OperationKind::kCredit, "c", 2));
  EXPECT_EQ(decision.receipt.outcome, LedgerOutcome::kAmountOverflow);
  EXPECT_FALSE(decision.operation);
}

}  // namespace
}  // namespace fairpull
