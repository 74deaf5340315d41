// Every way a ledger operation can end.
//
// The list is closed, and the order of kLedgerOutcomes is the precedence: where
// several would fit, the first one is the answer. Only a failing store is an
// absl::Status; all of these are answers.
//
//   if (receipt.outcome == LedgerOutcome::kInsufficientFunds) {…}

#ifndef FAIRPULL_LEDGER_OUTCOME_H_
#define FAIRPULL_LEDGER_OUTCOME_H_

#include <array>

#include "absl/strings/string_view.h"

namespace fairpull {

// The numbers are stored: never change one.
//
// Between kMalformed and kIdConflict stands the replay: an id that was answered
// before, with the same content, is given the stored answer again, be it kOk or
// kInsufficientFunds.
enum class LedgerOutcome {
  // Done, or done before under this id.
  kOk = 0,
  // The request can't mean anything: an amount outside 1 to 2^53 - 1, an empty
  // id, a source where a sink belongs. The receipt names the field. Not stored.
  kMalformed = 1,
  // The id was used for something else. The receipt names the first field that
  // differs. The earlier operation stands.
  kIdConflict = 2,
  // A post of a hold whose placing was refused for want of funds: there is
  // nothing to post under this id, and never will be.
  kIdAlreadyFailed = 3,
  // The player has no account in that currency.
  kUnknownAccount = 4,
  // The balance would pass 2^53 - 1.
  kAmountOverflow = 5,
  // A void of a hold that was posted.
  kHoldAlreadyPosted = 6,
  // A post of a hold that was voided, or a hold whose void came first.
  kHoldAlreadyVoided = 7,
  // A post of a hold that was never placed.
  kUnknownHold = 8,
  // A post of more than the hold's amount. Not stored: the hold stays.
  kExceedsHold = 9,
  // Less is available than asked for. Stored under the id: asked again, the id
  // fails again, even when there is enough by then.
  kInsufficientFunds = 10,
  // A reverse of an id under which nothing was credited, debited or posted.
  kNothingToReverse = 11,
  // A credit that would need one more lot than an account may have. Not stored:
  // spend or expire some first.
  kTooManyLots = 12,
  // Another operation of its linked batch was refused, so that none of the
  // batch is done. Not stored.
  kLinkedRefused = 13,
};

inline constexpr std::array<LedgerOutcome, 14> kLedgerOutcomes = {
    LedgerOutcome::kOk,
    LedgerOutcome::kMalformed,
    LedgerOutcome::kIdConflict,
    LedgerOutcome::kIdAlreadyFailed,
    LedgerOutcome::kUnknownAccount,
    LedgerOutcome::kAmountOverflow,
    LedgerOutcome::kHoldAlreadyPosted,
    LedgerOutcome::kHoldAlreadyVoided,
    LedgerOutcome::kUnknownHold,
    LedgerOutcome::kExceedsHold,
    LedgerOutcome::kNothingToReverse,
    LedgerOutcome::kTooManyLots,
    LedgerOutcome::kInsufficientFunds,
    LedgerOutcome::kLinkedRefused,
};

// The name in lower case with underscores: "ok", "insufficient_funds".
[[nodiscard]] absl::string_view LedgerOutcomeName(LedgerOutcome outcome);

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_OUTCOME_H_
