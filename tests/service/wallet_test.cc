#include "fairpull/service/wallet.h"

#include <gtest/gtest.h>

#include <memory>

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

}  // namespace
}  // namespace fairpull
