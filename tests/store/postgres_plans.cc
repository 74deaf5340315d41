#include "store/postgres_plans.h"

#include <cstddef>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "store/postgres_server.h"

namespace fairpull {
namespace {

constexpr std::size_t kMostParameters = 17;

// The types that the store gives a statement's parameters: text, or bigint for
// all that is a number, or arrays.
std::vector<std::string> TypesOf(const std::string& url,
                                 const std::string& sql) {
  // Those that are only compared with each other have no column to tell by.
  const std::regex compared(
      "\\$(\\d+) (?:<=|<>|\\+)|(?:<=|\\+|THEN) \\$(\\d+)");
  std::vector<std::string> known(kMostParameters, "unknown");
  const auto mark = [&](const std::string& group) {
    if (!group.empty()) known[std::stoul(group) - 1] = "bigint";
  };
  std::string rest = sql;
  for (std::smatch found; std::regex_search(rest, found, compared);) {
    mark(found[1]);
    mark(found[2]);
    rest = rest.substr(static_cast<std::size_t>(found.position()) + 2);
  }
  std::size_t count = kMostParameters;
  while (sql.find(absl::StrCat("$", count)) == std::string::npos) --count;
  known.resize(count);
  const SqlAnswer types = PostgresServer::Sql(
      url,
      absl::StrCat("PREPARE asked (", absl::StrJoin(known, ", "), ") AS ", sql,
                   "; SELECT CASE WHEN 'text' IN (t.typname, b.typname) "
                   "THEN 'text' WHEN t.typcategory = 'A' THEN t.typname "
                   "ELSE 'bigint' END FROM "
                   "pg_prepared_statements, unnest(parameter_types) WITH "
                   "ORDINALITY AS p (type, n) JOIN pg_type t ON t.oid = p.type "
                   "LEFT JOIN pg_type b ON b.oid = t.typbasetype "
                   "WHERE name = 'asked' ORDER BY n"));
  std::vector<std::string> names;
  for (const auto& row : types.rows) names.push_back(row[0]);
  return names;
}

}  // namespace

std::string PlanOf(const std::string& url, const std::string& settings,
                   const std::string& sql) {
  const std::vector<std::string> types = TypesOf(url, sql);
  const auto value = [](std::string* out, const std::string& type) {
    absl::StrAppend(out, type == "text"     ? "'p1'"
                         : type == "bigint" ? "1"
                                            : "NULL");
  };
  const SqlAnswer plan = PostgresServer::Sql(
      url, absl::StrCat(settings, "; PREPARE s (", absl::StrJoin(types, ", "),
                        ") AS ", sql, "; EXPLAIN (COSTS OFF) EXECUTE s (",
                        absl::StrJoin(types, ", ", value), ")"));
  std::string text = plan.error;
  for (const auto& row : plan.rows) absl::StrAppend(&text, row[0], "\n");
  return text;
}

}  // namespace fairpull
