#include "fairpull/ledger/rules.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/ledger/amount.h"

namespace fairpull {
namespace {

bool ResolvesHold(OperationKind kind) {
  return kind == OperationKind::kPost || kind == OperationKind::kVoid;
}

// The name of the first field that makes the request senseless, or "".
std::string MalformedField(const LedgerRequest& request) {
  if (request.id.empty()) return "id";
  if (request.player.empty()) return "player";
  switch (request.kind) {
    case OperationKind::kCredit:
    case OperationKind::kDebit:
    case OperationKind::kHold:
      if (request.currency.empty()) return "currency";
      if (!request.amount || !IsAmount(*request.amount)) return "amount";
      if (request.kind == OperationKind::kCredit
              ? !request.counterparty.is_source()
              : !request.counterparty.is_sink()) {
        return "counterparty";
      }
      return "";
    case OperationKind::kPost:
    case OperationKind::kVoid:
      if (!request.currency.empty()) return "currency";
      if (!request.counterparty.name().empty()) return "counterparty";
      if (request.kind == OperationKind::kVoid && request.amount) {
        return "amount";
      }
      if (request.amount && !IsAmount(*request.amount)) return "amount";
      return "";
  }
  return "kind";
}

// The name of the first field in which the request differs from what is stored
// under its id, or "". A post without an amount means its whole hold.
std::string ConflictingField(const LedgerView& view,
                             const LedgerRequest& request) {
  const Operation& stored = *view.operation;
  if (stored.kind != request.kind) return "kind";
  if (request.kind == OperationKind::kVoid) return "";
  if (request.kind == OperationKind::kPost) {
    const std::int64_t whole = view.hold == nullptr ? 0 : view.hold->amount;
    return stored.amount == request.amount.value_or(whole) ? "" : "amount";
  }
  if (stored.currency != request.currency) return "currency";
  if (stored.amount != request.amount) return "amount";
  if (stored.counterparty != request.counterparty) return "counterparty";
  return "";
}

Decision Refuse(const LedgerView& view, LedgerOutcome outcome,
                std::string field = "") {
  Decision decision;
  decision.receipt.outcome = outcome;
  decision.receipt.field = std::move(field);
  if (view.account != nullptr) {
    decision.receipt.balance = view.account->balance;
  }
  if (view.hold != nullptr) decision.receipt.hold_state = view.hold->state;
  return decision;
}

Decision Replay(const LedgerView& view) {
  Decision decision;
  decision.receipt.outcome = view.operation->outcome;
  decision.receipt.balance = view.operation->after;
  decision.receipt.replayed = true;
  if (view.hold != nullptr) decision.receipt.hold_state = view.hold->state;
  return decision;
}

Operation StoredOperation(const LedgerRequest& request, LedgerOutcome outcome,
                          const Balance& after) {
  return {.player = request.player,
          .id = StoredId(request),
          .kind = request.kind,
          .currency = request.currency,
          .amount = request.amount.value_or(0),
          .counterparty = request.counterparty,
          .outcome = outcome,
          .after = after,
          .at_ms = request.at_ms};
}

Decision RefuseForFunds(const LedgerView& view, const LedgerRequest& request) {
  Decision decision = Refuse(view, LedgerOutcome::kInsufficientFunds);
  decision.operation = StoredOperation(
      request, LedgerOutcome::kInsufficientFunds, view.account->balance);
  return decision;
}

// The account with `posted` and `held` changed, as its next version.
Account Changed(const Account& account, std::int64_t posted_change,
                std::int64_t held_change) {
  Account changed = account;
  changed.balance.posted += posted_change;
  changed.balance.held += held_change;
  changed.balance.version += 1;
  if (posted_change != 0) changed.balance.seq += 1;
  return changed;
}

// Completes a decision whose account has moved: the stored answer, and the
// entry if `amount` (signed) was transferred.
void Record(const LedgerRequest& request, std::int64_t amount,
            Decision& decision) {
  const Account& account = *decision.account;
  decision.receipt.balance = account.balance;
  decision.operation =
      StoredOperation(request, LedgerOutcome::kOk, account.balance);
  if (amount == 0) return;
  decision.entry = {.player = account.player,
                    .currency = account.currency,
                    .seq = account.balance.seq,
                    .operation = decision.operation->id,
                    .counterparty = request.counterparty,
                    .amount = amount,
                    .balance_after = account.balance.posted,
                    .at_ms = request.at_ms};
}

Decision DecideCredit(const LedgerView& view, const LedgerRequest& request) {
  if (view.account == nullptr) {
    return Refuse(view, LedgerOutcome::kUnknownAccount);
  }
  if (!CheckedAdd(view.account->balance.posted, *request.amount)) {
    return Refuse(view, LedgerOutcome::kAmountOverflow);
  }
  Decision decision;
  decision.account = Changed(*view.account, *request.amount, 0);
  Record(request, *request.amount, decision);
  return decision;
}

Decision DecideDebit(const LedgerView& view, const LedgerRequest& request) {
  if (view.account == nullptr) {
    return Refuse(view, LedgerOutcome::kUnknownAccount);
  }
  if (view.account->balance.available() < *request.amount) {
    return RefuseForFunds(view, request);
  }
  Decision decision;
  decision.account = Changed(*view.account, -*request.amount, 0);
  Record(request, -*request.amount, decision);
  return decision;
}

Decision DecideHold(const LedgerView& view, const LedgerRequest& request) {
  if (view.account == nullptr) {
    return Refuse(view, LedgerOutcome::kUnknownAccount);
  }
  // A hold without a stored operation can only be a tombstone.
  if (view.hold != nullptr) {
    return Refuse(view, LedgerOutcome::kHoldAlreadyVoided);
  }
  if (view.account->balance.available() < *request.amount) {
    return RefuseForFunds(view, request);
  }
  Decision decision;
  decision.account = Changed(*view.account, 0, *request.amount);
  Record(request, 0, decision);
  decision.hold = {.player = request.player,
                   .id = request.id,
                   .currency = request.currency,
                   .amount = *request.amount,
                   .counterparty = request.counterparty,
                   .state = HoldState::kPending,
                   .at_ms = request.at_ms,
                   .ask_at_ms = request.ask_at_ms};
  decision.receipt.hold_state = HoldState::kPending;
  return decision;
}

// The request with what its hold knows filled in, as it is stored.
LedgerRequest Completed(const LedgerRequest& request, const Hold& hold,
                        std::int64_t amount) {
  LedgerRequest completed = request;
  completed.currency = hold.currency;
  completed.counterparty = hold.counterparty;
  completed.amount = amount;
  return completed;
}

// Why the hold can't be resolved again, if so. A tombstone has no account.
std::optional<LedgerOutcome> RefusalOfResolving(const LedgerView& view) {
  if (view.account == nullptr && !view.hold->currency.empty()) {
    return LedgerOutcome::kUnknownAccount;
  }
  switch (view.hold->state) {
    case HoldState::kPending:
      return std::nullopt;
    case HoldState::kPosted:
      return LedgerOutcome::kHoldAlreadyPosted;
    case HoldState::kVoided:
      return LedgerOutcome::kHoldAlreadyVoided;
  }
  return LedgerOutcome::kUnknownHold;
}

Decision DecidePost(const LedgerView& view, const LedgerRequest& request) {
  if (view.hold == nullptr) {
    const bool refused =
        view.placing != nullptr && view.placing->kind == OperationKind::kHold &&
        view.placing->outcome == LedgerOutcome::kInsufficientFunds;
    return Refuse(view, refused ? LedgerOutcome::kIdAlreadyFailed
                                : LedgerOutcome::kUnknownHold);
  }
  const Hold& hold = *view.hold;
  if (std::optional<LedgerOutcome> refusal = RefusalOfResolving(view)) {
    return Refuse(view, *refusal);
  }
  const std::int64_t amount = request.amount.value_or(hold.amount);
  if (amount > hold.amount) return Refuse(view, LedgerOutcome::kExceedsHold);
  Decision decision;
  decision.account = Changed(*view.account, -amount, -hold.amount);
  Record(Completed(request, hold, amount), -amount, decision);
  decision.hold = hold;
  decision.hold->state = HoldState::kPosted;
  decision.hold->posted_amount = amount;
  decision.receipt.hold_state = HoldState::kPosted;
  return decision;
}

// A void that comes before its hold: leaves the tombstone that refuses it.
Decision VoidUnknown(const LedgerRequest& request) {
  Decision decision;
  decision.operation = StoredOperation(request, LedgerOutcome::kOk, Balance{});
  decision.hold = {.player = request.player,
                   .id = request.id,
                   .state = HoldState::kVoided,
                   .at_ms = request.at_ms,
                   .ask_at_ms = request.at_ms};
  decision.receipt.hold_state = HoldState::kVoided;
  return decision;
}

Decision DecideVoid(const LedgerView& view, const LedgerRequest& request) {
  if (view.hold == nullptr) return VoidUnknown(request);
  const Hold& hold = *view.hold;
  if (std::optional<LedgerOutcome> refusal = RefusalOfResolving(view)) {
    return Refuse(view, *refusal);
  }
  Decision decision;
  decision.account = Changed(*view.account, 0, -hold.amount);
  Record(Completed(request, hold, hold.amount), 0, decision);
  decision.hold = hold;
  decision.hold->state = HoldState::kVoided;
  decision.receipt.hold_state = HoldState::kVoided;
  return decision;
}

}  // namespace

OperationId StoredId(const LedgerRequest& request) {
  if (!ResolvesHold(request.kind)) return request.id;
  return OperationId::Trusted(
      absl::StrCat(request.id.value(), "/", OperationKindName(request.kind)));
}

Decision Decide(const LedgerView& view, const LedgerRequest& request) {
  if (std::string field = MalformedField(request); !field.empty()) {
    return Refuse({}, LedgerOutcome::kMalformed, std::move(field));
  }
  if (view.operation != nullptr) {
    std::string field = ConflictingField(view, request);
    if (field.empty()) return Replay(view);
    return Refuse(view, LedgerOutcome::kIdConflict, std::move(field));
  }
  switch (request.kind) {
    case OperationKind::kCredit:
      return DecideCredit(view, request);
    case OperationKind::kDebit:
      return DecideDebit(view, request);
    case OperationKind::kHold:
      return DecideHold(view, request);
    case OperationKind::kPost:
      return DecidePost(view, request);
    case OperationKind::kVoid:
      return DecideVoid(view, request);
  }
  return Refuse({}, LedgerOutcome::kMalformed, "kind");
}

Account NewAccount(const PlayerId& player, const CurrencyId& currency) {
  return {.player = player, .currency = currency, .balance = {}};
}

}  // namespace fairpull
