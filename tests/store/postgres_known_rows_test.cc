// Pulls of players whose rows this process knows: one round trip, and never an
// answer that the database would not have given.

#include "postgres_known_rows.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/store/ledger_rows.h"
#include "store/conformance.h"
#include "store/postgres_fixture.h"

namespace fairpull {
namespace {

class PostgresKnownRowsTest : public PostgresFixture {};

TEST_F(PostgresKnownRowsTest, APullOfAPlayerWhoIsKnownIsOneRoundTrip) {
  const auto store = Open();
  Fund(*store, 1000);
  PullService pulls = ShopService(*store);
  int pulled = 0;
  const auto trips = [&](PullService& service) {
    return RoundTripsOf([&] {
      ASSERT_TRUE(service.Pull(Ask(absl::StrCat("k", ++pulled)))->payment.ok());
    });
  };
  EXPECT_EQ(trips(pulls), 2) << "his pity was not known yet";
  EXPECT_EQ(trips(pulls), 1);
  EXPECT_EQ(trips(pulls), 1);
  // Another process writes: what is known here proves wrong, and is read anew.
  const auto other = Open();
  PullService others = ShopService(*other);
  EXPECT_EQ(trips(others), 2);
  EXPECT_EQ(trips(pulls), 4) << "in vain, rolled back, and two";
  EXPECT_EQ(trips(pulls), 1);
  // So it is if only the account was written.
  ASSERT_TRUE(Carry(*other, Request(OperationKind::kDebit, "d", 1))->ok());
  EXPECT_EQ(trips(pulls), 4);
  EXPECT_EQ(trips(pulls), 1);
  EXPECT_EQ(BalanceOf(*store).posted, 999 - pulled);
  ExpectSound(*store);
}

TEST_F(PostgresKnownRowsTest, WhatIsKnownAnswersNothingByItself) {
  const auto store = Open();
  const auto other = Open();
  Fund(*store, 5);
  PullService pulls = ShopService(*store);
  ASSERT_TRUE(pulls.Pull(Ask("k1"))->payment.ok());
  // Known to be too little, and it is no more.
  ASSERT_TRUE(Carry(*other, Request(OperationKind::kCredit, "c", 200))->ok());
  const auto paid = pulls.Pull(Ask("k2", 10));
  ASSERT_TRUE(paid.ok() && paid->payment.ok());
  EXPECT_EQ(paid->payment.balance.posted, 194);
  // Known to be enough, and it is no more.
  ASSERT_TRUE(Carry(*other, Request(OperationKind::kDebit, "d", 189))->ok());
  const auto refused = pulls.Pull(Ask("k3", 10));
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->payment.outcome, LedgerOutcome::kInsufficientFunds);
  EXPECT_EQ(refused->payment.balance.posted, 5);
  // Taken for a new request, and it was answered elsewhere.
  ASSERT_TRUE(Carry(*other, Request(OperationKind::kCredit, "e", 50))->ok());
  PullService others = ShopService(*other);
  const auto first = others.Pull(Ask("k4"));
  ASSERT_TRUE(first.ok() && first->payment.ok());
  const auto again = pulls.Pull(Ask("k4"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->payment.replayed);
  EXPECT_EQ(again->pulls, first->pulls);
  // Its own last answer, too.
  EXPECT_TRUE(pulls.Pull(Ask("k2", 10))->payment.replayed);
  EXPECT_EQ(BalanceOf(*store).posted, 54);
  ExpectSound(*store);
}

TEST_F(PostgresKnownRowsTest, ACommitThatProvesNothingIsNotBegun) {
  const auto store = Open();
  Fund(*store, 100);
  PullService pulls = ShopService(*store);
  ASSERT_TRUE(pulls.Pull(Ask("k1"))->payment.ok());
  const auto known = [&] {
    return *store->Begin({.player = kPlayer,
                          .accounts = {kGems},
                          .pity = {ScopeId::Trusted("shop")},
                          .optimistic = true});
  };
  ASSERT_EQ(RoundTripsOf([&] { known(); }), 0);
  const Account account = *known()->snapshot().FindAccount(kGems);
  const PityRecord pity = known()->snapshot().pity.at(0);
  EXPECT_TRUE(known()->unproven());
  EXPECT_FALSE(
      (*store->Begin({.player = kPlayer, .accounts = {kGems}}))->unproven());
  // Without the pity, without the account, and with a version left out.
  WriteSet writes;
  writes.accounts = {account};
  writes.accounts[0].balance.version += 1;
  EXPECT_EQ(known()->Commit(writes).code(), absl::StatusCode::kAborted);
  ASSERT_TRUE(pulls.Pull(Ask("k2"))->payment.ok());
  writes.accounts.clear();
  writes.pity = {pity};
  writes.pity[0].seq += 5;
  EXPECT_EQ(known()->Commit(writes).code(), absl::StatusCode::kAborted);
  ASSERT_TRUE(pulls.Pull(Ask("k3"))->payment.ok());
  writes.accounts = {*known()->snapshot().FindAccount(kGems)};
  writes.accounts[0].balance.version += 2;
  EXPECT_EQ(known()->Commit(writes).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(BalanceOf(*store).posted, 97);
  ExpectSound(*store);
}

TEST_F(PostgresKnownRowsTest, OneRowTwiceDoesNotProveTwo) {
  const auto store = Open();
  Fund(*store, 100);
  const ScopeId other = ScopeId::Trusted("other");
  WriteSet writes;
  writes.pity = {{.player = kPlayer, .scope = kScope, .seq = 1},
                 {.player = kPlayer, .scope = other, .seq = 1}};
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  auto known = store->Begin({.player = kPlayer,
                             .accounts = {kGems},
                             .pity = {kScope, other},
                             .optimistic = true});
  ASSERT_TRUE(known.ok() && (*known)->unproven());
  writes.accounts = {*(*known)->snapshot().FindAccount(kGems)};
  writes.accounts[0].balance.version += 1;
  writes.pity[0].seq = 2;
  writes.pity[1] = writes.pity[0];
  writes.pity[1].seq = 3;
  EXPECT_EQ((*known)->Commit(writes).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Sql("SELECT max(seq) FROM pity"), "1");
}

class PostgresKnownGroupTest : public PostgresKnownRowsTest {
 protected:
  static constexpr int kMembers = 3;
  static PlayerId Member(int i) {
    return PlayerId::Trusted(absl::StrCat("m", i));
  }
  void FundEach(Store& store, std::int64_t amount) {
    for (int i = 0; i < kMembers; ++i) Fund(store, amount, Member(i));
  }
  // A pull of each, under ids that end in `name`.
  static std::vector<PullRequest> AskEach(const std::string& name,
                                          std::uint32_t count = 1) {
    std::vector<PullRequest> requests;
    for (int i = 0; i < kMembers; ++i) {
      requests.push_back(Ask(absl::StrCat("g-", name), count));
      requests.back().player = Member(i);
    }
    return requests;
  }
  static std::int64_t GemsOf(Store& store, int i) {
    return store.Read({.player = Member(i), .accounts = {kGems}})
        ->FindAccount(kGems)
        ->balance.posted;
  }
};

TEST_F(PostgresKnownGroupTest, AGroupOfPlayersWhoAreKnownIsOneRoundTrip) {
  const auto store = Open();
  FundEach(*store, 1000);
  PullService pulls = ShopService(*store);
  int pulled = 0;
  const auto trips = [&] {
    return RoundTripsOf([&] {
      for (const auto& receipt :
           pulls.PullMany(AskEach(absl::StrCat(++pulled)))) {
        ASSERT_TRUE(receipt.ok() && receipt->payment.ok());
      }
    });
  };
  EXPECT_EQ(trips(), 2) << "their pity was not known yet";
  EXPECT_EQ(trips(), 1);
  // Another process pulls for one of them: all is rolled back, and read anew.
  const auto other = Open();
  PullRequest request = Ask("elsewhere", 10);
  request.player = Member(1);
  ASSERT_TRUE(ShopService(*other).Pull(request)->payment.ok());
  EXPECT_EQ(trips(), 4);
  EXPECT_EQ(trips(), 1);
  for (int i = 0; i < kMembers; ++i) {
    EXPECT_EQ(GemsOf(*store, i), 1000 - pulled - (i == 1 ? 10 : 0));
    ExpectSound(*store, Member(i));
  }
}

TEST_F(PostgresKnownGroupTest, WhatIsKnownAnswersNoneOfAGroup) {
  const auto store = Open();
  const auto other = Open();
  FundEach(*store, 5);
  PullService pulls = ShopService(*store);
  for (const auto& receipt : pulls.PullMany(AskEach("1"))) {
    ASSERT_TRUE(receipt.ok() && receipt->payment.ok());
  }
  // Known to have 4 each; one has more by now, and one has less.
  LedgerRequest credit = Request(OperationKind::kCredit, "c", 200);
  credit.player = Member(0);
  ASSERT_TRUE(Carry(*other, credit)->ok());
  LedgerRequest debit = Request(OperationKind::kDebit, "d", 4);
  debit.player = Member(2);
  ASSERT_TRUE(Carry(*other, debit)->ok());
  const auto tens = pulls.PullMany(AskEach("2", 10));
  const auto ones = pulls.PullMany(AskEach("3"));
  for (int i = 0; i < kMembers; ++i) {
    const auto place = static_cast<std::size_t>(i);
    ASSERT_TRUE(tens[place].ok() && ones[place].ok());
    EXPECT_EQ(tens[place]->payment.ok(), i == 0);
    EXPECT_EQ(ones[place]->payment.ok(), i != 2);
    EXPECT_EQ(tens[place]->pulls.size(), i == 0 ? 10 : 0);
    ExpectSound(*store, Member(i));
  }
  EXPECT_EQ(GemsOf(*store, 0), 193);
  EXPECT_EQ(GemsOf(*store, 1), 3);
  EXPECT_EQ(GemsOf(*store, 2), 0);
  // Asked again, among others who ask for the first time.
  std::vector<PullRequest> mixed = AskEach("4");
  mixed[1].id = OperationId::Trusted("g-3");
  const auto again = pulls.PullMany(mixed);
  ASSERT_TRUE(again[0].ok() && again[1].ok() && again[2].ok());
  EXPECT_TRUE(again[0]->payment.ok() && !again[0]->payment.replayed);
  EXPECT_TRUE(again[1]->payment.replayed);
  EXPECT_EQ(again[1]->pulls, ones[1]->pulls);
  EXPECT_EQ(again[2]->payment.outcome, LedgerOutcome::kInsufficientFunds);
}

TEST_F(PostgresKnownGroupTest, AGroupThatProvesNotEachRowIsNotBegun) {
  const auto store = Open();
  FundEach(*store, 100);
  std::vector<ReadSet> reads;
  std::vector<WriteSet> writes;
  for (int i = 0; i < kMembers; ++i) {
    const PlayerId player = Member(i);
    WriteSet pity;
    pity.pity = {{.player = player, .scope = kScope, .seq = 1}};
    ASSERT_EQ(Write(*store, pity, player), absl::OkStatus());
    reads.push_back({.player = player,
                     .accounts = {kGems},
                     .pity = {kScope},
                     .optimistic = true});
  }
  const auto begin = [&] {
    auto group = store->BeginMany(reads);
    EXPECT_TRUE(group.ok()) << group.status();
    writes.assign(kMembers, {});
    for (std::size_t i = 0; i < writes.size(); ++i) {
      writes[i].accounts = (*group)->snapshots()[i].accounts;
      writes[i].accounts.at(0).balance.version += 1;
      writes[i].pity = (*group)->snapshots()[i].pity;
      writes[i].pity.at(0).seq += 5;
    }
    return *std::move(group);
  };
  EXPECT_EQ(RoundTripsOf([&] { begin(); }), 0);
  EXPECT_EQ(RoundTripsOf([&] {
              const auto group = begin();
              writes[1] = {};
              EXPECT_EQ(group->Commit(writes).code(),
                        absl::StatusCode::kAborted);
            }),
            0);
  EXPECT_EQ(Sql("SELECT max(seq) FROM pity"), "1");
  // One of them is read under lock: then so are all.
  reads[2].optimistic = false;
  EXPECT_EQ(RoundTripsOf([&] { begin(); }), 2) << "and the rollback";
  reads[2].optimistic = true;
  EXPECT_EQ(begin()->Commit(writes), absl::OkStatus());
  EXPECT_EQ(Sql("SELECT max(seq) FROM pity"), "6");
}

// It would have a seq above what is there, too.
TEST_F(PostgresKnownGroupTest, APityThatMovedByItselfIsSeen) {
  const auto store = Open();
  FundEach(*store, 100);
  PullService pulls = ShopService(*store);
  for (const auto& receipt : pulls.PullMany(AskEach("1"))) {
    ASSERT_TRUE(receipt.ok() && receipt->payment.ok());
  }
  EXPECT_EQ(Sql("UPDATE pity SET seq = seq + 3 WHERE player_id = 'm1'"), "");
  const std::int64_t trips = RoundTripsOf([&] {
    const auto receipts = pulls.PullMany(AskEach("2", 10));
    ASSERT_TRUE(receipts[1].ok());
    EXPECT_EQ(receipts[1]->pulls.at(0).seq, 5);
  });
  EXPECT_EQ(trips, 4);
}

// A server that took another's place without its last commits, and on which
// others then wrote as much.
TEST_F(PostgresKnownRowsTest, AnotherHistoryOfTheSameLengthIsSeen) {
  const auto store = Open();
  const auto other = Open({.known_players = 0});
  Fund(*store, 1000);
  PullService pulls = ShopService(*store);
  PullService others = ShopService(*other);
  ASSERT_TRUE(pulls.Pull(Ask("k1"))->payment.ok());
  std::string save;
  std::string lose;
  for (const std::string table :
       {"operations", "balances", "pity", "pulls", "inventory"}) {
    absl::StrAppend(&save, "CREATE TABLE saved_", table, " AS SELECT * FROM ",
                    table, ";");
    absl::StrAppend(&lose, "DELETE FROM ", table, "; INSERT INTO ", table,
                    " SELECT * FROM saved_", table, ";");
  }
  ASSERT_EQ(Sql(save), "");
  ASSERT_TRUE(pulls.Pull(Ask("lost", 10))->payment.ok());
  ASSERT_EQ(Sql(lose), "");
  ASSERT_TRUE(others.Pull(Ask("k2", 10))->payment.ok());
  EXPECT_EQ(RoundTripsOf(
                [&] { ASSERT_TRUE(pulls.Pull(Ask("k3", 10))->payment.ok()); }),
            4);
  EXPECT_EQ(BalanceOf(*store).posted, 1000 - 21);
  ExpectSound(*store);
  // Read under lock it is seen too.
  ASSERT_EQ(Sql(lose), "");
  ASSERT_TRUE(Carry(*store, Request(OperationKind::kCredit, "c", 1))->ok());
  for (int i = 4; i < 12; ++i) {
    ASSERT_TRUE(pulls.Pull(Ask(absl::StrCat("k", i)))->payment.ok());
  }
  ExpectSound(*store);
}

TEST_F(PostgresKnownRowsTest, NothingIsKnownOverAConnectionThatIsNewer) {
  const auto store = Open();
  Fund(*store, 1000);
  PullService pulls = ShopService(*store);
  ASSERT_TRUE(pulls.Pull(Ask("k1"))->payment.ok());
  ASSERT_EQ(Sql("SELECT count(pg_terminate_backend(pid)) > 0 "
                "FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid()"),
            "t");
  // All that there was of him is lost with the server, too.
  ASSERT_EQ(Sql("DELETE FROM operations; DELETE FROM balances; "
                "DELETE FROM pity; DELETE FROM pulls; DELETE FROM inventory"),
            "");
  const auto receipt = pulls.Pull(Ask("k2"));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->payment.outcome, LedgerOutcome::kUnknownAccount);
  EXPECT_EQ(Sql("SELECT count(*) FROM pulls"), "0");
}

TEST_F(PostgresKnownRowsTest, WhoWasUsedTheLongestAgoIsForgotten) {
  const auto store = Open({.known_players = 2});
  std::vector<PlayerId> players;
  for (const char* name : {"a", "b", "c"}) {
    players.push_back(PlayerId::Trusted(name));
    Fund(*store, 100, players.back());
  }
  const auto trips = [&](int i) {
    return RoundTripsOf([&] {
      EXPECT_TRUE(store
                      ->Begin({.player = players[static_cast<std::size_t>(i)],
                               .accounts = {kGems},
                               .optimistic = true})
                      .ok());
    });
  };
  EXPECT_GT(trips(0), 0);
  EXPECT_EQ(trips(1), 0);
  EXPECT_EQ(trips(2), 0);
  EXPECT_EQ(trips(1), 0);
  LedgerRequest credit = Request(OperationKind::kCredit, "c", 1);
  credit.player = players[0];
  ASSERT_TRUE(Carry(*store, credit)->ok());
  EXPECT_GT(trips(2), 0);
  EXPECT_EQ(trips(1), 0);
}

}  // namespace
}  // namespace fairpull
