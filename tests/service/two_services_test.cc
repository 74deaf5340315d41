// Both halves of the split pull, each with its own store: messages are lost,
// repeated and reordered, commits fail, the sweeper asks at the wrong moment;
// then everything comes to rest, and the books of both sides must agree.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "fairpull/service/split_pull_service.h"
#include "fairpull/store/store_wrapper.h"
#include "service/fixtures.h"

namespace fairpull {
namespace {

// One commit in `one_in` fails: half of them before and half after it was
// kept, so that its outcome is not known.
class Failing : public StoreWrapper {
 public:
  Failing(Store& target, std::mt19937& random, unsigned one_in)
      : StoreWrapper(target), random_(random), one_in_(one_in) {}

  void Heal() { one_in_ = 0; }

  absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override {
    FAIRPULL_ASSIGN_OR_RETURN(auto transaction, StoreWrapper::Begin(reads));
    return std::make_unique<Unsure>(std::move(transaction), *this);
  }

 private:
  class Unsure : public TransactionWrapper {
   public:
    Unsure(std::unique_ptr<Transaction> target, Failing& owner)
        : TransactionWrapper(std::move(target)), owner_(owner) {}
    absl::Status Commit(const WriteSet& writes) override {
      const unsigned fate =
          owner_.one_in_ == 0
              ? 2
              : static_cast<unsigned>(owner_.random_() % (2 * owner_.one_in_));
      if (fate == 0) return absl::UnavailableError("before the commit");
      FAIRPULL_RETURN_IF_ERROR(TransactionWrapper::Commit(writes));
      if (fate == 1) return absl::UnavailableError("after the commit");
      return absl::OkStatus();
    }

   private:
    Failing& owner_;
  };

  std::mt19937& random_;
  unsigned one_in_;
};

// What the account service says to a receipt.
PullAnswer AnswerOf(PullAction action, const Receipt& receipt) {
  switch (receipt.outcome) {
    case LedgerOutcome::kInsufficientFunds:
      return PullAnswer::kInsufficientFunds;
    case LedgerOutcome::kHoldAlreadyVoided:
      return PullAnswer::kHoldVoided;
    case LedgerOutcome::kHoldAlreadyPosted:
      return PullAnswer::kHoldWasPosted;
    case LedgerOutcome::kUnknownHold:
      return PullAnswer::kHoldUnknown;
    default:
      EXPECT_TRUE(receipt.ok()) << LedgerOutcomeName(receipt.outcome);
      break;
  }
  if (action == PullAction::kPostHold) return PullAnswer::kPosted;
  if (action == PullAction::kVoidHold) return PullAnswer::kVoided;
  if (receipt.hold_state == HoldState::kPosted) {
    return PullAnswer::kHoldWasPosted;
  }
  if (receipt.hold_state == HoldState::kVoided) return PullAnswer::kHoldVoided;
  return PullAnswer::kHoldPlaced;
}

class TwoServices {
 public:
  explicit TwoServices(std::uint32_t seed) : random_(seed) {
    Wallet calm(*account_store_, time_.clock());
    FundGems(calm, 3000);  // for 18 pulls of some 30 that are asked for
  }

  void Run() {
    for (int step = 0; step < 600; ++step) Step();
    account_failing_.Heal();
    gacha_failing_.Heal();
    Settle();
    Check();
  }

  // How many operations ended in each state.
  std::map<PullState, int> ended;

 private:
  unsigned Below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  OperationId AnyId() { return Op(absl::StrCat("k", Below(30))); }

  // One of the messages ever sent: most often a late one, sometimes any.
  template <class Message>
  const Message& AnyOf(const std::vector<Message>& messages) {
    const auto size = static_cast<unsigned>(messages.size());
    const unsigned back =
        Below(8) == 0 ? Below(size) : Below(std::min(size, 6u));
    return messages[size - 1 - back];
  }

  void Step() {
    *time_.now_ms += Below(120);
    const unsigned dice = Below(20);
    if (dice < 2) {
      Begin(AnyId());
    } else if (dice < 3) {
      Advance(AnyId(), PullAnswer::kResume);  // a worker after a restart
    } else if (dice < 11) {
      if (sent_.empty()) return;
      const auto [id, action] = AnyOf(sent_);
      (void)Ask(id, action);  // the reply is in flight; it may be lost
    } else if (dice < 19) {
      if (replies_.empty()) return;
      const auto [id, answer] = AnyOf(replies_);
      Advance(id, answer);
    } else {
      Sweep(Below(4) == 0);
    }
  }

  void Keep(const absl::StatusOr<PullStep>& step) {
    if (!step.ok()) return;
    EXPECT_FALSE(step->alarm);
    if (step->action != PullAction::kNone &&
        step->action != PullAction::kRetryLater) {
      sent_.emplace_back(step->operation.id, step->action);
    }
    if (step->pulls.empty()) return;
    // What a client once saw is what it sees for ever.
    const auto [seen, is_new] = seen_.emplace(step->operation.id, step->pulls);
    if (!is_new) {
      EXPECT_EQ(seen->second, step->pulls);
    }
  }

  void Begin(const OperationId& id) {
    Keep(desk_.Begin({.id = id, .player = kPlayer, .banner = kShop}));
  }

  void Advance(const OperationId& id, PullAnswer answer) {
    Keep(desk_.Advance(kPlayer, id, answer));
  }

  absl::StatusOr<PullAnswer> Ask(const OperationId& id, PullAction action) {
    absl::StatusOr<Receipt> receipt =
        action == PullAction::kPlaceHold
            ? wallet_.Hold({.id = id,
                            .player = kPlayer,
                            .currency = kGems,
                            .amount = 160,
                            .sink = SystemAccount::Spend(kShop)})
        : action == PullAction::kPostHold ? wallet_.Post(kPlayer, id)
                                          : wallet_.Void(kPlayer, id);
    if (!receipt.ok()) return receipt.status();
    const PullAnswer answer = AnswerOf(action, *receipt);
    replies_.emplace_back(id, answer);
    return answer;
  }

  // Asks about a pending hold, long before its time, and does what it is told
  // unless that answer is lost.
  void Sweep(bool lost) {
    const auto holds = wallet_.PendingHolds(INT64_MAX, 10);
    if (holds->empty()) return;
    const Hold& hold = (*holds)[Below(static_cast<unsigned>(holds->size()))];
    const auto verdict = desk_.Inquire(kPlayer, hold.id);
    if (!verdict.ok() || lost) return;
    (void)Ask(hold.id, *verdict == HoldVerdict::kPost ? PullAction::kPostHold
                                                      : PullAction::kVoidHold);
  }

  // What the recovery worker does, without any more faults.
  void Settle() {
    for (int pass = 0; pass < 20; ++pass) {
      *time_.now_ms += 60'000;
      const auto open = desk_.Unsettled(*time_.now_ms, 100);
      if (open->empty()) return;
      for (const PullOperation& operation : *open) {
        PullAnswer answer = PullAnswer::kResume;
        while (true) {
          const auto step = desk_.Advance(kPlayer, operation.id, answer);
          ASSERT_TRUE(step.ok()) << step.status();
          Keep(step);
          if (step->action == PullAction::kNone ||
              step->action == PullAction::kRetryLater) {
            break;
          }
          answer = *Ask(operation.id, step->action);
        }
      }
    }
    ADD_FAILURE() << "does not come to rest";
  }

  void Check() {
    while (!wallet_.PendingHolds(INT64_MAX, 10)->empty()) Sweep(false);
    ExpectNoViolation(*account_store_);
    ExpectNoViolation(*gacha_store_);
    const auto redrawn =
        VerifyDraws(*gacha_store_, ShopCatalog(), ShopSeeds(), kPlayer);
    ASSERT_TRUE(redrawn.ok()) << redrawn.status();
    EXPECT_TRUE(redrawn->empty());
    // Every posted hold has its pull, and the reverse.
    std::map<OperationId, HoldState> holds;
    const auto all_holds = account_store_->Holds(kPlayer, {}, 1000);
    for (const Hold& hold : *all_holds) {
      holds.emplace(hold.id, hold.state);
    }
    std::int64_t done = 0;
    const auto operations = gacha_store_->PullOperations(kPlayer, {}, 1000);
    for (const PullOperation& operation : *operations) {
      EXPECT_TRUE(operation.settled);
      ended[operation.state] += 1;
      const bool posted = holds.count(operation.id) != 0 &&
                          holds.at(operation.id) == HoldState::kPosted;
      EXPECT_EQ(posted, operation.state == PullState::kDone)
          << operation.id.value();
      done += posted ? 1 : 0;
      holds.erase(operation.id);
    }
    for (const auto& [id, state] : holds) {
      EXPECT_NE(state, HoldState::kPosted) << id.value();
    }
    const auto balance = wallet_.GetBalance(kPlayer, kGems);
    ASSERT_TRUE(balance.ok()) << balance.status();
    EXPECT_EQ(balance->posted, 3000 - 160 * done);
    EXPECT_EQ(balance->held, 0);
    EXPECT_EQ(balance->seq, 1 + done);
    EXPECT_EQ(gacha_store_->Pulls(kPlayer, kShopScope, 0, 1000)->size(),
              static_cast<std::size_t>(done));
  }

  std::mt19937 random_;
  HandClock time_;
  std::unique_ptr<Store> account_store_ = NewMemoryStore();
  std::unique_ptr<Store> gacha_store_ = NewMemoryStore();
  Failing account_failing_{*account_store_, random_, 10};
  Failing gacha_failing_{*gacha_store_, random_, 10};
  Wallet wallet_{account_failing_, time_.clock()};
  SplitPullService desk_{gacha_failing_, ShopCatalog(), ShopSeeds(),
                         time_.clock()};
  // What was ever sent, either way: it may arrive at any time, or again.
  std::vector<std::pair<OperationId, PullAction>> sent_;
  std::vector<std::pair<OperationId, PullAnswer>> replies_;
  std::map<OperationId, std::vector<PullRecord>> seen_;
};

TEST(TwoServicesTest, NothingIsLostAndNothingIsDoubled) {
  std::map<PullState, int> ended;
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    TwoServices services(seed);
    services.Run();
    if (::testing::Test::HasFailure()) return;
    for (const auto& [state, count] : services.ended) ended[state] += count;
  }
  // Each way to end was taken often.
  EXPECT_GT(ended[PullState::kDone], 1000);
  EXPECT_GT(ended[PullState::kAborted], 300);
  EXPECT_GT(ended[PullState::kRejected], 30);
}

}  // namespace
}  // namespace fairpull
