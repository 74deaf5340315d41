#include "fairpull/service/pull_protocol.h"

#include <cstddef>

namespace fairpull {
namespace {

// Rows by answer in the order of the enumeration.
using Rows = std::array<PullTransition, kPullAnswers.size()>;

constexpr PullTransition Go(PullPhase phase, PullAction action) {
  return {.phase = phase, .action = action};
}
constexpr PullTransition Draw(PullAction action) {
  return {.phase = PullPhase::kDrawn, .draws = true, .action = action};
}
constexpr PullTransition Alarmed(PullTransition transition) {
  transition.alarm = true;
  return transition;
}

constexpr PullPhase kIntent = PullPhase::kIntent;
constexpr PullPhase kDrawn = PullPhase::kDrawn;
constexpr PullPhase kDone = PullPhase::kDone;
constexpr PullPhase kRejected = PullPhase::kRejected;
constexpr PullPhase kAborting = PullPhase::kAborting;
constexpr PullPhase kAborted = PullPhase::kAborted;
constexpr PullAction kNone = PullAction::kNone;
constexpr PullAction kPlaceHold = PullAction::kPlaceHold;
constexpr PullAction kPostHold = PullAction::kPostHold;
constexpr PullAction kVoidHold = PullAction::kVoidHold;
constexpr PullAction kRetryLater = PullAction::kRetryLater;

// A hold is posted only after a draw was committed. A phase in which nothing is
// drawn, and a posted hold: this store lost that commit. The draw is made
// again, and gives the same items.
constexpr PullTransition kDrawAgain = Alarmed(Draw(kPostHold));

constexpr Rows kFromIntent = {{
    /* resume */ Go(kIntent, kPlaceHold),
    /* hold_placed */ Draw(kPostHold),
    /* hold_was_posted */ kDrawAgain,
    /* insufficient_funds */ Go(kRejected, kNone),
    // The account asked, was told to void, and that answer's commit was lost.
    /* hold_voided */ Alarmed(Go(kAborted, kNone)),
    /* no_answer */ Go(kIntent, kRetryLater),
    // The hold may stand all the same, or come late: it is voided either way.
    /* given_up */ Go(kAborting, kVoidHold),
    /* posted */ kDrawAgain,
    /* hold_unknown */ Go(kIntent, kPlaceHold),
    /* voided */ Alarmed(Go(kAborted, kNone)),
}};

// The items are the player's: from here on there is only forward.
constexpr Rows kFromDrawn = {{
    /* resume */ Go(kDrawn, kPostHold),
    /* hold_placed */ Go(kDrawn, kPostHold),
    /* hold_was_posted */ Go(kDone, kNone),
    // The account lost the hold and the player has spent the amount since.
    /* insufficient_funds */ Alarmed(Go(kDrawn, kRetryLater)),
    /* hold_voided */ Alarmed(Go(kDrawn, kRetryLater)),
    /* no_answer */ Go(kDrawn, kRetryLater),
    /* given_up */ Go(kDrawn, kRetryLater),
    /* posted */ Go(kDone, kNone),
    // The account lost the hold: place it again, under the same id.
    /* hold_unknown */ Go(kDrawn, kPlaceHold),
    /* voided */ Alarmed(Go(kDrawn, kRetryLater)),
}};

// Settled. Late repetitions of earlier answers arrive here and change nothing.
constexpr Rows kFromDone = {{
    /* resume */ Go(kDone, kNone),
    /* hold_placed */ Go(kDone, kNone),
    /* hold_was_posted */ Go(kDone, kNone),
    /* insufficient_funds */ Alarmed(Go(kDone, kNone)),
    /* hold_voided */ Alarmed(Go(kDone, kNone)),
    /* no_answer */ Go(kDone, kNone),
    /* given_up */ Go(kDone, kNone),
    /* posted */ Go(kDone, kNone),
    /* hold_unknown */ Go(kDone, kNone),
    /* voided */ Alarmed(Go(kDone, kNone)),
}};

constexpr Rows kFromRejected = {{
    /* resume */ Go(kRejected, kNone),
    // The account lost that it had refused, and placed the hold after all.
    /* hold_placed */ Alarmed(Go(kAborting, kVoidHold)),
    /* hold_was_posted */ kDrawAgain,
    /* insufficient_funds */ Go(kRejected, kNone),
    /* hold_voided */ Go(kRejected, kNone),
    /* no_answer */ Go(kRejected, kNone),
    /* given_up */ Go(kRejected, kNone),
    /* posted */ kDrawAgain,
    /* hold_unknown */ Go(kRejected, kNone),
    /* voided */ Go(kRejected, kNone),
}};

// Only a void ends this: a hold request may still be on its way, and the void
// leaves the tombstone that refuses it.
constexpr Rows kFromAborting = {{
    /* resume */ Go(kAborting, kVoidHold),
    /* hold_placed */ Go(kAborting, kVoidHold),
    /* hold_was_posted */ kDrawAgain,
    /* insufficient_funds */ Go(kAborting, kVoidHold),
    /* hold_voided */ Go(kAborted, kNone),
    /* no_answer */ Go(kAborting, kRetryLater),
    /* given_up */ Go(kAborting, kVoidHold),
    /* posted */ kDrawAgain,
    /* hold_unknown */ Go(kAborting, kVoidHold),
    /* voided */ Go(kAborted, kNone),
}};

// A late "placed" may be older than the void, so the void is only repeated.
constexpr Rows kFromAborted = {{
    /* resume */ Go(kAborted, kNone),
    /* hold_placed */ Go(kAborting, kVoidHold),
    /* hold_was_posted */ kDrawAgain,
    /* insufficient_funds */ Go(kAborted, kNone),
    /* hold_voided */ Go(kAborted, kNone),
    /* no_answer */ Go(kAborted, kNone),
    /* given_up */ Go(kAborted, kNone),
    /* posted */ kDrawAgain,
    /* hold_unknown */ Go(kAborted, kNone),
    /* voided */ Go(kAborted, kNone),
}};

}  // namespace

PullTransition NextPullStep(PullPhase phase, PullAnswer answer) {
  const auto row = static_cast<std::size_t>(answer);
  switch (phase) {
    case PullPhase::kIntent:
      return kFromIntent[row];
    case PullPhase::kDrawn:
      return kFromDrawn[row];
    case PullPhase::kDone:
      return kFromDone[row];
    case PullPhase::kRejected:
      return kFromRejected[row];
    case PullPhase::kAborting:
      return kFromAborting[row];
    case PullPhase::kAborted:
      return kFromAborted[row];
  }
  return {.phase = phase, .alarm = true};
}

PullPhase PhaseOf(const PullOperation& operation) {
  switch (operation.state) {
    case PullState::kIntent:
      return PullPhase::kIntent;
    case PullState::kDrawn:
      return PullPhase::kDrawn;
    case PullState::kDone:
      return PullPhase::kDone;
    case PullState::kRejected:
      return PullPhase::kRejected;
    case PullState::kAborted:
      break;
  }
  return operation.settled ? PullPhase::kAborted : PullPhase::kAborting;
}

void SetPhase(PullPhase phase, PullOperation& operation) {
  switch (phase) {
    case PullPhase::kIntent:
      operation.state = PullState::kIntent;
      break;
    case PullPhase::kDrawn:
      operation.state = PullState::kDrawn;
      break;
    case PullPhase::kDone:
      operation.state = PullState::kDone;
      break;
    case PullPhase::kRejected:
      operation.state = PullState::kRejected;
      break;
    case PullPhase::kAborting:
    case PullPhase::kAborted:
      operation.state = PullState::kAborted;
      break;
  }
  operation.settled = phase == PullPhase::kDone ||
                      phase == PullPhase::kRejected ||
                      phase == PullPhase::kAborted;
}

absl::string_view PullPhaseName(PullPhase phase) {
  constexpr std::array<absl::string_view, kPullPhases.size()> kNames = {
      "intent", "drawn", "done", "rejected", "aborting", "aborted"};
  return kNames[static_cast<std::size_t>(phase)];
}

absl::string_view PullAnswerName(PullAnswer answer) {
  constexpr std::array<absl::string_view, kPullAnswers.size()> kNames = {
      "resume",       "hold_placed", "hold_was_posted", "insufficient_funds",
      "hold_voided",  "no_answer",   "given_up",        "posted",
      "hold_unknown", "voided"};
  return kNames[static_cast<std::size_t>(answer)];
}

absl::string_view PullActionName(PullAction action) {
  constexpr std::array<absl::string_view, 5> kNames = {
      "none", "place_hold", "post_hold", "void_hold", "retry_later"};
  return kNames[static_cast<std::size_t>(action)];
}

std::optional<PullAnswer> FindPullAnswer(absl::string_view name) {
  for (const PullAnswer answer : kPullAnswers) {
    if (PullAnswerName(answer) == name) return answer;
  }
  return std::nullopt;
}

}  // namespace fairpull
