#include "fairpull/service/grouped_pulls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/service/pull_service.h"
#include "fairpull/store/call_deadline.h"
#include "fairpull/store/store_wrapper.h"
#include "service/fixtures.h"

namespace fairpull {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kPlayers = 8;

PlayerId Player(int i) { return PlayerId::Trusted(absl::StrCat("p", i)); }

// Keeps what is written, and says that it does not know.
class Forgetful : public GroupTransactionWrapper {
 public:
  using GroupTransactionWrapper::GroupTransactionWrapper;
  absl::Status Commit(const std::vector<WriteSet>& writes) override {
    const absl::Status status = GroupTransactionWrapper::Commit(writes);
    return status.ok() ? absl::UnavailableError("the line is lost") : status;
  }
};

// Notes how many players each transaction is of, and until when it may take;
// holds transactions up while it is closed, and lets them fail.
class Gate : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override {
    Enter(1);
    if (!error_alone.ok()) return error_alone;
    return StoreWrapper::Begin(reads);
  }
  absl::StatusOr<std::unique_ptr<GroupTransaction>> BeginMany(
      const std::vector<ReadSet>& reads) override {
    Enter(reads.size());
    if (!group_error.ok()) return group_error;
    auto group = StoreWrapper::BeginMany(reads);
    if (!forgets || !group.ok()) return group;
    return std::make_unique<Forgetful>(*std::move(group));
  }

  // Nothing that begins from now on goes on, or only as many as are let
  // through, or all.
  void Close() { Allow(Sizes().size()); }
  void Let(std::size_t transactions) {
    const std::lock_guard lock(mutex_);
    allowed_ += transactions;
    changed_.notify_all();
  }
  void Open() { Allow(std::numeric_limits<std::size_t>::max()); }

  // Returns when so many transactions have begun in all.
  void Await(std::size_t transactions) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sizes_.size() >= transactions; });
  }
  // Of how many players each of them is.
  std::vector<std::size_t> Sizes() {
    const std::lock_guard lock(mutex_);
    return sizes_;
  }

  // Until when the last one to begin may take.
  CallDeadline::Clock::time_point Deadline() {
    const std::lock_guard lock(mutex_);
    return deadline_;
  }

  absl::Status group_error;
  absl::Status error_alone;
  bool forgets = false;

 private:
  void Allow(std::size_t transactions) {
    const std::lock_guard lock(mutex_);
    allowed_ = transactions;
    changed_.notify_all();
  }
  void Enter(std::size_t size) {
    std::unique_lock lock(mutex_);
    const std::size_t place = sizes_.size();
    sizes_.push_back(size);
    deadline_ = CallDeadline::Sooner(CallDeadline::Clock::time_point::max());
    changed_.notify_all();
    changed_.wait(lock, [&] { return place < allowed_; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t allowed_ = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> sizes_;
  CallDeadline::Clock::time_point deadline_;
};

class GroupedPullsTest : public ::testing::Test {
 protected:
  GroupedPullsTest() {
    for (int i = 0; i < kPlayers; ++i) {
      EXPECT_TRUE(wallet_.OpenAccount(Player(i), kGems).ok());
      EXPECT_TRUE(
          wallet_
              .Grant({.id = Op("fund"),
                      .player = Player(i),
                      .currency = kGems,
                      .amount = 100'000,
                      .counterparty = SystemAccount::Trusted("issuer:test")})
              .ok());
    }
  }

  static PullRequest Ask(int player, const std::string& id = "k") {
    return {.id = Op(id), .player = Player(player), .banner = kShop};
  }

  // A call in a thread of its own, which is held up in the store or waits for
  // its turn when this returns.
  void Call(GroupedPulls& pulls, const PullRequest& request,
            milliseconds limit = std::chrono::hours(1)) {
    const int ended = ended_;
    const std::size_t held_up = gate_.Sizes().size();
    const std::size_t waiting = pulls.waiting();
    threads_.emplace_back([&, request, limit, n = threads_.size()] {
      const CallDeadline deadline(limit);
      answers_[n] = pulls.Pull(request);
      ++ended_;
    });
    while (gate_.Sizes().size() == held_up && pulls.waiting() == waiting &&
           ended_ == ended) {
      std::this_thread::yield();
    }
  }
  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  [[nodiscard]] std::int64_t Gems(int player) const {
    return wallet_.GetBalance(Player(player), kGems)->posted;
  }

  HandClock time_;
  std::unique_ptr<Store> store_ = NewMemoryStore();
  Wallet wallet_{*store_, time_.clock()};
  Gate gate_{*store_};
  PullService service_{gate_, ShopCatalog(), ShopSeeds(), time_.clock()};
  std::array<absl::StatusOr<PullReceipt>, 16> answers_;
  std::vector<std::thread> threads_;
  std::atomic<int> ended_ = 0;
};

TEST_F(GroupedPullsTest, OneCallerIsServedAtOnceAndAlone) {
  GroupedPulls pulls(service_);
  for (int i = 0; i < 3; ++i) {
    const auto receipt = pulls.Pull(Ask(0, absl::StrCat("k", i)));
    ASSERT_TRUE(receipt.ok() && receipt->payment.ok());
    EXPECT_EQ(receipt->pulls[0].seq, i + 1);
  }
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 1, 1));
}

TEST_F(GroupedPullsTest, ThoseWhoComeMeanwhileAreTheNextGroup) {
  GroupedPulls pulls(service_, {.groups = 1});
  gate_.Close();
  for (int i = 0; i < 5; ++i) Call(pulls, Ask(i));
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1));
  gate_.Open();
  Join();
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 4));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(answers_[i].ok()) << answers_[i].status();
    EXPECT_EQ(answers_[i]->pulls[0].player, Player(i));
    EXPECT_EQ(Gems(i), 100'000 - 160);
    // As the service itself answers the same request.
    EXPECT_EQ(service_.Pull(Ask(i))->pulls, answers_[i]->pulls);
  }
  ExpectNoViolation(*store_);
}

TEST_F(GroupedPullsTest, SeveralGroupsAreUnderWayAtOnce) {
  GroupedPulls pulls(service_, {.groups = 2, .most = 3});
  gate_.Close();
  for (int i = 0; i < 7; ++i) Call(pulls, Ask(i));
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 1));
  gate_.Let(1);
  gate_.Await(3);
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 1, 3));
  gate_.Let(1);
  gate_.Await(4);
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 1, 3, 2));
  gate_.Open();
  Join();
  for (int i = 0; i < 7; ++i) EXPECT_EQ(Gems(i), 100'000 - 160);
}

TEST_F(GroupedPullsTest, APlayersSecondRequestComesAfterTheFirst) {
  GroupedPulls pulls(service_, {.groups = 1});
  gate_.Close();
  Call(pulls, Ask(0));
  Call(pulls, Ask(1, "first"));
  Call(pulls, Ask(1, "second"));
  Call(pulls, Ask(2));
  gate_.Open();
  Join();
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 2, 1));
  EXPECT_EQ(answers_[1]->pulls[0].seq, 1);
  EXPECT_EQ(answers_[2]->pulls[0].seq, 2);
}

TEST_F(GroupedPullsTest, ARefusalIsForTheOneWhoAsked) {
  GroupedPulls pulls(service_, {.groups = 1});
  gate_.Close();
  Call(pulls, Ask(0));
  Call(pulls, Ask(1));
  PullRequest wrong = Ask(2);
  wrong.expected_cost = 1;
  Call(pulls, wrong);
  PullRequest poor = Ask(3);
  poor.player = PlayerId::Trusted("without-account");
  Call(pulls, poor);
  Call(pulls, {.id = Op("k"), .banner = kShop});
  gate_.Open();
  Join();
  const std::vector<std::size_t> sizes = gate_.Sizes();
  EXPECT_TRUE(answers_[0].ok() && answers_[1].ok());
  EXPECT_EQ(answers_[2].status().message(),
            service_.Pull(wrong).status().message());
  EXPECT_EQ(answers_[3]->payment.outcome, LedgerOutcome::kUnknownAccount);
  EXPECT_TRUE(absl::IsInvalidArgument(answers_[4].status()));
  // Nothing was asked twice: all in one group, but for the one without a
  // player.
  EXPECT_THAT(sizes, ElementsAre(1, 1, 3));
}

TEST_F(GroupedPullsTest, WhatAGroupCouldNotDoIsDoneForEachAlone) {
  for (const absl::Status& error :
       {absl::UnavailableError("locked"), absl::DataLossError("damaged")}) {
    const std::string id(absl::StatusCodeToString(error.code()));
    GroupedPulls pulls(service_, {.groups = 1});
    gate_.group_error = error;
    gate_.Close();
    for (int i = 0; i < 4; ++i) Call(pulls, Ask(i, id));
    gate_.Open();
    Join();
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(answers_[i].ok()) << answers_[i].status();
      EXPECT_TRUE(answers_[i]->payment.ok());
    }
  }
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Gems(i), 100'000 - 2 * 160);
}

TEST_F(GroupedPullsTest, WhatWasKeptUnknownIsToldOnceKnown) {
  GroupedPulls pulls(service_, {.groups = 1});
  gate_.forgets = true;
  gate_.Close();
  for (int i = 0; i < 4; ++i) Call(pulls, Ask(i));
  gate_.Open();
  Join();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(answers_[i].ok()) << answers_[i].status();
    EXPECT_EQ(answers_[i]->pulls[0].seq, 1);
    EXPECT_EQ(Gems(i), 100'000 - 160);
  }
}

TEST_F(GroupedPullsTest, NobodyIsToldThatNothingWasDoneWhereItMayHaveBeen) {
  GroupedPulls pulls(service_, {.groups = 1});
  gate_.Close();
  for (int i = 0; i < 3; ++i) Call(pulls, Ask(i));
  gate_.Let(1);
  gate_.Await(2);
  gate_.forgets = true;
  gate_.error_alone = absl::UnavailableError("locked; nothing was changed");
  gate_.Open();
  Join();
  ASSERT_TRUE(answers_[0].ok()) << answers_[0].status();
  for (int i = 1; i < 3; ++i) {
    EXPECT_EQ(Gems(i), 100'000 - 160);
    ASSERT_TRUE(absl::IsUnavailable(answers_[i].status()));
    EXPECT_THAT(answers_[i].status().message(),
                AllOf(HasSubstr("is not known, ask again under the same id"),
                      HasSubstr("the line is lost"), HasSubstr("locked")));
  }
}

TEST_F(GroupedPullsTest, DamageIsToldAsDamage) {
  GroupedPulls pulls(service_, {.groups = 1});
  gate_.group_error = absl::DataLossError("a damaged page");
  gate_.Close();
  for (int i = 0; i < 3; ++i) Call(pulls, Ask(i));
  gate_.Let(1);
  gate_.Await(2);
  gate_.error_alone = absl::DataLossError("a damaged page");
  gate_.Open();
  Join();
  for (int i = 1; i < 3; ++i) {
    EXPECT_EQ(answers_[i].status(), gate_.error_alone);
  }
}

TEST_F(GroupedPullsTest, WhoHasTheMostTimeLeads) {
  GroupedPulls pulls(service_, {.groups = 1});
  gate_.Close();
  Call(pulls, Ask(0));
  Call(pulls, Ask(1), std::chrono::minutes(1));
  Call(pulls, Ask(2), std::chrono::hours(2));
  Call(pulls, Ask(3), std::chrono::minutes(2));
  gate_.Let(1);
  gate_.Await(2);
  EXPECT_GT(gate_.Deadline() - CallDeadline::Clock::now(),
            std::chrono::minutes(110));
  gate_.Open();
  Join();
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 3));
}

TEST_F(GroupedPullsTest, NobodyTriesAloneWithoutTime) {
  GroupedPulls pulls(service_, {.groups = 1});
  gate_.group_error = absl::UnavailableError("locked");
  gate_.Close();
  Call(pulls, Ask(0));
  Call(pulls, Ask(1), milliseconds(1000));
  Call(pulls, Ask(2), milliseconds(900));
  gate_.Let(1);
  gate_.Await(2);
  std::this_thread::sleep_for(milliseconds(1200));
  gate_.Open();
  Join();
  // The one who led found the time over, the other had left.
  EXPECT_THAT(answers_[1].status().message(), HasSubstr("no time was left"));
  EXPECT_THAT(answers_[2].status().message(),
              HasSubstr("ask again under the same id"));
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 2));
}

TEST_F(GroupedPullsTest, APlayerHoldsUpOneGroupOnly) {
  GroupedPulls pulls(service_, {.groups = 2});
  gate_.Close();
  Call(pulls, Ask(0, "first"));
  Call(pulls, Ask(0, "second"));
  EXPECT_EQ(pulls.waiting(), 1u);
  Call(pulls, Ask(1));
  EXPECT_EQ(pulls.waiting(), 1u);
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 1));
  gate_.Open();
  Join();
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 1, 1));
  EXPECT_EQ(Gems(0), 100'000 - 2 * 160);
}

TEST_F(GroupedPullsTest, NobodyWaitsPastTheTimeOfTheCall) {
  GroupedPulls pulls(service_, {.groups = 1});
  gate_.Close();
  Call(pulls, Ask(0));
  Call(pulls, Ask(1), milliseconds(500));
  threads_[1].join();
  ASSERT_TRUE(absl::IsUnavailable(answers_[1].status()));
  EXPECT_THAT(answers_[1].status().message(), HasSubstr("nothing was done"));
  EXPECT_EQ(pulls.waiting(), 0u);
  // What is in a group is carried out.
  Call(pulls, Ask(2));
  Call(pulls, Ask(3), milliseconds(1500));
  gate_.Let(1);
  gate_.Await(2);
  threads_[3].join();
  ASSERT_TRUE(absl::IsUnavailable(answers_[3].status()));
  EXPECT_THAT(answers_[3].status().message(),
              HasSubstr("ask again under the same id"));
  gate_.Open();
  threads_[0].join();
  threads_[2].join();
  EXPECT_TRUE(answers_[2].ok()) << answers_[2].status();
  EXPECT_THAT(gate_.Sizes(), ElementsAre(1, 2));
  EXPECT_EQ(Gems(1), 100'000);
  EXPECT_EQ(Gems(3), 100'000 - 160);
  EXPECT_TRUE(pulls.Pull(Ask(3)).ok());
  EXPECT_EQ(Gems(3), 100'000 - 160);
  threads_.clear();
}

TEST_F(GroupedPullsTest, ManyThreadsGetWhatTheyPaidFor) {
  for (const std::size_t groups : {1, 3}) {
    GroupedPulls pulls(service_, {.groups = groups});
    for (int t = 0; t < kPlayers; ++t) {
      threads_.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          // Players are shared by threads.
          const PullRequest request =
              Ask((t + i) % kPlayers, absl::StrCat(groups, "-", t, "-", i));
          const auto receipt = pulls.Pull(request);
          EXPECT_TRUE(receipt.ok() && receipt->payment.ok())
              << receipt.status();
          EXPECT_EQ(receipt->pulls[0].pull_id, request.id);
        }
      });
    }
    Join();
  }
  for (int i = 0; i < kPlayers; ++i) EXPECT_EQ(Gems(i), 100'000 - 100 * 160);
  ExpectNoViolation(*store_);
}

}  // namespace
}  // namespace fairpull
