#include "fairpull/service/verify.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "fairpull/service/pull_service.h"
#include "fairpull/service/split_pull_service.h"
#include "service/fixtures.h"

namespace fairpull {
namespace {

class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    Wallet wallet(*store_, time_.clock());
    FundGems(wallet, 2000);
    PullService pulls(*store_, ShopCatalog(), ShopSeeds(), time_.clock());
    for (const char* id : {"k1", "k2"}) {
      EXPECT_TRUE(
          pulls.Pull({.id = Op(id), .player = kPlayer, .banner = kShop}).ok());
    }
    EXPECT_TRUE(pulls
                    .Pull({.id = Op("k3"),
                           .player = kPlayer,
                           .banner = kShop,
                           .count = 10})
                    .ok());
    EXPECT_EQ(pulls
                  .Pull({.id = Op("k4"),
                         .player = kPlayer,
                         .banner = kShop,
                         .count = 10})
                  ->payment.outcome,
              LedgerOutcome::kInsufficientFunds);
  }

  HandClock time_;
  std::unique_ptr<Store> store_ = NewMemoryStore();
};

struct Corruption {
  const char* name;
  const char* law;
  std::function<void(PullRows&)> apply;
};

std::vector<Corruption> Corruptions() {
  return {
      {"pull lost", "G1", [](auto& r) { r.pulls.erase(r.pulls.begin() + 3); }},
      {"last pull lost", "G1", [](auto& r) { r.pulls.erase(r.pulls.begin()); }},
      {"pity behind", "G1", [](auto& r) { r.pity[0].seq -= 1; }},
      {"pity lost", "G1", [](auto& r) { r.pity.clear(); }},
      {"pity of nothing", "G1",
       [](auto& r) {
         r.pity.push_back({.scope = ScopeId::Trusted("x"), .seq = 1});
       }},
      {"one item too many", "G2", [](auto& r) { r.inventory[0].count += 1; }},
      {"item lost", "G2", [](auto& r) { r.inventory.pop_back(); }},
      {"item of nowhere", "G2",
       [](auto& r) {
         r.inventory.push_back({.item = ItemId::Trusted("x"), .count = 1});
       }},
      {"operation lost", "G3",
       [](auto& r) { r.operations.erase(r.operations.begin()); }},
      {"pulls without payment", "G3",
       [](auto& r) { r.operations[0].state = PullState::kRejected; }},
      {"paid and not drawn", "G3",
       [](auto& r) { r.operations.back().state = PullState::kDone; }},
      {"another cost", "G3", [](auto& r) { r.operations[0].cost += 1; }},
      {"another order", "G3", [](auto& r) { r.pulls[0].draw_index = 0; }},
      {"other odds", "G3", [](auto& r) { r.pulls[0].odds_version = "x"; }},
  };
}

TEST_F(VerifyTest, FindsNothingInASoundStore) {
  ExpectNoViolation(*store_);
  EXPECT_TRUE(VerifyPlayer(*store_, kPlayer)->empty());
}

TEST_F(VerifyTest, FindsEveryCorruptionByItsLaw) {
  const auto sound = ReadPulls(*store_, kPlayer);
  ASSERT_TRUE(sound.ok()) << sound.status();
  ASSERT_EQ(sound->pulls.size(), 12u);
  for (const Corruption& corruption : Corruptions()) {
    PullRows rows = *sound;
    corruption.apply(rows);
    const std::vector<Violation> violations = VerifyPulls(rows);
    EXPECT_TRUE(std::any_of(violations.begin(), violations.end(),
                            [&](const Violation& violation) {
                              return violation.law == corruption.law;
                            }))
        << corruption.name << " should break " << corruption.law;
  }
}

TEST_F(VerifyTest, MakesEveryDrawAgain) {
  EXPECT_TRUE(
      VerifyDraws(*store_, ShopCatalog(), ShopSeeds(), kPlayer)->empty());
  // With another secret under the same epoch the draws are not these.
  const auto other =
      ServerSeeds::Make({{1, *ServerSeed::FromBytes(std::string(32, 'z'))}}, 1);
  const auto violations = VerifyDraws(*store_, ShopCatalog(), *other, kPlayer);
  ASSERT_TRUE(violations.ok()) << violations.status();
  ASSERT_FALSE(violations->empty());
  EXPECT_EQ((*violations)[0].law, "G4");
  // Without the seed it can't say.
  const auto without =
      ServerSeeds::Make({{7, *ServerSeed::FromBytes(std::string(32, 'z'))}}, 7);
  EXPECT_EQ(
      VerifyDraws(*store_, ShopCatalog(), *without, kPlayer).status().code(),
      absl::StatusCode::kNotFound);
}

TEST_F(VerifyTest, MakesTheDrawsOfEveryPlayerAgainPageByPage) {
  // More than a page of players before the one who pulled last.
  for (int i = 0; i < kMaxPage + 10; ++i) {
    const PlayerId player = PlayerId::Trusted("q" + std::to_string(i));
    ASSERT_TRUE(Wallet(*store_, time_.clock()).OpenAccount(player, kGems).ok());
  }
  const PlayerId last = PlayerId::Trusted("z");
  SplitPullService desk(*store_, ShopCatalog(), ShopSeeds(2), time_.clock());
  ASSERT_TRUE(
      desk.Begin({.id = Op("k"), .player = last, .banner = kShop, .count = 10})
          .ok());
  ASSERT_TRUE(desk.Advance(last, Op("k"), PullAnswer::kHoldPlaced).ok());
  const auto sound = VerifyAllDraws(*store_, ShopCatalog(), ShopSeeds());
  ASSERT_TRUE(sound.ok()) << sound.status();
  EXPECT_TRUE(sound->empty());

  // With another secret under epoch 2 only the last player's are not these.
  const ServerSeed first = *ServerSeed::FromBytes(std::string(32, 'a'));
  const ServerSeed other = *ServerSeed::FromBytes(std::string(32, 'z'));
  const auto violations = VerifyAllDraws(
      *store_, ShopCatalog(), *ServerSeeds::Make({{1, first}, {2, other}}, 1));
  ASSERT_TRUE(violations.ok()) << violations.status();
  ASSERT_FALSE(violations->empty());
  for (const Violation& violation : *violations) {
    EXPECT_EQ(violation.law, "G4");
    EXPECT_EQ(violation.player, last);
  }
  // Epoch 2, which only the last player drew from, is kept no more.
  const auto first_only =
      ServerSeeds::Make({{1, *ServerSeed::FromBytes(std::string(32, 'a'))}}, 1);
  EXPECT_EQ(VerifyAllDraws(*store_, ShopCatalog(), *first_only).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(VerifyTest, ReadsTheWholeStorePageByPage) {
  for (int i = 0; i < 1500; ++i) {
    const PlayerId player = PlayerId::Trusted("q" + std::to_string(i));
    Wallet wallet(*store_, time_.clock());
    ASSERT_TRUE(wallet.OpenAccount(player, kGems).ok());
  }
  // The last player in order is the one that is wrong.
  const PlayerId last = PlayerId::Trusted("z");
  auto transaction = store_->Begin({.player = last});
  WriteSet writes;
  writes.accounts.push_back(
      {.player = last, .currency = kGems, .balance = {.posted = 5}});
  ASSERT_TRUE((*transaction)->Commit(writes).ok());
  const auto violations = VerifyStore(*store_);
  ASSERT_TRUE(violations.ok()) << violations.status();
  ASSERT_FALSE(violations->empty());
  for (const Violation& violation : *violations) {
    EXPECT_EQ(violation.player, last);
  }
}

}  // namespace
}  // namespace fairpull
