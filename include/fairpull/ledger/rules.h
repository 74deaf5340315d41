// The rules of the ledger: what a request does to the rows it touches.
//
// Pure: reads no clock and no storage, so that every adapter follows the same
// rules and a test needs no database. The caller reads the rows of the view
// under lock, decides, and writes the decision's rows in the same transaction.
//
//   Decision decision = Decide({.account = &account},
//                              {.kind = OperationKind::kCredit, .id = id,
//                               .player = player, .currency = gems,
//                               .amount = 1600, .counterparty = issuer});

#ifndef FAIRPULL_LEDGER_RULES_H_
#define FAIRPULL_LEDGER_RULES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fairpull/base/id.h"
#include "fairpull/ledger/balance.h"
#include "fairpull/ledger/outcome.h"
#include "fairpull/ledger/records.h"

namespace fairpull {

struct LedgerRequest {
  OperationKind kind = OperationKind::kCredit;
  // Made by the client. A post and a void carry the id of their hold, a reverse
  // that of what it undoes: each happens at most once, so that id is all they
  // need.
  OperationId id;
  PlayerId player;
  // Left empty by a post and a void: their hold names it. In a reverse, that
  // of what it undoes.
  CurrencyId currency;
  // Absent in a post: the whole hold. Absent in a void and a reverse.
  std::optional<std::int64_t> amount;
  // The source of a credit, the sink of a debit or hold. Left empty by a post,
  // a void and a reverse.
  SystemAccount counterparty;
  // Times are kept with the rows and decide nothing.
  std::int64_t at_ms = 0;
  std::int64_t ask_at_ms = 0;  // of a hold
  // Of a credit. Nothing: paid if it is from an issuer, free otherwise.
  std::optional<LotTerms> terms;
  LotOrder lot_order = LotOrder::kFreeFirst;
  // Of a reverse: the lots of what it undoes, whose credits are looked at.
  std::vector<OperationId> lots;
};

// The answer to a request.
struct Receipt {
  // `outcome` and `balance` are the stored answer: asked again with the same
  // content, an id is given them unchanged.
  LedgerOutcome outcome = LedgerOutcome::kOk;
  // The account right after the operation, or as it was found when refused;
  // all zero where no account is concerned.
  Balance balance;
  // Which field was malformed or differs ("amount", "currency",
  // "counterparty", "kind", …); empty otherwise.
  std::string field;
  // Whether this repeats a stored answer.
  bool replayed = false;
  // Where the hold that the id names stands now, after this operation. A
  // replayed hold may have been posted or voided since it was placed.
  std::optional<HoldState> hold_state;

  [[nodiscard]] bool ok() const { return outcome == LedgerOutcome::kOk; }
};

// The rows that a decision rests on. Null: there is no such row.
struct LedgerView {
  // Under StoredId(request).
  const Operation* operation = nullptr;
  // Under the request's own id; read for a post, a void and a reverse.
  const Operation* placing = nullptr;
  // Under the request's id; read for a hold, a post and a void.
  const Hold* hold = nullptr;
  // In the request's currency, or in the hold's.
  const Account* account = nullptr;
  // The credits of LedgerRequest::lots.
  std::vector<const Operation*> credits;
};

// An answer and the rows to write with it. Where all are absent, nothing is
// written.
struct Decision {
  Receipt receipt;
  std::optional<Operation> operation;
  std::optional<Account> account;
  std::optional<Hold> hold;
};

// The id that the operation is stored under: the request's own, or for a post,
// a void and a reverse the derived one.
[[nodiscard]] OperationId StoredId(const LedgerRequest& request);

// What `request` does. Any request may be given; a senseless one is answered
// with kMalformed. Refusals write nothing, except that kInsufficientFunds is
// stored under the id.
[[nodiscard]] Decision Decide(const LedgerView& view,
                              const LedgerRequest& request);

// What a debit or a hold can take at `now_ms`: what is in lots that have not
// run out, beside what is held.
[[nodiscard]] std::int64_t Spendable(const Account& account,
                                     std::int64_t now_ms);

// What takes away the next lot of the account that ran out by `now_ms` with
// something left that is not held, or nothing if there is none.
[[nodiscard]] std::optional<Decision> DecideExpiry(const Account& account,
                                                   std::int64_t now_ms);

// The account to write for a player who has none in `currency`: balance 0 at
// version 0.
[[nodiscard]] Account NewAccount(const PlayerId& player,
                                 const CurrencyId& currency);

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_RULES_H_
