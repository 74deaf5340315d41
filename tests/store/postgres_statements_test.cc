// Holds every statement of the PostgreSQL store to the rules of its use, so
// that its tables can be split by player on engines that do that.

#include "postgres_statements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "postgres_citus.h"
#include "postgres_migrations.h"

namespace fairpull {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

using Findings = std::vector<std::string>;

bool Matches(const std::string& text, const std::string& pattern) {
  return std::regex_search(text,
                           std::regex(pattern, std::regex_constants::icase));
}

int Count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern, std::regex_constants::icase);
  return static_cast<int>(
      std::distance(std::sregex_iterator(text.begin(), text.end(), regex), {}));
}

// What no engine that shards by player carries out, or carries out well.
Findings ForbiddenIn(const std::string& sql) {
  Findings found;
  for (const char* word : {"nextval",
                           "currval",
                           "sequence",
                           "serial",
                           "identity",
                           "advisory",
                           "listen",
                           "notify",
                           "savepoint",
                           "trigger",
                           "plpgsql",
                           "language",
                           "function",
                           "random\\(",
                           "now\\(",
                           "clock_timestamp",
                           "current_timestamp",
                           "transaction_timestamp",
                           "gen_random_uuid",
                           "offset",
                           "unlogged",
                           "references",
                           "do nothing",
                           "%",
                           "/"}) {
    if (Matches(sql, word)) found.push_back(absl::StrCat("uses ", word));
  }
  return found;
}

std::string WithoutComments(const std::string& sql) {
  return std::regex_replace(sql, std::regex("--[^\n]*"), "");
}

// The primary key of each table that `sql` makes.
std::map<std::string, std::string> KeysOf(const std::string& sql) {
  std::map<std::string, std::string> keys;
  const std::regex table(
      "CREATE TABLE (\\w+) \\(([^;]*)PRIMARY KEY \\(([^)]*)\\)");
  for (std::sregex_iterator i(sql.begin(), sql.end(), table), end; i != end;
       ++i) {
    keys[(*i)[1]] = (*i)[3];
  }
  return keys;
}

Findings CheckTables(const std::string& commented) {
  const std::string sql = WithoutComments(commented);
  Findings found = ForbiddenIn(sql);
  const auto keys = KeysOf(sql);
  if (static_cast<int>(keys.size()) != Count(sql, "CREATE TABLE")) {
    found.push_back("a table has no primary key at its end");
  }
  for (const auto& [table, key] : keys) {
    if (!absl::StartsWith(key, "player_id")) {
      found.push_back(absl::StrCat(table, ": its key begins with ", key));
    }
  }
  // Tables are split alike, and joined on one server, only if what they are
  // split by is of one type.
  if (Count(sql, "\\(\\s*player_id\\s+TEXT COLLATE \"C\" NOT NULL\\b") !=
      Count(sql, "CREATE TABLE")) {
    found.push_back("a player is no plain TEXT, or not the first column");
  }
  if (Count(sql, "\\bUNIQUE\\b") !=
      Count(sql, "CREATE UNIQUE INDEX \\w+ ON \\w+ \\(player_id, ")) {
    found.push_back("something is unique across players");
  }
  if (Matches(sql, "\\bTEXT\\b(?! COLLATE \"C\")")) {
    found.push_back("a text is not compared byte by byte");
  }
  if (Matches(sql, "CREATE (UNIQUE )?INDEX[^;]*\\bWHERE\\b")) {
    found.push_back("an index is partial");
  }
  return found;
}

Findings CheckInsert(const std::string& sql,
                     const std::map<std::string, std::string>& keys) {
  Findings found;
  std::smatch parts;
  const bool is_plain = std::regex_search(
      sql, parts,
      std::regex("^INSERT INTO (\\w+) \\(player_id, ([^)]*)\\) "
                 "VALUES \\(\\$1, ([^)]*)\\)"));
  if (!is_plain) return {"is no plain insert of one row of the player $1"};
  const std::string rest = parts.suffix();
  if (!rest.empty() && !absl::StartsWith(rest, " ON CONFLICT (")) {
    found.push_back("inserts more than one row");
  }
  const std::string columns = parts[2];
  const std::string values = parts[3];
  if (std::count(columns.begin(), columns.end(), ',') !=
      std::count(values.begin(), values.end(), ',')) {
    found.push_back("has other columns than values");
  }
  const auto key = keys.find(parts[1]);
  if (key == keys.end()) return {"writes to a table that is not there"};
  if (Matches(sql, "ON CONFLICT") &&
      !absl::StrContains(
          sql, absl::StrCat("ON CONFLICT (", key->second, ") DO UPDATE"))) {
    found.push_back("does not name the whole key where it conflicts");
  }
  return found;
}

Findings CheckPlayerStatement(const std::string& sql,
                              const std::map<std::string, std::string>& keys) {
  Findings found = ForbiddenIn(sql);
  if (Matches(sql, "^\\s*WITH\\b")) {
    found.push_back("is a common table expression");
  }
  if (Count(sql, "\\bSELECT\\b") > (absl::StartsWith(sql, "SELECT") ? 1 : 0)) {
    found.push_back("has a select inside");
  }
  if (Matches(sql, "\\bOR\\b")) found.push_back("has an OR");
  if (Matches(sql, "(\\bSET|,) player_id =")) {
    found.push_back("moves a row to another player");
  }
  if (absl::StartsWith(sql, "INSERT")) {
    const Findings more = CheckInsert(sql, keys);
    found.insert(found.end(), more.begin(), more.end());
    return found;
  }
  // Of each table that it reads, it reads the rows of the player $1 only. That
  // finds the server only where it is a condition by itself: one of the WHERE,
  // or of those that are joined to it by AND, and not part of an expression.
  const int tables = Count(sql, "\\b(FROM|JOIN|^UPDATE) \\w+");
  if (tables == 0 || Count(sql,
                           "\\b(WHERE|AND) (\\w+\\.)?player_id = \\$1"
                           "(?=$| (AND|ORDER|LIMIT|FOR)\\b)") != tables) {
    found.push_back("is not about the player $1 alone");
  }
  if (Matches(sql, "\\bUSING\\b|\\bFROM \\w+( \\w+)?,")) {
    found.push_back("names a table after neither FROM nor JOIN");
  }
  return found;
}

Findings CheckGroupStatement(const std::string& sql,
                             const std::map<std::string, std::string>& keys) {
  Findings found = ForbiddenIn(sql);
  if (!absl::StrContains(sql,
                         "SELECT unnest($1::text[]), unnest($2::text[])")) {
    found.push_back("does not take player and key as its first arrays");
  }
  if (absl::StartsWith(sql, "SELECT")) {
    if (!Matches(sql, "JOIN \\w+ ON player_id = p AND \\w+ = k\\b")) {
      found.push_back("does not find each row by its key");
    }
    if (absl::StrContains(sql, "FOR UPDATE") &&
        !absl::StrContains(sql, "ORDER BY player_id, ")) {
      found.push_back("locks in any order");
    }
  } else if (absl::StartsWith(sql, "UPDATE")) {
    if (!Matches(sql,
                 "WHERE (\\w+)\\.player_id = n\\.player_id "
                 "AND \\1\\.\\w+ = n\\.\\w+$")) {
      found.push_back("does not find each row by its key");
    }
  } else {
    std::smatch parts;
    if (!std::regex_search(sql, parts,
                           std::regex("^INSERT INTO (\\w+) \\(player_id, "
                                      "[^)]*\\) (SELECT \\*, CASE [^()]* END "
                                      "FROM \\()?SELECT unnest"))) {
      return {"is no plain insert of rows"};
    }
    if (Matches(sql, "ON CONFLICT") &&
        !absl::StrContains(sql, absl::StrCat("ON CONFLICT (", keys.at(parts[1]),
                                             ") DO UPDATE"))) {
      found.push_back("does not name the whole key where it conflicts");
    }
  }
  return found;
}

std::string Tables() {
  std::string sql;
  for (const Migration& migration : PostgresMigrations()) sql += migration.sql;
  return sql;
}

TEST(PostgresStatementsTest, TablesAreKeyedByPlayer) {
  EXPECT_THAT(CheckTables(Tables()), IsEmpty());
  const auto keys = KeysOf(Tables());
  EXPECT_EQ(keys.size(), 8u);
  // Each is one that Citus is told to split.
  EXPECT_EQ(TablesByPlayer().size(), keys.size());
  for (const std::string& table : TablesByPlayer()) {
    EXPECT_EQ(keys.count(table), 1u) << table;
  }
}

TEST(PostgresStatementsTest, EveryStatementOfAPlayerTouchesThatPlayerOnly) {
  const auto keys = KeysOf(WithoutComments(Tables()));
  int checked = 0;
  for (const PostgresStatement& statement : PostgresStatements()) {
    if (statement.use != PostgresUse::kPlayer) continue;
    EXPECT_THAT(CheckPlayerStatement(statement.sql, keys), IsEmpty())
        << statement.name << ": " << statement.sql;
    ++checked;
  }
  EXPECT_GE(checked, 30);
}

TEST(PostgresStatementsTest, OnlyReadsGoAcrossPlayers) {
  for (const PostgresStatement& statement : PostgresStatements()) {
    const std::string sql = statement.sql;
    EXPECT_THAT(ForbiddenIn(sql), IsEmpty()) << sql;
    if (statement.use == PostgresUse::kBackground) {
      EXPECT_TRUE(absl::StartsWith(sql, "SELECT")) << sql;
      EXPECT_TRUE(absl::StrContains(sql, "LIMIT $")) << sql;
      EXPECT_FALSE(absl::StrContains(sql, "FOR UPDATE")) << sql;
    }
    if (statement.use == PostgresUse::kSession) {
      EXPECT_FALSE(Matches(sql, "\\b(FROM|INTO|UPDATE)\\b")) << sql;
    }
  }
}

// What touches several players at once names each row by its whole key, and
// waits for them in the order of the players.
TEST(PostgresStatementsTest, AGroupNamesEachRowByItsKey) {
  const auto keys = KeysOf(WithoutComments(Tables()));
  int checked = 0;
  for (const PostgresStatement& statement : PostgresStatements()) {
    if (statement.use != PostgresUse::kGroup) continue;
    EXPECT_THAT(CheckGroupStatement(statement.sql, keys), IsEmpty())
        << statement.name << ": " << statement.sql;
    ++checked;
  }
  EXPECT_EQ(checked, 9);
}

TEST(PostgresStatementsTest, NamesAreUnique) {
  std::map<std::string, int> names;
  for (const PostgresStatement& statement : PostgresStatements()) {
    EXPECT_EQ(names[statement.name]++, 0) << statement.name;
  }
}

// The check itself, by statements that break one rule each.
TEST(PostgresStatementsTest, ABreachOfEachRuleIsNoticed) {
  const auto keys = KeysOf(WithoutComments(Tables()));
  for (const char* sql : {
           "SELECT seq FROM pity WHERE scope = $1",
           "SELECT seq FROM pity WHERE player_id = $2 AND scope = $1",
           "SELECT seq FROM pity WHERE player_id = $10",
           "SELECT seq FROM pity WHERE player_id = $1 OR scope = $2",
           "SELECT b.seq FROM balances b JOIN holds h ON h.currency = "
           "b.currency WHERE b.player_id = $1",
           "SELECT seq FROM pity WHERE player_id = $1 OFFSET 10",
           "SELECT seq FROM pity WHERE NOT player_id = $1",
           "SELECT seq FROM pity WHERE player_id = $1 IS FALSE",
           "SELECT seq FROM pity WHERE coalesce(player_id = $1, FALSE)",
           "SELECT CASE WHEN player_id = $1 THEN 1 END FROM pity",
           "SELECT (player_id = $1) FROM pity",
           "SELECT b.seq FROM balances b LEFT JOIN holds h "
           "ON h.currency = b.currency AND h.player_id = $1 "
           "WHERE b.player_id = $1",
           "SELECT b.seq FROM balances b, holds h WHERE b.player_id = $1 "
           "AND h.currency = b.currency",
           "DELETE FROM balances b USING holds h WHERE b.player_id = $1 "
           "AND h.currency = b.currency",
           "UPDATE pity SET player_id = $2 WHERE player_id = $1",
           "UPDATE pity SET seq = $2, player_id = $3 WHERE player_id = $1",
           "SELECT pg_advisory_xact_lock($2) FROM pity WHERE player_id = $1",
           "SELECT seq / 2 FROM pity WHERE player_id = $1",
           "UPDATE pity SET seq = $2",
           "UPDATE pity SET seq = $2 WHERE scope = $1",
           "UPDATE inventory SET count = random() WHERE player_id = $1",
           "DELETE FROM players",
           "INSERT INTO pity (scope, player_id, seq, state) "
           "VALUES ($1, $2, $3, $4)",
           "INSERT INTO pity (player_id, scope, seq, state) "
           "VALUES ($2, $1, $3, $4)",
           "INSERT INTO pity (player_id, scope, seq, state) "
           "VALUES ($1, $2, $3)",
           "INSERT INTO pity (player_id, scope, seq, state) "
           "SELECT $1, $2, $3, $4",
           "INSERT INTO pity (player_id, scope, seq, state) "
           "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
           "INSERT INTO pity (player_id, scope, seq, state) "
           "VALUES ($1, $2, $3, $4) ON CONFLICT (scope) DO UPDATE SET seq = $3",
           "INSERT INTO pity (player_id, scope, seq, state) "
           "VALUES ($1, $2, (SELECT 1), $4)",
           "INSERT INTO pity (player_id, scope, seq, state) "
           "VALUES ($1, $2, nextval('s'), $4)",
           "INSERT INTO nowhere (player_id, scope) VALUES ($1, $2)",
           "INSERT INTO pity (player_id, scope, seq, state) "
           "VALUES ($1, $2, $3, $4), ('p2', $2, $3, $4)",
           "INSERT INTO pity (player_id, scope, seq, state) "
           "VALUES ($1, $2, $3, $4) ON CONFLICT (player_id, scope) "
           "DO UPDATE SET player_id = excluded.player_id",
           "WITH w AS (UPDATE pity SET seq = $2 WHERE player_id = $1 "
           "RETURNING 1) SELECT 1 FROM w",
       }) {
    EXPECT_THAT(CheckPlayerStatement(sql, keys), Not(IsEmpty())) << sql;
  }
  for (const char* sql : {
           "SELECT seq FROM (SELECT unnest($1::text[]), unnest($2::text[])) "
           "AS asked (p, k) JOIN pity ON player_id = p",
           "SELECT seq FROM (SELECT unnest($1::text[]), unnest($2::text[])) "
           "AS asked (p, k) JOIN pity ON player_id = p AND scope = k "
           "FOR UPDATE OF pity",
           "SELECT seq FROM pity WHERE player_id = $1",
           "SELECT seq FROM (SELECT unnest($2::text[]), unnest($1::text[])) "
           "AS asked (k, p) JOIN pity ON player_id = p AND scope = k",
           "UPDATE pity SET seq = n.seq FROM (SELECT unnest($1::text[]), "
           "unnest($2::text[]), unnest($3::bigint[])) "
           "AS n (player_id, scope, seq) WHERE pity.player_id = n.player_id",
           "INSERT INTO pity (scope, player_id) "
           "SELECT unnest($1::text[]), unnest($2::text[])",
           "INSERT INTO inventory (player_id, item, count) "
           "SELECT unnest($1::text[]), unnest($2::text[]), unnest($3::bigint[])"
           " ON CONFLICT (player_id) DO UPDATE SET count = 1",
       }) {
    EXPECT_THAT(CheckGroupStatement(sql, keys), Not(IsEmpty())) << sql;
  }
  const std::string good =
      "CREATE TABLE t (player_id TEXT COLLATE \"C\" NOT NULL, "
      "PRIMARY KEY (player_id));";
  EXPECT_THAT(CheckTables(good), IsEmpty());
  for (const std::string& sql : {
           std::string("CREATE TABLE t (a BIGINT, PRIMARY KEY (a));"),
           std::string("CREATE TABLE t (player_id BIGINT);"),
           std::string("CREATE TABLE t (player_id name NOT NULL, "
                       "PRIMARY KEY (player_id));"),
           good + "CREATE UNIQUE INDEX i ON t (a);",
           absl::StrReplaceAll(good, {{" COLLATE \"C\"", ""}}),
           good + "CREATE INDEX i ON t (player_id) WHERE a = 0;",
           good + "CREATE SEQUENCE s;",
           good + "CREATE TRIGGER x BEFORE INSERT ON t EXECUTE y();",
       }) {
    EXPECT_THAT(CheckTables(sql), Not(IsEmpty())) << sql;
  }
}

}  // namespace
}  // namespace fairpull
