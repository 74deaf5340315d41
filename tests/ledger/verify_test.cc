#include "fairpull/ledger/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "fairpull/ledger/chain.h"
#include "fairpull/ledger/rules.h"

namespace fairpull {
namespace {

const PlayerId kPlayer = PlayerId::Trusted("p1");
const CurrencyId kGems = CurrencyId::Trusted("gems");
const SystemAccount kIssuer = SystemAccount::Trusted("issuer:card");
const SystemAccount kSink = SystemAccount::Trusted("spend:starter");

template <class Row, class Match>
Row* Find(std::vector<Row>& rows, const Match& match) {
  const auto found = std::find_if(rows.begin(), rows.end(), match);
  return found == rows.end() ? nullptr : &*found;
}

// A ledger in memory: carries decisions out, so that its rows are sound.
class Book {
 public:
  Book() {
    rows.player = kPlayer;
    rows.accounts.push_back(NewAccount(kPlayer, kGems));
  }

  LedgerOutcome Do(OperationKind kind, std::string id,
                   std::int64_t amount = 0) {
    LedgerRequest request{.kind = kind,
                          .id = OperationId::Trusted(std::move(id)),
                          .player = kPlayer};
    if (kind != OperationKind::kPost && kind != OperationKind::kVoid) {
      request.currency = kGems;
      request.counterparty = kind == OperationKind::kCredit ? kIssuer : kSink;
    }
    if (amount != 0) request.amount = amount;
    const auto with_id = [](const OperationId& wanted) {
      return [wanted](const auto& row) { return row.id == wanted; };
    };
    Hold* hold = Find(rows.holds, with_id(request.id));
    const Decision decision =
        Decide({.operation = Find(rows.operations, with_id(StoredId(request))),
                .placing = Find(rows.operations, with_id(request.id)),
                .hold = hold,
                .account = &rows.accounts[0]},
               request);
    if (decision.operation) rows.operations.push_back(*decision.operation);
    if (decision.account) rows.accounts[0] = *decision.account;
    if (decision.hold) {
      if (hold != nullptr) {
        *hold = *decision.hold;
      } else {
        rows.holds.push_back(*decision.hold);
      }
    }
    return decision.receipt.outcome;
  }

  LedgerRows rows;
};

// One of everything: credits, a debit, a refused debit, a pending, a posted and
// a voided hold, a tombstone.
Book FullBook() {
  Book book;
  book.Do(OperationKind::kCredit, "c1", 1000);
  book.Do(OperationKind::kDebit, "d1", 100);
  book.Do(OperationKind::kDebit, "d2", 5000);
  book.Do(OperationKind::kHold, "h1", 50);
  book.Do(OperationKind::kHold, "h2", 60);
  book.Do(OperationKind::kPost, "h2", 20);
  book.Do(OperationKind::kHold, "h3", 70);
  book.Do(OperationKind::kVoid, "h3");
  book.Do(OperationKind::kVoid, "h4");
  book.Do(OperationKind::kCredit, "c2", 5);
  return book;
}

TEST(VerifyTest, FindsNothingInASoundLedger) {
  Book book = FullBook();
  EXPECT_EQ(book.rows.accounts[0].balance,
            (Balance{.posted = 885, .held = 50, .seq = 4, .version = 8}));
  for (const Violation& violation : VerifyLedger(book.rows)) {
    ADD_FAILURE() << violation.law << " " << violation.message;
  }
  std::reverse(book.rows.operations.begin(), book.rows.operations.end());
  EXPECT_TRUE(VerifyLedger(book.rows).empty()) << "the order does not matter";
}

struct Corruption {
  const char* name;
  const char* law;
  std::function<void(LedgerRows&)> apply;
};

Operation& OperationOf(LedgerRows& rows, const std::string& id) {
  return *Find(rows.operations,
               [&id](const Operation& row) { return row.id.value() == id; });
}

Hold& HoldOf(LedgerRows& rows, const std::string& id) {
  return *Find(rows.holds,
               [&id](const Hold& row) { return row.id.value() == id; });
}

std::vector<Corruption> Corruptions() {
  return {
      {"credit that moved nothing", "L1",
       [](auto& r) { OperationOf(r, "c2").moved = 0; }},
      {"debit that moved the other way", "L1",
       [](auto& r) { OperationOf(r, "d1").moved = 100; }},
      {"hold that moved something", "L1",
       [](auto& r) { OperationOf(r, "h1").moved = -50; }},
      {"operation lost", "L4",
       [](auto& r) {
         r.operations.erase(r.operations.begin() + 1);  // "d1"
       }},
      {"last operation lost", "L2", [](auto& r) { r.operations.pop_back(); }},
      {"operation doubled", "L4",
       [](auto& r) {
         r.operations.push_back(OperationOf(r, "c2"));
         r.operations.back().id = OperationId::Trusted("c3");
       }},
      {"wrong side", "L1",
       [](auto& r) { OperationOf(r, "c1").counterparty = kSink; }},
      {"gap in seq", "L2", [](auto& r) { OperationOf(r, "c2").after.seq = 7; }},
      {"wrong running balance", "L2",
       [](auto& r) { OperationOf(r, "d1").after.posted += 1; }},
      {"wrong balance", "L2",
       [](auto& r) { r.accounts[0].balance.posted += 1; }},
      {"wrong held", "L5", [](auto& r) { r.accounts[0].balance.held -= 1; }},
      {"overspent", "L3",
       [](auto& r) { OperationOf(r, "h1").after.held = 901; }},
      {"two effects at one version", "L4",
       [](auto& r) { OperationOf(r, "d1").after.version = 1; }},
      {"failure with an effect", "L1",
       [](auto& r) {
         OperationOf(r, "d1").outcome = LedgerOutcome::kInsufficientFunds;
       }},
      {"refusal that is never stored", "L4",
       [](auto& r) {
         OperationOf(r, "d2").outcome = LedgerOutcome::kUnknownAccount;
       }},
      {"hold posted without a post", "L5",
       [](auto& r) { HoldOf(r, "h1").state = HoldState::kPosted; }},
      {"hold pending after its void", "L5",
       [](auto& r) { HoldOf(r, "h3").state = HoldState::kPending; }},
      {"posted more than held", "L5",
       [](auto& r) { HoldOf(r, "h2").posted_amount = 61; }},
      {"hold that nobody placed", "L5",
       [](auto& r) { HoldOf(r, "h1").id = OperationId::Trusted("h9"); }},
      {"amount zero", "L11", [](auto& r) { OperationOf(r, "d2").amount = 0; }},
      {"amount beyond 2^53", "L11",
       [](auto& r) { OperationOf(r, "d2").amount = std::int64_t{1} << 53; }},
      {"amount beyond 64 bits' middle", "L11",
       [](auto& r) { OperationOf(r, "c1").amount = INT64_MIN; }},
      {"account lost", "L2", [](auto& r) { r.accounts.clear(); }},
      {"operation changed", "L8",
       [](auto& r) { OperationOf(r, "c1").at_ms += 1; }},
      {"operation changed with its hash", "L8",
       [](auto& r) {
         Operation& first = OperationOf(r, "c1");
         first.at_ms += 1;
         first.hash = ChainHash("", first);
       }},
      {"end of the chain changed", "L8",
       [](auto& r) { r.accounts[0].chain = OperationOf(r, "c1").hash; }},
      {"more left in a lot", "L7",
       [](auto& r) { r.accounts[0].lots[0].remaining += 1; }},
      {"less held of a lot", "L7",
       [](auto& r) { r.accounts[0].lots[0].held -= 1; }},
      {"lot lost", "L7", [](auto& r) { r.accounts[0].lots.pop_back(); }},
      {"lot with other terms", "L7",
       [](auto& r) { r.accounts[0].lots[0].terms.expires_at_ms = 9; }},
      {"spend from another lot", "L7",
       [](auto& r) { OperationOf(r, "d1").lots[0].lot = SharedLot(); }},
      {"debt from nothing", "L7", [](auto& r) { r.accounts[0].debt = 5; }},
      {"spend that left a debt", "L12",
       [](auto& r) { OperationOf(r, "d1").lots[0].posted += 30; }},
      {"row of another player", "L4",
       [](auto& r) { r.holds[0].player = PlayerId::Trusted("p2"); }},
  };
}

TEST(VerifyTest, FindsEveryCorruptionByItsLaw) {
  for (const Corruption& corruption : Corruptions()) {
    LedgerRows rows = FullBook().rows;
    corruption.apply(rows);
    const std::vector<Violation> violations = VerifyLedger(rows);
    EXPECT_TRUE(std::any_of(violations.begin(), violations.end(),
                            [&corruption](const Violation& violation) {
                              return violation.law == corruption.law;
                            }))
        << corruption.name << " should break " << corruption.law;
  }
}

}  // namespace
}  // namespace fairpull
