// What is left of a PostgreSQL store when its server, its session or its line
// breaks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/store/ledger_rows.h"
#include "fairpull/store/postgres_store.h"
#include "store/conformance.h"
#include "store/postgres_proxy.h"
#include "store/postgres_server.h"
#include "store/rows.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;

int Rounds(int quick, int full) {
  const char* set = std::getenv("FAIRPULL_FULL");
  return set != nullptr && std::string(set) == "1" ? full : quick;
}

std::unique_ptr<Store> Open(const std::string& url,
                            PostgresOptions options = {}) {
  auto store = OpenPostgresStore(url, options);
  EXPECT_TRUE(store.ok()) << store.status();
  return *std::move(store);
}

// Ends every session of the store, as an administrator does.
void TerminateSessions(const std::string& url) {
  const SqlAnswer answer = PostgresServer::Sql(
      url,
      "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
      "WHERE application_name = 'fairpull' AND datname = current_database()");
  EXPECT_EQ(answer.error, "");
  EXPECT_FALSE(answer.rows.empty());
}

TEST(PostgresCrashTest, ASessionEndedWhileIdleIsReplacedUnnoticed) {
  const std::string url = PostgresServer::OfThisProcess().NewDatabase();
  const auto store = Open(url);
  Fund(*store, 100);
  for (int round = 0; round < Rounds(10, 50); ++round) {
    EXPECT_EQ(BalanceOf(*store).posted, 100 - round);
    TerminateSessions(url);
    const auto receipt = Carry(
        *store, Request(OperationKind::kDebit, absl::StrCat("d", round), 1));
    ASSERT_TRUE(receipt.ok()) << receipt.status();
  }
  ExpectSound(*store);
}

TEST(PostgresCrashTest, ASessionEndedInATransactionLosesItAndNothingElse) {
  const std::string url = PostgresServer::OfThisProcess().NewDatabase();
  const auto store = Open(url);
  Fund(*store, 100);
  for (int round = 0; round < Rounds(10, 50); ++round) {
    auto transaction = store->Begin({.player = kPlayer, .accounts = {kGems}});
    ASSERT_TRUE(transaction.ok()) << transaction.status();
    WriteSet writes;
    writes.accounts = {*(*transaction)->snapshot().FindAccount(kGems)};
    writes.accounts[0].balance.posted = 1;
    writes.accounts[0].balance.version += 1;
    TerminateSessions(url);
    const absl::Status status = (*transaction)->Commit(writes);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    transaction->reset();
    EXPECT_EQ(BalanceOf(*store).posted, 100);
  }
  ExpectSound(*store);
}

TEST(PostgresCrashTest, ASessionThatWasIdleForLongIsAskedFirst) {
  const std::string url = PostgresServer::OfThisProcess().NewDatabase();
  const auto store = Open(url, {.idle_check_ms = 0});
  for (int round = 0; round < 5; ++round) {
    EXPECT_TRUE(store->Begin({.player = kPlayer}).ok());
    TerminateSessions(url);
    EXPECT_TRUE(store->Begin({.player = kPlayer}).ok());
  }
}

TEST(PostgresCrashTest, AServerThatComesBackIsUsedAgain) {
  PostgresServer server;
  const auto store = Open(server.NewDatabase());
  Fund(*store, 100);
  EXPECT_EQ(BalanceOf(*store).posted, 100);
  server.Stop();
  EXPECT_EQ(store->Begin({.player = kPlayer}).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(store->Read({.player = kPlayer}).status().code(),
            absl::StatusCode::kUnavailable);
  server.Start();
  EXPECT_EQ(BalanceOf(*store).posted, 100);
  EXPECT_TRUE(Carry(*store, Request(OperationKind::kDebit, "d", 1))->ok());
}

TEST(PostgresCrashTest, AServerThatHangsIsGivenUpInTime) {
  PostgresServer server;
  const auto store = Open(server.NewDatabase(), {.connect_timeout_ms = 500,
                                                 .lock_timeout_ms = 100,
                                                 .statement_timeout_ms = 100});
  Fund(*store, 100);
  server.Freeze();
  const auto begun = std::chrono::steady_clock::now();
  const auto transaction = store->Begin({.player = kPlayer});
  EXPECT_EQ(transaction.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(transaction.status().message()),
              HasSubstr("no answer within"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
  server.Thaw();
  EXPECT_EQ(BalanceOf(*store).posted, 100);
}

// Each cut leaves the outcome unknown to the client; asked again under the same
// id it is known, and there is one effect.
TEST(PostgresCrashTest, CutLinesLoseAndDoubleNothing) {
  PostgresServer& server = PostgresServer::OfThisProcess();
  const std::string url = server.NewDatabase();
  const std::string folder = url.substr(url.find("?host=") + 6);
  PostgresProxy proxy(folder);
  const auto store = Open(absl::StrCat("postgresql://admin@/", DatabaseIn(url),
                                       "?host=", proxy.folder()));
  Fund(*store, 10'000);
  std::mt19937 random(17);
  const int debits = Rounds(100, 300);
  int cut_before = 0;
  int kept = 0;
  for (int i = 0; i < debits; ++i) {
    const LedgerRequest request =
        Request(OperationKind::kDebit, absl::StrCat("d", i), 1);
    ReadSet reads{.player = kPlayer};
    AddRowsOf(request, reads);
    {
      auto transaction = store->Begin(reads);
      ASSERT_TRUE(transaction.ok()) << transaction.status();
      WriteSet writes;
      AddWritesOf(Decide(ViewOf((*transaction)->snapshot(), request), request),
                  writes);
      const bool before = random() % 2 == 0;
      proxy.CutNext(before ? Cut::kBeforeRequest : Cut::kAfterRequest);
      const absl::Status status = (*transaction)->Commit(writes);
      ASSERT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
      cut_before += before ? 1 : 0;
    }
    const auto again = Carry(*store, request);
    ASSERT_TRUE(again.ok() && again->ok()) << again.status();
    kept += again->replayed ? 1 : 0;
  }
  EXPECT_GT(cut_before, debits / 4);
  EXPECT_EQ(kept, debits - cut_before) << "what arrived was carried out";
  EXPECT_EQ(BalanceOf(*store).posted, 10'000 - debits);
  EXPECT_EQ(BalanceOf(*store).seq, 1 + debits);
  ExpectSound(*store);
}

TEST(PostgresCrashTest, ALineCutInBeginChangesNothing) {
  PostgresServer& server = PostgresServer::OfThisProcess();
  const std::string url = server.NewDatabase();
  PostgresProxy proxy(url.substr(url.find("?host=") + 6));
  const auto store = Open(absl::StrCat("postgresql://admin@/", DatabaseIn(url),
                                       "?host=", proxy.folder()));
  Fund(*store, 100);
  for (const Cut cut : {Cut::kBeforeRequest, Cut::kAfterRequest}) {
    EXPECT_EQ(BalanceOf(*store).posted, 100);
    proxy.CutNext(cut);
    EXPECT_EQ(store->Begin({.player = kPlayer}).status().code(),
              absl::StatusCode::kUnavailable);
    proxy.CutNext(cut);
    EXPECT_EQ(store->Read({.player = kPlayer}).status().code(),
              absl::StatusCode::kUnavailable);
    EXPECT_TRUE(store->Begin({.player = kPlayer}).ok());
  }
}

TEST(PostgresCrashTest, KilledUnderLoadTheServerLosesNothingAcknowledged) {
  constexpr int kPlayers = 6;
  PostgresServer server;
  const std::string url = server.NewDatabase();
  std::vector<std::vector<std::string>> acknowledged(kPlayers);
  const auto player_of = [](int i) {
    return PlayerId::Trusted(absl::StrCat("p", i));
  };
  {
    const auto store = Open(url);
    for (int i = 0; i < kPlayers; ++i) Fund(*store, 1'000'000, player_of(i));
  }
  for (int round = 0; round < Rounds(3, 12); ++round) {
    const auto store = Open(url);
    std::atomic<int> total = 0;
    std::atomic<bool> killed = false;
    RunTogether(kPlayers + 1, [&](int i) {
      if (i == kPlayers) {
        while (total < 100 + 20 * round) std::this_thread::yield();
        server.Kill();
        killed = true;
        return;
      }
      for (int n = 0; !killed; ++n) {
        const std::string id = absl::StrCat("d", round, "-", n);
        const auto receipt =
            Carry(*store, Request(OperationKind::kDebit, id, 1, player_of(i)));
        if (!receipt.ok()) {
          EXPECT_EQ(receipt.status().code(), absl::StatusCode::kUnavailable)
              << receipt.status();
          return;
        }
        acknowledged[static_cast<std::size_t>(i)].push_back(id);
        total += 1;
      }
    });
    server.Start();
    for (int i = 0; i < kPlayers; ++i) {
      ExpectSound(*store, player_of(i));
      for (const std::string& id : acknowledged[static_cast<std::size_t>(i)]) {
        const auto again = store->Read(
            {.player = player_of(i), .operations = {OperationId::Trusted(id)}});
        ASSERT_TRUE(again.ok()) << again.status();
        ASSERT_NE(again->FindOperation(OperationId::Trusted(id)), nullptr)
            << "lost " << id << " of player " << i;
      }
      // Of each player at most one more was carried out than was answered.
      const std::int64_t debits = BalanceOf(*store, player_of(i)).seq - 1;
      const auto known = static_cast<std::int64_t>(
          acknowledged[static_cast<std::size_t>(i)].size());
      EXPECT_GE(debits, known);
      EXPECT_LE(debits, known + round + 1);
    }
  }
}

}  // namespace
}  // namespace fairpull
