#include "fairpull/ledger/outcome.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

#include "fairpull/ledger/amount.h"
#include "ledger/requests.h"

namespace fairpull {
namespace {

TEST(OutcomeTest, ASenselessRequestNamesTheField) {
  const auto field = [](const LedgerRequest& request) {
    const Decision decision = Decide({}, request);
    EXPECT_EQ(decision.receipt.outcome, LedgerOutcome::kMalformed);
    EXPECT_FALSE(decision.operation);
    return decision.receipt.field;
  };
  for (const std::int64_t amount : {std::int64_t{0}, std::int64_t{-1},
                                    kMaxAmount + 1, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(field(Request(OperationKind::kCredit, "c", amount)), "amount");
    EXPECT_EQ(field(Request(OperationKind::kPost, "c", amount)), "amount");
  }
  EXPECT_EQ(field(Request(OperationKind::kDebit, "c")), "amount");
  EXPECT_EQ(field(Request(OperationKind::kVoid, "c", 1)), "amount");
  EXPECT_EQ(field(Request(OperationKind::kHold, "", 1)), "id");
  LedgerRequest request = Request(OperationKind::kCredit, "c", 1);
  request.counterparty = kSink;
  EXPECT_EQ(field(request), "counterparty");
  request = Request(OperationKind::kHold, "c", 1);
  request.counterparty = kIssuer;
  EXPECT_EQ(field(request), "counterparty");
  request.currency = CurrencyId();
  EXPECT_EQ(field(request), "currency");
  request = Request(OperationKind::kPost, "c");
  request.currency = kGems;
  EXPECT_EQ(field(request), "currency");
  request = Request(OperationKind::kPost, "c");
  request.player = PlayerId();
  EXPECT_EQ(field(request), "player");
}

// Pairs that could both be answered: the earlier of the enumeration wins.
TEST(OutcomeTest, RefusalsComeInTheDocumentedOrder) {
  const Account account = Gems({.posted = 5, .seq = 1, .version = 1});
  const LedgerRequest debit = Request(OperationKind::kDebit, "x", 10);
  const Operation failed = *Decide({.account = &account}, debit).operation;

  // Malformed before a conflict.
  EXPECT_EQ(Decide({.operation = &failed, .account = &account},
                   Request(OperationKind::kDebit, "x", 0))
                .receipt.outcome,
            LedgerOutcome::kMalformed);
  // A replay before an unknown account; a conflict too.
  EXPECT_TRUE(Decide({.operation = &failed}, debit).receipt.replayed);
  EXPECT_EQ(
      Decide({.operation = &failed}, Request(OperationKind::kDebit, "x", 11))
          .receipt.outcome,
      LedgerOutcome::kIdConflict);
  // A conflict before the hold's state and before the hold's amount.
  const Held posted(HoldState::kPosted);
  Operation post{.kind = OperationKind::kPost, .amount = 40};
  LedgerView view = posted.view();
  view.operation = &post;
  EXPECT_EQ(
      Decide(view, Request(OperationKind::kPost, "h", 41)).receipt.outcome,
      LedgerOutcome::kIdConflict);
  // An unknown account before a tombstone.
  const Hold tombstone{.state = HoldState::kVoided};
  EXPECT_EQ(Decide({.hold = &tombstone}, Request(OperationKind::kHold, "h", 40))
                .receipt.outcome,
            LedgerOutcome::kUnknownAccount);
  // A tombstone before insufficient funds.
  EXPECT_EQ(Decide({.hold = &tombstone, .account = &account},
                   Request(OperationKind::kHold, "h", 40))
                .receipt.outcome,
            LedgerOutcome::kHoldAlreadyVoided);
  // A resolved hold before a post of too much.
  const Held voided(HoldState::kVoided);
  EXPECT_EQ(Decide(voided.view(), Request(OperationKind::kPost, "h", 41))
                .receipt.outcome,
            LedgerOutcome::kHoldAlreadyVoided);
}

TEST(OutcomeTest, EveryOutcomeHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const LedgerOutcome outcome : kLedgerOutcomes) {
    names.insert(std::string(LedgerOutcomeName(outcome)));
  }
  EXPECT_EQ(names.size(), kLedgerOutcomes.size());
  EXPECT_EQ(names.count("unknown outcome"), 0u);
}

}  // namespace
}  // namespace fairpull
