// What is the PostgreSQL store's own: guards inside the pipeline, limits of
// time, the number of round trips.

#include "fairpull/store/postgres_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/service/pull_service.h"
#include "fairpull/service/verify.h"
#include "fairpull/service/wallet.h"
#include "fairpull/store/call_deadline.h"
#include "fairpull/store/ledger_rows.h"
#include "store/conformance.h"
#include "store/postgres_fixture.h"
#include "store/postgres_server.h"
#include "store/rows.h"
#include "store/shop.h"
#include "store/waiting.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;

class PostgresStoreTest : public PostgresFixture {};

TEST_F(PostgresStoreTest, APullIsTwoRoundTrips) {
  const auto store = Open({.known_players = 0});
  Fund(*store, 1000);
  PullService pulls = ShopService(*store);
  for (const std::uint32_t count : {1, 10, 1}) {
    EXPECT_EQ(RoundTripsOf([&] {
                const auto receipt = pulls.Pull(
                    Ask(absl::StrCat("k", round_trips_->load()), count));
                ASSERT_TRUE(receipt.ok() && receipt->payment.ok());
              }),
              2);
  }
  // Also the first one on a new connection, where nothing is prepared yet; but
  // setting up the session and looking at its tables takes three.
  const auto fresh = Open();
  PullService fresh_pulls = ShopService(*fresh);
  EXPECT_EQ(RoundTripsOf([&] {
              ASSERT_TRUE(fresh_pulls.Pull(Ask("fresh"))->payment.ok());
            }),
            2);
}

TEST_F(PostgresStoreTest, EveryStepOfTheLedgerIsTwoRoundTrips) {
  const auto store = Open();
  Fund(*store, 1000);
  const PlayerId stranger = PlayerId::Trusted("new");
  const auto trips_of = [&](const LedgerRequest& request) {
    return RoundTripsOf([&] { ASSERT_TRUE(Carry(*store, request)->ok()); });
  };
  EXPECT_EQ(trips_of(Request(OperationKind::kDebit, "d", 1)), 2);
  EXPECT_EQ(trips_of(Request(OperationKind::kHold, "h", 10)), 2);
  EXPECT_EQ(trips_of(Request(OperationKind::kPost, "h", 4)), 2);
  EXPECT_EQ(trips_of(Request(OperationKind::kHold, "g", 10)), 2);
  EXPECT_EQ(trips_of(Request(OperationKind::kVoid, "g")), 2);
  // One, and one to let go of what it had locked.
  EXPECT_EQ(trips_of(Request(OperationKind::kDebit, "d", 1)), 2);
  EXPECT_EQ(RoundTripsOf([&] { Fund(*store, 5, stranger); }), 4);
  EXPECT_EQ(BalanceOf(*store, stranger).posted, 5);
  EXPECT_EQ(RoundTripsOf([&] {
              EXPECT_TRUE(store
                              ->Read({.player = kPlayer,
                                      .accounts = {kGems},
                                      .pity = {kScope}})
                              .ok());
            }),
            1);
}

TEST_F(PostgresStoreTest, PullsOfManyPlayersAreTwoRoundTripsTogether) {
  const auto store = Open();
  std::vector<PullRequest> requests;
  for (int i = 0; i < 100; ++i) {
    const PlayerId player = PlayerId::Trusted(absl::StrCat("p", i));
    Fund(*store, 1000, player);
    requests.push_back(Ask("k", i % 2 == 0 ? 1 : 10));
    requests.back().player = player;
  }
  PullService pulls = ShopService(*store);
  EXPECT_EQ(RoundTripsOf([&] {
              for (const auto& receipt : pulls.PullMany(requests)) {
                ASSERT_TRUE(receipt.ok()) << receipt.status();
                EXPECT_TRUE(receipt->payment.ok());
              }
            }),
            2);
  const auto violations = VerifyStore(*store);
  ASSERT_TRUE(violations.ok()) << violations.status();
  EXPECT_TRUE(violations->empty());
}

// A new game's tables grow faster than the server looks at them: a plan made
// while they were empty must not be one that reads all of them.
TEST_F(PostgresStoreTest, NoTableIsReadWholeWhereTheServerKnowsNothingOfIt) {
  const auto whole_reads = [this] {
    // The server counts what a session did when that ends.
    EXPECT_TRUE(Eventually([this] {
      return Sql("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                 "current_database() AND application_name = 'fairpull'") == "0";
    }));
    return Sql(
        "SELECT sum(seq_scan) FROM pg_stat_user_tables "
        "WHERE relname <> 'migrations'");
  };
  Open().reset();  // making an index reads its table
  const std::string before = whole_reads();
  {
    const auto store = Open({.max_connections = 1});
    PullService pulls = ShopService(*store);
    for (int group = 0; group < 30; ++group) {
      std::vector<PullRequest> requests;
      for (int i = 0; i < 50; ++i) {
        requests.push_back(Ask(absl::StrCat("k", group)));
        PlayerId& player = requests.back().player;
        player = PlayerId::Trusted(absl::StrCat("p", group / 2, "-", i));
        if (group % 2 == 0) Fund(*store, 1000, player);
      }
      for (const auto& receipt : pulls.PullMany(requests)) {
        ASSERT_TRUE(receipt.ok() && receipt->payment.ok()) << receipt.status();
      }
    }
  }
  EXPECT_EQ(whole_reads(), before);
}

TEST_F(PostgresStoreTest, AnotherProcessGroupInAnotherOrderIsNoDeadlock) {
  const auto first = Open();
  const auto second = Open();
  std::vector<ReadSet> reads;
  for (int i = 0; i < 20; ++i) {
    reads.push_back({.player = PlayerId::Trusted(absl::StrCat("p", i))});
  }
  const std::vector<ReadSet> reversed(reads.rbegin(), reads.rend());
  RunTogether(2, [&](int i) {
    for (int n = 0; n < 50; ++n) {
      const auto group =
          i == 0 ? first->BeginMany(reads) : second->BeginMany(reversed);
      ASSERT_TRUE(group.ok()) << group.status();
    }
  });
  EXPECT_EQ(Sql("SELECT deadlocks FROM pg_stat_database WHERE datname = "
                "current_database()"),
            "0");
}

// A guard that does not hold must end the transaction before the COMMIT that
// was sent together with it.
TEST_F(PostgresStoreTest, AGuardThatFailsEndsThePipelineBeforeItsCommit) {
  const auto store = Open();
  Fund(*store, 100);
  WriteSet before;
  before.holds = {{.player = kPlayer,
                   .id = OperationId::Trusted("h"),
                   .currency = kGems,
                   .amount = 5,
                   .state = HoldState::kVoided}};
  before.pity = {
      {.player = kPlayer, .scope = kScope, .seq = 5, .state = "five"}};
  before.pulls = {Pull(1, 1)};
  ASSERT_EQ(Write(*store, before), absl::OkStatus());
  const auto commits = [this] {
    return Sql("SELECT count(*) FROM pull_operations");
  };

  std::vector<WriteSet> failing(6);
  failing[0].accounts = {{.player = kPlayer,
                          .currency = kGems,
                          .balance = {.posted = 7, .seq = 1, .version = 3}}};
  failing[1].accounts = {{.player = kPlayer, .currency = kGems, .balance = {}}};
  failing[2].holds = before.holds;
  failing[3].pity = before.pity;
  failing[4].pulls = before.pulls;
  failing[5].operations = {
      {.player = kPlayer, .id = OperationId::Trusted("fund")}};
  for (WriteSet& writes : failing) {
    // Written before and after the one that fails.
    writes.inventory = {
        {.player = kPlayer, .item = ItemId::Trusted("sword"), .count = 1}};
    writes.pull_operations = {Asked("never", 1)};
    auto transaction = store->Begin({.player = kPlayer, .accounts = {kGems}});
    ASSERT_TRUE(transaction.ok()) << transaction.status();
    // One for everything with COMMIT, one for ROLLBACK after the error.
    EXPECT_EQ(RoundTripsOf([&] {
                const absl::Status status = (*transaction)->Commit(writes);
                EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
              }),
              2);
    EXPECT_EQ(commits(), "0");
    EXPECT_TRUE(store->Inventory(kPlayer)->empty());
    EXPECT_EQ(BalanceOf(*store).posted, 100);
  }
  EXPECT_EQ((*store->Pity(kPlayer))[0].state, "five");
}

// Rows that change although they are locked: by somebody who does not ask.
TEST_F(PostgresStoreTest, WhatIsChangedByHandBehindTheLockIsNoticed) {
  const auto store = Open();
  Fund(*store, 100);
  WriteSet writes;
  writes.accounts = {{.player = kPlayer,
                      .currency = kGems,
                      .balance = {.posted = 99, .seq = 1, .version = 2}}};
  {
    // Not read, so only the player's row is locked.
    auto transaction = store->Begin({.player = kPlayer});
    ASSERT_EQ(Sql("UPDATE balances SET version = 7"), "");
    EXPECT_EQ((*transaction)->Commit(writes).code(),
              absl::StatusCode::kAborted);
  }
  ASSERT_EQ(Sql("UPDATE balances SET version = 1"), "");
  {
    auto transaction = store->Begin({.player = kPlayer});
    ASSERT_EQ(Sql("DELETE FROM balances"), "");
    EXPECT_EQ((*transaction)->Commit(writes).code(),
              absl::StatusCode::kAborted);
  }
  EXPECT_EQ(Sql("SELECT count(*) FROM balances"), "0");
  Fund(*store, 0);
  {
    // Read, and so locked: nobody can take it away until the transaction ends.
    auto transaction = store->Begin({.player = kPlayer, .accounts = {kGems}});
    EXPECT_THAT(Sql("SET lock_timeout = 50; DELETE FROM balances"),
                HasSubstr("lock timeout"));
  }
}

TEST_F(PostgresStoreTest, AnotherProcessWaitsForThePlayersLock) {
  const auto first = Open();
  const auto second = Open({.lock_timeout_ms = 50});
  Fund(*first, 100);
  for (const PlayerId& player : {kPlayer, PlayerId::Trusted("new")}) {
    auto transaction = first->Begin({.player = player});
    ASSERT_TRUE(transaction.ok());
    const auto late = second->Begin({.player = player});
    EXPECT_EQ(late.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(late.status().message()), HasSubstr("55P03"));
    EXPECT_TRUE(second->Begin({.player = PlayerId::Trusted("other")}).ok());
    transaction->reset();
    EXPECT_TRUE(second->Begin({.player = player}).ok());
  }
}

TEST_F(PostgresStoreTest, TwoStoresMayShareADatabase) {
  const auto first = Open();
  const auto second = Open();
  RunTogether(8, [&](int i) {
    Store& store = i % 2 == 0 ? *first : *second;
    // All of them make the same new player's first rows, and one of them does.
    auto transaction = store.Begin({.player = kPlayer, .accounts = {kGems}});
    ASSERT_TRUE(transaction.ok()) << transaction.status();
    if ((*transaction)->snapshot().FindAccount(kGems) == nullptr) {
      WriteSet writes;
      writes.accounts = {NewAccount(kPlayer, kGems)};
      const absl::Status status = (*transaction)->Commit(writes);
      ASSERT_TRUE(status.ok() || absl::IsAborted(status)) << status;
    }
    transaction->reset();
    for (int n = 0; n < 10; ++n) {
      const auto receipt = Carry(
          store, Request(OperationKind::kCredit, absl::StrCat(i, "-", n), 1));
      ASSERT_TRUE(receipt.ok()) << receipt.status();
    }
  });
  EXPECT_EQ(BalanceOf(*first).posted, 80);
  ExpectSound(*second);
}

TEST_F(PostgresStoreTest, ATransactionThatFindsNothingToWriteLeavesNoPlayer) {
  const auto store = Open();
  EXPECT_EQ(Write(*store, {}), absl::OkStatus());
  EXPECT_EQ(Sql("SELECT count(*) FROM players"), "0");
  // Nor does one of a group in which others write.
  Fund(*store, 10);
  const PlayerId stranger = PlayerId::Trusted("stranger");
  auto group =
      store->BeginMany({{.player = kPlayer, .accounts = {kGems}, .pity = {}},
                        {.player = stranger, .pity = {kScope}}});
  ASSERT_TRUE(group.ok()) << group.status();
  WriteSet writes;
  writes.pity = {{.player = kPlayer, .scope = kScope, .seq = 1}};
  EXPECT_EQ((*group)->Commit({writes, {}}), absl::OkStatus());
  EXPECT_EQ(Sql("SELECT string_agg(player_id, ' ') FROM players"),
            kPlayer.value());
}

TEST_F(PostgresStoreTest, AStatementThatTakesTooLongIsGivenUp) {
  const auto store =
      Open({.lock_timeout_ms = 100, .statement_timeout_ms = 200});
  ASSERT_EQ(Sql("ALTER TABLE pity ADD CHECK (pg_sleep(60) IS NOT NULL)"), "");
  WriteSet writes;
  writes.pity = {{.player = kPlayer, .scope = kScope, .seq = 1}};
  const absl::Status status = Write(*store, writes);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("57014"));
  EXPECT_TRUE(store->Pity(kPlayer)->empty());
  EXPECT_TRUE(store->Begin({.player = kPlayer}).ok());
}

TEST_F(PostgresStoreTest, ATransactionLeftOpenIsEndedAndThePlayerFree) {
  const auto store = Open({.idle_transaction_timeout_ms = 50});
  Fund(*store, 100);
  auto transaction = store->Begin({.player = kPlayer, .accounts = {kGems}});
  ASSERT_TRUE(transaction.ok());
  const auto other = Open();
  // Waits for the lock until the server ends the first one.
  ASSERT_TRUE(Carry(*other, Request(OperationKind::kDebit, "d", 1))->ok());
  WriteSet writes;
  writes.accounts = {*(*transaction)->snapshot().FindAccount(kGems)};
  writes.accounts[0].balance.version += 1;
  const absl::Status status = (*transaction)->Commit(writes);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(BalanceOf(*store).posted, 99);
  ExpectSound(*store);
}

TEST_F(PostgresStoreTest, AGroupLeftOpenIsToldWhatTheServerSaid) {
  const auto store = Open({.idle_transaction_timeout_ms = 50});
  std::vector<ReadSet> reads;
  for (const char* name : {"a", "b"}) {
    const PlayerId player = PlayerId::Trusted(name);
    Fund(*store, 100, player);
    reads.push_back({.player = player, .accounts = {kGems}});
  }
  auto group = store->BeginMany(reads);
  ASSERT_TRUE(group.ok()) << group.status();
  std::vector<WriteSet> writes(2);
  for (int i = 0; i < 2; ++i) {
    writes[i].accounts = {*(*group)->snapshots()[i].FindAccount(kGems)};
    writes[i].accounts[0].balance.version += 1;
  }
  ASSERT_TRUE(Eventually([this] {
    return Sql("SELECT count(*) FROM pg_stat_activity WHERE datname = "
               "current_database() AND state = 'idle in transaction'") == "0";
  }));
  const absl::Status status = (*group)->Commit(writes);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("25P03"));
  for (const ReadSet& read : reads) ExpectSound(*store, read.player);
}

TEST_F(PostgresStoreTest, WaitingForAConnectionEndsAndReadersHaveTheirOwn) {
  const auto store = Open({.max_connections = 1, .connection_wait_ms = 50});
  Fund(*store, 100);
  auto transaction = store->Begin({.player = kPlayer});
  ASSERT_TRUE(transaction.ok());
  const auto other = store->Begin({.player = PlayerId::Trusted("p2")});
  EXPECT_EQ(other.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(other.status().message()),
              HasSubstr("PostgresOptions::max_connections"));
  EXPECT_EQ(BalanceOf(*store).posted, 100);
  transaction->reset();
  EXPECT_TRUE(store->Begin({.player = PlayerId::Trusted("p2")}).ok());
}

TEST_F(PostgresStoreTest, ManyPlayersShareFewConnections) {
  const auto store = Open({.max_connections = 3, .connection_wait_ms = 60'000});
  RunTogether(64, [&](int i) {
    const PlayerId player = PlayerId::Trusted(absl::StrCat("p", i));
    Fund(*store, 100, player);
    for (int n = 0; n < 5; ++n) {
      const auto receipt = Carry(
          *store,
          Request(OperationKind::kDebit, absl::StrCat("d", n), 1, player));
      ASSERT_TRUE(receipt.ok()) << receipt.status();
    }
    EXPECT_EQ(BalanceOf(*store, player).posted, 95);
  });
  EXPECT_LE(std::stoi(Sql("SELECT count(*) FROM pg_stat_activity WHERE "
                          "application_name = 'fairpull' AND datname = "
                          "current_database()")),
            6);
}

TEST_F(PostgresStoreTest, ADatabaseThatMayNotBeWrittenIsRead) {
  Fund(*Open(), 100);
  ASSERT_EQ(Sql(absl::StrCat("ALTER DATABASE ", DatabaseIn(url_),
                             " SET default_transaction_read_only = on")),
            "");
  const auto store = Open();
  EXPECT_EQ(BalanceOf(*store).posted, 100);
  EXPECT_EQ(store->Players({}, 10)->size(), 1u);
  const auto begun = store->Begin({.player = kPlayer});
  EXPECT_EQ(begun.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(begun.status().message()), HasSubstr("read-only"));
}

TEST_F(PostgresStoreTest, TablesThatAreGoneAreNamed) {
  const auto store = Open();
  ASSERT_EQ(Sql("DROP TABLE pity"), "");
  const auto pity = store->Pity(kPlayer);
  EXPECT_EQ(pity.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(pity.status().message()),
              HasSubstr("\"pity\" does not exist"));
}

TEST_F(PostgresStoreTest, ATextWithANulByteIsRefusedNotCut) {
  const auto store = Open();
  WriteSet writes;
  writes.pity = {{.player = kPlayer,
                  .scope = kScope,
                  .seq = 1,
                  .state = std::string("a\0b", 3)}};
  EXPECT_EQ(Write(*store, writes).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(store->Pity(kPlayer)->empty());
}

TEST_F(PostgresStoreTest, TheColumnsThemselvesRefuseWhatCannotBe) {
  Fund(*Open(), 100);
  for (const char* sql : {
           "UPDATE balances SET held = -1",
           "UPDATE balances SET posted = 9007199254740992",
           "UPDATE operations SET moved = 9007199254740992",
           "UPDATE operations SET entry_seq = 0",
           "INSERT INTO inventory VALUES ('p1', 'sword', 0)",
           "INSERT INTO players VALUES ('', 0)",
           "INSERT INTO holds VALUES ('p1', 'h', 'gems', 5, 'x', 4, 0, 1, 1)",
           "INSERT INTO holds VALUES ('p1', 'h', 'gems', 5, 'x', 2, 6, 1, 1)",
       }) {
    EXPECT_THAT(Sql(sql), HasSubstr("violates check constraint")) << sql;
  }
}

TEST_F(PostgresStoreTest, NotEvenTheOwnerChangesWhatIsInTheBooks) {
  ASSERT_EQ(Sql("CREATE ROLE keeper LOGIN"), "");
  ASSERT_EQ(Sql(absl::StrCat("ALTER DATABASE ", DatabaseIn(url_),
                             " OWNER TO keeper")),
            "");
  url_ = server_.Url(DatabaseIn(url_), "keeper");
  const auto store = Open();
  Fund(*store, 100);
  PullService pulls = ShopService(*store);
  ASSERT_TRUE(pulls.Pull(Ask("k", 10))->payment.ok());
  for (const char* table : {"operations", "pulls"}) {
    for (const std::string& sql :
         {absl::StrCat("UPDATE ", table, " SET at_ms = 0"),
          absl::StrCat("DELETE FROM ", table),
          absl::StrCat("TRUNCATE ", table)}) {
      EXPECT_THAT(Sql(sql), HasSubstr("permission denied")) << sql;
    }
  }
  ExpectSound(*store);
}

TEST_F(PostgresStoreTest, AChangedBalanceIsFoundByVerify) {
  const auto store = Open();
  Fund(*store, 100);
  ASSERT_EQ(Sql("UPDATE balances SET posted = 999"), "");
  const auto rows = ReadLedger(*store, kPlayer);
  ASSERT_TRUE(rows.ok()) << rows.status();
  const std::vector<Violation> violations = VerifyLedger(*rows);
  ASSERT_FALSE(violations.empty());
  EXPECT_EQ(violations[0].law, "L2");
}

TEST_F(PostgresStoreTest, TheSessionIsSetUpAsTheOptionsSay) {
  const auto store = Open({.lock_timeout_ms = 1234,
                           .statement_timeout_ms = 2000,
                           .idle_transaction_timeout_ms = 5678});
  ASSERT_EQ(Sql("CREATE TABLE seen (name text, value text);"
                "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ "
                "BEGIN INSERT INTO seen SELECT name, setting FROM pg_settings; "
                "RETURN NEW; END $$;"
                "CREATE TRIGGER see BEFORE INSERT ON pity FOR EACH ROW "
                "EXECUTE FUNCTION see()"),
            "");
  WriteSet writes;
  writes.pity = {{.player = kPlayer, .scope = kScope, .seq = 1}};
  ASSERT_EQ(Write(*store, writes), absl::OkStatus());
  const auto seen = [this](const std::string& name) {
    return Sql("SELECT value FROM seen WHERE name = '" + name + "'");
  };
  EXPECT_EQ(seen("lock_timeout"), "1234");
  EXPECT_EQ(seen("statement_timeout"), "3234");
  EXPECT_EQ(seen("idle_in_transaction_session_timeout"), "5678");
  EXPECT_EQ(seen("application_name"), "fairpull");
  EXPECT_EQ(seen("client_encoding"), "UTF8");
  EXPECT_EQ(seen("transaction_isolation"), "read committed");
}

// Raises an error of this code at each of the next `times` writes to `table`.
std::string FailingWrites(const std::string& table, const std::string& code,
                          int times) {
  return absl::StrCat(
      "CREATE SEQUENCE tries; "
      "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF nextval('tries') <= ",
      times, " THEN RAISE EXCEPTION 'injected' USING ERRCODE = '", code,
      "'; END IF; RETURN NEW; END $$; CREATE TRIGGER fail BEFORE INSERT ON ",
      table, " FOR EACH ROW EXECUTE FUNCTION fail()");
}

TEST_F(PostgresStoreTest, ACollisionInBeginIsTriedAgainFiveTimesAtMost) {
  for (const char* code : {"40001", "40P01"}) {
    url_ = server_.NewDatabase();
    const auto store = Open();
    ASSERT_EQ(Sql(FailingWrites("players", code, 4)), "");
    EXPECT_TRUE(store->Begin({.player = kPlayer}).ok());
    EXPECT_EQ(Sql("SELECT last_value FROM tries"), "5");
    ASSERT_EQ(Sql("DROP TRIGGER fail ON players; DROP FUNCTION fail; "
                  "DROP SEQUENCE tries"),
              "");
    ASSERT_EQ(Sql(FailingWrites("players", code, 1000)), "");
    const auto begun = store->Begin({.player = kPlayer});
    EXPECT_EQ(begun.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(begun.status().message()), HasSubstr(code));
    EXPECT_EQ(Sql("SELECT last_value FROM tries"), "5");
  }
}

TEST_F(PostgresStoreTest, ACollisionInCommitIsForTheCallerToTryAgain) {
  for (const char* code : {"40001", "40P01"}) {
    url_ = server_.NewDatabase();
    const auto store = Open();
    Fund(*store, 100);
    ASSERT_EQ(Sql(FailingWrites("operations", code, 3)), "");
    EXPECT_EQ(
        Carry(*store, Request(OperationKind::kDebit, "d", 1)).status().code(),
        absl::StatusCode::kAborted);
    EXPECT_EQ(BalanceOf(*store).posted, 100);
    // The wallet does so by itself.
    Wallet wallet(*store, SystemClock());
    const auto receipt =
        wallet.Spend({.id = OperationId::Trusted("d"),
                      .player = kPlayer,
                      .currency = kGems,
                      .amount = 1,
                      .counterparty = SystemAccount::Trusted("spend:x")});
    ASSERT_TRUE(receipt.ok()) << receipt.status();
    EXPECT_TRUE(receipt->ok());
    EXPECT_EQ(BalanceOf(*store).posted, 99);
    ExpectSound(*store);
  }
}

TEST_F(PostgresStoreTest, AStatementEndsOnTheServerWhenTheCallsTimeIsOver) {
  const auto store = Open({.lock_timeout_ms = 60'000});
  Fund(*store, 100);
  // Another program has the row.
  std::thread other([this] {
    EXPECT_EQ(Sql("BEGIN; UPDATE balances SET debt = debt; "
                  "SELECT pg_sleep(3); COMMIT"),
              "");
  });
  const auto waiting = [this] {
    return Sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = "
        "current_database() AND wait_event_type = 'Lock'");
  };
  const auto is_held = [this] {
    return Sql("SELECT count(*) FROM pg_stat_activity WHERE datname = "
               "current_database() AND wait_event = 'PgSleep'") == "1";
  };
  ASSERT_TRUE(Eventually(is_held));
  {
    const CallDeadline deadline(std::chrono::milliseconds(100));
    absl::Status status;
    EXPECT_LT(
        MsOf([&] {
          status =
              Carry(*store, Request(OperationKind::kDebit, "d", 1)).status();
        }),
        1'500);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  }
  EXPECT_TRUE(Eventually([&] { return waiting() == "0"; }));
  EXPECT_TRUE(is_held()) << "nothing but the request to stop has ended it";
  other.join();
  EXPECT_EQ(BalanceOf(*store).posted, 100);
  EXPECT_TRUE(Carry(*store, Request(OperationKind::kDebit, "d", 1))->ok());
}

// As Citus does where a worker is lost in the COMMIT.
TEST_F(PostgresStoreTest, AnErrorOfNoKnownKindInCommitLeavesTheOutcomeOpen) {
  const auto store = Open();
  Fund(*store, 100);
  ASSERT_EQ(Sql("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ "
                "BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = 'XX000'; END "
                "$$; CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON operations "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "
                "fail()"),
            "");
  const auto receipt = Carry(*store, Request(OperationKind::kDebit, "d", 1));
  EXPECT_EQ(receipt.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(receipt.status().message()),
              HasSubstr("the outcome is not known"));
}

TEST_F(PostgresStoreTest, ACheckInTheCommitIsTheCallersMistake) {
  const auto store = Open();
  ASSERT_EQ(Sql("ALTER TABLE pity ADD CHECK (seq < 10)"), "");
  WriteSet writes;
  writes.pity = {{.player = kPlayer, .scope = kScope, .seq = 10}};
  const absl::Status status = Write(*store, writes);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_TRUE(store->Players({}, 10)->empty());
}

TEST_F(PostgresStoreTest, AFullDiskIsToldAndLosesNothing) {
  const auto store = Open();
  Fund(*store, 100);
  ASSERT_EQ(Sql(FailingWrites("operations", "53100", 1)), "");
  const auto receipt = Carry(*store, Request(OperationKind::kDebit, "d", 1));
  EXPECT_EQ(receipt.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(receipt.status().message()),
              HasSubstr("free some space"));
  EXPECT_EQ(BalanceOf(*store).posted, 100);
  EXPECT_TRUE(Carry(*store, Request(OperationKind::kDebit, "d", 1))->ok());
}

}  // namespace
}  // namespace fairpull
