// Lots: what a balance is made of, in what order it is used, and where it goes
// back to.

#include "fairpull/ledger/lot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fairpull/ledger/amount.h"
#include "fairpull/ledger/chain.h"
#include "fairpull/ledger/verify.h"
#include "ledger/requests.h"

namespace fairpull {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Left = std::pair<std::string, std::int64_t>;

// One account with all its rows; every step is checked against all laws.
class Book {
 public:
  Book() {
    rows_.player = kPlayer;
    rows_.accounts.push_back(NewAccount(kPlayer, kGems));
  }

  Receipt Do(LedgerRequest request) {
    LedgerView view{.account = &rows_.accounts[0]};
    view.operation = Find(StoredId(request));
    view.placing = Find(request.id);
    const auto hold = holds_.find(request.id);
    if (hold != holds_.end()) view.hold = &hold->second;
    for (const OperationId& lot : request.lots) {
      if (const Operation* credit = Find(lot)) view.credits.push_back(credit);
    }
    return Keep(Decide(view, request));
  }

  Receipt Credit(const std::string& id, std::int64_t amount, LotTerms terms) {
    LedgerRequest request = Request(OperationKind::kCredit, id, amount);
    request.terms = std::move(terms);
    return Do(request);
  }

  Receipt Reverse(const std::string& id) {
    LedgerRequest request{.kind = OperationKind::kReverse,
                          .id = OperationId::Trusted(id),
                          .player = kPlayer,
                          .currency = kGems,
                          .at_ms = 2000};
    if (const Operation* undone = Find(request.id)) {
      for (const LotChange& change : undone->lots) {
        request.lots.push_back(change.lot);
      }
    }
    return Do(request);
  }

  std::int64_t Expire(std::int64_t now_ms) {
    std::int64_t sum = 0;
    while (const auto decision = DecideExpiry(rows_.accounts[0], now_ms)) {
      sum += decision->operation->amount;
      Keep(*decision);
    }
    return sum;
  }

  [[nodiscard]] std::vector<Left> left() const {
    std::vector<Left> left;
    for (const Lot& lot : rows_.accounts[0].lots) {
      left.emplace_back(lot.id.value(), lot.remaining);
    }
    return left;
  }
  [[nodiscard]] const Account& account() const { return rows_.accounts[0]; }

 private:
  const Operation* Find(const OperationId& id) const {
    const auto found =
        std::find_if(rows_.operations.begin(), rows_.operations.end(),
                     [&](const Operation& row) { return row.id == id; });
    return found == rows_.operations.end() ? nullptr : &*found;
  }

  Receipt Keep(const Decision& decision) {
    if (decision.operation) rows_.operations.push_back(*decision.operation);
    if (decision.account) rows_.accounts[0] = *decision.account;
    if (decision.hold) {
      holds_.insert_or_assign(decision.hold->id, *decision.hold);
    }
    LedgerRows rows = rows_;
    for (const auto& [id, hold] : holds_) rows.holds.push_back(hold);
    for (const Violation& violation : VerifyLedger(rows)) {
      ADD_FAILURE() << violation.law << " " << violation.message;
    }
    return decision.receipt;
  }

  LedgerRows rows_;
  std::map<OperationId, Hold> holds_;
};

LotTerms Paid(std::int64_t price = 0) {
  return {.funding = Funding::kPaid,
          .price = price,
          .price_currency = price == 0 ? "" : "JPY"};
}

LotTerms FreeUntil(std::int64_t expires_at_ms) {
  return {.expires_at_ms = expires_at_ms};
}

LedgerRequest Debit(const std::string& id, std::int64_t amount,
                    LotOrder order = LotOrder::kFreeFirst) {
  LedgerRequest request = Request(OperationKind::kDebit, id, amount);
  request.lot_order = order;
  return request;
}

// 50 that run out at 5000, 40 and 30 paid, 20 given.
Book Mixed() {
  Book book;
  book.Credit("buy-2", 30, Paid(300));
  book.Credit("gift", 20, {});
  book.Credit("event", 50, FreeUntil(5000));
  book.Credit("buy-1", 40, Paid(480));
  return book;
}

TEST(LotTest, WhatRunsOutFirstIsUsedFirstThenFreeThenById) {
  Book book = Mixed();
  EXPECT_THAT(book.left(), ElementsAre(Left{"/free", 20}, Left{"buy-1", 40},
                                       Left{"buy-2", 30}, Left{"event", 50}));
  EXPECT_TRUE(book.Do(Debit("d1", 60)).ok());
  EXPECT_THAT(book.left(), ElementsAre(Left{"/free", 10}, Left{"buy-1", 40},
                                       Left{"buy-2", 30}));
  EXPECT_TRUE(book.Do(Debit("d2", 45)).ok());
  EXPECT_THAT(book.left(), ElementsAre(Left{"buy-1", 5}, Left{"buy-2", 30}));
}

TEST(LotTest, OrPaidBeforeFree) {
  Book book = Mixed();
  EXPECT_TRUE(book.Do(Debit("d1", 130, LotOrder::kPaidFirst)).ok());
  EXPECT_THAT(book.left(), ElementsAre(Left{"/free", 10}));
}

TEST(LotTest, GiftsThatLastShareALotAndOthersDoNot) {
  Book book;
  book.Credit("a", 1, {});
  book.Credit("b", 2, {});
  book.Credit("c", 4, FreeUntil(5000));
  book.Credit("d", 8, FreeUntil(5000));
  EXPECT_THAT(book.left(),
              ElementsAre(Left{"/free", 3}, Left{"c", 4}, Left{"d", 8}));
}

TEST(LotTest, ACreditFromAnIssuerIsPaidUnlessItSaysOtherwise) {
  Book book;
  book.Do(Request(OperationKind::kCredit, "bought", 7));
  ASSERT_EQ(book.account().lots.size(), 1u);
  EXPECT_EQ(book.account().lots[0].terms, Paid());
  LedgerRequest gift = Request(OperationKind::kCredit, "given", 5);
  gift.counterparty = SystemAccount::Trusted("promotion");
  book.Do(gift);
  EXPECT_THAT(book.left(), ElementsAre(Left{"/free", 5}, Left{"bought", 7}));
}

TEST(LotTest, WhatRanOutCantBeSpentOrHeldAndIsExpired) {
  Book book = Mixed();
  LedgerRequest late = Debit("late", 91);
  late.at_ms = 5000;
  EXPECT_EQ(book.Do(late).outcome, LedgerOutcome::kInsufficientFunds);
  LedgerRequest hold = Request(OperationKind::kHold, "h", 91);
  hold.at_ms = 5000;
  EXPECT_EQ(book.Do(hold).outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_EQ(book.Expire(4999), 0);
  EXPECT_EQ(book.Expire(5000), 50);
  EXPECT_EQ(book.Expire(5000), 0);
  EXPECT_EQ(book.account().balance.posted, 90);
}

TEST(LotTest, WhatRanOutIsPassedOver) {
  Book book = Mixed();
  LedgerRequest late = Debit("late", 30);
  late.at_ms = 5000;
  EXPECT_TRUE(book.Do(late).ok());
  EXPECT_THAT(book.left(), ElementsAre(Left{"buy-1", 30}, Left{"buy-2", 30},
                                       Left{"event", 50}));
  LedgerRequest hold = Request(OperationKind::kHold, "h", 60);
  hold.at_ms = 5000;
  EXPECT_TRUE(book.Do(hold).ok());
  EXPECT_EQ(book.Expire(5000), 50) << "the hold has nothing of it";
}

TEST(LotTest, AHoldKeepsALotThatRunsOutMeanwhile) {
  Book book = Mixed();
  book.Do(Request(OperationKind::kHold, "h", 30));
  EXPECT_EQ(book.Expire(9000), 20) << "what the hold has is not expired";
  LedgerRequest post = Request(OperationKind::kPost, "h", 25);
  post.at_ms = 9000;
  EXPECT_TRUE(book.Do(post).ok());
  EXPECT_EQ(book.Expire(9000), 5) << "what the post left";
  EXPECT_EQ(book.account().balance.posted, 90);
}

TEST(LotTest, AVoidGivesBackToTheSameLots) {
  Book book = Mixed();
  const std::vector<Left> before = book.left();
  book.Do(Request(OperationKind::kHold, "h", 80));
  EXPECT_EQ(book.account().lots[0].held, 20);
  book.Do(Request(OperationKind::kVoid, "h"));
  EXPECT_EQ(book.left(), before);
  EXPECT_EQ(book.account().balance.held, 0);
}

TEST(LotTest, ARefundOfASpendGivesBackToTheSameLotsEvenEmptyOnes) {
  Book book = Mixed();
  const std::vector<Left> before = book.left();
  const std::vector<Lot> lots = book.account().lots;
  book.Do(Debit("d", 140));
  EXPECT_THAT(book.left(), IsEmpty());
  EXPECT_TRUE(book.Reverse("d").ok());
  EXPECT_EQ(book.left(), before);
  EXPECT_EQ(book.account().lots, lots) << "with their terms";
  EXPECT_TRUE(book.Reverse("d").replayed);
  EXPECT_EQ(book.account().balance.posted, 140);
}

TEST(LotTest, ARefundOfAPost) {
  Book book = Mixed();
  book.Do(Request(OperationKind::kHold, "h", 60));
  book.Do(Request(OperationKind::kPost, "h", 55));
  EXPECT_TRUE(book.Reverse("h/post").ok());
  EXPECT_THAT(book.left(), ElementsAre(Left{"/free", 20}, Left{"buy-1", 40},
                                       Left{"buy-2", 30}, Left{"event", 50}));
  EXPECT_EQ(book.Reverse("h").outcome, LedgerOutcome::kNothingToReverse);
}

TEST(LotTest, ARefundOfAPurchaseTakesItsOwnLotFirst) {
  Book book = Mixed();
  EXPECT_TRUE(book.Reverse("buy-1").ok());
  EXPECT_THAT(book.left(), ElementsAre(Left{"/free", 20}, Left{"buy-2", 30},
                                       Left{"event", 50}));
  EXPECT_EQ(book.account().debt, 0);
}

TEST(LotTest, WhatWasSpentOfARefundedPurchaseIsOwed) {
  Book book;
  book.Credit("buy", 100, Paid(1200));
  book.Credit("gift", 10, {});
  book.Do(Debit("d", 70));  // the gift, and 60 of the purchase
  const Receipt refund = book.Reverse("buy");
  EXPECT_TRUE(refund.ok());
  EXPECT_EQ(refund.balance.posted, -60);
  EXPECT_EQ(book.account().debt, 60);
  EXPECT_THAT(book.left(), IsEmpty());
  EXPECT_EQ(book.Do(Debit("d2", 1)).outcome, LedgerOutcome::kInsufficientFunds);

  // What comes next pays it.
  book.Credit("buy-2", 50, Paid());
  EXPECT_EQ(book.account().debt, 10);
  EXPECT_EQ(book.account().balance.posted, -10);
  book.Credit("buy-3", 50, Paid());
  EXPECT_EQ(book.account().debt, 0);
  EXPECT_THAT(book.left(), ElementsAre(Left{"buy-3", 40}));
}

TEST(LotTest, ADebtIsPaidByAHoldThatIsReleased) {
  Book book;
  book.Credit("buy", 100, Paid());
  book.Do(Request(OperationKind::kHold, "h", 80));
  EXPECT_EQ(book.Reverse("buy").balance.posted, 0);
  EXPECT_EQ(book.account().debt, 80) << "what is held can't be taken";
  EXPECT_EQ(book.account().balance.available(), -80);
  book.Do(Request(OperationKind::kVoid, "h"));
  EXPECT_EQ(book.account().debt, 0);
  EXPECT_EQ(book.account().balance.posted, 0);
}

TEST(LotTest, OrStaysWhenTheHoldIsPosted) {
  Book book;
  book.Credit("buy", 100, Paid());
  book.Do(Request(OperationKind::kHold, "h", 80));
  book.Reverse("buy");
  EXPECT_TRUE(book.Do(Request(OperationKind::kPost, "h")).ok());
  EXPECT_EQ(book.account().debt, 80);
  EXPECT_EQ(book.account().balance.posted, -80);
  // The spend is refunded too: nothing is owed, nothing is there.
  EXPECT_TRUE(book.Reverse("h/post").ok());
  EXPECT_EQ(book.account().debt, 0);
  EXPECT_THAT(book.left(), IsEmpty());
}

TEST(LotTest, ACorrectionMayTakeMoreThanThereIs) {
  Book book;
  book.Credit("gift", 10, {});
  LedgerRequest correction = Debit("fix", 25);
  correction.counterparty = SystemAccount::Trusted("adjustment");
  EXPECT_EQ(book.Do(correction).balance.posted, -15);
  EXPECT_EQ(book.account().debt, 15);
  EXPECT_TRUE(book.Reverse("fix").ok());
  EXPECT_EQ(book.account().debt, 0);
  EXPECT_THAT(book.left(), ElementsAre(Left{"/free", 10}));
}

TEST(LotTest, AReverseThatDoesNotNameTheLotsIsRefused) {
  Book book = Mixed();
  book.Do(Debit("d", 140));
  EXPECT_EQ(book.Do({.kind = OperationKind::kReverse,
                     .id = OperationId::Trusted("d"),
                     .player = kPlayer,
                     .currency = kGems})
                .field,
            "lots");
  EXPECT_TRUE(book.Reverse("d").ok());
}

TEST(LotTest, NothingElseCanBeReversed) {
  Book book;
  book.Credit("gift", 10, {});
  book.Do(Debit("poor", 11));
  book.Do(Request(OperationKind::kHold, "h", 5));
  for (const char* id : {"poor", "h", "unknown"}) {
    EXPECT_EQ(book.Reverse(id).outcome, LedgerOutcome::kNothingToReverse) << id;
  }
  EXPECT_TRUE(book.Reverse("gift").ok());
  EXPECT_EQ(book.Reverse("gift/reverse").outcome,
            LedgerOutcome::kNothingToReverse);
}

TEST(LotTest, TermsAreContent) {
  Book book;
  book.Credit("buy", 10, Paid(100));
  EXPECT_TRUE(book.Credit("buy", 10, Paid(100)).replayed);
  const Receipt other = book.Credit("buy", 10, Paid(101));
  EXPECT_EQ(other.outcome, LedgerOutcome::kIdConflict);
  EXPECT_EQ(other.field, "terms");
}

TEST(LotTest, TermsThatMakeNoSenseNameTheField) {
  Book book;
  const auto field = [&book](const LotTerms& terms) {
    const Receipt receipt = book.Credit("c", 1, terms);
    EXPECT_EQ(receipt.outcome, LedgerOutcome::kMalformed);
    return receipt.field;
  };
  EXPECT_EQ(field({.price = 5, .price_currency = "JPY"}), "price");
  EXPECT_EQ(field({.funding = Funding::kPaid, .price = -1}), "price");
  EXPECT_EQ(field({.funding = Funding::kPaid, .price = 5}), "price_currency");
  EXPECT_EQ(
      field({.funding = Funding::kPaid, .price = 5, .price_currency = "jpy"}),
      "price_currency");
  EXPECT_EQ(field({.price_currency = "JPY"}), "price_currency");
  EXPECT_EQ(field(FreeUntil(0)), "expires_at_ms");
  LedgerRequest debit = Debit("d", 1);
  debit.terms = LotTerms();
  EXPECT_EQ(book.Do(debit).field, "terms");
}

TEST(LotTest, OnlySoManyLots) {
  Account account = NewAccount(kPlayer, kGems);
  for (std::size_t i = 0; i < kMaxOpenLots; ++i) {
    const Decision decision =
        Decide({.account = &account},
               Request(OperationKind::kCredit, "c" + std::to_string(i), 1));
    ASSERT_TRUE(decision.receipt.ok());
    account = *decision.account;
  }
  EXPECT_EQ(Decide({.account = &account},
                   Request(OperationKind::kCredit, "one-more", 1))
                .receipt.outcome,
            LedgerOutcome::kTooManyLots);
}

TEST(LotTest, TextFormsGoBackAndForth) {
  const std::vector<Lot> lots = {{.id = SharedLot(), .remaining = 5, .held = 2},
                                 {.id = OperationId::Trusted("buy:1"),
                                  .terms = {.funding = Funding::kPaid,
                                            .expires_at_ms = 1234,
                                            .price = 980,
                                            .price_currency = "JPY"},
                                  .granted = 60,
                                  .remaining = 10}};
  EXPECT_EQ(LotsText(lots), "/free,0,5,2,1,,0,;buy:1,60,10,0,2,1234,980,JPY");
  EXPECT_EQ(*ReadLots(LotsText(lots)), lots);
  const std::vector<LotChange> changes = {
      {.lot = SharedLot(), .posted = -5, .held = 0},
      {.lot = OperationId::Trusted("a"), .posted = 1, .held = -7}};
  EXPECT_EQ(ChangesText(changes), "/free,-5,0;a,1,-7");
  EXPECT_EQ(*ReadChanges(ChangesText(changes)), changes);
  EXPECT_EQ(*ReadTerms(TermsText(lots[1].terms)), lots[1].terms);
  EXPECT_EQ(*ReadTerms(TermsText(std::nullopt)), std::nullopt);
  EXPECT_THAT(*ReadLots(""), IsEmpty());
  for (const char* bad : {";", "a", "a,1,2", "a,1,2,x,1,,0,", "a,1,2,3,3,,0,",
                          "a,1,2,3,1,,0,,9"}) {
    EXPECT_TRUE(absl::IsDataLoss(ReadLots(bad).status())) << bad;
  }
  EXPECT_TRUE(absl::IsDataLoss(ReadChanges("a,1").status()));
  EXPECT_TRUE(absl::IsDataLoss(ReadTerms("1,2").status()));
}

// Worked out by Python: hashlib.sha256(b"\np1\ngems\n1\nc1\nissuer:card\n60\n"
// b"60\n1000").hexdigest(), and the same with that before a second entry.
TEST(ChainTest, HashesTheHashBeforeAndTheContent) {
  Operation operation{.player = kPlayer,
                      .id = OperationId::Trusted("c1"),
                      .currency = kGems,
                      .counterparty = kIssuer,
                      .after = {.posted = 60, .seq = 1},
                      .at_ms = 1000,
                      .moved = 60};
  const std::string first = ChainHash("", operation);
  EXPECT_EQ(first,
            "8381fb48217a2ed2e5deba28191e063835753d4727c097ae9d253f19ceff23ec");
  operation.after = {.posted = 120, .seq = 2};
  EXPECT_EQ(ChainHash(first, operation),
            "fc7dc4a1cc072b4bc5736a1a5bcc8fce0c28d02a13fb854a1ec20f8983e2a8d0");
}

}  // namespace
}  // namespace fairpull
