#include "fairpull/ledger/rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/ledger/amount.h"
#include "fairpull/ledger/chain.h"
#include "lot_mover.h"

namespace fairpull {
namespace {

using internal::LotMover;

// Whether it is stored under an id that is made from another operation's.
bool HasDerivedId(OperationKind kind) {
  return kind == OperationKind::kPost || kind == OperationKind::kVoid ||
         kind == OperationKind::kReverse;
}

LotTerms TermsOf(const LedgerRequest& request) {
  if (request.terms.has_value()) return *request.terms;
  return {.funding = request.counterparty.is_issuer() ? Funding::kPaid
                                                      : Funding::kFree};
}

// The name of the first field of the terms that makes no sense, or "".
std::string MalformedField(const LotTerms& terms) {
  if (terms.price < 0 || terms.price > kMaxAmount) return "price";
  if (terms.price > 0 && terms.funding != Funding::kPaid) return "price";
  const bool is_code =
      terms.price_currency.size() == 3 &&
      std::all_of(terms.price_currency.begin(), terms.price_currency.end(),
                  [](char c) { return c >= 'A' && c <= 'Z'; });
  if (terms.price > 0 ? !is_code : !terms.price_currency.empty()) {
    return "price_currency";
  }
  if (terms.expires_at_ms.has_value() && *terms.expires_at_ms <= 0) {
    return "expires_at_ms";
  }
  return "";
}

// The name of the first field that makes the request senseless, or "".
std::string MalformedField(const LedgerRequest& request) {
  if (request.id.empty()) return "id";
  if (request.player.empty()) return "player";
  if (request.terms.has_value() && request.kind != OperationKind::kCredit) {
    return "terms";
  }
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
      return request.terms.has_value() ? MalformedField(*request.terms) : "";
    case OperationKind::kReverse:
      if (request.amount) return "amount";
      if (!request.counterparty.name().empty()) return "counterparty";
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
    case OperationKind::kExpire:
      break;  // asked for by DecideExpiry alone
  }
  return "kind";
}

// The name of the first field in which the request differs from what is stored
// under its id, or "". A post without an amount means its whole hold.
std::string ConflictingField(const LedgerView& view,
                             const LedgerRequest& request) {
  const Operation& stored = *view.operation;
  if (stored.kind != request.kind) return "kind";
  if (request.kind == OperationKind::kVoid ||
      request.kind == OperationKind::kReverse) {
    return "";
  }
  if (request.kind == OperationKind::kPost) {
    const std::int64_t whole = view.hold == nullptr ? 0 : view.hold->amount;
    return stored.amount == request.amount.value_or(whole) ? "" : "amount";
  }
  if (stored.currency != request.currency) return "currency";
  if (stored.amount != request.amount) return "amount";
  if (stored.counterparty != request.counterparty) return "counterparty";
  if (request.kind == OperationKind::kCredit &&
      stored.terms != TermsOf(request)) {
    return "terms";
  }
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

// Completes a decision whose account was moved by `mover`: its next version,
// the stored answer, and its place in the chain if `amount` (signed) was
// transferred.
void Record(const LedgerRequest& request, std::int64_t amount, LotMover& mover,
            Decision& decision) {
  mover.Finish(request.lot_order);
  Account& account = *decision.account;
  account.balance.version += 1;
  if (amount != 0) account.balance.seq += 1;
  decision.receipt.balance = account.balance;
  decision.operation =
      StoredOperation(request, LedgerOutcome::kOk, account.balance);
  decision.operation->lots = mover.changes();
  if (amount == 0) return;
  decision.operation->moved = amount;
  account.chain = ChainHash(account.chain, *decision.operation);
  decision.operation->hash = account.chain;
}

// Whether one lot more than the account has may be opened under `id`.
bool HasRoomFor(const Account& account, const OperationId& id) {
  return account.lots.size() < kMaxOpenLots ||
         std::any_of(
             account.lots.begin(), account.lots.end(),
             [&](const Lot& lot) { return lot.id == id; });
}

Decision DecideCredit(const LedgerView& view, const LedgerRequest& request) {
  if (view.account == nullptr) {
    return Refuse(view, LedgerOutcome::kUnknownAccount);
  }
  if (!CheckedAddSigned(view.account->balance.posted, *request.amount)) {
    return Refuse(view, LedgerOutcome::kAmountOverflow);
  }
  const LotTerms terms = TermsOf(request);
  const OperationId lot = LotOf(request.id, terms);
  if (!HasRoomFor(*view.account, lot)) {
    return Refuse(view, LedgerOutcome::kTooManyLots);
  }
  Decision decision;
  decision.account = *view.account;
  LotMover mover(*decision.account);
  mover.Add(lot, terms, lot == SharedLot() ? 0 : *request.amount,
            *request.amount);
  Record(request, *request.amount, mover, decision);
  decision.operation->terms = terms;
  return decision;
}

Decision DecideDebit(const LedgerView& view, const LedgerRequest& request) {
  if (view.account == nullptr) {
    return Refuse(view, LedgerOutcome::kUnknownAccount);
  }
  Decision decision;
  decision.account = *view.account;
  LotMover mover(*decision.account);
  const std::int64_t amount = *request.amount;
  if (request.counterparty.is_adjustment()) {
    // A correction is not refused for funds: what is not there is owed.
    if (!CheckedAddSigned(view.account->balance.posted, -amount)) {
      return Refuse(view, LedgerOutcome::kAmountOverflow);
    }
    mover.AddDebt(amount - mover.Take(amount, request.lot_order));
  } else {
    if (Spendable(*view.account, request.at_ms) < amount) {
      return RefuseForFunds(view, request);
    }
    mover.Take(amount, request.lot_order, request.at_ms);
  }
  Record(request, -amount, mover, decision);
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
  Decision decision;
  decision.account = *view.account;
  LotMover mover(*decision.account);
  if (Spendable(*view.account, request.at_ms) < *request.amount) {
    return RefuseForFunds(view, request);
  }
  mover.Hold(*request.amount, request.lot_order, request.at_ms);
  Record(request, 0, mover, decision);
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

// What the hold has of each lot.
std::vector<LotChange> HeldLots(const LedgerView& view) {
  return view.placing == nullptr ? std::vector<LotChange>()
                                 : view.placing->lots;
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
  decision.account = *view.account;
  LotMover mover(*decision.account);
  mover.Release(HeldLots(view), amount, request.lot_order);
  Record(Completed(request, hold, amount), -amount, mover, decision);
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
  decision.account = *view.account;
  LotMover mover(*decision.account);
  mover.Release(HeldLots(view), 0, request.lot_order);
  Record(Completed(request, hold, hold.amount), 0, mover, decision);
  decision.hold = hold;
  decision.hold->state = HoldState::kVoided;
  decision.receipt.hold_state = HoldState::kVoided;
  return decision;
}

// What the lot of an operation that is undone was granted under.
const Operation* CreditOf(const LedgerView& view, const OperationId& lot) {
  for (const Operation* credit : view.credits) {
    if (credit->id == lot) return credit;
  }
  return nullptr;
}

// Takes back what a credit gave: from its own lot, then from others; what was
// spent is owed.
void TakeBack(const Operation& credit, LotOrder order, LotMover& mover) {
  std::int64_t left = credit.amount;
  for (const LotChange& change : credit.lots) {
    if (change.posted <= 0) continue;
    left -= mover.TakeFrom(change.lot, std::min(left, change.posted));
  }
  left -= mover.Take(left, order);
  mover.AddDebt(left);
}

// Gives back what a debit took, to the same lots; what was owed by it first
// lessens what is owed.
void GiveBack(const LedgerView& view, LotMover& mover) {
  std::int64_t left = view.placing->amount;
  for (const LotChange& change : view.placing->lots) {
    if (change.posted >= 0) continue;
    // More than its amount was taken where something was owed.
    const std::int64_t part = std::min(left, -change.posted);
    const Operation* credit = CreditOf(view, change.lot);
    mover.Add(
        change.lot,
        credit == nullptr ? LotTerms() : credit->terms.value_or(LotTerms()),
        credit == nullptr ? 0 : credit->amount, part);
    left -= part;
  }
  const std::int64_t owed = std::min(left, view.account->debt);
  mover.AddDebt(-owed);
  if (left > owed) mover.Add(SharedLot(), {}, 0, left - owed);
}

Decision DecideReverse(const LedgerView& view, const LedgerRequest& request) {
  const Operation* undone = view.placing;
  const bool is_credit =
      undone != nullptr && undone->kind == OperationKind::kCredit;
  const bool is_debit =
      undone != nullptr && (undone->kind == OperationKind::kDebit ||
                            undone->kind == OperationKind::kPost);
  if ((!is_credit && !is_debit) || undone->outcome != LedgerOutcome::kOk) {
    return Refuse(view, LedgerOutcome::kNothingToReverse);
  }
  if (view.account == nullptr) {
    return Refuse(view, LedgerOutcome::kUnknownAccount);
  }
  for (const LotChange& change : undone->lots) {
    if (change.lot != SharedLot() && CreditOf(view, change.lot) == nullptr) {
      return Refuse(view, LedgerOutcome::kMalformed, "lots");
    }
  }
  const std::int64_t amount = is_credit ? -undone->amount : undone->amount;
  if (!CheckedAddSigned(view.account->balance.posted, amount)) {
    return Refuse(view, LedgerOutcome::kAmountOverflow);
  }
  Decision decision;
  decision.account = *view.account;
  LotMover mover(*decision.account);
  if (is_credit) {
    TakeBack(*undone, request.lot_order, mover);
  } else {
    GiveBack(view, mover);
  }
  LedgerRequest completed = request;
  completed.currency = undone->currency;
  completed.amount = undone->amount;
  completed.counterparty = undone->counterparty;
  Record(completed, amount, mover, decision);
  return decision;
}

}  // namespace

OperationId StoredId(const LedgerRequest& request) {
  if (!HasDerivedId(request.kind)) return request.id;
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
    case OperationKind::kReverse:
      return DecideReverse(view, request);
    case OperationKind::kExpire:
      break;
  }
  return Refuse({}, LedgerOutcome::kMalformed, "kind");
}

std::int64_t Spendable(const Account& account, std::int64_t now_ms) {
  std::int64_t sum = 0;
  for (const Lot& lot : account.lots) {
    if (!lot.expired(now_ms)) sum += lot.unheld();
  }
  return sum;
}

std::optional<Decision> DecideExpiry(const Account& account,
                                     std::int64_t now_ms) {
  const auto lot = std::find_if(
      account.lots.begin(), account.lots.end(),
      [&](const Lot& l) { return l.expired(now_ms) && l.unheld() > 0; });
  if (lot == account.lots.end()) return std::nullopt;
  // What a hold gives back later runs out under another version.
  const LedgerRequest request{
      .kind = OperationKind::kExpire,
      .id = OperationId::Trusted(
          absl::StrCat(lot->id.value(), "/expire-", account.balance.version)),
      .player = account.player,
      .currency = account.currency,
      .amount = lot->unheld(),
      .counterparty = SystemAccount::Expired(),
      .at_ms = now_ms};
  Decision decision;
  decision.account = account;
  LotMover mover(*decision.account);
  mover.TakeFrom(lot->id, *request.amount);
  Record(request, -*request.amount, mover, decision);
  return decision;
}

Account NewAccount(const PlayerId& player, const CurrencyId& currency) {
  Account account;
  account.player = player;
  account.currency = currency;
  return account;
}

}  // namespace fairpull
