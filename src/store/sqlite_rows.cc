#include "sqlite_rows.h"

#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fairpull/base/status.h"
#include "row_columns.h"

namespace fairpull {
namespace {

// The rows that `sql` finds for the player and each of `keys`, each once.
template <class Key, class Row>
absl::Status ReadEach(SqliteConnection& connection, const char* sql,
                      const PlayerId& player, const std::vector<Key>& keys,
                      absl::StatusOr<Row> (*read)(SqliteStatement&),
                      std::vector<Row>& found) {
  std::set<Key> seen;
  for (const Key& key : keys) {
    if (!seen.insert(key).second) continue;
    FAIRPULL_ASSIGN_OR_RETURN(const auto statement, connection.Prepare(sql));
    statement->Bind(player.value()).Bind(key.value());
    FAIRPULL_ASSIGN_OR_RETURN(const bool there, statement->Step());
    if (!there) continue;
    FAIRPULL_ASSIGN_OR_RETURN(Row row, read(*statement));
    found.push_back(std::move(row));
  }
  return absl::OkStatus();
}

absl::Status Overtaken(absl::string_view what, const std::string& key) {
  return absl::AbortedError(
      absl::StrCat(what, " ", key, " was written by others meanwhile"));
}

// Runs the statement with the row's columns, which live until it is through.
template <class Row>
absl::Status RunWith(SqliteStatement& statement, const Row& row) {
  const auto columns = ColumnsOf(row);
  std::apply([&](const auto&... values) { (statement.Bind(values), ...); },
             columns);
  return statement.Run();
}

absl::Status Write(SqliteConnection& connection, const Operation& row) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto insert,
      connection.Prepare(
          "INSERT INTO operations VALUES "
          "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)"));
  return RunWith(*insert, row);
}

absl::Status Write(SqliteConnection& connection, const Account& row) {
  const bool is_new = row.balance.version == 0;
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto statement,
      connection.Prepare(
          is_new ? "INSERT INTO balances VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"
                 : "UPDATE balances SET posted=?3, held=?4, seq=?5, "
                   "version=?6, debt=?7, lots=?8, chain=?9 "
                   "WHERE player_id=?1 AND currency=?2 AND version+1=?6"));
  FAIRPULL_RETURN_IF_ERROR(RunWith(*statement, row));
  if (connection.changes() == 1) return absl::OkStatus();
  return Overtaken("account", row.currency.value());
}

absl::Status Write(SqliteConnection& connection, const Hold& row) {
  const bool is_pending = row.state == HoldState::kPending;
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto statement,
      connection.Prepare(
          is_pending
              ? "INSERT INTO holds VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)"
              : "INSERT INTO holds VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) "
                "ON CONFLICT (player_id, hold_id) DO UPDATE SET "
                "currency=excluded.currency, amount=excluded.amount, "
                "counterparty=excluded.counterparty, state=excluded.state, "
                "posted_amount=excluded.posted_amount, at_ms=excluded.at_ms, "
                "ask_at_ms=excluded.ask_at_ms WHERE holds.state=1"));
  FAIRPULL_RETURN_IF_ERROR(RunWith(*statement, row));
  if (connection.changes() == 1) return absl::OkStatus();
  return Overtaken("hold", row.id.value());
}

absl::Status Write(SqliteConnection& connection, const PityRecord& row) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto upsert,
      connection.Prepare("INSERT INTO pity VALUES (?1,?2,?3,?4) "
                         "ON CONFLICT (player_id, scope) DO UPDATE SET "
                         "seq=excluded.seq, state=excluded.state "
                         "WHERE pity.seq < excluded.seq"));
  FAIRPULL_RETURN_IF_ERROR(RunWith(*upsert, row));
  if (connection.changes() == 1) return absl::OkStatus();
  return Overtaken("pity of", row.scope.value());
}

absl::Status Write(SqliteConnection& connection, const PullRecord& row) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto insert,
      connection.Prepare("INSERT INTO pulls VALUES "
                         "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)"));
  return RunWith(*insert, row);
}

absl::Status Write(SqliteConnection& connection, const InventoryRecord& row) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto upsert,
      connection.Prepare("INSERT INTO inventory VALUES (?1,?2,?3) "
                         "ON CONFLICT (player_id, item) DO UPDATE SET "
                         "count=inventory.count+excluded.count"));
  return RunWith(*upsert, row);
}

absl::Status Write(SqliteConnection& connection, const PullOperation& row) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto upsert,
      connection.Prepare(
          "INSERT INTO pull_operations VALUES "
          "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15) "
          "ON CONFLICT (player_id, pull_id) DO UPDATE SET "
          "banner=excluded.banner, count=excluded.count, "
          "odds_version=excluded.odds_version, "
          "seed_epoch=excluded.seed_epoch, currency=excluded.currency, "
          "cost=excluded.cost, state=excluded.state, "
          "settled=excluded.settled, attempts=excluded.attempts, "
          "next_due_ms=excluded.next_due_ms, "
          "created_at_ms=excluded.created_at_ms, scope=excluded.scope, "
          "first_seq=excluded.first_seq"));
  return RunWith(*upsert, row);
}

template <class Row>
absl::Status WriteAll(SqliteConnection& connection,
                      const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    FAIRPULL_RETURN_IF_ERROR(Write(connection, row));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Snapshot> ReadRows(SqliteConnection& connection,
                                  const ReadSet& reads) {
  Snapshot snapshot;
  FAIRPULL_RETURN_IF_ERROR(ReadEach(
      connection,
      "SELECT * FROM operations WHERE player_id=?1 AND operation_id=?2",
      reads.player, reads.operations, ReadOperation, snapshot.operations));
  FAIRPULL_RETURN_IF_ERROR(ReadEach(
      connection, "SELECT * FROM holds WHERE player_id=?1 AND hold_id=?2",
      reads.player, reads.holds, ReadHold, snapshot.holds));
  std::vector<CurrencyId> currencies = reads.accounts;
  if (reads.accounts_of_holds) {
    for (const Hold& hold : snapshot.holds) {
      currencies.push_back(hold.currency);
    }
  }
  FAIRPULL_RETURN_IF_ERROR(ReadEach(
      connection, "SELECT * FROM balances WHERE player_id=?1 AND currency=?2",
      reads.player, currencies, ReadAccount, snapshot.accounts));
  FAIRPULL_RETURN_IF_ERROR(
      ReadEach(connection, "SELECT * FROM pity WHERE player_id=?1 AND scope=?2",
               reads.player, reads.pity, ReadPity, snapshot.pity));
  FAIRPULL_RETURN_IF_ERROR(ReadEach(
      connection,
      "SELECT * FROM pull_operations WHERE player_id=?1 AND pull_id=?2",
      reads.player, reads.pull_operations, ReadPullOperation,
      snapshot.pull_operations));
  return snapshot;
}

absl::Status WriteRows(SqliteConnection& connection, const WriteSet& writes) {
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.operations));
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.accounts));
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.holds));
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.pity));
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.pulls));
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.inventory));
  return WriteAll(connection, writes.pull_operations);
}

}  // namespace fairpull
