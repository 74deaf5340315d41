// The pull that spans two services, as a pure state machine.
//
// The gacha service has the pull, the account service the money; each has its
// own store. For a pull they agree in three steps, each of which may be
// repeated after a crash or a lost message:
//
//   1. the gacha service writes down the intent and asks for a hold
//   2. once the hold stands it draws and writes the items: the commit point
//   3. it asks for the hold to be posted
//
// The table below says, for where a pull stands and what came back from the
// account service, where it stands next and what to ask for now. Whoever
// carries it out commits the change before asking.
//
//   PullTransition next = NextPullStep(PullPhase::kIntent,
//                                      PullAnswer::kHoldPlaced);
//   // next.draws, next.phase == kDrawn, next.action == kPostHold

#ifndef FAIRPULL_SERVICE_PULL_PROTOCOL_H_
#define FAIRPULL_SERVICE_PULL_PROTOCOL_H_

#include <array>
#include <optional>

#include "absl/strings/string_view.h"
#include "fairpull/store/records.h"

namespace fairpull {

// Where a pull stands: its stored state, and whether it is settled.
enum class PullPhase {
  kIntent,    // asked for; whether the hold stands is not known
  kDrawn,     // drawn; the hold is to be posted
  kDone,      // drawn and posted: settled
  kRejected,  // refused for want of funds: settled
  kAborting,  // given up; the hold, if any, is to be voided
  kAborted,   // given up and voided: settled
};
inline constexpr std::array kPullPhases = {
    PullPhase::kIntent,   PullPhase::kDrawn,    PullPhase::kDone,
    PullPhase::kRejected, PullPhase::kAborting, PullPhase::kAborted};

// What came back from the account service, or what made us look again.
enum class PullAnswer {
  kResume,             // nothing new: a restart, or the client asks again
  kHoldPlaced,         // the hold stands, now or since an earlier request
  kHoldWasPosted,      // the hold was placed and has been posted already
  kInsufficientFunds,  // the hold was refused
  kHoldVoided,         // the hold was voided, maybe before it was placed
  kNoAnswer,           // no answer in time, or one that says to ask later
  kGivenUp,            // it has taken too long
  kPosted,             // the hold is posted, now or since an earlier request
  kHoldUnknown,        // a post found no hold
  kVoided,             // the hold is voided, now or since an earlier request
};
inline constexpr std::array kPullAnswers = {
    PullAnswer::kResume,        PullAnswer::kHoldPlaced,
    PullAnswer::kHoldWasPosted, PullAnswer::kInsufficientFunds,
    PullAnswer::kHoldVoided,    PullAnswer::kNoAnswer,
    PullAnswer::kGivenUp,       PullAnswer::kPosted,
    PullAnswer::kHoldUnknown,   PullAnswer::kVoided};

// What to do next, once the transition is committed. Each may be done again.
enum class PullAction {
  kNone,        // nothing: settled
  kPlaceHold,   // ask for a hold of the cost, under the pull's id
  kPostHold,    // ask for it to be posted
  kVoidHold,    // ask for it to be voided
  kRetryLater,  // wait, then resume
};

struct PullTransition {
  PullPhase phase = PullPhase::kIntent;
  // The items are drawn in the commit that makes the transition.
  bool draws = false;
  PullAction action = PullAction::kNone;
  // The two services disagree in a way that only a store which lost commits
  // can explain: someone should look.
  bool alarm = false;

  friend bool operator==(const PullTransition&,
                         const PullTransition&) = default;
};

// The transition for any pair; total and pure.
[[nodiscard]] PullTransition NextPullStep(PullPhase phase, PullAnswer answer);

// Between a phase and the columns that keep it.
[[nodiscard]] PullPhase PhaseOf(const PullOperation& operation);
void SetPhase(PullPhase phase, PullOperation& operation);

// Names in lower case with underscores: "hold_placed", "post_hold".
[[nodiscard]] absl::string_view PullPhaseName(PullPhase phase);
[[nodiscard]] absl::string_view PullAnswerName(PullAnswer answer);
[[nodiscard]] absl::string_view PullActionName(PullAction action);

// The answer of that name, if there is one.
[[nodiscard]] std::optional<PullAnswer> FindPullAnswer(absl::string_view name);

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_PULL_PROTOCOL_H_
