#include "sqlite_rows.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fairpull/base/status.h"

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

absl::Status Write(SqliteConnection& connection, const Operation& row) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto insert,
      connection.Prepare("INSERT INTO operations VALUES "
                         "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)"));
  return insert->Bind(row.player.value())
      .Bind(row.id.value())
      .Bind(static_cast<std::int64_t>(row.kind))
      .Bind(row.currency.value())
      .Bind(row.amount)
      .Bind(row.counterparty.name())
      .Bind(static_cast<std::int64_t>(row.outcome))
      .Bind(row.after.posted)
      .Bind(row.after.held)
      .Bind(row.after.seq)
      .Bind(row.after.version)
      .Bind(row.at_ms)
      .Bind(ChangesText(row.lots))
      .Bind(TermsText(row.terms))
      .Run();
}

absl::Status Write(SqliteConnection& connection, const Entry& row) {
  FAIRPULL_ASSIGN_OR_RETURN(const auto insert,
                            connection.Prepare("INSERT INTO entries VALUES "
                                               "(?1,?2,?3,?4,?5,?6,?7,?8,?9)"));
  return insert->Bind(row.player.value())
      .Bind(row.currency.value())
      .Bind(row.seq)
      .Bind(row.operation.value())
      .Bind(row.counterparty.name())
      .Bind(row.amount)
      .Bind(row.balance_after)
      .Bind(row.at_ms)
      .Bind(row.hash)
      .Run();
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
  FAIRPULL_RETURN_IF_ERROR(statement->Bind(row.player.value())
                               .Bind(row.currency.value())
                               .Bind(row.balance.posted)
                               .Bind(row.balance.held)
                               .Bind(row.balance.seq)
                               .Bind(row.balance.version)
                               .Bind(row.debt)
                               .Bind(LotsText(row.lots))
                               .Bind(row.chain)
                               .Run());
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
  FAIRPULL_RETURN_IF_ERROR(statement->Bind(row.player.value())
                               .Bind(row.id.value())
                               .Bind(row.currency.value())
                               .Bind(row.amount)
                               .Bind(row.counterparty.name())
                               .Bind(static_cast<std::int64_t>(row.state))
                               .Bind(row.posted_amount)
                               .Bind(row.at_ms)
                               .Bind(row.ask_at_ms)
                               .Run());
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
  FAIRPULL_RETURN_IF_ERROR(upsert->Bind(row.player.value())
                               .Bind(row.scope.value())
                               .Bind(row.seq)
                               .Bind(row.state)
                               .Run());
  if (connection.changes() == 1) return absl::OkStatus();
  return Overtaken("pity of", row.scope.value());
}

absl::Status Write(SqliteConnection& connection, const PullRecord& row) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto insert,
      connection.Prepare("INSERT INTO pulls VALUES "
                         "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)"));
  return insert->Bind(row.player.value())
      .Bind(row.scope.value())
      .Bind(row.seq)
      .Bind(row.pull_id.value())
      .Bind(row.draw_index)
      .Bind(row.banner.value())
      .Bind(row.odds_version)
      .Bind(row.seed_epoch)
      .Bind(row.item.value())
      .Bind(row.rarity)
      .Bind(std::int64_t{row.featured})
      .Bind(row.pity)
      .Bind(row.cost)
      .Bind(row.at_ms)
      .Run();
}

absl::Status Write(SqliteConnection& connection, const InventoryRecord& row) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto upsert,
      connection.Prepare("INSERT INTO inventory VALUES (?1,?2,?3) "
                         "ON CONFLICT (player_id, item) DO UPDATE SET "
                         "count=inventory.count+excluded.count"));
  return upsert->Bind(row.player.value())
      .Bind(row.item.value())
      .Bind(row.count)
      .Run();
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
  return upsert->Bind(row.player.value())
      .Bind(row.id.value())
      .Bind(row.banner.value())
      .Bind(row.count)
      .Bind(row.odds_version)
      .Bind(row.seed_epoch)
      .Bind(row.currency.value())
      .Bind(row.cost)
      .Bind(static_cast<std::int64_t>(row.state))
      .Bind(std::int64_t{row.settled})
      .Bind(row.attempts)
      .Bind(row.next_due_ms)
      .Bind(row.created_at_ms)
      .Bind(row.scope.value())
      .Bind(row.first_seq)
      .Run();
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

// Braces evaluate in order, which is the order of the columns.

absl::StatusOr<Operation> ReadOperation(SqliteStatement& row) {
  Operation operation{.player = PlayerId::Trusted(row.Text()),
                      .id = OperationId::Trusted(row.Text()),
                      .kind = static_cast<OperationKind>(row.Int()),
                      .currency = CurrencyId::Trusted(row.Text()),
                      .amount = row.Int(),
                      .counterparty = SystemAccount::Trusted(row.Text()),
                      .outcome = static_cast<LedgerOutcome>(row.Int()),
                      .after = {.posted = row.Int(),
                                .held = row.Int(),
                                .seq = row.Int(),
                                .version = row.Int()},
                      .at_ms = row.Int()};
  FAIRPULL_ASSIGN_OR_RETURN(operation.lots, ReadChanges(row.Text()));
  FAIRPULL_ASSIGN_OR_RETURN(operation.terms, ReadTerms(row.Text()));
  return operation;
}

absl::StatusOr<Entry> ReadEntry(SqliteStatement& row) {
  return Entry{.player = PlayerId::Trusted(row.Text()),
               .currency = CurrencyId::Trusted(row.Text()),
               .seq = row.Int(),
               .operation = OperationId::Trusted(row.Text()),
               .counterparty = SystemAccount::Trusted(row.Text()),
               .amount = row.Int(),
               .balance_after = row.Int(),
               .at_ms = row.Int(),
               .hash = row.Text()};
}

absl::StatusOr<Account> ReadAccount(SqliteStatement& row) {
  Account account{.player = PlayerId::Trusted(row.Text()),
                  .currency = CurrencyId::Trusted(row.Text()),
                  .balance = {.posted = row.Int(),
                              .held = row.Int(),
                              .seq = row.Int(),
                              .version = row.Int()},
                  .debt = row.Int()};
  FAIRPULL_ASSIGN_OR_RETURN(account.lots, ReadLots(row.Text()));
  account.chain = row.Text();
  return account;
}

absl::StatusOr<Hold> ReadHold(SqliteStatement& row) {
  return Hold{.player = PlayerId::Trusted(row.Text()),
              .id = OperationId::Trusted(row.Text()),
              .currency = CurrencyId::Trusted(row.Text()),
              .amount = row.Int(),
              .counterparty = SystemAccount::Trusted(row.Text()),
              .state = static_cast<HoldState>(row.Int()),
              .posted_amount = row.Int(),
              .at_ms = row.Int(),
              .ask_at_ms = row.Int()};
}

absl::StatusOr<PityRecord> ReadPity(SqliteStatement& row) {
  return PityRecord{.player = PlayerId::Trusted(row.Text()),
                    .scope = ScopeId::Trusted(row.Text()),
                    .seq = row.Int(),
                    .state = row.Text()};
}

absl::StatusOr<PullRecord> ReadPull(SqliteStatement& row) {
  return PullRecord{.player = PlayerId::Trusted(row.Text()),
                    .scope = ScopeId::Trusted(row.Text()),
                    .seq = row.Int(),
                    .pull_id = OperationId::Trusted(row.Text()),
                    .draw_index = row.Int(),
                    .banner = BannerId::Trusted(row.Text()),
                    .odds_version = row.Text(),
                    .seed_epoch = row.Int(),
                    .item = ItemId::Trusted(row.Text()),
                    .rarity = row.Text(),
                    .featured = row.Int() != 0,
                    .pity = row.Int(),
                    .cost = row.Int(),
                    .at_ms = row.Int()};
}

absl::StatusOr<InventoryRecord> ReadInventory(SqliteStatement& row) {
  return InventoryRecord{.player = PlayerId::Trusted(row.Text()),
                         .item = ItemId::Trusted(row.Text()),
                         .count = row.Int()};
}

absl::StatusOr<PullOperation> ReadPullOperation(SqliteStatement& row) {
  return PullOperation{.player = PlayerId::Trusted(row.Text()),
                       .id = OperationId::Trusted(row.Text()),
                       .banner = BannerId::Trusted(row.Text()),
                       .count = row.Int(),
                       .odds_version = row.Text(),
                       .seed_epoch = row.Int(),
                       .currency = CurrencyId::Trusted(row.Text()),
                       .cost = row.Int(),
                       .state = static_cast<PullState>(row.Int()),
                       .settled = row.Int() != 0,
                       .attempts = row.Int(),
                       .next_due_ms = row.Int(),
                       .created_at_ms = row.Int(),
                       .scope = ScopeId::Trusted(row.Text()),
                       .first_seq = row.Int()};
}

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
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.entries));
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.holds));
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.pity));
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.pulls));
  FAIRPULL_RETURN_IF_ERROR(WriteAll(connection, writes.inventory));
  return WriteAll(connection, writes.pull_operations);
}

}  // namespace fairpull
