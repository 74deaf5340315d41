#include "fairpull/ledger/verify.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/ledger/amount.h"
#include "fairpull/ledger/chain.h"

namespace fairpull {
namespace {

bool Succeeded(const Operation& operation) {
  return operation.outcome == LedgerOutcome::kOk;
}

// Sums of rows that may hold anything: wraps where a plain sum is undefined,
// and then differs from what is stored, which is reported.
std::int64_t Add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) +
                                   static_cast<std::uint64_t>(b));
}

std::int64_t Negated(std::int64_t a) {
  return static_cast<std::int64_t>(-static_cast<std::uint64_t>(a));
}

// Collects what is wrong with one player's rows.
class Checker {
 public:
  explicit Checker(LedgerRows rows) : rows_(std::move(rows)) {
    std::sort(rows_.accounts.begin(), rows_.accounts.end(),
              [](const Account& a, const Account& b) {
                return a.currency < b.currency;
              });
    std::sort(rows_.operations.begin(), rows_.operations.end(),
              [](const Operation& a, const Operation& b) {
                return std::tie(a.currency, a.after.version, a.id) <
                       std::tie(b.currency, b.after.version, b.id);
              });
    for (const Operation& operation : rows_.operations) {
      operations_.emplace(operation.id, &operation);
    }
    for (const Hold& hold : rows_.holds) holds_.emplace(hold.id, &hold);
  }

  std::vector<Violation> Run() {
    CheckOwners();
    for (const Operation& operation : rows_.operations) {
      CheckOperation(operation);
    }
    std::set<CurrencyId> currencies;
    for (const Account& account : rows_.accounts) {
      CheckChain(account);
      CheckVersions(account);
      CheckLots(account);
      CheckHeld(account);
      currencies.insert(account.currency);
    }
    CheckAccountsExist(currencies);
    for (const Hold& hold : rows_.holds) CheckHold(hold);
    return std::move(violations_);
  }

 private:
  template <class... Parts>
  void Report(const char* law, const Parts&... parts) {
    violations_.push_back({.law = law,
                           .player = rows_.player,
                           .message = absl::StrCat(parts...)});
  }

  const Operation* FindOperation(const OperationId& id) const {
    const auto found = operations_.find(id);
    return found == operations_.end() ? nullptr : found->second;
  }

  void CheckOwners() {
    const auto check = [this](const auto& rows, const char* kind) {
      for (const auto& row : rows) {
        if (row.player != rows_.player) {
          Report("L4", kind, " of player ", row.player.value(),
                 " among the rows of ", rows_.player.value());
        }
      }
    };
    check(rows_.accounts, "account");
    check(rows_.operations, "operation");
    check(rows_.holds, "hold");
  }

  // L1, L4, L11: an operation moves what its kind and amount say, from or to a
  // system account that may be its other side.
  void CheckOperation(const Operation& operation) {
    const std::string name =
        absl::StrCat("operation ", operation.id.value(), " (",
                     OperationKindName(operation.kind), ", ",
                     LedgerOutcomeName(operation.outcome), ")");
    const bool tombstone = operation.kind == OperationKind::kVoid &&
                           operation.currency.empty() && operation.amount == 0;
    if (!tombstone && !IsAmount(operation.amount)) {
      Report("L11", name, " has the amount ", operation.amount,
             ", not 1 to 2^53 - 1");
    }
    if (operation.outcome != LedgerOutcome::kOk &&
        operation.outcome != LedgerOutcome::kInsufficientFunds) {
      Report("L4", name, " is stored; only ok and insufficient_funds are kept");
    }
    const std::int64_t expected = Succeeded(operation) ? Moved(operation) : 0;
    if (operation.moved != expected) {
      Report("L1", name, " of ", operation.amount, " moved ", operation.moved,
             " instead of ", expected);
    }
    if (operation.moved == 0) return;
    // What undoes a transfer has its other side the other way round.
    const bool undoes = operation.kind == OperationKind::kReverse;
    const bool is_from_source = (operation.moved > 0) != undoes;
    if (is_from_source ? !operation.counterparty.is_source()
                       : !operation.counterparty.is_sink()) {
      Report("L1", name, " has \"", operation.counterparty.name(),
             "\" as its other side, which is no ",
             is_from_source ? "source" : "sink");
    }
  }

  // What an operation that succeeded should have added to the balance.
  std::int64_t Moved(const Operation& operation) const {
    switch (operation.kind) {
      case OperationKind::kCredit:
        return operation.amount;
      case OperationKind::kDebit:
      case OperationKind::kPost:
      case OperationKind::kExpire:
        return Negated(operation.amount);
      case OperationKind::kReverse: {
        const Operation* undone = Undone(operation);
        return undone == nullptr ? 0 : Negated(Moved(*undone));
      }
      case OperationKind::kHold:
      case OperationKind::kVoid:
        break;
    }
    return 0;
  }

  // What a reverse undoes, if it is there and no reverse itself.
  const Operation* Undone(const Operation& reverse) const {
    const std::string& id = reverse.id.value();
    const Operation* undone =
        FindOperation(OperationId::Trusted(id.substr(0, id.rfind('/'))));
    const bool can_be = undone != nullptr && Succeeded(*undone) &&
                        (undone->kind == OperationKind::kCredit ||
                         undone->kind == OperationKind::kDebit ||
                         undone->kind == OperationKind::kPost);
    return can_be && undone->amount == reverse.amount ? undone : nullptr;
  }

  // L8: each hash covers the one before, up to the account's.
  void CheckChain(const Account& account) {
    std::string chain;
    for (const Operation& operation : rows_.operations) {
      if (operation.currency != account.currency || operation.moved == 0) {
        continue;
      }
      if (operation.hash != ChainHash(chain, operation)) {
        Report("L8", "operation ", operation.id.value(), " in ",
               operation.currency.value(),
               " has a hash that is not that of its content after the one "
               "before");
      }
      chain = operation.hash;
    }
    if (account.chain != chain) {
      Report("L8", "account ", account.currency.value(),
             " does not end with the hash of its last operation that moved "
             "something");
    }
  }

  // L7 and L12: what each lot has left is the sum of what was done to it, and
  // all of them are the balance, but for what is owed.
  void CheckLots(const Account& account) {
    std::map<OperationId, LotChange> left;
    std::int64_t debt = 0;
    for (const Operation& operation : rows_.operations) {
      if (operation.currency != account.currency || !Succeeded(operation)) {
        continue;
      }
      for (const LotChange& change : operation.lots) {
        LotChange& lot = left[change.lot];
        lot.posted = Add(lot.posted, change.posted);
        lot.held = Add(lot.held, change.held);
        if (lot.held < 0 || lot.posted < lot.held) {
          Report("L7", "after operation ", operation.id.value(), " lot ",
                 change.lot.value(), " has ", lot.posted, " left and ",
                 lot.held, " of it held");
        }
      }
      CheckDebt(operation, OwedBy(operation), debt);
    }
    std::int64_t remaining = 0;
    std::int64_t held = 0;
    for (const Lot& lot : account.lots) {
      const LotChange& sum = left[lot.id];
      if (lot.remaining != sum.posted || lot.held != sum.held) {
        Report("L7", "lot ", lot.id.value(), " in ", account.currency.value(),
               " has ", lot.remaining, " left and ", lot.held,
               " held; its operations say ", sum.posted, " and ", sum.held);
      }
      left.erase(lot.id);
      remaining = Add(remaining, lot.remaining);
      held = Add(held, lot.held);
      CheckTerms(account, lot);
    }
    for (const auto& [id, sum] : left) {
      if (sum.posted == 0 && sum.held == 0) continue;
      Report("L7", "lot ", id.value(), " of ", sum.posted,
             " left is not in account ", account.currency.value());
    }
    if (account.debt != debt) {
      Report("L7", "account ", account.currency.value(), " owes ", account.debt,
             "; its operations say ", debt);
    }
    if (Add(remaining, Negated(account.debt)) != account.balance.posted ||
        held != account.balance.held) {
      Report("L7", "account ", account.currency.value(), " has posted ",
             account.balance.posted, " and held ", account.balance.held,
             "; its lots have ", remaining, " less ", account.debt,
             " owed, and ", held);
    }
  }

  void CheckDebt(const Operation& operation, std::int64_t change,
                 std::int64_t& debt) {
    debt = Add(debt, change);
    const Operation* undone =
        operation.kind == OperationKind::kReverse ? Undone(operation) : nullptr;
    const bool may_owe =
        (operation.kind == OperationKind::kDebit &&
         operation.counterparty.is_adjustment()) ||
        (undone != nullptr && undone->kind == OperationKind::kCredit);
    if (debt < 0 || (change > 0 && !may_owe)) {
      Report("L12", "operation ", operation.id.value(), " (",
             OperationKindName(operation.kind), ") changed what is owed by ",
             change, " to ", debt);
    }
  }

  // A lot is what its credit says.
  void CheckTerms(const Account& account, const Lot& lot) {
    if (lot.id == SharedLot()) {
      if (lot.terms != LotTerms()) {
        Report("L7", "the shared lot in ", account.currency.value(),
               " has terms of its own");
      }
      return;
    }
    const Operation* credit = FindOperation(lot.id);
    if (credit == nullptr || credit->kind != OperationKind::kCredit ||
        credit->terms != lot.terms || credit->amount != lot.granted) {
      Report("L7", "lot ", lot.id.value(), " in ", account.currency.value(),
             " is not what its credit says");
    }
  }

  // L2, L3, L4: the operations, by version, lead from nothing to the balance.
  void CheckVersions(const Account& account) {
    Balance expected;
    std::int64_t owed = 0;
    for (const Operation& operation : rows_.operations) {
      if (operation.currency != account.currency || !Succeeded(operation)) {
        continue;
      }
      Apply(operation, expected);
      const Balance& after = operation.after;
      if (after.version != expected.version) {
        Report("L4", "operation ", operation.id.value(), " made version ",
               after.version, " of ", account.currency.value(), " where ",
               expected.version, " was next");
      }
      if (after.posted != expected.posted || after.held != expected.held ||
          after.seq != expected.seq) {
        Report("L2", "operation ", operation.id.value(), " answered posted ",
               after.posted, ", held ", after.held, ", seq ", after.seq,
               "; the operations up to it give ", expected.posted, ", ",
               expected.held, ", ", expected.seq);
      }
      expected = after;
      owed = Add(owed, OwedBy(operation));
      if (after.held < 0 || Add(after.posted, owed) < after.held ||
          after.posted > kMaxAmount) {
        Report("L3", "after operation ", operation.id.value(), " posted ",
               after.posted, " does not cover held ", after.held);
      }
    }
    if (account.balance != expected) {
      Report("L2", "account ", account.currency.value(), " has posted ",
             account.balance.posted, ", held ", account.balance.held,
             ", version ", account.balance.version,
             "; its last operation left ", expected.posted, ", ", expected.held,
             ", ", expected.version);
    }
  }

  // What an operation added to what is owed: what moved, but not in lots.
  std::int64_t OwedBy(const Operation& operation) const {
    std::int64_t to_lots = 0;
    for (const LotChange& change : operation.lots) {
      to_lots = Add(to_lots, change.posted);
    }
    return Add(to_lots, Negated(Moved(operation)));
  }

  void Apply(const Operation& operation, Balance& balance) const {
    balance.version = Add(balance.version, 1);
    balance.posted = Add(balance.posted, Moved(operation));
    switch (operation.kind) {
      case OperationKind::kHold:
        balance.held = Add(balance.held, operation.amount);
        return;
      case OperationKind::kVoid:
        balance.held = Add(balance.held, Negated(HeldAmount(operation)));
        return;
      case OperationKind::kPost:
        balance.held = Add(balance.held, Negated(HeldAmount(operation)));
        break;
      case OperationKind::kCredit:
      case OperationKind::kDebit:
      case OperationKind::kReverse:
      case OperationKind::kExpire:
        break;
    }
    balance.seq = Add(balance.seq, 1);
  }

  // What the hold that a post or a void resolves had set aside.
  std::int64_t HeldAmount(const Operation& resolution) const {
    absl::string_view id = resolution.id.value();
    const auto found = holds_.find(
        OperationId::Trusted(std::string(id.substr(0, id.find('/')))));
    return found == holds_.end() ? 0 : found->second->amount;
  }

  // L5: held is the sum of the pending holds.
  void CheckHeld(const Account& account) {
    std::int64_t held = 0;
    for (const Hold& hold : rows_.holds) {
      if (hold.currency == account.currency &&
          hold.state == HoldState::kPending) {
        held = Add(held, hold.amount);
      }
    }
    if (held != account.balance.held) {
      Report("L5", "account ", account.currency.value(), " has held ",
             account.balance.held, "; its pending holds sum to ", held);
    }
  }

  void CheckAccountsExist(const std::set<CurrencyId>& currencies) {
    for (const Operation& operation : rows_.operations) {
      if (!operation.currency.empty() &&
          currencies.count(operation.currency) == 0) {
        Report("L2", "operation ", operation.id.value(), " in ",
               operation.currency.value(), ", where there is no account");
      }
    }
  }

  // L5: the hold's state is what its operations say.
  void CheckHold(const Hold& hold) {
    const std::string& id = hold.id.value();
    const Operation* post =
        FindOperation(OperationId::Trusted(absl::StrCat(id, "/post")));
    const Operation* released =
        FindOperation(OperationId::Trusted(absl::StrCat(id, "/void")));
    const bool tombstone = hold.currency.empty();
    const Operation* placed = FindOperation(hold.id);
    if (!tombstone &&
        (placed == nullptr || placed->kind != OperationKind::kHold ||
         !Succeeded(*placed) || placed->amount != hold.amount ||
         placed->currency != hold.currency)) {
      Report("L5", "hold ", id, " of ", hold.amount,
             " has no operation that placed it");
    }
    const bool posted = post != nullptr && Succeeded(*post);
    const bool voided = released != nullptr && Succeeded(*released);
    if (posted != (hold.state == HoldState::kPosted) ||
        voided != (hold.state == HoldState::kVoided)) {
      Report("L5", "hold ", id, " is ", HoldStateName(hold.state), " but has ",
             posted ? "a" : "no", " post and ", voided ? "a" : "no", " void");
    }
    const std::int64_t expected = posted ? post->amount : 0;
    if (hold.posted_amount != expected || hold.posted_amount > hold.amount) {
      Report("L5", "hold ", id, " of ", hold.amount, " has posted ",
             hold.posted_amount, "; its post says ", expected);
    }
  }

  LedgerRows rows_;
  std::map<OperationId, const Operation*> operations_;
  std::map<OperationId, const Hold*> holds_;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> VerifyLedger(LedgerRows rows) {
  return Checker(std::move(rows)).Run();
}

}  // namespace fairpull
