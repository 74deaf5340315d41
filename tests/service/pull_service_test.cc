#include "fairpull/service/pull_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "fairpull/store/store_wrapper.h"
#include "service/fixtures.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;

class PullServiceTest : public ::testing::Test {
 protected:
  PullServiceTest() { FundGems(wallet_, 10'000); }

  [[nodiscard]] PullRequest Ask(const std::string& id,
                                std::uint32_t count = 1) const {
    return {.id = Op(id), .player = kPlayer, .banner = kShop, .count = count};
  }
  [[nodiscard]] std::int64_t Gems() const {
    return wallet_.GetBalance(kPlayer, kGems)->posted;
  }

  HandClock time_;
  std::unique_ptr<Store> store_ = NewMemoryStore();
  Wallet wallet_{*store_, time_.clock()};
  PullService pulls_{*store_, ShopCatalog(), ShopSeeds(), time_.clock()};
};

TEST_F(PullServiceTest, TakesANewVersionWhileOthersPull) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const auto receipt = pulls_.Pull(Ask(absl::StrCat(t, "-", i)));
        EXPECT_TRUE(receipt.ok() && receipt->payment.ok());
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    pulls_.Use(i % 2 == 0 ? ShopCatalogWithSecondVersion() : ShopCatalog());
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Gems(), 10'000 - 40 * 160);
  pulls_.Use(ShopCatalogWithSecondVersion());
  time_.now_ms->store(7000);
  EXPECT_EQ(pulls_.Pull(Ask("next"))->pulls[0].cost, 200);
}

TEST_F(PullServiceTest, ChargesDrawsAndRecordsTogether) {
  const auto receipt = pulls_.Pull(Ask("k1", 10));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_TRUE(receipt->payment.ok());
  EXPECT_EQ(receipt->payment.balance.posted, 8400);
  ASSERT_EQ(receipt->pulls.size(), 10u);
  std::int64_t gold = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    const PullRecord& pull = receipt->pulls[i];
    EXPECT_EQ(pull.seq, static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(pull.draw_index, static_cast<std::int64_t>(i));
    EXPECT_EQ(pull.cost, 160);
    EXPECT_EQ(pull.at_ms, 5000);
    if (pull.rarity == "gold") ++gold;
  }
  EXPECT_GE(gold, 2) << "every fifth pull is gold at the latest";
  EXPECT_EQ(*store_->Pulls(kPlayer, kShopScope, 0, 100), receipt->pulls);
  EXPECT_EQ((*store_->Pity(kPlayer))[0].seq, 10);
  const auto entries = wallet_.Entries(kPlayer, kGems, 1, 10);
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ((*entries)[0].amount, -1600);
  EXPECT_EQ((*entries)[0].counterparty.name(), "spend:shop");
  ExpectNoViolation(*store_);
}

TEST_F(PullServiceTest, TheSameRequestGetsTheSameReceipt) {
  const auto first = pulls_.Pull(Ask("k1", 10));
  ASSERT_TRUE(pulls_.Pull(Ask("k2")).ok());
  *time_.now_ms = 99'000'000;  // the banner has closed since
  const auto again = pulls_.Pull(Ask("k1", 10));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->payment.replayed);
  EXPECT_EQ(again->payment.balance, first->payment.balance);
  EXPECT_EQ(again->pulls, first->pulls);
  EXPECT_EQ(Gems(), 10'000 - 11 * 160);
}

TEST_F(PullServiceTest, OtherContentUnderTheSameIdNamesTheField) {
  ASSERT_TRUE(pulls_.Pull(Ask("k1")).ok());
  const auto field = [&](const PullRequest& request) {
    const auto receipt = pulls_.Pull(request);
    EXPECT_EQ(receipt.status().code(), absl::StatusCode::kAlreadyExists);
    return ConflictingFieldIn(receipt.status());
  };
  EXPECT_EQ(field(Ask("k1", 10)), "count");
  PullRequest request = Ask("k1");
  request.banner = BannerId::Trusted("other");
  EXPECT_EQ(field(request), "banner");
  request = Ask("k1");
  request.expected_cost = 1;
  EXPECT_EQ(field(request), "expected_cost");
  // The wallet knows "fund" as a grant, and "spent" as a spend just like it.
  EXPECT_EQ(field(Ask("fund")), "kind");
  ASSERT_TRUE(wallet_
                  .Spend({.id = Op("spent"),
                          .player = kPlayer,
                          .currency = kGems,
                          .amount = 160,
                          .counterparty = SystemAccount::Spend(kShop)})
                  ->ok());
  EXPECT_EQ(field(Ask("spent")), "kind");
  EXPECT_EQ(Gems(), 10'000 - 2 * 160);
  ExpectNoViolation(*store_);
}

TEST_F(PullServiceTest, AWrongPriceNamesTheRightOne) {
  PullRequest request = Ask("k1", 10);
  request.expected_cost = 1599;
  const auto receipt = pulls_.Pull(request);
  EXPECT_EQ(receipt.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(PriceIn(receipt.status()), 1600);
  EXPECT_EQ(Gems(), 10'000);
  // Nothing was kept under the id.
  request.expected_cost = 1600;
  EXPECT_TRUE(pulls_.Pull(request)->payment.ok());
}

TEST_F(PullServiceTest, WhatIsNotSoldIsRefusedWithoutATrace) {
  EXPECT_EQ(pulls_.Pull(Ask("k1", 3)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(pulls_.Pull(Ask("k1", 0)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(pulls_.Pull(Ask("")).status().code(),
            absl::StatusCode::kInvalidArgument);
  PullRequest request = Ask("k1");
  request.banner = BannerId::Trusted("nowhere");
  const auto nowhere = pulls_.Pull(request);
  EXPECT_EQ(nowhere.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(BannerRefusalIn(nowhere.status()), BannerRefusal::kUnknown);
  EXPECT_TRUE(store_->PullOperations(kPlayer, {}, 10)->empty());
  EXPECT_EQ(Gems(), 10'000);
}

TEST_F(PullServiceTest, OnlyWhatTheBannerIsToBlameForIsABannerRefusal) {
  // The same status codes, for other reasons.
  PullRequest request = Ask("k1");
  request.expected_cost = 1;
  EXPECT_EQ(BannerRefusalIn(pulls_.Pull(request).status()), std::nullopt);
  EXPECT_EQ(BannerRefusalIn(pulls_.Pull(Ask("k1", 3)).status()), std::nullopt);
  EXPECT_EQ(BannerRefusalIn(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(BannerRefusalIn(absl::NotFoundError("no seed")), std::nullopt);
  EXPECT_EQ(BannerRefusalIn(absl::FailedPreconditionError("store closed")),
            std::nullopt);
}

TEST_F(PullServiceTest, ABannerSellsOnlyWhileItIsOpen) {
  *time_.now_ms = 999;
  const auto early = pulls_.Pull(Ask("k1"));
  EXPECT_EQ(early.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(early.status().message()),
              HasSubstr("1970-01-01T00:00:01Z"));
  EXPECT_EQ(BannerRefusalIn(early.status()), BannerRefusal::kNotOpen);
  *time_.now_ms = 9'000'000;
  const auto late = pulls_.Pull(Ask("k1"));
  EXPECT_EQ(late.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(late.status().message()),
              HasSubstr("1970-01-01T02:30:00Z"));
  EXPECT_EQ(BannerRefusalIn(late.status()), BannerRefusal::kNotOpen);
  EXPECT_EQ(Gems(), 10'000);
  *time_.now_ms = 8'999'999;
  EXPECT_TRUE(pulls_.Pull(Ask("k1"))->payment.ok());
}

TEST_F(PullServiceTest, WithoutTheFundsNothingIsDrawnAndTheIdIsSpent) {
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(pulls_.Pull(Ask(absl::StrCat("k", i), 10))->payment.ok());
  }
  const auto refused = pulls_.Pull(Ask("k9", 10));
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->payment.outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_TRUE(refused->pulls.empty());
  EXPECT_EQ((*store_->Pity(kPlayer))[0].seq, 60);
  const auto again = pulls_.Pull(Ask("k9", 10));
  EXPECT_EQ(again->payment.outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_TRUE(again->payment.replayed);
  EXPECT_EQ(Gems(), 400);
  ExpectNoViolation(*store_);
}

TEST_F(PullServiceTest, AStrangerHasNoAccount) {
  PullRequest request = Ask("k1");
  request.player = PlayerId::Trusted("stranger");
  EXPECT_EQ(pulls_.Pull(request)->payment.outcome,
            LedgerOutcome::kUnknownAccount);
}

// Fails the commit that carries pulls, once; the crash before it comes down.
class CrashesOnce : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override {
    FAIRPULL_ASSIGN_OR_RETURN(auto transaction, StoreWrapper::Begin(reads));
    return std::make_unique<Crashing>(std::move(transaction), *this);
  }

  std::vector<PullRecord> lost;

 private:
  class Crashing : public TransactionWrapper {
   public:
    Crashing(std::unique_ptr<Transaction> target, CrashesOnce& owner)
        : TransactionWrapper(std::move(target)), owner_(owner) {}
    absl::Status Commit(const WriteSet& writes) override {
      if (!writes.pulls.empty() && owner_.lost.empty()) {
        owner_.lost = writes.pulls;
        return absl::UnavailableError("crashed");
      }
      return TransactionWrapper::Commit(writes);
    }

   private:
    CrashesOnce& owner_;
  };
};

TEST_F(PullServiceTest, DrawnAgainAfterACrashTheItemsAreTheSame) {
  CrashesOnce store(*store_);
  PullService pulls(store, ShopCatalog(), ShopSeeds(), time_.clock());
  EXPECT_EQ(pulls.Pull(Ask("k1", 10)).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Gems(), 10'000);
  ExpectNoViolation(*store_);
  // Not even another id can fish for other items.
  const auto receipt = pulls.Pull(Ask("k2", 10));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(ItemsOf(receipt->pulls), ItemsOf(store.lost));
}

// A store that says of a group what it is told to, so many times, and counts.
class ReluctantGroups : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  absl::StatusOr<std::unique_ptr<GroupTransaction>> BeginMany(
      const std::vector<ReadSet>& reads) override {
    group_sizes.push_back(reads.size());
    FAIRPULL_ASSIGN_OR_RETURN(auto group, StoreWrapper::BeginMany(reads));
    return std::make_unique<Reluctant>(std::move(group), *this);
  }

  absl::Status answer;
  int times = 0;
  std::vector<std::size_t> group_sizes;

 private:
  class Reluctant : public GroupTransactionWrapper {
   public:
    Reluctant(std::unique_ptr<GroupTransaction> target, ReluctantGroups& owner)
        : GroupTransactionWrapper(std::move(target)), owner_(owner) {}
    absl::Status Commit(const std::vector<WriteSet>& writes) override {
      if (owner_.times-- > 0) return owner_.answer;
      return GroupTransactionWrapper::Commit(writes);
    }

   private:
    ReluctantGroups& owner_;
  };
};

class PullManyTest : public PullServiceTest {
 protected:
  static constexpr int kPlayers = 5;

  PullManyTest() {
    for (int i = 0; i < kPlayers; ++i) FundPlayer(*store_, i, 10'000);
  }

  static PlayerId Player(int i) {
    return PlayerId::Trusted(absl::StrCat("m", i));
  }
  void FundPlayer(Store& store, int i, std::int64_t amount) const {
    Wallet wallet(store, time_.clock());
    ASSERT_TRUE(wallet.OpenAccount(Player(i), kGems).ok());
    ASSERT_TRUE(
        wallet
            .Grant({.id = Op("fund"),
                    .player = Player(i),
                    .currency = kGems,
                    .amount = amount,
                    .counterparty = SystemAccount::Trusted("issuer:test")})
            ->ok());
  }
  static PullRequest AskFor(int player, const std::string& id,
                            std::uint32_t count = 1) {
    return {.id = Op(id),
            .player = Player(player),
            .banner = kShop,
            .count = count};
  }

  ReluctantGroups groups_{*store_};
  PullService many_{groups_, ShopCatalog(), ShopSeeds(), time_.clock()};
};

void ExpectSameAnswer(const absl::StatusOr<PullReceipt>& a,
                      const absl::StatusOr<PullReceipt>& b) {
  ASSERT_EQ(a.status(), b.status());
  if (!a.ok()) return;
  EXPECT_EQ(a->payment.outcome, b->payment.outcome);
  EXPECT_EQ(a->payment.balance, b->payment.balance);
  EXPECT_EQ(a->payment.replayed, b->payment.replayed);
  EXPECT_EQ(a->pulls, b->pulls);
}

TEST_F(PullManyTest, EachIsAnsweredAsPullAnswersItAlone) {
  const std::unique_ptr<Store> other = NewMemoryStore();
  PullService one_by_one(*other, ShopCatalog(), ShopSeeds(), time_.clock());
  for (int i = 0; i < kPlayers; ++i) FundPlayer(*other, i, 10'000);
  PullRequest nowhere = AskFor(3, "k4");
  nowhere.banner = BannerId::Trusted("nowhere");
  PullRequest dear = AskFor(4, "k5");
  dear.expected_cost = 1;
  PullRequest nobody = AskFor(0, "k6");
  nobody.player = PlayerId();
  PullRequest stranger = AskFor(9, "k7");
  std::vector<PullRequest> requests = {
      AskFor(0, "k1", 10),  // in order with the next three of this player
      AskFor(0, "k1", 10),  // asked again
      AskFor(0, "k1"),      // another count under the same id
      AskFor(0, "k2"),
      AskFor(1, "k1"),
      AskFor(2, "k3", 3),  // is not sold
      nowhere,
      dear,
      nobody,
      stranger,
      AskFor(4, "fund"),  // the wallet knows it for a grant
      AskFor(3, "k9", 10)};
  for (int round = 0; round < 2; ++round) {
    const auto answers = many_.PullMany(requests);
    ASSERT_EQ(answers.size(), requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      SCOPED_TRACE(absl::StrCat("request ", i, " of round ", round));
      ExpectSameAnswer(answers[i], one_by_one.Pull(requests[i]));
    }
    // All that comes new: the same ids are answered from what is stored.
    requests.push_back(AskFor(2, "new"));
  }
  EXPECT_TRUE(many_.PullMany({}).empty());
  ExpectNoViolation(*store_);
}

TEST_F(PullManyTest, ThoseOfDifferentPlayersAreOneTransaction) {
  std::vector<PullRequest> requests;
  for (int n = 0; n < 2; ++n) {
    for (int i = 0; i < kPlayers; ++i) {
      requests.push_back(AskFor(i, absl::StrCat("k", n)));
    }
  }
  requests.push_back(AskFor(2, "k2"));
  for (const auto& answer : many_.PullMany(requests)) {
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_TRUE(answer->payment.ok());
  }
  EXPECT_EQ(groups_.group_sizes, (std::vector<std::size_t>{5, 5, 1}));
}

TEST_F(PullManyTest, WhoLacksTheFundsIsRefusedAmongThoseWhoHaveThem) {
  ASSERT_TRUE(
      pulls_.PullMany({AskFor(1, "a", 10), AskFor(2, "a", 10)})[0].ok());
  std::vector<PullRequest> requests;
  for (int n = 0; n < 6; ++n) {
    for (int i = 0; i < kPlayers; ++i) {
      requests.push_back(AskFor(i, absl::StrCat("k", n), 10));
    }
  }
  const auto answers = many_.PullMany(requests);
  int refused = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i].ok()) << answers[i].status();
    if (answers[i]->payment.ok()) continue;
    refused += 1;
    EXPECT_EQ(answers[i]->payment.outcome, LedgerOutcome::kInsufficientFunds);
    EXPECT_TRUE(answers[i]->pulls.empty());
    EXPECT_TRUE(requests[i].player == Player(1) ||
                requests[i].player == Player(2));
  }
  EXPECT_EQ(refused, 2);
  ExpectNoViolation(*store_);
}

TEST_F(PullManyTest, AGroupThatOthersOvertookIsTriedAgain) {
  groups_.answer = absl::AbortedError("overtaken");
  groups_.times = 4;
  const auto answers = many_.PullMany({AskFor(0, "k"), AskFor(1, "k")});
  for (const auto& answer : answers) ASSERT_TRUE(answer.ok());
  EXPECT_EQ(groups_.group_sizes.size(), 5u);
  EXPECT_EQ((*store_->Pity(Player(0)))[0].seq, 1);
}

TEST_F(PullManyTest, AGroupThatCannotBeCommittedIsTakenOneByOne) {
  for (const absl::Status& answer :
       {absl::AbortedError("overtaken"), absl::InvalidArgumentError("a row")}) {
    groups_.answer = answer;
    groups_.times = 1000;
    const std::string id = answer.ToString().substr(0, 5);
    const auto answers = many_.PullMany({AskFor(0, id), AskFor(1, id)});
    for (const auto& receipt : answers) {
      ASSERT_TRUE(receipt.ok()) << receipt.status();
      EXPECT_TRUE(receipt->payment.ok());
    }
  }
  EXPECT_EQ((*store_->Pity(Player(1)))[0].seq, 2);
  ExpectNoViolation(*store_);
}

TEST_F(PullManyTest, WhereTheStoreFailsEachGetsItsErrorAndMayAskAgain) {
  groups_.answer = absl::UnavailableError("the line broke");
  groups_.times = 1;
  const std::vector<PullRequest> requests = {AskFor(0, "k"), AskFor(1, "k")};
  for (const auto& answer : many_.PullMany(requests)) {
    EXPECT_EQ(answer.status(), groups_.answer);
  }
  EXPECT_EQ(groups_.group_sizes.size(), 1u);
  for (const auto& answer : many_.PullMany(requests)) {
    ASSERT_TRUE(answer.ok()) << answer.status();
  }
  EXPECT_EQ((*store_->Pity(Player(0)))[0].seq, 1);
}

TEST_F(PullManyTest, ThreadsThatPullForTheSamePlayersLeaveNoGap) {
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < 5; ++n) {
        std::vector<PullRequest> requests;
        for (int i = 0; i < kPlayers; ++i) {
          requests.push_back(
              AskFor((i + t) % kPlayers, absl::StrCat("k", t, "-", n)));
        }
        for (const auto& answer : pulls_.PullMany(requests)) {
          EXPECT_TRUE(answer.ok() && answer->payment.ok()) << answer.status();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < kPlayers; ++i) {
    EXPECT_EQ((*store_->Pity(Player(i)))[0].seq, 40);
  }
  ExpectNoViolation(*store_);
}

TEST_F(PullServiceTest, ManyThreadsOfOnePlayerPullWithoutAGap) {
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < 5; ++n) {
        const auto receipt = pulls_.Pull(Ask(absl::StrCat("k", t, "-", n)));
        EXPECT_TRUE(receipt.ok()) << receipt.status();
        // Everybody asks for this one.
        EXPECT_TRUE(pulls_.Pull(Ask("shared", 10)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ((*store_->Pity(kPlayer))[0].seq, 50);
  EXPECT_EQ(Gems(), 10'000 - 50 * 160);
  ExpectNoViolation(*store_);
  const auto redrawn =
      VerifyDraws(*store_, ShopCatalog(), ShopSeeds(), kPlayer);
  ASSERT_TRUE(redrawn.ok()) << redrawn.status();
  EXPECT_TRUE(redrawn->empty());
}

}  // namespace
}  // namespace fairpull
