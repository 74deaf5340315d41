// Explores every interleaving of some two-service pulls of one player, over the
// real table of transitions.
//
// A message once sent may arrive at any time, any number of times or never, and
// so may its reply; both sides may stop after any commit and start again; any
// number of workers may act for the gacha service at once. That is modelled by
// letting what was sent stay in flight for ever and by keeping no other memory
// than the two stores. A store may also lose its last commit, as a standby that
// is promoted too early does. Worlds are visited in order of how many steps
// lead to them, so that the first violation has a shortest trace. The model is
// checked to be able to fail by variants of the protocol that are known to be
// wrong.

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fairpull/service/pull_protocol.h"

namespace fairpull {
namespace {

enum class Variant {
  kReal,
  kNoIntentRow,    // asks for the hold before it writes anything down
  kHoldsExpire,    // a pending hold ends by itself
  kUnguardedDraw,  // draws on a placed hold though it was given up
  kHoldAgain,      // a hold that is asked for again is placed once more
  kForgetfulHold,  // a hold asked for again after its void is placed anew
  kNoWorker,       // nobody takes up again what a crash left
  kNoTombstone,    // the void of an unknown hold leaves nothing
  kNoFence,        // answers an inquiry about an intent without a write
  kNoRedraw,       // leaves a posted hold without items alone
};

enum class HoldRow : std::uint8_t {
  kNone,
  kRefused,
  kPending,
  kPosted,
  kVoided
};

constexpr int kMostOps = 3;

// One pull in both stores and in flight, as sets of bits.
struct Op {
  bool written = false;  // whether the gacha service has a row of it
  PullPhase phase = PullPhase::kIntent;
  HoldRow hold = HoldRow::kNone;
  bool held_twice = false;
  bool drawn_twice = false;
  bool drawn = false;         // once, in this or a lost row
  std::uint8_t requests = 0;  // by PullAction
  std::uint16_t replies = 0;  // by PullAnswer
  std::uint8_t verdicts = 0;  // 1: post, 2: void

  friend bool operator==(const Op&, const Op&) = default;
};

// What a store would come back with if its last commit were lost.
struct Row {
  bool written = false;
  PullPhase phase = PullPhase::kIntent;
  HoldRow hold = HoldRow::kNone;

  friend bool operator==(const Row&, const Row&) = default;
};

struct World {
  std::array<Op, kMostOps> ops;
  std::array<Row, kMostOps> before;  // the rows before each store's last commit
  bool gacha_failed = false;
  bool account_failed = false;

  friend bool operator==(const World&, const World&) = default;
  template <class H>
  friend H AbslHashValue(H hash, const World& w) {
    for (int i = 0; i < kMostOps; ++i) {
      const Op& op = w.ops[i];
      const Row& row = w.before[i];
      hash =
          H::combine(std::move(hash), op.written, op.phase, op.hold,
                     op.held_twice, op.drawn_twice, op.drawn, op.requests,
                     op.replies, op.verdicts, row.written, row.phase, row.hold);
    }
    return H::combine(std::move(hash), w.gacha_failed, w.account_failed);
  }
};

template <class Enum>
unsigned Bit(Enum value) {
  return 1u << static_cast<unsigned>(value);
}

// What leads from one world to the next.
struct Step {
  enum class Kind : std::uint8_t {
    kAskedFor,
    kTold,     // an answer, or what makes the gacha service look again
    kArrives,  // a request at the account service
    kInquiry,
    kExpiry,
    kVerdict,  // carried out
    kFailover,
  };
  Kind kind = Kind::kAskedFor;
  std::uint8_t op = 0;
  std::uint8_t value = 0;

  [[nodiscard]] std::string Text() const {
    const std::string pull = absl::StrCat("pull ", op + 1, ": ");
    switch (kind) {
      case Kind::kAskedFor:
        return pull + "the client asks";
      case Kind::kTold:
        return absl::StrCat(
            pull, "gacha: ", PullAnswerName(static_cast<PullAnswer>(value)));
      case Kind::kArrives:
        return absl::StrCat(
            pull, "account: ", PullActionName(static_cast<PullAction>(value)));
      case Kind::kInquiry:
        return pull + "account asks gacha";
      case Kind::kExpiry:
        return pull + "the hold expires";
      case Kind::kVerdict:
        return absl::StrCat(pull, "account as told: ",
                            PullActionName(static_cast<PullAction>(value)));
      case Kind::kFailover:
        return value == 0 ? "gacha's store loses its last commit"
                          : "account's store loses its last commit";
    }
    return "";
  }
};

struct Setting {
  Variant variant = Variant::kReal;
  int ops = 2;
  int funds = 1;  // how many of the pulls they pay
  bool gacha_fails_over = false;
  bool account_fails_over = false;
};

class Explorer {
 public:
  explicit Explorer(Setting setting) : setting_(setting) {}

  // The first violation found, or "".
  std::string Run() {
    Visit({}, 0, {});
    while (!pending_.empty() && violation_.empty()) {
      at_ = pending_.front();
      pending_.pop_front();
      const World world = worlds_[at_].world;
      Check(world);
      if (violation_.empty()) Expand(world);
    }
    return violation_;
  }

  // The steps that lead to the violation, as few as there can be.
  [[nodiscard]] std::vector<std::string> trace() const {
    std::vector<std::string> steps;
    for (std::size_t at = at_; at != 0; at = worlds_[at].from) {
      steps.insert(steps.begin(), worlds_[at].step.Text());
    }
    if (last_step_.has_value()) steps.push_back(last_step_->Text());
    return steps;
  }
  [[nodiscard]] std::size_t worlds() const { return worlds_.size(); }

 private:
  struct Seen {
    World world;
    std::size_t from;
    Step step;
  };

  [[nodiscard]] bool Is(Variant variant) const {
    return setting_.variant == variant;
  }
  [[nodiscard]] bool FailsOver() const {
    return setting_.gacha_fails_over || setting_.account_fails_over;
  }

  void Visit(const World& world, std::size_t from, Step step) {
    if (!numbers_.emplace(world, worlds_.size()).second) return;
    pending_.push_back(worlds_.size());
    worlds_.push_back({world, from, step});
  }

  void Expand(const World& world) {
    using Kind = Step::Kind;
    for (int i = 0; i < setting_.ops; ++i) {
      const Op& op = world.ops[i];
      const auto step = [i](Kind kind, auto value) {
        return Step{kind, static_cast<std::uint8_t>(i),
                    static_cast<std::uint8_t>(value)};
      };
      if (!op.written) {
        World next = world;
        if (Is(Variant::kNoIntentRow)) {
          next.ops[i].requests |=
              static_cast<std::uint8_t>(Bit(PullAction::kPlaceHold));
        } else {
          CommitGacha(next);
          next.ops[i].written = true;
        }
        Visit(next, at_, step(Kind::kAskedFor, 0));
      }
      for (const PullAnswer answer : kPullAnswers) {
        if (!MayArrive(op, answer)) continue;
        const World next = Told(world, i, answer);
        if (!violation_.empty()) {
          last_step_ = step(Kind::kTold, answer);
          return;
        }
        Visit(next, at_, step(Kind::kTold, answer));
      }
      for (const PullAction request :
           {PullAction::kPlaceHold, PullAction::kPostHold,
            PullAction::kVoidHold}) {
        if ((op.requests & Bit(request)) == 0) continue;
        Visit(Asked(world, i, request), at_, step(Kind::kArrives, request));
      }
      if (op.hold == HoldRow::kPending) {
        Visit(Inquired(world, i), at_, step(Kind::kInquiry, 0));
        if (Is(Variant::kHoldsExpire)) {
          World expired = world;
          CommitAccount(expired);
          expired.ops[i].hold = HoldRow::kVoided;
          Visit(expired, at_, step(Kind::kExpiry, 0));
        }
      }
      for (const auto& [bit, request] : {std::pair(1, PullAction::kPostHold),
                                         std::pair(2, PullAction::kVoidHold)}) {
        if ((op.verdicts & bit) == 0) continue;
        Visit(Asked(world, i, request), at_, step(Kind::kVerdict, request));
      }
    }
    if (setting_.gacha_fails_over && !world.gacha_failed) {
      World next = world;
      next.gacha_failed = true;
      for (int i = 0; i < setting_.ops; ++i) {
        next.ops[i].written = world.before[i].written;
        next.ops[i].phase = world.before[i].phase;
      }
      Visit(next, at_, {Kind::kFailover, 0, 0});
    }
    if (setting_.account_fails_over && !world.account_failed) {
      World next = world;
      next.account_failed = true;
      for (int i = 0; i < setting_.ops; ++i)
        next.ops[i].hold = world.before[i].hold;
      Visit(next, at_, {Kind::kFailover, 0, 1});
    }
  }

  // Remembered only where a store may lose it.
  void CommitGacha(World& world) const {
    if (!setting_.gacha_fails_over || world.gacha_failed) return;
    for (int i = 0; i < setting_.ops; ++i) {
      world.before[i].written = world.ops[i].written;
      world.before[i].phase = world.ops[i].phase;
    }
  }
  void CommitAccount(World& world) const {
    if (!setting_.account_fails_over || world.account_failed) return;
    for (int i = 0; i < setting_.ops; ++i)
      world.before[i].hold = world.ops[i].hold;
  }

  bool MayArrive(const Op& op, PullAnswer answer) const {
    const bool spontaneous = answer == PullAnswer::kResume ||
                             answer == PullAnswer::kNoAnswer ||
                             answer == PullAnswer::kGivenUp;
    if (!op.written) {
      // Without a row of the pull only a task that lives on can be told.
      return Is(Variant::kNoIntentRow) && !spontaneous &&
             (op.replies & Bit(answer)) != 0;
    }
    return spontaneous || (op.replies & Bit(answer)) != 0;
  }

  [[nodiscard]] PullTransition Next(PullPhase phase, PullAnswer answer) const {
    PullTransition next = NextPullStep(phase, answer);
    if (Is(Variant::kUnguardedDraw) && phase == PullPhase::kAborting &&
        answer == PullAnswer::kHoldPlaced) {
      next = NextPullStep(PullPhase::kIntent, answer);
    }
    if (Is(Variant::kNoRedraw) && next.draws && next.alarm) {
      next = {.phase = phase};
    }
    return next;
  }

  // The gacha service takes a step and sends what it is told to.
  World Told(World world, int i, PullAnswer answer) {
    const PullPhase before = world.ops[i].phase;
    const PullTransition next = Next(before, answer);
    if (next.alarm && !FailsOver()) {
      violation_ = absl::StrCat(
          "an alarm without a lost commit: ", PullPhaseName(before), " ",
          PullAnswerName(answer));
    }
    if (next.phase != before || !world.ops[i].written) CommitGacha(world);
    Op& op = world.ops[i];
    op.written = true;
    op.phase = next.phase;
    op.drawn_twice = op.drawn_twice || (next.draws && op.drawn);
    op.drawn = op.drawn || next.draws;
    op.requests |= static_cast<std::uint8_t>(Bit(next.action) &
                                             (Bit(PullAction::kPlaceHold) |
                                              Bit(PullAction::kPostHold) |
                                              Bit(PullAction::kVoidHold)));
    return world;
  }

  // How many pulls the player can still pay.
  [[nodiscard]] int FundsLeft(const World& world) const {
    int left = setting_.funds;
    for (const Op& op : world.ops) {
      if (op.hold == HoldRow::kPending || op.hold == HoldRow::kPosted) --left;
    }
    return left;
  }

  // The account service carries a request out and replies, by the rules of the
  // ledger.
  World Asked(World world, int i, PullAction request) const {
    const HoldRow before = world.ops[i].hold;
    HoldRow hold = before;
    PullAnswer reply = PullAnswer::kNoAnswer;
    if (request == PullAction::kPlaceHold) {
      if (hold == HoldRow::kNone ||
          (hold == HoldRow::kVoided && Is(Variant::kForgetfulHold))) {
        hold = FundsLeft(world) > 0 ? HoldRow::kPending : HoldRow::kRefused;
      } else if (hold == HoldRow::kPending && Is(Variant::kHoldAgain)) {
        world.ops[i].held_twice = true;
      }
      reply = hold == HoldRow::kPending  ? PullAnswer::kHoldPlaced
              : hold == HoldRow::kPosted ? PullAnswer::kHoldWasPosted
              : hold == HoldRow::kVoided ? PullAnswer::kHoldVoided
                                         : PullAnswer::kInsufficientFunds;
    } else if (request == PullAction::kPostHold) {
      if (hold == HoldRow::kPending) hold = HoldRow::kPosted;
      reply = hold == HoldRow::kPosted   ? PullAnswer::kPosted
              : hold == HoldRow::kVoided ? PullAnswer::kHoldVoided
                                         : PullAnswer::kHoldUnknown;
    } else {
      const bool unknown = hold == HoldRow::kNone || hold == HoldRow::kRefused;
      if (hold == HoldRow::kPending ||
          (unknown && !Is(Variant::kNoTombstone))) {
        hold = HoldRow::kVoided;
      }
      reply = hold == HoldRow::kPosted ? PullAnswer::kHoldWasPosted
                                       : PullAnswer::kVoided;
    }
    if (hold != before) CommitAccount(world);
    world.ops[i].hold = hold;
    world.ops[i].replies |= static_cast<std::uint16_t>(Bit(reply));
    return world;
  }

  // The account service asks what to do with a pending hold.
  World Inquired(World world, int i) const {
    Op& op = world.ops[i];
    if (op.written &&
        (op.phase == PullPhase::kDrawn || op.phase == PullPhase::kDone)) {
      op.verdicts |= 1;
      return world;
    }
    const bool fences = !Is(Variant::kNoFence) && !Is(Variant::kNoIntentRow);
    if (op.phase == PullPhase::kIntent && fences) {
      CommitGacha(world);
      op.written = true;  // an id that is not known is fenced off too
      op.phase = NextPullStep(op.phase, PullAnswer::kGivenUp).phase;
    }
    op.verdicts |= 2;
    return world;
  }

  void Check(const World& world) {
    for (int i = 0; i < setting_.ops; ++i) CheckOp(world, i);
    if (!FailsOver() && FundsLeft(world) < 0) Fail(0, "spent too much");
  }

  void Fail(int i, const char* what) {
    if (violation_.empty()) {
      violation_ = absl::StrCat("pull ", i + 1, " ", what);
    }
  }

  void CheckOp(const World& world, int i) {
    const Op& op = world.ops[i];
    if (op.held_twice) Fail(i, "is held twice");
    if (!Settles(world, i)) Fail(i, "never settles");
    // A store that lost what it had said breaks its word; that is set right,
    // as Settles has it, or raises an alarm.
    if (FailsOver()) return;
    const bool has_items = op.written && (op.phase == PullPhase::kDrawn ||
                                          op.phase == PullPhase::kDone);
    if (op.drawn_twice) Fail(i, "is drawn twice");
    if (op.hold == HoldRow::kPosted && !has_items) {
      Fail(i, "is paid for nothing");
    }
    if (has_items && op.hold != HoldRow::kPending &&
        op.hold != HoldRow::kPosted) {
      Fail(i, "has items for nothing");
    }
    if (op.phase == PullPhase::kDone && op.hold != HoldRow::kPosted) {
      Fail(i, "is done and not paid");
    }
    if (op.phase == PullPhase::kRejected && op.hold != HoldRow::kRefused) {
      Fail(i, "is rejected and not refused");
    }
    if (op.phase == PullPhase::kAborted && op.hold != HoldRow::kVoided) {
      Fail(i, "is aborted and not voided");
    }
  }

  // Whether it settles once every message arrives and nobody stops: the worker
  // takes it up, and the account service asks about what is still held.
  bool Settles(World world, int i) const {
    Op& op = world.ops[i];
    bool alarm = false;
    for (int round = 0; round < 3; ++round) {
      if (op.written && !Is(Variant::kNoWorker)) {
        alarm = Carry(world, i, PullAnswer::kResume) || alarm;
      }
      if (op.hold == HoldRow::kPending) {
        op.verdicts = 0;
        world = Inquired(world, i);
        world = Asked(world, i,
                      (op.verdicts & 1) != 0 ? PullAction::kPostHold
                                             : PullAction::kVoidHold);
      }
      // The account service tells of what it posted, should nobody know there.
      if (op.hold == HoldRow::kPosted && op.written &&
          !Is(Variant::kNoWorker) && op.phase != PullPhase::kDone) {
        alarm = Carry(world, i, PullAnswer::kPosted) || alarm;
      }
    }
    if (op.hold == HoldRow::kPending) return false;
    const bool settled = !op.written || op.phase == PullPhase::kDone ||
                         op.phase == PullPhase::kRejected ||
                         op.phase == PullPhase::kAborted;
    if (!settled) return alarm && (world.gacha_failed || world.account_failed);
    // Paid for is had.
    return op.hold != HoldRow::kPosted ||
           (op.written && op.phase == PullPhase::kDone);
  }

  // The worker's part, until nothing is left to ask; whether an alarm was
  // raised.
  bool Carry(World& world, int i, PullAnswer answer) const {
    bool alarm = false;
    Op& op = world.ops[i];
    for (int step = 0; step < 10; ++step) {
      const PullTransition next = Next(op.phase, answer);
      op.phase = next.phase;
      alarm = alarm || next.alarm;
      if (next.action == PullAction::kNone ||
          next.action == PullAction::kRetryLater) {
        break;
      }
      op.replies = 0;
      world = Asked(world, i, next.action);
      for (const PullAnswer reply : kPullAnswers) {
        if (op.replies == Bit(reply)) answer = reply;
      }
    }
    return alarm;
  }

  const Setting setting_;
  std::vector<Seen> worlds_;
  absl::flat_hash_map<World, std::size_t> numbers_;
  std::deque<std::size_t> pending_;
  std::size_t at_ = 0;
  std::optional<Step> last_step_;  // into an alarm
  std::string violation_;
};

// How many worlds there are in all of the settings, none of which breaks it.
std::size_t WorldsWithoutViolation(const std::vector<Setting>& settings) {
  std::size_t worlds = 0;
  for (const Setting& setting : settings) {
    Explorer explorer(setting);
    EXPECT_EQ(explorer.Run(), "")
        << setting.ops << " pulls, funds for " << setting.funds << ":\n"
        << absl::StrJoin(explorer.trace(), "\n");
    worlds += explorer.worlds();
  }
  std::printf("%zu worlds\n", worlds);
  return worlds;
}

TEST(ProtocolModelTest, NoInterleavingBreaksTheProtocol) {
  EXPECT_GT(WorldsWithoutViolation({{.ops = 1, .funds = 0},
                                    {.ops = 1, .funds = 1},
                                    {.ops = 2, .funds = 0},
                                    {.ops = 2, .funds = 1},
                                    {.ops = 2, .funds = 2},
                                    {.ops = 3, .funds = 1},
                                    {.ops = 3, .funds = 2}}),
            100'000u);
}

TEST(ProtocolModelTest, NorDoesAStoreThatLosesItsLastCommit) {
  EXPECT_GT(WorldsWithoutViolation(
                {{.ops = 2, .funds = 1, .gacha_fails_over = true},
                 {.ops = 2, .funds = 2, .gacha_fails_over = true},
                 {.ops = 2, .funds = 1, .account_fails_over = true},
                 {.ops = 2, .funds = 2, .account_fails_over = true},
                 {.ops = 2,
                  .funds = 1,
                  .gacha_fails_over = true,
                  .account_fails_over = true}}),
            650'000u);
}

TEST(ProtocolModelTest, EveryWrongVariantIsCaughtByAShortestTrace) {
  struct Wrong {
    Variant variant;
    const char* name;
    bool gacha_fails_over = false;
  };
  for (const Wrong& wrong :
       {Wrong{Variant::kNoIntentRow, "no intent row"},
        Wrong{Variant::kHoldsExpire, "holds that expire by themselves"},
        Wrong{Variant::kUnguardedDraw, "a draw without the guard"},
        Wrong{Variant::kHoldAgain, "a hold that is not idempotent"},
        Wrong{Variant::kForgetfulHold, "a hold that forgets its void"},
        Wrong{Variant::kNoWorker, "no recovery worker"},
        Wrong{Variant::kNoTombstone, "a void without the tombstone"},
        Wrong{Variant::kNoFence, "an inquiry without the fence"},
        Wrong{Variant::kNoRedraw, "no redraw after a failover", true}}) {
    Explorer explorer(
        {.variant = wrong.variant, .gacha_fails_over = wrong.gacha_fails_over});
    const std::string violation = explorer.Run();
    EXPECT_NE(violation, "") << wrong.name;
    std::printf("%s: %s (%zu worlds)\n  %s\n", wrong.name, violation.c_str(),
                explorer.worlds(),
                absl::StrJoin(explorer.trace(), "\n  ").c_str());
  }
}

}  // namespace
}  // namespace fairpull
