// Opening the PostgreSQL store: urls, users, databases, migrations.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fairpull/store/postgres_store.h"
#include "store/conformance.h"
#include "store/postgres_server.h"
#include "store/rows.h"
#include "store/temp_folder.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PostgresOpenTest : public testing::Test {
 protected:
  static std::string Sql(const std::string& url, const std::string& sql) {
    const SqlAnswer answer = PostgresServer::Sql(url, sql);
    return answer.error.empty() && !answer.rows.empty() ? answer.rows[0][0]
                                                        : answer.error;
  }

  // Expects that opening fails so, without telling what is secret.
  static void ExpectRefused(const std::string& url, absl::StatusCode code,
                            const std::string& reason,
                            PostgresOptions options = {}) {
    const auto store = OpenPostgresStore(url, options);
    EXPECT_EQ(store.status().code(), code) << url << ": " << store.status();
    EXPECT_THAT(std::string(store.status().message()), HasSubstr(reason));
    EXPECT_THAT(std::string(store.status().message()),
                Not(HasSubstr("secret")));
    EXPECT_THAT(std::string(store.status().message()),
                Not(HasSubstr("postgresql://u")));
  }

  PostgresServer& server_ = PostgresServer::OfThisProcess();
};

TEST_F(PostgresOpenTest, AUrlThatCannotBeReadIsRefusedWithoutRepeatingIt) {
  const std::string form = "postgresql://[user[:password]@]";
  for (const std::string& url :
       {std::string(""), std::string("postgresql:"),
        std::string("mysql://u:secret@h/db"),
        std::string("host=h password=secret"),
        std::string("postgresql://u:secret@[::1/db"),
        std::string("postgresql://u:sec%zzret@h/db"),
        std::string("postgresql://u:secret@h/db?sslmod=require"),
        std::string("postgresql://u:secret@h/db?sslmode"),
        std::string("postgresql://u:secret@h/d") + std::string(1, '\0') +
            "b"}) {
    ExpectRefused(url, absl::StatusCode::kInvalidArgument, form);
  }
  ExpectRefused("postgresql://u:secret@h:99999/db",
                absl::StatusCode::kInvalidArgument, "invalid port number");
  ExpectRefused("postgresql://u:secret@h/db?sslmode=maybe",
                absl::StatusCode::kInvalidArgument, "invalid sslmode");
}

TEST_F(PostgresOpenTest, AnOptionOutOfRangeIsRefused) {
  const std::string url = server_.Url("postgres");
  for (const PostgresOptions& options :
       std::vector<PostgresOptions>{{.max_connections = -1},
                                    {.connection_wait_ms = -1},
                                    {.connect_timeout_ms = 0},
                                    {.lock_timeout_ms = -1},
                                    {.statement_timeout_ms = 0},
                                    {.statement_timeout_ms = INT64_MAX},
                                    {.idle_transaction_timeout_ms = 0},
                                    {.idle_check_ms = -1}}) {
    ExpectRefused(url, absl::StatusCode::kInvalidArgument, "out of range",
                  options);
  }
}

TEST_F(PostgresOpenTest, StoreOpenTakesBothSchemes) {
  const std::string url = server_.NewDatabase();
  {
    const auto store = Store::Open(url);
    ASSERT_TRUE(store.ok()) << store.status();
    Fund(**store, 10);
  }
  const auto store =
      Store::Open(absl::StrReplaceAll(url, {{"postgresql://", "postgres://"}}));
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(BalanceOf(**store).posted, 10);
}

TEST_F(PostgresOpenTest, WithoutAServerThereIsAnErrorAtOnce) {
  const TempFolder nowhere;
  ExpectRefused("postgresql://u:secret@/db?host=" + nowhere.path(),
                absl::StatusCode::kUnavailable, "No such file");
  // A port that nothing listens on.
  ExpectRefused("postgresql://u:secret@127.0.0.1:1/db",
                absl::StatusCode::kUnavailable, "Connection refused");
}

TEST_F(PostgresOpenTest, AServerThatNeverAnswersIsGivenUp) {
  const TempFolder folder;
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, folder.File(".s.PGSQL.5432").c_str(),
               sizeof address.sun_path - 1);
  ASSERT_EQ(
      bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 10), 0);
  const std::string url = "postgresql://u:secret@/db?host=" + folder.path();
  const auto begun = std::chrono::steady_clock::now();
  ExpectRefused(url, absl::StatusCode::kUnavailable, "no answer within 200 ms",
                {.connect_timeout_ms = 200});
  // The url's own limit is in seconds and counts; each of two hosts has it.
  ExpectRefused(url + "," + folder.path() + "&connect_timeout=1",
                absl::StatusCode::kUnavailable, "no answer within 2000 ms",
                {.connect_timeout_ms = 60'000});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
  close(listener);
}

TEST_F(PostgresOpenTest, TheSecondHostIsTakenWhereTheFirstIsDown) {
  const TempFolder nowhere;
  const std::string url = server_.NewDatabase();
  const std::string both =
      absl::StrReplaceAll(url, {{"host=", "host=" + nowhere.path() + ","}});
  const auto store = OpenPostgresStore(both);
  EXPECT_TRUE(store.ok()) << store.status();
}

TEST_F(PostgresOpenTest, AWrongPasswordIsRefusedAndNotRepeated) {
  ASSERT_EQ(Sql(server_.Url("postgres"),
                "CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'right'"),
            "");
  const std::string name = DatabaseIn(server_.NewDatabase());
  ExpectRefused(server_.Url(name, "guarded:secret"),
                absl::StatusCode::kPermissionDenied, "28P01");
  ExpectRefused(server_.Url(name, "guarded"), absl::StatusCode::kUnavailable,
                "no password supplied");
  ExpectRefused(server_.Url(name, "refused:secret"),
                absl::StatusCode::kPermissionDenied, "pg_hba.conf");
  const auto store = OpenPostgresStore(server_.Url(name, "guarded:right"));
  EXPECT_TRUE(store.ok()) << store.status();
}

TEST_F(PostgresOpenTest, AnUnknownDatabaseIsNotFound) {
  ExpectRefused(server_.Url("nowhere"), absl::StatusCode::kNotFound,
                "create the database");
}

TEST_F(PostgresOpenTest, TheServersLimitOfConnectionsIsTold) {
  ASSERT_EQ(Sql(server_.Url("postgres"),
                "CREATE ROLE lonely LOGIN CONNECTION LIMIT 1"),
            "");
  const std::string url = server_.NewDatabase();
  ASSERT_EQ(Sql(url, absl::StrCat("ALTER DATABASE ", DatabaseIn(url),
                                  " OWNER TO lonely")),
            "");
  const auto store = OpenPostgresStore(server_.Url(DatabaseIn(url), "lonely"));
  ASSERT_TRUE(store.ok()) << store.status();
  const auto transaction = (*store)->Begin({.player = kPlayer});
  ASSERT_TRUE(transaction.ok()) << transaction.status();
  const auto read = (*store)->Read({.player = kPlayer});
  EXPECT_EQ(read.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(read.status().message()),
              HasSubstr("PostgresOptions::max_connections"));
}

TEST_F(PostgresOpenTest, ReopenedItHasEverything) {
  const std::string url = server_.NewDatabase();
  {
    const auto store = OpenPostgresStore(url);
    Fund(**store, 100);
    ASSERT_TRUE(Carry(**store, Request(OperationKind::kHold, "h", 40))->ok());
  }
  for (const bool migrate : {true, false}) {
    const auto store = OpenPostgresStore(url, {.migrate = migrate});
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(BalanceOf(**store).held, 40);
    EXPECT_TRUE(
        Carry(**store, Request(OperationKind::kHold, "h", 40))->replayed);
    ExpectSound(**store);
  }
}

TEST_F(PostgresOpenTest, ManyThatMakeTheSameTablesAtOnceAllGetThem) {
  for (int round = 0; round < 5; ++round) {
    const std::string url = server_.NewDatabase();
    RunTogether(8, [&](int i) {
      const auto store = OpenPostgresStore(url, {.lock_timeout_ms = 60'000});
      ASSERT_TRUE(store.ok()) << store.status();
      Fund(**store, 10, PlayerId::Trusted(absl::StrCat("p", i)));
    });
    EXPECT_EQ(Sql(url, "SELECT count(*) FROM migrations"), "1");
    EXPECT_EQ(Sql(url, "SELECT count(*) FROM balances"), "8");
  }
}

TEST_F(PostgresOpenTest, MigrationsAreAppliedOnlyIfAllowed) {
  const std::string url = server_.NewDatabase();
  ExpectRefused(url, absl::StatusCode::kFailedPrecondition, "0 of 1 migrations",
                {.migrate = false});
  EXPECT_EQ(Sql(url,
                "SELECT count(*) FROM pg_tables WHERE schemaname = "
                "'public'"),
            "0");
  EXPECT_TRUE(OpenPostgresStore(url).ok());
  EXPECT_TRUE(OpenPostgresStore(url, {.migrate = false}).ok());
}

TEST_F(PostgresOpenTest, ANewerOrEditedDatabaseIsRefused) {
  const std::string newer = server_.NewDatabase();
  ASSERT_TRUE(OpenPostgresStore(newer).ok());
  ASSERT_EQ(Sql(newer, "INSERT INTO migrations VALUES (2, '0002_later', 'x')"),
            "");
  ExpectRefused(newer, absl::StatusCode::kFailedPrecondition,
                "written by a newer version");
  const std::string edited = server_.NewDatabase();
  ASSERT_TRUE(OpenPostgresStore(edited).ok());
  ASSERT_EQ(Sql(edited, "UPDATE migrations SET checksum = 'x'"), "");
  for (const bool migrate : {true, false}) {
    ExpectRefused(edited, absl::StatusCode::kFailedPrecondition,
                  "is not the one of this version", {.migrate = migrate});
  }
}

TEST_F(PostgresOpenTest, AnotherApplicationsTablesAreLeftAlone) {
  const std::string url = server_.NewDatabase();
  ASSERT_EQ(Sql(url, "CREATE TABLE holds (mine text)"), "");
  ExpectRefused(url, absl::StatusCode::kFailedPrecondition, "of its own");
  EXPECT_EQ(Sql(url,
                "SELECT count(*) FROM pg_tables WHERE schemaname = "
                "'public'"),
            "1");
  const std::string other = server_.NewDatabase();
  ASSERT_EQ(Sql(other,
                "CREATE TABLE migrations (id int); INSERT INTO "
                "migrations VALUES (1)"),
            "");
  ExpectRefused(other, absl::StatusCode::kFailedPrecondition,
                "another application's");
  // In a schema of its own there is room for both.
  ASSERT_EQ(Sql(other, "CREATE SCHEMA game"), "");
  const auto store = OpenPostgresStore(other + "&options=-csearch_path%3Dgame");
  EXPECT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(Sql(other, "SELECT count(*) FROM game.migrations"), "1");
}

// The rights that docs/reference/stores.md names.
TEST_F(PostgresOpenTest, AUserWhoOnlyPlaysNeedsFewRights) {
  ASSERT_EQ(Sql(server_.Url("postgres"), "CREATE ROLE game LOGIN"), "");
  const std::string url = server_.NewDatabase();
  ASSERT_TRUE(OpenPostgresStore(url).ok());
  ASSERT_EQ(Sql(url,
                "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO game;"
                "GRANT UPDATE ON players, balances, holds, pity, inventory, "
                "pull_operations TO game;"
                "GRANT DELETE ON players TO game"),
            "");
  const auto store = OpenPostgresStore(server_.Url(DatabaseIn(url), "game"),
                                       {.migrate = false});
  ASSERT_TRUE(store.ok()) << store.status();
  Fund(**store, 100);
  ASSERT_TRUE(Carry(**store, Request(OperationKind::kHold, "h", 40))->ok());
  ASSERT_TRUE(Carry(**store, Request(OperationKind::kPost, "h", 10))->ok());
  WriteSet writes;
  writes.pity = {{.player = kPlayer, .scope = kScope, .seq = 1}};
  writes.pulls = {Pull(1, 1)};
  writes.inventory = {
      {.player = kPlayer, .item = ItemId::Trusted("a"), .count = 1}};
  writes.pull_operations = {Asked("k", 1)};
  ASSERT_EQ(Write(**store, writes), absl::OkStatus());
  {
    const auto group = (*store)->BeginMany(
        {{.player = kPlayer}, {.player = PlayerId::Trusted("new")}});
    ASSERT_TRUE(group.ok()) << group.status();
    std::vector<WriteSet> both(2);
    both[0].pity = {{.player = kPlayer, .scope = kScope, .seq = 2}};
    ASSERT_EQ((*group)->Commit(both), absl::OkStatus());
  }
  EXPECT_EQ((*store)->Players({}, 10)->size(), 1u);
  ExpectSound(**store);
}

TEST_F(PostgresOpenTest, AUserWithoutTheRightsIsRefused) {
  ASSERT_EQ(Sql(server_.Url("postgres"), "CREATE ROLE reader LOGIN"), "");
  const std::string url = server_.NewDatabase();
  const std::string as_reader = server_.Url(DatabaseIn(url), "reader");
  ExpectRefused(as_reader, absl::StatusCode::kPermissionDenied, "42501");
  ASSERT_TRUE(OpenPostgresStore(url).ok());
  ASSERT_EQ(Sql(url, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"),
            "");
  const auto store = OpenPostgresStore(as_reader);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->Read({.player = kPlayer}).ok());
  const auto begun = (*store)->Begin({.player = kPlayer});
  EXPECT_EQ(begun.status().code(), absl::StatusCode::kPermissionDenied)
      << begun.status();
}

}  // namespace
}  // namespace fairpull
