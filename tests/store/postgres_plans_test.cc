// How the server carries out the store's statements.

#include "store/postgres_plans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "postgres_statements.h"
#include "store/postgres_fixture.h"

namespace fairpull {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class PostgresPlansTest : public PostgresFixture {
 protected:
  [[nodiscard]] std::string PlanInTheStore(const std::string& sql) const {
    return PlanOf(
        url_,
        absl::StrReplaceAll(StatementOf(PostgresQuery::kSettings).sql,
                            {{"$1", "'1s'"}, {"$2", "'1s'"}, {"$3", "'1s'"}}),
        sql);
  }
};

// A plan that was made while the tables were empty is used while they grow.
TEST_F(PostgresPlansTest, EachStatementFindsItsRowsByThePlayer) {
  ASSERT_NE(Open(), nullptr);  // makes the tables
  const std::regex condition("Index Cond: ([^\n]*)");
  int conditions = 0;
  for (const char* known : {"nothing", "that they are empty"}) {
    for (const PostgresStatement& statement : PostgresStatements()) {
      const bool is_group = statement.use == PostgresUse::kGroup;
      if (statement.use != PostgresUse::kPlayer && !is_group) continue;
      SCOPED_TRACE(absl::StrCat(statement.sql, " known: ", known));
      const std::string plan = PlanInTheStore(statement.sql);
      EXPECT_THAT(plan, ContainsRegex("Index|Insert"));
      EXPECT_THAT(plan, Not(ContainsRegex("Seq Scan|Hash|Merge")));
      std::string rest = plan;
      for (std::smatch found; std::regex_search(rest, found, condition);) {
        EXPECT_THAT(found[1], HasSubstr("(player_id = "));
        ++conditions;
        rest = found.suffix();
      }
    }
    ASSERT_EQ(Sql("VACUUM ANALYZE"), "");
  }
  EXPECT_GE(conditions, 50);
}

// Planning a group's statement takes longer than it does.
TEST_F(PostgresPlansTest, AStatementIsPlannedOnceForAllValues) {
  ASSERT_NE(Open(), nullptr);
  EXPECT_THAT(PlanInTheStore(StatementOf(PostgresQuery::kAccount).sql),
              HasSubstr("currency = $2"));
  EXPECT_THAT(PlanInTheStore(StatementOf(PostgresQuery::kOperationsOfMany).sql),
              HasSubstr("unnest($1)"));
}

}  // namespace
}  // namespace fairpull
