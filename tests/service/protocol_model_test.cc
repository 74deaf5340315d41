// Explores every interleaving of the two-service pull for one id, over the real
// table of transitions.
//
// A message once sent may arrive at any time, any number of times or never, and
// so may its reply; both sides may stop after any commit and start again; any
// number of workers may act for the gacha service at once. That is modelled by
// letting what was sent stay in flight for ever and by keeping no other memory
// than the two stores. The model is checked to be able to fail by variants of
// the protocol that are known to be wrong.

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "fairpull/service/pull_protocol.h"

namespace fairpull {
namespace {

enum class Variant {
  kReal,
  kNoFence,        // answers an inquiry about an intent without a write
  kNoTombstone,    // the void of an unknown hold leaves nothing
  kHoldsExpire,    // a pending hold ends by itself
  kUnguardedDraw,  // draws on a placed hold though it was given up
  kForgetfulHold,  // a hold asked for again after its void is placed anew
};

enum class HoldRow { kNone, kRefused, kPending, kPosted, kVoided };

// What the two stores hold and what is in flight, as sets of bits.
struct World {
  PullPhase phase = PullPhase::kIntent;
  HoldRow hold = HoldRow::kNone;
  std::uint32_t requests = 0;  // by PullAction
  std::uint32_t replies = 0;   // by PullAnswer
  std::uint32_t verdicts = 0;  // 1: post, 2: void
  int draws = 0;

  friend auto operator<=>(const World&, const World&) = default;
};

template <class Enum>
std::uint32_t Bit(Enum value) {
  return std::uint32_t{1} << static_cast<unsigned>(value);
}

class Explorer {
 public:
  Explorer(Variant variant, bool funds) : variant_(variant), funds_(funds) {}

  // The first violation found, or "".
  std::string Run() {
    Visit({});
    while (!pending_.empty() && violation_.empty()) {
      const World world = pending_.front();
      pending_.pop_front();
      Check(world);
      for (const PullAnswer answer : kPullAnswers) {
        if (MayArrive(world, answer)) Visit(Told(world, answer));
      }
      for (const PullAction request :
           {PullAction::kPlaceHold, PullAction::kPostHold,
            PullAction::kVoidHold}) {
        if ((world.requests & Bit(request)) != 0) Visit(Asked(world, request));
      }
      if (world.hold == HoldRow::kPending) {
        Visit(Inquired(world));
        if (variant_ == Variant::kHoldsExpire) {
          World expired = world;
          expired.hold = HoldRow::kVoided;
          Visit(expired);
        }
      }
      if ((world.verdicts & 1) != 0) Visit(Asked(world, PullAction::kPostHold));
      if ((world.verdicts & 2) != 0) Visit(Asked(world, PullAction::kVoidHold));
    }
    return violation_;
  }

  [[nodiscard]] std::size_t worlds() const { return seen_.size(); }

 private:
  static bool MayArrive(const World& world, PullAnswer answer) {
    return answer == PullAnswer::kResume || answer == PullAnswer::kNoAnswer ||
           answer == PullAnswer::kGivenUp || (world.replies & Bit(answer)) != 0;
  }

  void Visit(const World& world) {
    if (seen_.insert(world).second) pending_.push_back(world);
  }

  // The gacha service takes a step and sends what it is told to.
  World Told(World world, PullAnswer answer) {
    PullTransition next = NextPullStep(world.phase, answer);
    if (variant_ == Variant::kUnguardedDraw &&
        world.phase == PullPhase::kAborting &&
        answer == PullAnswer::kHoldPlaced) {
      next = NextPullStep(PullPhase::kIntent, answer);
    }
    if (next.alarm) {
      violation_ = absl::StrCat(
          "an alarm without a lost commit: ", PullPhaseName(world.phase), " ",
          PullAnswerName(answer));
    }
    world.phase = next.phase;
    world.draws += next.draws ? 1 : 0;
    world.requests |= Bit(next.action);
    return world;
  }

  // The account service carries a request out and replies, by the rules of the
  // ledger.
  World Asked(World world, PullAction request) const {
    PullAnswer reply = PullAnswer::kNoAnswer;
    if (request == PullAction::kPlaceHold) {
      if (world.hold == HoldRow::kNone ||
          (world.hold == HoldRow::kVoided &&
           variant_ == Variant::kForgetfulHold)) {
        world.hold = funds_ ? HoldRow::kPending : HoldRow::kRefused;
      }
      reply = world.hold == HoldRow::kPending  ? PullAnswer::kHoldPlaced
              : world.hold == HoldRow::kPosted ? PullAnswer::kHoldWasPosted
              : world.hold == HoldRow::kVoided ? PullAnswer::kHoldVoided
                                               : PullAnswer::kInsufficientFunds;
    } else if (request == PullAction::kPostHold) {
      if (world.hold == HoldRow::kPending) world.hold = HoldRow::kPosted;
      reply = world.hold == HoldRow::kPosted   ? PullAnswer::kPosted
              : world.hold == HoldRow::kVoided ? PullAnswer::kHoldVoided
                                               : PullAnswer::kHoldUnknown;
    } else {
      const bool unknown =
          world.hold == HoldRow::kNone || world.hold == HoldRow::kRefused;
      if (world.hold == HoldRow::kPending ||
          (unknown && variant_ != Variant::kNoTombstone)) {
        world.hold = HoldRow::kVoided;
      }
      reply = world.hold == HoldRow::kPosted ? PullAnswer::kHoldWasPosted
                                             : PullAnswer::kVoided;
    }
    world.replies |= Bit(reply);
    return world;
  }

  // The account service asks what to do with a pending hold.
  World Inquired(World world) const {
    if (world.phase == PullPhase::kDrawn || world.phase == PullPhase::kDone) {
      world.verdicts |= 1;
      return world;
    }
    if (world.phase == PullPhase::kIntent && variant_ != Variant::kNoFence) {
      world.phase = NextPullStep(world.phase, PullAnswer::kGivenUp).phase;
    }
    world.verdicts |= 2;
    return world;
  }

  void Check(const World& world) {
    const bool has_items =
        world.phase == PullPhase::kDrawn || world.phase == PullPhase::kDone;
    const auto fail = [&](const char* what) {
      if (violation_.empty()) violation_ = what;
    };
    if (world.draws > 1) fail("drawn twice");
    if (world.hold == HoldRow::kPosted && !has_items) fail("paid for nothing");
    if (has_items && world.hold != HoldRow::kPending &&
        world.hold != HoldRow::kPosted) {
      fail("items for nothing");
    }
    if (world.phase == PullPhase::kDone && world.hold != HoldRow::kPosted) {
      fail("done and not paid");
    }
    if (world.phase == PullPhase::kRejected &&
        world.hold != HoldRow::kRefused) {
      fail("rejected and not refused");
    }
    if (world.phase == PullPhase::kAborted && world.hold != HoldRow::kVoided) {
      fail("aborted and not voided");
    }
    if (!Settles(world)) fail("never settles");
  }

  // Whether it settles once every message arrives and nobody stops.
  bool Settles(World world) {
    PullAnswer answer = PullAnswer::kResume;
    for (int step = 0; step < 10; ++step) {
      const PullTransition next = NextPullStep(world.phase, answer);
      world.phase = next.phase;
      if (next.action == PullAction::kNone) {
        return world.hold != HoldRow::kPending;
      }
      if (next.action == PullAction::kRetryLater) {
        answer = PullAnswer::kResume;
        continue;
      }
      World asked = world;
      asked.replies = 0;
      asked = Asked(asked, next.action);
      world.hold = asked.hold;
      for (const PullAnswer reply : kPullAnswers) {
        if (asked.replies == Bit(reply)) answer = reply;
      }
    }
    return false;
  }

  const Variant variant_;
  const bool funds_;
  std::set<World> seen_;
  std::deque<World> pending_;
  std::string violation_;
};

TEST(ProtocolModelTest, NoInterleavingBreaksTheProtocol) {
  for (const bool funds : {true, false}) {
    Explorer explorer(Variant::kReal, funds);
    EXPECT_EQ(explorer.Run(), "") << "funds: " << funds;
    EXPECT_GT(explorer.worlds(), 30u);
    RecordProperty(funds ? "worlds" : "worlds_without_funds",
                   static_cast<int>(explorer.worlds()));
  }
}

TEST(ProtocolModelTest, EveryWrongVariantIsCaught) {
  for (const Variant variant :
       {Variant::kNoFence, Variant::kNoTombstone, Variant::kHoldsExpire,
        Variant::kUnguardedDraw, Variant::kForgetfulHold}) {
    Explorer explorer(variant, true);
    EXPECT_NE(explorer.Run(), "") << static_cast<int>(variant);
  }
}

}  // namespace
}  // namespace fairpull
