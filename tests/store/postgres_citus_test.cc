// Splitting the tables by player on Citus. What needs a cluster runs where
// FAIRPULL_TEST_CITUS_URL names one.

#include "postgres_citus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "postgres_statements.h"
#include "store/postgres_adapter.h"
#include "store/postgres_plans.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The first column of the first row, or the error.
std::string Sql(const std::string& url, const std::string& sql) {
  const SqlAnswer answer = PostgresServer::Sql(url, sql);
  if (!answer.error.empty()) return answer.error;
  return answer.rows.empty() ? "" : answer.rows[0][0];
}

class PostgresCitusTest : public testing::Test {};

TEST_F(PostgresCitusTest, WithoutCitusItSaysWhatToDoAndChangesNothing) {
  const std::string url = PostgresServer::OfThisProcess().NewDatabase();
  const absl::Status status = DistributeByPlayer(url);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr(DatabaseIn(url)));
  EXPECT_THAT(message, HasSubstr("shared_preload_libraries"));
  EXPECT_THAT(message, HasSubstr("CREATE EXTENSION citus"));
  EXPECT_THAT(message, HasSubstr("nothing was changed"));
  EXPECT_EQ(Sql(url,
                "SELECT count(*) FROM pg_class WHERE relnamespace = "
                "'public'::regnamespace"),
            "0");
}

TEST_F(PostgresCitusTest, AUrlThatCannotBeReadIsNotRepeated) {
  const absl::Status status = DistributeByPlayer("postgresql://a:secret@b:c/d");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
}

// On a cluster, in a schema of its own.
class PostgresCitusClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!CitusSchema::HasCluster()) {
      GTEST_SKIP() << "set FAIRPULL_TEST_CITUS_URL to a Citus cluster's url";
    }
    schema_ = std::make_unique<CitusSchema>();
    url_ = schema_->Url("-ccitus.shard_count%3D4");
  }

  // How many tables are split by player beside `players`, and whether each node
  // has a copy of `migrations`.
  std::string Placements() const {
    return absl::StrCat(
        Sql(url_,
            "SELECT count(*) FROM pg_dist_partition WHERE colocationid = "
            "(SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = "
            "'players'::regclass) AND column_to_column_name(logicalrelid, "
            "partkey) = 'player_id'"),
        " and ",
        Sql(url_,
            "SELECT count(*) FROM pg_dist_partition WHERE partmethod = 'n' "
            "AND logicalrelid = 'migrations'::regclass"));
  }

  std::unique_ptr<CitusSchema> schema_;
  std::string url_;
};

TEST_F(PostgresCitusClusterTest,
       EveryTableIsSplitByPlayerAndAgainChangesNothing) {
  for (int again = 0; again < 2; ++again) {
    ASSERT_EQ(DistributeByPlayer(url_), absl::OkStatus());
    EXPECT_EQ(Placements(), "8 and 1");
  }
}

TEST_F(PostgresCitusClusterTest, PlayersWhoAreThereGoAlong) {
  std::vector<PlayerId> players;
  {
    const auto store = OpenedPostgres(url_, {});
    for (int i = 0; i < 20; ++i) {
      players.push_back(PlayerId::Trusted(absl::StrCat("p", i)));
      Fund(*store, 100 + i, players.back());
    }
  }
  ASSERT_EQ(DistributeByPlayer(url_), absl::OkStatus());
  const auto store = OpenedPostgres(url_, {.migrate = false});
  for (int i = 0; i < 20; ++i) {
    const PlayerId& player = players[static_cast<std::size_t>(i)];
    EXPECT_EQ(BalanceOf(*store, player).posted, 100 + i);
    ExpectSound(*store, player);
  }
  EXPECT_EQ(store->Players({}, 100)->size(), 20U);
}

TEST_F(PostgresCitusClusterTest, ATableThatIsSplitOtherwiseIsLeftAndNamed) {
  OpenedPostgres(url_, {});
  ASSERT_EQ(Sql(url_, "SELECT create_reference_table('pity')"), "");
  const absl::Status status = DistributeByPlayer(url_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"pity\""));
  EXPECT_EQ(Sql(url_,
                "SELECT count(*) FROM pg_dist_partition WHERE "
                "logicalrelid = 'players'::regclass"),
            "0");
  ASSERT_EQ(Sql(url_, "SELECT undistribute_table('pity')"), "");
  ASSERT_EQ(DistributeByPlayer(url_), absl::OkStatus());
  EXPECT_EQ(Placements(), "8 and 1");
}

// On each node, through the table itself and through its shards.
TEST_F(PostgresCitusClusterTest, NotEvenTheOwnerChangesTheBooksOnAnyNode) {
  ASSERT_EQ(DistributeByPlayer(url_), absl::OkStatus());
  const std::string may_change = absl::StrCat(
      "SELECT count(*) FROM run_command_on_all_nodes($$SELECT count(*) FROM "
      "pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner))) "
      "WHERE relnamespace = '",
      schema_->name(),
      "'::regnamespace AND relkind = 'r' AND relname ~ "
      "'^(operations|pulls)(_[0-9]+)?$' AND privilege_type IN "
      "('UPDATE', 'DELETE', 'TRUNCATE')$$) WHERE result <> '0'");
  EXPECT_EQ(Sql(url_, may_change), "0");
  // A shard that is moved is his again where it comes to, until it is run
  // again.
  ASSERT_EQ(
      Sql(url_,
          "SELECT citus_move_shard_placement(shardid, s.nodename, s.nodeport, "
          "n.nodename, n.nodeport, 'block_writes') FROM citus_shards s "
          "JOIN pg_dist_node n ON n.shouldhaveshards AND n.nodeport <> "
          "s.nodeport WHERE table_name = 'operations'::regclass LIMIT 1"),
      "");
  ASSERT_NE(Sql(url_, may_change), "0");
  ASSERT_EQ(DistributeByPlayer(url_), absl::OkStatus());
  EXPECT_EQ(Sql(url_, may_change), "0");
}

TEST_F(PostgresCitusClusterTest, AWorkerThatIsLostInTheCommitLeavesItOpen) {
  ASSERT_EQ(DistributeByPlayer(url_), absl::OkStatus());
  const auto store = OpenedPostgres(url_, {.migrate = false});
  Fund(*store, 100);
  // Each worker's session ends itself while it commits.
  const std::string lose = schema_->name() + ".lose()";
  ASSERT_EQ(Sql(url_, absl::StrCat("CREATE FUNCTION ", lose,
                                   " RETURNS trigger LANGUAGE plpgsql AS "
                                   "'BEGIN PERFORM pg_terminate_backend("
                                   "pg_backend_pid()); RETURN NULL; END'")),
            "");
  ASSERT_EQ(Sql(url_, absl::StrCat(
                          "SELECT count(*) FROM run_command_on_shards("
                          "'operations', 'CREATE CONSTRAINT TRIGGER lose AFTER "
                          "INSERT ON %s DEFERRABLE INITIALLY DEFERRED FOR "
                          "EACH ROW EXECUTE FUNCTION ",
                          lose, "') WHERE success")),
            "4");
  EXPECT_EQ(
      Carry(*store, Request(OperationKind::kDebit, "d", 1)).status().code(),
      absl::StatusCode::kUnavailable);
  ASSERT_EQ(Sql(url_,
                "SELECT count(*) FROM run_command_on_shards('operations', "
                "'DROP TRIGGER lose ON %s') WHERE success"),
            "4");
  // Asked again under the same id, as the contract says.
  EXPECT_TRUE(Carry(*store, Request(OperationKind::kDebit, "d", 1))->ok());
  EXPECT_EQ(BalanceOf(*store).posted, 99);
  ExpectSound(*store);
}

TEST_F(PostgresCitusClusterTest, EachStatementOfAPlayerIsOneTaskOnOneNode) {
  ASSERT_EQ(DistributeByPlayer(url_), absl::OkStatus());
  int checked = 0;
  for (const PostgresStatement& statement : PostgresStatements()) {
    if (statement.use != PostgresUse::kPlayer) continue;
    SCOPED_TRACE(statement.sql);
    // A plan for these values, and the one for any that a connection uses
    // after some calls; of joins Citus plans each anew.
    for (const char* mode : {"force_custom_plan", "force_generic_plan"}) {
      if (absl::StrContains(mode, "generic") &&
          absl::StrContains(statement.sql, " JOIN ")) {
        continue;
      }
      const std::string text = PlanOf(
          url_, absl::StrCat("SET plan_cache_mode = ", mode), statement.sql);
      EXPECT_THAT(text, HasSubstr("Task Count: 1\n")) << mode;
      EXPECT_THAT(text, Not(HasSubstr("Distributed Subplan"))) << mode;
    }
    ++checked;
  }
  EXPECT_GE(checked, 30);
}

// The check itself: what is not about one player has as many tasks as shards.
TEST_F(PostgresCitusClusterTest, AScanAcrossPlayersIsATaskForEachShard) {
  ASSERT_EQ(DistributeByPlayer(url_), absl::OkStatus());
  const SqlAnswer plan = PostgresServer::Sql(
      url_, "EXPLAIN (COSTS OFF) SELECT player_id FROM players");
  std::string text;
  for (const auto& row : plan.rows) absl::StrAppend(&text, row[0], "\n");
  EXPECT_THAT(text, HasSubstr("Task Count: 4\n"));
}

}  // namespace
}  // namespace fairpull
