// The rows of the ledger, as plain values that any store can keep.
//
// Every row belongs to one player. Operations are written once and never
// changed; an account and a hold are replaced by their next state.
//
//   for (const Entry& line : *store.Entries(player, gems, 0, 100)) {…}

#ifndef FAIRPULL_LEDGER_RECORDS_H_
#define FAIRPULL_LEDGER_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fairpull/base/id.h"
#include "fairpull/ledger/balance.h"
#include "fairpull/ledger/lot.h"
#include "fairpull/ledger/outcome.h"
#include "fairpull/ledger/system_account.h"

namespace fairpull {

// What an operation asks for. The numbers are stored: never change one.
enum class OperationKind {
  kCredit = 1,   // a transfer from a system account to the player
  kDebit = 2,    // a transfer from the player to a system account
  kHold = 3,     // sets an amount aside for a later debit
  kPost = 4,     // debits a hold, in whole or in part, and releases the rest
  kVoid = 5,     // releases a hold
  kReverse = 6,  // undoes a credit, a debit or a post
  kExpire = 7,   // debits what is left of a lot that ran out
};

// "credit", "debit", "hold", "post", "void", "reverse" or "expire".
[[nodiscard]] absl::string_view OperationKindName(OperationKind kind);

// Where a hold stands. The numbers are stored: never change one.
enum class HoldState { kPending = 1, kPosted = 2, kVoided = 3 };

// "pending", "posted" or "voided".
[[nodiscard]] absl::string_view HoldStateName(HoldState state);

// A player's account in one currency.
struct Account {
  PlayerId player;
  CurrencyId currency;
  Balance balance;
  // What is owed: money that was refunded or corrected after it was spent. The
  // balance is what the lots have left, less this. While something is owed,
  // all that is in lots is held.
  std::int64_t debt = 0;
  std::vector<Lot> lots;  // with something left, by id
  std::string chain;      // the hash of the last entry; empty: there is none

  friend bool operator==(const Account&, const Account&) = default;
};

// The most bytes that an operation's memo may have.
inline constexpr std::size_t kMaxMemo = 256;

// What was asked under an id, and the answer that was given.
struct Operation {
  PlayerId player;
  // The client's id. A post and a void are kept under their hold's id with
  // "/post" or "/void" added, a reverse under that of what it undoes with
  // "/reverse", an expiry under its lot's: no client can spell these.
  OperationId id;
  OperationKind kind = OperationKind::kCredit;
  // Empty for the void of a hold that was never placed.
  CurrencyId currency;
  // What was moved, held or released; 0 for the void of an unknown hold.
  std::int64_t amount = 0;
  SystemAccount counterparty;
  // kOk or kInsufficientFunds: nothing else is kept under an id.
  LedgerOutcome outcome = LedgerOutcome::kOk;
  // The balance as the answer gave it.
  Balance after;
  std::int64_t at_ms = 0;
  std::vector<LotChange> lots;    // what it did to lots, by id
  std::optional<LotTerms> terms;  // of a credit
  // What it added to the balance, negative where it took; 0 where nothing
  // changed hands, as by a hold, a void and a refusal.
  std::int64_t moved = 0;
  std::string hash;  // see fairpull/ledger/chain.h; empty where nothing moved
  // What the caller wants to know of it later, at most kMaxMemo bytes. The
  // ledger doesn't look inside, and asked again an id may come without it.
  std::string memo;

  friend bool operator==(const Operation&, const Operation&) = default;
};

// One line of an account's statement: an operation that moved something, seen
// from the account. It is no row of its own, so it can't say anything else.
struct Entry {
  PlayerId player;
  CurrencyId currency;
  // 1, 2, 3 … without a gap in each account. This, not the time, is the order.
  std::int64_t seq = 0;
  OperationId operation;
  SystemAccount counterparty;
  // Positive: credited to the player. Negative: debited.
  std::int64_t amount = 0;
  std::int64_t balance_after = 0;
  std::int64_t at_ms = 0;
  std::string hash;

  friend bool operator==(const Entry&, const Entry&) = default;
};

// The entry of an operation whose `moved` is not 0.
[[nodiscard]] Entry EntryOf(const Operation& operation);

// An amount set aside. A voided hold of amount 0 and without a currency is a
// tombstone: the void came before the hold, which is refused when it comes.
struct Hold {
  PlayerId player;
  OperationId id;
  CurrencyId currency;
  std::int64_t amount = 0;
  SystemAccount counterparty;
  HoldState state = HoldState::kPending;
  std::int64_t posted_amount = 0;
  std::int64_t at_ms = 0;
  // When to ask whoever placed it what became of it. A hold never ends by
  // itself: that would give away what it was placed for.
  std::int64_t ask_at_ms = 0;

  friend bool operator==(const Hold&, const Hold&) = default;
};

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_RECORDS_H_
