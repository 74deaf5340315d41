#include "fairpull/ledger/verify.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/ledger/amount.h"

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
    std::sort(rows_.entries.begin(), rows_.entries.end(),
              [](const Entry& a, const Entry& b) {
                return std::tie(a.currency, a.seq) <
                       std::tie(b.currency, b.seq);
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
    for (const Entry& entry : rows_.entries) {
      entry_counts_[entry.operation] += 1;
    }
  }

  std::vector<Violation> Run() {
    CheckOwners();
    CheckTransfers();
    std::set<CurrencyId> currencies;
    for (const Account& account : rows_.accounts) {
      CheckEntries(account);
      CheckVersions(account);
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
    check(rows_.entries, "entry");
    check(rows_.operations, "operation");
    check(rows_.holds, "hold");
  }

  // L1, L4, L11: operations and entries name each other, one to one.
  void CheckTransfers() {
    for (const Operation& operation : rows_.operations) {
      CheckOperation(operation);
    }
    for (const Entry& entry : rows_.entries) CheckEntrySides(entry);
  }

  void CheckOperation(const Operation& operation) {
    const std::string name = absl::StrCat("operation ", operation.id.value());
    const bool tombstone = operation.kind == OperationKind::kVoid &&
                           operation.currency.empty() && operation.amount == 0;
    if (!tombstone && !IsAmount(operation.amount)) {
      Report("L11", name, " has the amount ", operation.amount,
             ", not 1 to 2^53 - 1");
    }
    if (operation.outcome != LedgerOutcome::kOk &&
        operation.outcome != LedgerOutcome::kInsufficientFunds) {
      Report("L4", name, " is stored with the outcome ",
             LedgerOutcomeName(operation.outcome),
             "; only ok and insufficient_funds are kept");
    }
    const bool moves =
        Succeeded(operation) && (operation.kind == OperationKind::kCredit ||
                                 operation.kind == OperationKind::kDebit ||
                                 operation.kind == OperationKind::kPost);
    const auto count = entry_counts_.find(operation.id);
    const int entries = count == entry_counts_.end() ? 0 : count->second;
    if (entries != (moves ? 1 : 0)) {
      Report(entries > 1 ? "L4" : "L1", name, " (",
             OperationKindName(operation.kind), ", ",
             LedgerOutcomeName(operation.outcome), ") has ", entries,
             " entries instead of ", moves ? 1 : 0);
    }
  }

  void CheckEntrySides(const Entry& entry) {
    const std::string name =
        absl::StrCat("entry ", entry.seq, " in ", entry.currency.value());
    const std::int64_t size =
        entry.amount < 0 ? Negated(entry.amount) : entry.amount;
    if (!IsAmount(size)) {
      Report("L11", name, " moves ", entry.amount, ", not 1 to 2^53 - 1");
    }
    if (entry.amount > 0 ? !entry.counterparty.is_source()
                         : !entry.counterparty.is_sink()) {
      Report("L1", name, " has \"", entry.counterparty.name(),
             "\" as its other side, which is no ",
             entry.amount > 0 ? "source" : "sink");
    }
    const Operation* operation = FindOperation(entry.operation);
    if (operation == nullptr) {
      Report("L1", name, " belongs to operation ", entry.operation.value(),
             ", which is not there");
      return;
    }
    const bool credit = operation->kind == OperationKind::kCredit;
    if (operation->currency != entry.currency ||
        operation->counterparty != entry.counterparty ||
        (credit ? operation->amount : Negated(operation->amount)) !=
            entry.amount) {
      Report("L1", name, " does not say what its operation ",
             operation->id.value(), " says (",
             OperationKindName(operation->kind), " of ", operation->amount,
             ")");
    }
  }

  // L2: the balance is the fold of the entries.
  void CheckEntries(const Account& account) {
    std::int64_t seq = 0;
    std::int64_t posted = 0;
    for (const Entry& entry : rows_.entries) {
      if (entry.currency != account.currency) continue;
      seq = Add(seq, 1);
      posted = Add(posted, entry.amount);
      if (entry.seq != seq) {
        Report("L2", "entry ", entry.seq, " in ", entry.currency.value(),
               " stands where ", seq, " should");
        seq = entry.seq;
      }
      if (entry.balance_after != posted) {
        Report("L2", "entry ", entry.seq, " in ", entry.currency.value(),
               " leaves ", entry.balance_after, " where the entries sum to ",
               posted);
        posted = entry.balance_after;
      }
    }
    if (account.balance.seq != seq || account.balance.posted != posted) {
      Report("L2", "account ", account.currency.value(), " has posted ",
             account.balance.posted, " at seq ", account.balance.seq,
             "; its entries say ", posted, " at seq ", seq);
    }
  }

  // L3 and L4: the operations, by version, lead from nothing to the balance.
  void CheckVersions(const Account& account) {
    Balance expected;
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
      if (after.held < 0 || after.posted < after.held ||
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

  void Apply(const Operation& operation, Balance& balance) const {
    balance.version = Add(balance.version, 1);
    switch (operation.kind) {
      case OperationKind::kCredit:
        balance.posted = Add(balance.posted, operation.amount);
        balance.seq = Add(balance.seq, 1);
        return;
      case OperationKind::kDebit:
        balance.posted = Add(balance.posted, Negated(operation.amount));
        balance.seq = Add(balance.seq, 1);
        return;
      case OperationKind::kHold:
        balance.held = Add(balance.held, operation.amount);
        return;
      case OperationKind::kPost: {
        balance.posted = Add(balance.posted, Negated(operation.amount));
        balance.seq = Add(balance.seq, 1);
        balance.held = Add(balance.held, Negated(HeldAmount(operation)));
        return;
      }
      case OperationKind::kVoid:
        balance.held = Add(balance.held, Negated(HeldAmount(operation)));
        return;
    }
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
  std::map<OperationId, int> entry_counts_;
  std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> VerifyLedger(LedgerRows rows) {
  return Checker(std::move(rows)).Run();
}

}  // namespace fairpull
