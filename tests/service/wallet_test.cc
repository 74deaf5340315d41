#include "fairpull/service/wallet.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fairpull/base/status.h"
#include "fairpull/store/store_wrapper.h"
#include "service/fixtures.h"

namespace fairpull {
namespace {

class WalletTest : public testing::Test {
 protected:
  [[nodiscard]] HoldRequest HoldOf(const std::string& id,
                                   std::int64_t amount) const {
    return {.id = Op(id),
            .player = kPlayer,
            .currency = kGems,
            .amount = amount,
            .sink = SystemAccount::Trusted("spend:shop")};
  }
  [[nodiscard]] TransferRequest SpendOf(const std::string& id,
                                        std::int64_t amount) const {
    return {.id = Op(id),
            .player = kPlayer,
            .currency = kGems,
            .amount = amount,
            .counterparty = SystemAccount::Trusted("spend:shop")};
  }
  // Gives the player an account of tickets with so many in it.
  void FundTickets(const CurrencyId& tickets, std::int64_t amount) {
    ASSERT_TRUE(wallet_.OpenAccount(kPlayer, tickets).ok());
    TransferRequest grant = SpendOf("t", amount);
    grant.currency = tickets;
    grant.counterparty = SystemAccount::Trusted("promotion");
    ASSERT_TRUE(wallet_.Grant(grant)->ok());
  }

  HandClock time_;
  std::unique_ptr<Store> store_ = NewMemoryStore();
  Wallet wallet_{*store_, time_.clock()};
};

TEST_F(WalletTest, AnAccountIsOpenedOnce) {
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(*wallet_.OpenAccount(kPlayer, kGems), Balance{});
  FundGems(wallet_, 100);
  EXPECT_EQ(wallet_.OpenAccount(kPlayer, kGems)->posted, 100);
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->posted, 100);
}

TEST_F(WalletTest, GrantsSpendsAndHoldsAddUp) {
  FundGems(wallet_, 1000);
  EXPECT_EQ(wallet_.Spend(SpendOf("s", 100))->balance.posted, 900);
  EXPECT_EQ(wallet_.Hold(HoldOf("h1", 300))->balance.available(), 600);
  EXPECT_EQ(wallet_.Hold(HoldOf("h2", 50))->balance.available(), 550);
  EXPECT_EQ(wallet_.Post(kPlayer, Op("h1"), 250)->balance.posted, 650);
  EXPECT_EQ(wallet_.Void(kPlayer, Op("h2"))->balance.available(), 650);
  const auto entries = wallet_.Entries(kPlayer, kGems, 1, 10);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].amount, -100);
  EXPECT_EQ((*entries)[1].amount, -250);
  EXPECT_EQ((*entries)[1].at_ms, 5000);
  EXPECT_TRUE(wallet_.Verify(kPlayer)->empty());
}

TEST_F(WalletTest, RefusalsAreOutcomesAndNoErrors) {
  FundGems(wallet_, 10);
  const auto receipt = wallet_.Spend(SpendOf("s", 11));
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_EQ(wallet_.Spend(SpendOf("s2", 0))->outcome,
            LedgerOutcome::kMalformed);
  const auto nobody = wallet_.Spend({.id = Op("x"), .amount = 1});
  ASSERT_TRUE(nobody.ok());
  EXPECT_EQ(nobody->outcome, LedgerOutcome::kMalformed);
  EXPECT_EQ(nobody->field, "player");
}

TEST_F(WalletTest, AHoldIsAskedAboutAfterItsTimeAndStays) {
  FundGems(wallet_, 1000);
  HoldRequest hold = HoldOf("h", 100);
  hold.ask_after_ms = 60'000;
  ASSERT_TRUE(wallet_.Hold(hold)->ok());
  EXPECT_TRUE(wallet_.PendingHolds(64'999, 10)->empty());
  ASSERT_EQ(wallet_.PendingHolds(65'000, 10)->size(), 1u);
  *time_.now_ms = 1'000'000'000;
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->held, 100);
}

TEST_F(WalletTest, AHoldIsAskedAboutWithinTenYearsAndNeverBeforeItIsPlaced) {
  FundGems(wallet_, 1000);
  constexpr std::int64_t kTenYearsMs = 315'576'000'000;  // 3652.5 days
  for (const std::int64_t wait_ms : {std::int64_t{-1}, kTenYearsMs + 1,
                                     INT64_MIN, INT64_MAX, INT64_MAX - 4999}) {
    HoldRequest hold = HoldOf("h", 100);
    hold.ask_after_ms = wait_ms;
    const auto receipt = wallet_.Hold(hold);
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    EXPECT_EQ(receipt->outcome, LedgerOutcome::kMalformed) << wait_ms;
    EXPECT_EQ(receipt->field, "ask_after_ms");
  }
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->held, 0);
  // The rules' own fields come first.
  HoldRequest hold = HoldOf("h", 0);
  hold.ask_after_ms = -1;
  EXPECT_EQ(wallet_.Hold(hold)->field, "amount");
  // Nothing was kept under the id; both ends of the range will do.
  hold = HoldOf("h", 100);
  hold.ask_after_ms = 0;
  EXPECT_TRUE(wallet_.Hold(hold)->ok());
  EXPECT_EQ(wallet_.PendingHolds(5000, 10)->size(), 1u);
  hold = HoldOf("h2", 100);
  hold.ask_after_ms = kTenYearsMs;
  EXPECT_TRUE(wallet_.Hold(hold)->ok());
  EXPECT_EQ(wallet_.PendingHolds(kTenYearsMs + 4999, 10)->size(), 1u);
  EXPECT_EQ(wallet_.PendingHolds(kTenYearsMs + 5000, 10)->size(), 2u);
}

// Aborts the first commits, as a server does when transactions collide.
class Colliding : public StoreWrapper {
 public:
  Colliding(Store& store, int collisions)
      : StoreWrapper(store), collisions_(collisions) {}

  absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override {
    FAIRPULL_ASSIGN_OR_RETURN(auto transaction, StoreWrapper::Begin(reads));
    ++begun;
    if (collisions_-- <= 0) return transaction;
    return std::make_unique<Loser>(std::move(transaction));
  }

  int begun = 0;

 private:
  class Loser : public TransactionWrapper {
   public:
    using TransactionWrapper::TransactionWrapper;
    absl::Status Commit(const WriteSet&) override {
      return absl::AbortedError("could not serialise access");
    }
  };

  int collisions_;
};

TEST_F(WalletTest, CollisionsAreTriedAgainFiveTimesInAll) {
  FundGems(wallet_, 100);
  Colliding four(*store_, 4);
  EXPECT_TRUE(Wallet(four, time_.clock()).Spend(SpendOf("s1", 1))->ok());
  EXPECT_EQ(four.begun, 5);
  Colliding always(*store_, 100);
  EXPECT_EQ(
      Wallet(always, time_.clock()).Spend(SpendOf("s2", 1)).status().code(),
      absl::StatusCode::kAborted);
  EXPECT_EQ(always.begun, 5);
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->posted, 99);
}

LedgerRequest RequestFor(OperationKind kind, const std::string& id,
                         std::int64_t amount) {
  return {.kind = kind,
          .id = Op(id),
          .player = kPlayer,
          .currency = kGems,
          .amount = amount,
          .counterparty = SystemAccount::Trusted(
              kind == OperationKind::kCredit ? "promotion" : "spend:shop")};
}

TEST_F(WalletTest, ALinkedBatchIsDoneAsAWhole) {
  FundGems(wallet_, 100);
  const std::vector<LedgerRequest> batch = {
      RequestFor(OperationKind::kDebit, "a", 80),
      RequestFor(OperationKind::kCredit, "b", 30),
      RequestFor(OperationKind::kDebit, "c", 50)};
  const auto receipts = wallet_.Linked(batch);
  ASSERT_EQ(receipts->size(), 3u);
  EXPECT_EQ((*receipts)[0].balance.posted, 20);
  EXPECT_EQ((*receipts)[1].balance.posted, 50);
  EXPECT_EQ((*receipts)[2].balance.posted, 0);
  EXPECT_TRUE(wallet_.Verify(kPlayer)->empty());
  // Asked again, it has the stored answers.
  const auto again = wallet_.Linked(batch);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE((*again)[i].replayed);
    EXPECT_EQ((*again)[i].balance, (*receipts)[i].balance);
  }
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->posted, 0);
}

TEST_F(WalletTest, OrNotAtAll) {
  FundGems(wallet_, 100);
  const auto receipts =
      wallet_.Linked({RequestFor(OperationKind::kDebit, "a", 80),
                      RequestFor(OperationKind::kDebit, "b", 21),
                      RequestFor(OperationKind::kCredit, "c", 5)});
  EXPECT_EQ((*receipts)[0].outcome, LedgerOutcome::kLinkedRefused);
  EXPECT_EQ((*receipts)[1].outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_EQ((*receipts)[2].outcome, LedgerOutcome::kLinkedRefused);
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->posted, 100);
  // Nothing is left under the ids, not even the refusal.
  EXPECT_TRUE(wallet_.Spend(SpendOf("b", 7))->ok());
  // One that was done on its own can't be done again with others.
  const auto mixed =
      wallet_.Linked({RequestFor(OperationKind::kDebit, "b", 7),
                      RequestFor(OperationKind::kDebit, "d", 1)});
  EXPECT_TRUE((*mixed)[0].replayed);
  EXPECT_EQ((*mixed)[1].outcome, LedgerOutcome::kLinkedRefused);
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->posted, 93);
}

TEST_F(WalletTest, ALinkedBatchIsOfOnePlayerAndNotEmpty) {
  FundGems(wallet_, 100);
  EXPECT_TRUE(absl::IsInvalidArgument(wallet_.Linked({}).status()));
  LedgerRequest other = RequestFor(OperationKind::kDebit, "b", 1);
  other.player = PlayerId::Trusted("someone");
  EXPECT_TRUE(absl::IsInvalidArgument(
      wallet_.Linked({RequestFor(OperationKind::kDebit, "a", 1), other})
          .status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      wallet_
          .Linked(std::vector<LedgerRequest>(
              kMaxLinked + 1, RequestFor(OperationKind::kDebit, "a", 1)))
          .status()));
  for (const std::int64_t wait : {std::int64_t{-1}, INT64_MAX}) {
    LedgerRequest hold = RequestFor(OperationKind::kHold, "h", 1);
    hold.ask_at_ms = wait;
    EXPECT_TRUE(absl::IsInvalidArgument(wallet_.Linked({hold}).status()));
  }
}

TEST_F(WalletTest, ASpendAcrossCurrenciesTakesTheFirstFirst) {
  const CurrencyId tickets = CurrencyId::Trusted("tickets");
  FundGems(wallet_, 100);
  FundTickets(tickets, 30);

  TransferRequest spend = SpendOf("s", 50);
  spend.currency = CurrencyId();
  const std::vector<CurrencyId> order = {CurrencyId::Trusted("none"), tickets,
                                         kGems};
  const auto receipt = wallet_.SpendAcross(spend, order);
  EXPECT_EQ(receipt->outcome, LedgerOutcome::kOk);
  using Part = std::pair<CurrencyId, std::int64_t>;
  const std::vector<Part> parts = {{tickets, 30}, {kGems, 20}};
  EXPECT_EQ(receipt->parts, parts);
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->posted, 80);
  // The same again is the same answer, although there are no tickets now.
  const auto again = wallet_.SpendAcross(spend, order);
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->parts, parts);
  TransferRequest other = spend;
  other.amount = 51;
  EXPECT_EQ(wallet_.SpendAcross(other, order)->outcome,
            LedgerOutcome::kIdConflict);

  spend.id = Op("too-much");
  spend.amount = 81;
  EXPECT_EQ(wallet_.SpendAcross(spend, {kGems, tickets})->outcome,
            LedgerOutcome::kInsufficientFunds);
  FundGems(wallet_, 1000, "more");
  const auto kept = wallet_.SpendAcross(spend, {kGems, tickets});
  EXPECT_EQ(kept->outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_TRUE(kept->replayed);
  EXPECT_TRUE(wallet_.Verify(kPlayer)->empty());
  EXPECT_TRUE(absl::IsInvalidArgument(wallet_.SpendAcross(spend, {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      wallet_.SpendAcross(spend, {kGems, tickets, kGems}).status()))
      << "what is there once can't be spent twice";
  spend.amount = 0;
  EXPECT_EQ(wallet_.SpendAcross(spend, {kGems})->field, "amount");
}

TEST_F(WalletTest, ASpendAcrossCurrenciesIsNoCorrection) {
  FundGems(wallet_, 10);
  TransferRequest fix = SpendOf("fix", 50);
  fix.currency = CurrencyId();
  fix.counterparty = SystemAccount::Trusted("adjustment");
  EXPECT_EQ(wallet_.SpendAcross(fix, {kGems})->field, "counterparty");
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->posted, 10);
}

TEST_F(WalletTest, ARefusalAcrossCurrenciesIsKeptWhereThereIsAnAccount) {
  FundGems(wallet_, 10);
  TransferRequest spend = SpendOf("s", 50);
  spend.currency = CurrencyId();
  const std::vector<CurrencyId> order = {CurrencyId::Trusted("none"), kGems};
  EXPECT_EQ(wallet_.SpendAcross(spend, order)->outcome,
            LedgerOutcome::kInsufficientFunds);
  EXPECT_TRUE(wallet_.SpendAcross(spend, order)->replayed);
}

TEST_F(WalletTest, AReverseUndoesAllPartsOfASpend) {
  const CurrencyId tickets = CurrencyId::Trusted("tickets");
  FundGems(wallet_, 100);
  FundTickets(tickets, 30);
  TransferRequest spend = SpendOf("s", 50);
  spend.currency = CurrencyId();
  ASSERT_EQ(wallet_.SpendAcross(spend, {tickets, kGems})->parts.size(), 2u);
  EXPECT_TRUE(wallet_.Reverse(kPlayer, Op("s"))->ok());
  EXPECT_EQ(wallet_.GetBalance(kPlayer, tickets)->posted, 30);
  EXPECT_EQ(wallet_.GetBalance(kPlayer, kGems)->posted, 100);
  EXPECT_TRUE(wallet_.Reverse(kPlayer, Op("s"))->replayed);
  EXPECT_TRUE(wallet_.Verify(kPlayer)->empty());
}

TEST_F(WalletTest, AReverseFindsWhatItUndoes) {
  FundGems(wallet_, 100);
  ASSERT_TRUE(wallet_.Spend(SpendOf("s", 40))->ok());
  EXPECT_EQ(wallet_.Reverse(kPlayer, Op("s"))->balance.posted, 100);
  EXPECT_TRUE(wallet_.Reverse(kPlayer, Op("s"))->replayed);
  ASSERT_TRUE(wallet_.Hold(HoldOf("h", 70))->ok());
  EXPECT_EQ(wallet_.Reverse(kPlayer, Op("h"))->outcome,
            LedgerOutcome::kNothingToReverse);
  ASSERT_TRUE(wallet_.Post(kPlayer, Op("h"))->ok());
  EXPECT_EQ(wallet_.Reverse(kPlayer, Op("h"))->balance.posted, 100);
  EXPECT_EQ(wallet_.Reverse(kPlayer, Op("nothing"))->outcome,
            LedgerOutcome::kNothingToReverse);
  EXPECT_EQ(wallet_.Reverse(kPlayer, OperationId())->field, "id");
  EXPECT_TRUE(wallet_.Verify(kPlayer)->empty());
}

TEST_F(WalletTest, LotsRunOutByTheWalletsClock) {
  FundGems(wallet_, 100);
  TransferRequest event = SpendOf("event", 50);
  event.counterparty = SystemAccount::Trusted("promotion");
  event.terms = LotTerms{.expires_at_ms = *time_.now_ms + 1000};
  ASSERT_TRUE(wallet_.Grant(event)->ok());
  EXPECT_EQ(*wallet_.ExpireLots(kPlayer, kGems), 0);
  *time_.now_ms += 1000;
  EXPECT_EQ(wallet_.Spend(SpendOf("s", 101))->outcome,
            LedgerOutcome::kInsufficientFunds);
  EXPECT_EQ(*wallet_.ExpireLots(kPlayer, kGems), 50);
  EXPECT_EQ(*wallet_.ExpireLots(kPlayer, kGems), 0);
  EXPECT_EQ(wallet_.GetAccount(kPlayer, kGems)->lots.size(), 1u);
  EXPECT_EQ(
      wallet_.ExpireLots(kPlayer, CurrencyId::Trusted("x")).status().code(),
      absl::StatusCode::kNotFound);
  EXPECT_TRUE(wallet_.Verify(kPlayer)->empty());
}

TEST_F(WalletTest, TheBalanceAtATime) {
  FundGems(wallet_, 100);
  const std::int64_t then = *time_.now_ms;
  *time_.now_ms += 10;
  ASSERT_TRUE(wallet_.Spend(SpendOf("s", 40))->ok());
  EXPECT_EQ(*wallet_.BalanceAt(kPlayer, kGems, then - 1), 0);
  EXPECT_EQ(*wallet_.BalanceAt(kPlayer, kGems, then), 100);
  EXPECT_EQ(*wallet_.BalanceAt(kPlayer, kGems, then + 9), 100);
  EXPECT_EQ(*wallet_.BalanceAt(kPlayer, kGems, then + 10), 60);
  EXPECT_EQ(wallet_.BalanceAt(kPlayer, CurrencyId::Trusted("x"), then)
                .status()
                .code(),
            absl::StatusCode::kNotFound);
}

TEST_F(WalletTest, TheOrderOfLotsIsTheWalletsPolicy) {
  Wallet paid_first(*store_, time_.clock(),
                    {.lot_order = LotOrder::kPaidFirst});
  FundGems(wallet_, 100);  // from an issuer: paid
  TransferRequest gift = SpendOf("gift", 50);
  gift.counterparty = SystemAccount::Trusted("promotion");
  ASSERT_TRUE(wallet_.Grant(gift)->ok());
  ASSERT_TRUE(paid_first.Spend(SpendOf("s1", 60))->ok());
  EXPECT_EQ(wallet_.GetAccount(kPlayer, kGems)->lots[0].remaining, 50);
  ASSERT_TRUE(wallet_.Spend(SpendOf("s2", 45))->ok());
  EXPECT_EQ(wallet_.GetAccount(kPlayer, kGems)->lots[0].remaining, 5);
}

}  // namespace
}  // namespace fairpull
