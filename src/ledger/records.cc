#include "fairpull/ledger/records.h"

namespace fairpull {

Entry EntryOf(const Operation& operation) {
  return {.player = operation.player,
          .currency = operation.currency,
          .seq = operation.after.seq,
          .operation = operation.id,
          .counterparty = operation.counterparty,
          .amount = operation.moved,
          .balance_after = operation.after.posted,
          .at_ms = operation.at_ms,
          .hash = operation.hash};
}

absl::string_view OperationKindName(OperationKind kind) {
  switch (kind) {
    case OperationKind::kCredit:
      return "credit";
    case OperationKind::kDebit:
      return "debit";
    case OperationKind::kHold:
      return "hold";
    case OperationKind::kPost:
      return "post";
    case OperationKind::kVoid:
      return "void";
    case OperationKind::kReverse:
      return "reverse";
    case OperationKind::kExpire:
      return "expire";
  }
  return "unknown kind";
}

absl::string_view HoldStateName(HoldState state) {
  switch (state) {
    case HoldState::kPending:
      return "pending";
    case HoldState::kPosted:
      return "posted";
    case HoldState::kVoided:
      return "voided";
  }
  return "unknown state";
}

absl::string_view LedgerOutcomeName(LedgerOutcome outcome) {
  switch (outcome) {
    case LedgerOutcome::kOk:
      return "ok";
    case LedgerOutcome::kMalformed:
      return "malformed";
    case LedgerOutcome::kIdConflict:
      return "id_conflict";
    case LedgerOutcome::kIdAlreadyFailed:
      return "id_already_failed";
    case LedgerOutcome::kUnknownAccount:
      return "unknown_account";
    case LedgerOutcome::kAmountOverflow:
      return "amount_overflow";
    case LedgerOutcome::kHoldAlreadyPosted:
      return "hold_already_posted";
    case LedgerOutcome::kHoldAlreadyVoided:
      return "hold_already_voided";
    case LedgerOutcome::kUnknownHold:
      return "unknown_hold";
    case LedgerOutcome::kExceedsHold:
      return "exceeds_hold";
    case LedgerOutcome::kInsufficientFunds:
      return "insufficient_funds";
    case LedgerOutcome::kNothingToReverse:
      return "nothing_to_reverse";
    case LedgerOutcome::kTooManyLots:
      return "too_many_lots";
    case LedgerOutcome::kLinkedRefused:
      return "linked_refused";
  }
  return "unknown outcome";
}

}  // namespace fairpull
