#include "fairpull/service/pull_protocol.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace fairpull {
namespace {

bool IsSettled(PullPhase phase) {
  PullOperation operation;
  SetPhase(phase, operation);
  return operation.settled;
}

// Every pair, written down by hand from the protocol's description: the next
// phase, the action, and "draw" or "alarm". A dot is "stays".
constexpr char kTable[] = R"(
intent   resume             .        place_hold
intent   hold_placed        drawn    post_hold   draw
intent   hold_was_posted    drawn    post_hold   draw alarm
intent   insufficient_funds rejected none
intent   hold_voided        aborted  none        alarm
intent   no_answer          .        retry_later
intent   given_up           aborting void_hold
intent   posted             drawn    post_hold   draw alarm
intent   hold_unknown       .        place_hold
intent   voided             aborted  none        alarm
drawn    resume             .        post_hold
drawn    hold_placed        .        post_hold
drawn    hold_was_posted    done     none
drawn    insufficient_funds .        retry_later alarm
drawn    hold_voided        .        retry_later alarm
drawn    no_answer          .        retry_later
drawn    given_up           .        retry_later
drawn    posted             done     none
drawn    hold_unknown       .        place_hold
drawn    voided             .        retry_later alarm
done     resume             .        none
done     hold_placed        .        none
done     hold_was_posted    .        none
done     insufficient_funds .        none        alarm
done     hold_voided        .        none        alarm
done     no_answer          .        none
done     given_up           .        none
done     posted             .        none
done     hold_unknown       .        none
done     voided             .        none        alarm
rejected resume             .        none
rejected hold_placed        aborting void_hold   alarm
rejected hold_was_posted    drawn    post_hold   draw alarm
rejected insufficient_funds .        none
rejected hold_voided        .        none
rejected no_answer          .        none
rejected given_up           .        none
rejected posted             drawn    post_hold   draw alarm
rejected hold_unknown       .        none
rejected voided             .        none
aborting resume             .        void_hold
aborting hold_placed        .        void_hold
aborting hold_was_posted    drawn    post_hold   draw alarm
aborting insufficient_funds .        void_hold
aborting hold_voided        aborted  none
aborting no_answer          .        retry_later
aborting given_up           .        void_hold
aborting posted             drawn    post_hold   draw alarm
aborting hold_unknown       .        void_hold
aborting voided             aborted  none
aborted  resume             .        none
aborted  hold_placed        aborting void_hold
aborted  hold_was_posted    drawn    post_hold   draw alarm
aborted  insufficient_funds .        none
aborted  hold_voided        .        none
aborted  no_answer          .        none
aborted  given_up           .        none
aborted  posted             drawn    post_hold   draw alarm
aborted  hold_unknown       .        none
aborted  voided             .        none
)";

std::string Line(PullPhase phase, PullAnswer answer) {
  const PullTransition next = NextPullStep(phase, answer);
  return absl::StrCat(PullPhaseName(phase), " ", PullAnswerName(answer), " ",
                      next.phase == phase ? "." : PullPhaseName(next.phase),
                      " ", PullActionName(next.action),
                      next.draws ? " draw" : "", next.alarm ? " alarm" : "");
}

TEST(PullProtocolTest, EveryPairDoesWhatIsWrittenDown) {
  std::istringstream lines(kTable);
  std::string line;
  std::getline(lines, line);
  for (const PullPhase phase : kPullPhases) {
    for (const PullAnswer answer : kPullAnswers) {
      std::getline(lines, line);
      std::istringstream words(line);
      std::string expected;
      std::string word;
      while (words >> word) absl::StrAppend(&expected, word, " ");
      expected.pop_back();
      EXPECT_EQ(Line(phase, answer), expected);
    }
  }
  EXPECT_FALSE(std::getline(lines, line)) << line;
}

TEST(PullProtocolTest, TheTableKeepsItsPromises) {
  for (const PullPhase phase : kPullPhases) {
    for (const PullAnswer answer : kPullAnswers) {
      SCOPED_TRACE(Line(phase, answer));
      const PullTransition next = NextPullStep(phase, answer);
      const bool has_items =
          phase == PullPhase::kDrawn || phase == PullPhase::kDone;
      // Drawn once; never taken back; posted only after the draw.
      EXPECT_FALSE(next.draws && has_items);
      EXPECT_EQ(next.draws, !has_items && next.phase == PullPhase::kDrawn);
      if (has_items) {
        EXPECT_TRUE(next.phase == PullPhase::kDrawn ||
                    next.phase == PullPhase::kDone);
        EXPECT_NE(next.action, PullAction::kVoidHold);
      }
      if (next.action == PullAction::kPostHold) {
        EXPECT_EQ(next.phase, PullPhase::kDrawn);
      }
      if (next.action == PullAction::kVoidHold) {
        EXPECT_EQ(next.phase, PullPhase::kAborting);
      }
      // There is something to do exactly as long as it is not settled.
      EXPECT_EQ(next.action == PullAction::kNone, IsSettled(next.phase));
    }
  }
}

TEST(PullProtocolTest, PhasesAreKeptInTheColumns) {
  for (const PullPhase phase : kPullPhases) {
    PullOperation operation;
    SetPhase(phase, operation);
    EXPECT_EQ(PhaseOf(operation), phase);
  }
}

TEST(PullProtocolTest, AnswersAreFoundByTheirNames) {
  for (const PullAnswer answer : kPullAnswers) {
    EXPECT_EQ(FindPullAnswer(PullAnswerName(answer)), answer);
  }
  EXPECT_FALSE(FindPullAnswer("").has_value());
  EXPECT_FALSE(FindPullAnswer("Posted").has_value());
}

}  // namespace
}  // namespace fairpull
