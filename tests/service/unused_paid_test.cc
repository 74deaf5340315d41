#include "fairpull/service/unused_paid.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fairpull/service/wallet.h"
#include "service/fixtures.h"

namespace fairpull {
namespace {

class UnusedPaidTest : public testing::Test {
 protected:
  void Buy(const std::string& player, const std::string& id,
           std::int64_t amount, std::int64_t price,
           const std::string& currency) {
    const PlayerId who = PlayerId::Trusted(player);
    ASSERT_TRUE(wallet_.OpenAccount(who, kGems).ok());
    TransferRequest request{
        .id = Op(id),
        .player = who,
        .currency = kGems,
        .amount = amount,
        .counterparty = SystemAccount::Trusted("issuer:card")};
    if (price > 0) {
      request.terms = LotTerms{.funding = Funding::kPaid,
                               .price = price,
                               .price_currency = currency};
    }
    ASSERT_TRUE(wallet_.Grant(request)->ok());
  }
  void Spend(const std::string& player, const std::string& id,
             std::int64_t amount) {
    ASSERT_TRUE(
        wallet_
            .Spend({.id = Op(id),
                    .player = PlayerId::Trusted(player),
                    .currency = kGems,
                    .amount = amount,
                    .counterparty = SystemAccount::Trusted("spend:shop")})
            ->ok());
  }

  HandClock time_;
  std::unique_ptr<Store> store_ = NewMemoryStore();
  Wallet wallet_{*store_, time_.clock()};
};

TEST_F(UnusedPaidTest, SumsWhatIsLeftOfPaidLotsAsOfATime) {
  Buy("ann", "a1", 300, 980, "JPY");
  Buy("ann", "a2", 60, 120, "JPY");
  Buy("bob", "b1", 100, 499, "USD");
  Buy("bob", "b2", 10, 0, "");  // the price is not known
  const std::int64_t before = *time_.now_ms;
  *time_.now_ms += 1000;
  Spend("ann", "s1", 200);  // 100 of a1 left: 326.66… yen
  Spend("bob", "s2", 101);  // 9 of b2 left

  const auto then = UnusedPaid(*store_, before);
  ASSERT_EQ(then->size(), 1u);
  EXPECT_EQ((*then)[0].currency, kGems);
  EXPECT_EQ((*then)[0].players, 2);
  EXPECT_EQ((*then)[0].amount, 470);
  EXPECT_EQ((*then)[0].unpriced, 10);
  EXPECT_EQ((*then)[0].worth.at("JPY"), 1100);
  EXPECT_EQ((*then)[0].worth.at("USD"), 499);

  const auto now = UnusedPaid(*store_, *time_.now_ms);
  EXPECT_EQ((*now)[0].players, 2);
  EXPECT_EQ((*now)[0].amount, 100 + 60 + 9);
  EXPECT_EQ((*now)[0].unpriced, 9);
  EXPECT_EQ((*now)[0].worth.at("JPY"), 326 + 120);
  EXPECT_EQ((*now)[0].worth.count("USD"), 0u);

  EXPECT_TRUE(UnusedPaid(*store_, before - 1)->empty());
}

TEST_F(UnusedPaidTest, GiftsAndWhatWasRefundedAreNoPartOfIt) {
  Buy("ann", "a1", 300, 980, "JPY");
  ASSERT_TRUE(wallet_.Reverse(PlayerId::Trusted("ann"), Op("a1"))->ok());
  ASSERT_TRUE(wallet_
                  .Grant({.id = Op("gift"),
                          .player = PlayerId::Trusted("ann"),
                          .currency = kGems,
                          .amount = 5,
                          .counterparty = SystemAccount::Trusted("promotion")})
                  ->ok());
  EXPECT_TRUE(UnusedPaid(*store_, *time_.now_ms)->empty());
}

}  // namespace
}  // namespace fairpull
