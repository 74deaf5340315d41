// Both halves of the split pull in one thread and from one seed a run, each
// with its own store and clock: players buy, pull, pull ten and are refunded
// while messages are dropped, repeated and held up, commits fail before or
// after they are kept, a service dies with all that was on its way to it, and
// clocks jump. Then the faults stop, everything must come to rest, and the
// books must agree.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
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

constexpr std::int64_t kPrice = 160;
constexpr std::int64_t kHourMs = 3'600'000;
constexpr int kSteps = 200;

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

// The shop, and it never closes: clocks jump.
Catalog OpenShop() {
  std::string json = kShopJson;
  const std::string closes = "  \"closes\": \"1970-01-01T02:30:00Z\",\n";
  json.erase(json.find(closes), closes.size());
  return ShopCatalog(json);
}

// What happened in all runs of a test.
struct Tally {
  std::map<PullState, int> ended;
  int kills = 0;
  int dropped = 0;
  int repeated = 0;
  int held_up = 0;
  int jumps = 0;
  int purchases = 0;
  int refunds = 0;
  int in_debt = 0;
};

class World {
 public:
  World(std::uint32_t seed, Tally& tally) : random_(seed), tally_(tally) {
    // The two clocks may be ten minutes apart, either way.
    *account_time_.now_ms = 2 * kHourMs;
    *gacha_time_.now_ms =
        2 * kHourMs + (static_cast<int>(Below(3)) - 1) * kHourMs / 6;
    Wallet calm(*account_store_, account_time_.clock());
    for (const PlayerId& player : players_) {
      EXPECT_TRUE(calm.OpenAccount(player, kGems).ok());
    }
  }

  void Run() {
    for (int step = 0; step < kSteps; ++step) Step();
    account_failing_.Heal();
    gacha_failing_.Heal();
    Rest();
    Check();
  }

 private:
  // A message from one service to the other: a request, or its answer.
  struct Message {
    bool to_account = false;
    PlayerId player;
    OperationId id;
    PullAction action = PullAction::kNone;
    PullAnswer answer = PullAnswer::kNoAnswer;
    std::int64_t not_before_ms = 0;
  };
  struct Purchase {
    PlayerId player;
    OperationId id;
    std::int64_t amount = 0;
    bool answered = false;
    bool refund_asked = false;
    bool refunded = false;
  };
  struct Request {
    PlayerId player;
    OperationId id;
    std::uint32_t count = 1;
  };

  unsigned Below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  bool Percent(unsigned n) { return Below(100) < n; }
  template <class T>
  T& Any(std::vector<T>& of) {
    return of[Below(static_cast<unsigned>(of.size()))];
  }
  std::int64_t now_ms() const { return *gacha_time_.now_ms; }

  void Pass(std::int64_t ms) {
    *account_time_.now_ms += ms;
    *gacha_time_.now_ms += ms;
  }

  void Step() {
    Pass(Below(200));
    if (Percent(1)) {
      ++tally_.jumps;
      (Percent(50) ? account_time_ : gacha_time_).now_ms->fetch_add(kHourMs);
    }
    if (Percent(5)) Kill(Percent(50));
    const unsigned dice = Below(20);
    if (dice < 5) {
      ActAsClient();
    } else if (dice < 7) {
      ActAsWorker();
    } else if (dice < 8) {
      Sweep();
    } else {
      Deliver();
    }
  }

  // A service keeps nothing but its store: with it goes what was on its way.
  void Kill(bool account) {
    ++tally_.kills;
    std::erase_if(network_, [account](const Message& message) {
      return message.to_account == account;
    });
  }

  void ActAsClient() {
    const unsigned dice = Below(20);
    if (dice < 9 || requests_.empty()) {
      requests_.push_back({.player = Any(players_),
                           .id = Op(absl::StrCat("pull", requests_.size())),
                           .count = Percent(15) ? 10u : 1u});
      Ask(requests_.back());
    } else if (dice < 12) {
      Ask(Any(requests_));
    } else if (dice < 17 || purchases_.empty()) {
      purchases_.push_back({.player = Any(players_),
                            .id = Op(absl::StrCat("buy", purchases_.size())),
                            .amount = kPrice * (1 + Below(4))});
      Buy(purchases_.back());
    } else {
      Purchase& purchase = Any(purchases_);
      purchase.refund_asked = purchase.refund_asked || purchase.answered;
      if (purchase.refund_asked) Refund(purchase);
    }
  }

  void Ask(const Request& request) {
    Take(desk_.Begin({.id = request.id,
                      .player = request.player,
                      .banner = kShop,
                      .count = request.count}));
  }

  void Buy(Purchase& purchase) {
    const auto receipt =
        wallet_.Grant({.id = purchase.id,
                       .player = purchase.player,
                       .currency = kGems,
                       .amount = purchase.amount,
                       .counterparty = SystemAccount::Trusted("issuer:test")});
    if (!receipt.ok()) return;  // the client asks again, at the latest at rest
    EXPECT_TRUE(receipt->ok()) << LedgerOutcomeName(receipt->outcome);
    purchase.answered = true;
  }

  void Refund(Purchase& purchase) {
    const auto receipt = wallet_.Reverse(purchase.player, purchase.id);
    if (!receipt.ok()) return;
    EXPECT_TRUE(receipt->ok()) << LedgerOutcomeName(receipt->outcome);
    purchase.refunded = true;
  }

  // What the gacha service did: sends what is to be asked, and holds the client
  // to what it is told.
  void Take(const absl::StatusOr<PullStep>& step) {
    if (!step.ok()) return;
    EXPECT_FALSE(step->alarm);
    const PullOperation& operation = step->operation;
    if (step->action != PullAction::kNone &&
        step->action != PullAction::kRetryLater) {
      Send({.to_account = true,
            .player = operation.player,
            .id = operation.id,
            .action = step->action});
    }
    const bool is_answer = operation.state != PullState::kIntent;
    if (!is_answer) return;
    const bool drawn = !step->pulls.empty();
    const auto [told, is_new] =
        told_.emplace(operation.id, std::make_pair(drawn, step->pulls));
    if (!is_new) {
      EXPECT_EQ(told->second.first, drawn) << operation.id.value();
      EXPECT_EQ(told->second.second, step->pulls) << operation.id.value();
    }
  }

  void Send(Message message) {
    message.not_before_ms = now_ms();
    network_.push_back(std::move(message));
  }

  // Carries one message, most often one of the latest.
  void Deliver() {
    if (network_.empty()) return;
    const auto size = static_cast<unsigned>(network_.size());
    const std::size_t at =
        size - 1 - (Below(8) == 0 ? Below(size) : Below(std::min(size, 6u)));
    Message& chosen = network_[at];
    if (chosen.not_before_ms > now_ms()) return;
    if (Percent(10)) {
      ++tally_.held_up;
      chosen.not_before_ms = now_ms() + Below(40'000);
      return;
    }
    const Message message = chosen;
    if (Percent(5)) {
      ++tally_.repeated;
    } else {
      network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    if (Percent(5)) {
      ++tally_.dropped;
      return;
    }
    if (message.to_account) {
      if (auto answer = Do(message)) Send(*answer);
    } else {
      Take(desk_.Advance(message.player, message.id, message.answer));
    }
  }

  // What the account service does when asked; nothing if its store failed.
  std::optional<Message> Do(const Message& asked) {
    const auto find = std::find_if(
        requests_.begin(), requests_.end(),
        [&](const Request& request) { return request.id == asked.id; });
    const absl::StatusOr<Receipt> receipt =
        asked.action == PullAction::kPlaceHold
            ? wallet_.Hold({.id = asked.id,
                            .player = asked.player,
                            .currency = kGems,
                            .amount = kPrice * find->count,
                            .sink = SystemAccount::Spend(kShop)})
        : asked.action == PullAction::kPostHold
            ? wallet_.Post(asked.player, asked.id)
            : wallet_.Void(asked.player, asked.id);
    if (!receipt.ok()) return std::nullopt;
    return Message{.player = asked.player,
                   .id = asked.id,
                   .answer = AnswerOf(asked.action, *receipt)};
  }

  void ActAsWorker() {
    auto due = desk_.Unsettled(now_ms(), 5);
    if (!due.ok() || due->empty()) return;
    const PullOperation& operation = Any(*due);
    Take(desk_.Advance(operation.player, operation.id, PullAnswer::kResume));
  }

  // Asks about a pending hold, at times long before it is due, and does what it
  // is told.
  void Sweep() {
    auto holds = wallet_.PendingHolds(INT64_MAX, 10);
    if (!holds.ok() || holds->empty()) return;
    const Hold& hold = Any(*holds);
    const auto verdict = desk_.Inquire(hold.player, hold.id);
    if (!verdict.ok()) return;
    (void)Do({.player = hold.player,
              .id = hold.id,
              .action = *verdict == HoldVerdict::kPost
                            ? PullAction::kPostHold
                            : PullAction::kVoidHold});
  }

  // The clients insist, the worker and the sweeper go on, nothing fails.
  void Rest() {
    network_.clear();
    for (Purchase& purchase : purchases_) {
      if (!purchase.answered) Buy(purchase);
      if (purchase.refund_asked && !purchase.refunded) Refund(purchase);
    }
    for (int pass = 0; pass < 40; ++pass) {
      Pass(60'000);
      const auto open = desk_.Unsettled(now_ms(), 100);
      const auto held = wallet_.PendingHolds(INT64_MAX, 100);
      if (open->empty() && held->empty()) return;
      for (const PullOperation& operation : *open) {
        Take(
            desk_.Advance(operation.player, operation.id, PullAnswer::kResume));
      }
      while (!network_.empty()) {
        const Message message = network_.back();
        network_.pop_back();
        if (message.to_account) {
          Send(*Do(message));
        } else {
          Take(desk_.Advance(message.player, message.id, message.answer));
        }
      }
      if (open->empty()) Sweep();
    }
    ADD_FAILURE() << "does not come to rest";
  }

  void Check() {
    ExpectNoViolation(*account_store_);
    ExpectNoViolation(*gacha_store_);
    const auto redrawn = VerifyAllDraws(*gacha_store_, catalog_, ShopSeeds());
    ASSERT_TRUE(redrawn.ok()) << redrawn.status();
    EXPECT_TRUE(redrawn->empty()) << (*redrawn)[0].message;
    for (const PlayerId& player : players_) CheckPlayer(player);
  }

  void CheckPlayer(const PlayerId& player) {
    std::set<OperationId> posted;
    const auto holds = account_store_->Holds(player, {}, 1000);
    for (const Hold& hold : *holds) {
      EXPECT_NE(hold.state, HoldState::kPending) << hold.id.value();
      if (hold.state == HoldState::kPosted) posted.insert(hold.id);
    }
    // Every posted hold has its pulls, and the reverse; and each client was
    // told what is stored.
    std::int64_t drawn = 0;
    const auto operations = gacha_store_->PullOperations(player, {}, 1000);
    for (const PullOperation& operation : *operations) {
      const bool done = operation.state == PullState::kDone;
      EXPECT_TRUE(operation.settled) << operation.id.value();
      EXPECT_EQ(posted.erase(operation.id) == 1, done) << operation.id.value();
      tally_.ended[operation.state] += 1;
      drawn += done ? operation.count : 0;
      const auto told = told_.find(operation.id);
      if (told == told_.end()) continue;
      EXPECT_EQ(told->second.first, done) << operation.id.value();
      if (!done) continue;
      const auto stored =
          gacha_store_->Pulls(player, kShopScope, operation.first_seq - 1,
                              static_cast<int>(operation.count));
      EXPECT_EQ(*stored, told->second.second) << operation.id.value();
    }
    EXPECT_TRUE(posted.empty()) << posted.begin()->value();
    std::int64_t money = 0;
    for (const Purchase& purchase : purchases_) {
      if (purchase.player != player) continue;
      EXPECT_TRUE(purchase.answered) << purchase.id.value();
      EXPECT_EQ(purchase.refunded, purchase.refund_asked);
      if (!purchase.refunded) money += purchase.amount;
      tally_.purchases += 1;
      tally_.refunds += purchase.refunded ? 1 : 0;
    }
    const auto account = wallet_.GetAccount(player, kGems);
    ASSERT_TRUE(account.ok()) << account.status();
    EXPECT_EQ(account->balance.posted, money - kPrice * drawn);
    EXPECT_EQ(account->balance.held, 0);
    tally_.in_debt += account->debt > 0 ? 1 : 0;
  }

  std::mt19937 random_;
  Tally& tally_;
  std::vector<PlayerId> players_ = {kPlayer, PlayerId::Trusted("p2")};
  HandClock account_time_;
  HandClock gacha_time_;
  inline static const Catalog catalog_ = OpenShop();
  std::unique_ptr<Store> account_store_ = NewMemoryStore();
  std::unique_ptr<Store> gacha_store_ = NewMemoryStore();
  Failing account_failing_{*account_store_, random_, 10};
  Failing gacha_failing_{*gacha_store_, random_, 10};
  Wallet wallet_{account_failing_, account_time_.clock()};
  SplitPullService desk_{gacha_failing_, catalog_, ShopSeeds(),
                         gacha_time_.clock()};
  std::vector<Message> network_;  // what is on its way
  std::vector<Request> requests_;
  std::vector<Purchase> purchases_;
  // What a client was told: whether items were drawn, and which.
  std::map<OperationId, std::pair<bool, std::vector<PullRecord>>> told_;
};

// Five thousand seeds in each of four lanes; a hundred times fewer where each
// step is watched, twenty-five times more in the long campaign.
std::uint32_t SeedsOfALane() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 50;
#else
  return std::getenv("FAIRPULL_FULL") != nullptr ? 125'000 : 5'000;
#endif
}

class SimulationTest : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(SimulationTest, NothingIsLostAndNothingIsDoubled) {
  Tally tally;
  const std::uint32_t seeds = SeedsOfALane();
  for (std::uint32_t n = 1; n <= seeds; ++n) {
    const std::uint32_t seed = GetParam() * 1'000'000 + n;
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    World(seed, tally).Run();
    if (HasFailure()) return;
  }
  // Each fault and each way to end came up often.
  const int runs = static_cast<int>(seeds);
  EXPECT_GT(tally.ended[PullState::kDone], 5 * runs);
  EXPECT_GT(tally.ended[PullState::kAborted], runs);
  EXPECT_GT(tally.ended[PullState::kRejected], runs);
  EXPECT_GT(tally.purchases, 5 * runs);
  EXPECT_GT(tally.refunds, runs);
  EXPECT_GT(tally.in_debt, runs / 50);
  EXPECT_GT(tally.kills, 5 * runs);
  EXPECT_GT(tally.dropped, runs);
  EXPECT_GT(tally.repeated, runs);
  EXPECT_GT(tally.held_up, 3 * runs);
  EXPECT_GT(tally.jumps, runs);
}

INSTANTIATE_TEST_SUITE_P(Lanes, SimulationTest,
                         ::testing::Values(0u, 1u, 2u, 3u));

}  // namespace
}  // namespace fairpull
