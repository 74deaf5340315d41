#include "postgres_citus.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

using Q = PostgresQuery;

// How a table is kept; of a table that Citus does not know, nothing is.
struct Placement {
  bool is_known = false;
  // "" for a reference table, of which each node has a copy.
  std::string column;
  std::int64_t colocation = 0;
};

absl::StatusOr<Placement> PlacementOf(PostgresConnection& connection,
                                      const std::string& table) {
  connection.Queue(Q::kCitusPlacement, table);
  std::vector<PostgresResult> results;
  FAIRPULL_RETURN_IF_ERROR(connection.Run(results));
  Placement placement;
  if (results[0].rows() == 0) return placement;
  PostgresRow row = results[0].Row(0);
  placement.is_known = true;
  placement.column = row.Text();
  placement.colocation = row.Int();
  return placement;
}

absl::Status Refuse(const PostgresConnection& connection,
                    absl::string_view what) {
  return absl::FailedPreconditionError(
      absl::StrCat(connection.where(), ": ", what, "; nothing was changed"));
}

absl::Status DistributeTables(PostgresConnection& connection) {
  // One shard after the other, since in parallel more connections would be
  // needed than a small server has.
  FAIRPULL_RETURN_IF_ERROR(connection.Execute(
      "BEGIN ISOLATION LEVEL READ COMMITTED;"
      "SET LOCAL citus.multi_shard_modify_mode TO 'sequential';"
      "LOCK TABLE migrations IN SHARE ROW EXCLUSIVE MODE"));
  std::vector<PostgresResult> results;
  const std::string& first = TablesByPlayer()[0];
  std::int64_t colocation = 0;
  for (const std::string& table : TablesByPlayer()) {
    FAIRPULL_ASSIGN_OR_RETURN(Placement placement,
                              PlacementOf(connection, table));
    if (!placement.is_known) {
      connection.Queue(Q::kCitusDistribute, table,
                       table == first ? std::string("none") : first);
      FAIRPULL_RETURN_IF_ERROR(connection.Run(results));
      FAIRPULL_ASSIGN_OR_RETURN(placement, PlacementOf(connection, table));
    }
    if (table == first) colocation = placement.colocation;
    if (placement.column != "player_id" || placement.colocation != colocation) {
      return absl::FailedPreconditionError(
          absl::StrCat(connection.where(), ": the table \"", table,
                       "\" is distributed, but not by player_id beside \"",
                       first, "\"; run SELECT undistribute_table('", table,
                       "') and begin again; nothing was distributed"));
    }
  }
  const std::string copied = "migrations";
  FAIRPULL_ASSIGN_OR_RETURN(const Placement migrations,
                            PlacementOf(connection, copied));
  if (!migrations.is_known) {
    connection.Queue(Q::kCitusReference, copied);
    FAIRPULL_RETURN_IF_ERROR(connection.Run(results));
  }
  // What a node is given anew has the rights that an owner has by himself.
  return connection.Execute(
      "REVOKE UPDATE, DELETE, TRUNCATE ON operations, pulls "
      "FROM CURRENT_USER; COMMIT");
}

}  // namespace

absl::Span<const std::string> TablesByPlayer() {
  static const std::array<std::string, 8> kTables = {
      "players", "operations", "balances",  "holds",
      "pity",    "pulls",      "inventory", "pull_operations"};
  return kTables;
}

absl::Status CheckCitus(PostgresConnection& connection) {
  connection.Queue(Q::kCitusState);
  std::vector<PostgresResult> results;
  FAIRPULL_RETURN_IF_ERROR(connection.Run(results));
  PostgresRow row = results[0].Row(0);
  const bool is_installed = row.Int() != 0;
  const bool is_loaded = row.Int() != 0;
  const bool is_created = row.Int() != 0;
  if (!is_installed) {
    return Refuse(connection,
                  "this server does not have Citus: on each node install the "
                  "package of Citus 12 that fits its PostgreSQL, name citus "
                  "first in shared_preload_libraries, start the server anew, "
                  "and run CREATE EXTENSION citus in this database");
  }
  if (!is_loaded) {
    return Refuse(connection,
                  "Citus is installed and not loaded: on each node name citus "
                  "first in shared_preload_libraries, start the server anew, "
                  "and run CREATE EXTENSION citus in this database");
  }
  if (!is_created) {
    return Refuse(connection,
                  "Citus is loaded and this database does not use it: on each "
                  "node run CREATE EXTENSION citus in it, then on the "
                  "coordinator SELECT citus_add_node('host', port) for each "
                  "worker");
  }
  connection.Queue(Q::kCitusGroup);
  FAIRPULL_RETURN_IF_ERROR(connection.Run(results));
  if (results[1].Row(0).Int() != 0) {
    return Refuse(connection,
                  "this is a worker of a Citus cluster; give the url of its "
                  "coordinator");
  }
  return absl::OkStatus();
}

absl::Status Distribute(PostgresConnection& connection) {
  absl::Status status = DistributeTables(connection);
  if (!status.ok()) connection.Rollback();
  return status;
}

}  // namespace fairpull
