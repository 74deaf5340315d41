#include "postgres_rows.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "fairpull/base/status.h"

namespace fairpull {
namespace {

using Q = PostgresQuery;

template <class Key>
std::vector<Key> EachOnce(const std::vector<Key>& keys) {
  std::vector<Key> unique;
  for (const Key& key : keys) {
    if (std::find(unique.begin(), unique.end(), key) == unique.end()) {
      unique.push_back(key);
    }
  }
  return unique;
}

template <class Key>
void QueueEach(PostgresConnection& connection, Q query, const PlayerId& player,
               const std::vector<Key>& keys) {
  for (const Key& key : keys) connection.Queue(query, player, key);
}

// Appends the row that each of `keys` found.
template <class Key, class Row>
absl::Status TakeEach(absl::Span<const PostgresResult> results,
                      std::size_t& next, const std::vector<Key>& keys,
                      absl::StatusOr<Row> (*read)(PostgresRow&),
                      std::vector<Row>& found) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const PostgresResult& result = results[next++];
    for (int n = 0; n < result.rows(); ++n) {
      PostgresRow columns = result.Row(n);
      FAIRPULL_ASSIGN_OR_RETURN(Row row, read(columns));
      found.push_back(std::move(row));
    }
  }
  return absl::OkStatus();
}

void Write(PostgresConnection& connection, const Operation& row) {
  connection.Queue(Q::kInsertOperation, row.player, row.id,
                   static_cast<std::int64_t>(row.kind), row.currency,
                   row.amount, row.counterparty.name(),
                   static_cast<std::int64_t>(row.outcome), row.after.posted,
                   row.after.held, row.after.seq, row.after.version, row.at_ms,
                   ChangesText(row.lots), TermsText(row.terms));
}

void Write(PostgresConnection& connection, const Entry& row) {
  connection.Queue(Q::kInsertEntry, row.player, row.currency, row.seq,
                   row.operation, row.counterparty.name(), row.amount,
                   row.balance_after, row.at_ms, row.hash);
}

void Write(PostgresConnection& connection, const Account& row) {
  connection.Queue(
      row.balance.version == 0 ? Q::kInsertAccount : Q::kUpdateAccount,
      row.player, row.currency, row.balance.posted, row.balance.held,
      row.balance.seq, row.balance.version, row.debt, LotsText(row.lots),
      row.chain);
}

void Write(PostgresConnection& connection, const Hold& row) {
  connection.Queue(
      row.state == HoldState::kPending ? Q::kInsertHold : Q::kResolveHold,
      row.player, row.id, row.currency, row.amount, row.counterparty.name(),
      static_cast<std::int64_t>(row.state), row.posted_amount, row.at_ms,
      row.ask_at_ms);
}

void Write(PostgresConnection& connection, const PityRecord& row) {
  connection.Queue(Q::kWritePity, row.player, row.scope, row.seq, row.state);
}

void Write(PostgresConnection& connection, const PullRecord& row) {
  connection.Queue(Q::kInsertPull, row.player, row.scope, row.seq, row.pull_id,
                   row.draw_index, row.banner, row.odds_version, row.seed_epoch,
                   row.item, row.rarity, std::int64_t{row.featured}, row.pity,
                   row.cost, row.at_ms);
}

void Write(PostgresConnection& connection, const InventoryRecord& row) {
  connection.Queue(Q::kAddInventory, row.player, row.item, row.count);
}

void Write(PostgresConnection& connection, const PullOperation& row) {
  connection.Queue(Q::kWritePullOperation, row.player, row.id, row.banner,
                   row.count, row.odds_version, row.seed_epoch, row.currency,
                   row.cost, static_cast<std::int64_t>(row.state),
                   std::int64_t{row.settled}, row.attempts, row.next_due_ms,
                   row.created_at_ms, row.scope, row.first_seq);
}

template <class Row>
void WriteAll(PostgresConnection& connection, const std::vector<Row>& rows) {
  for (const Row& row : rows) Write(connection, row);
}

}  // namespace

// Braces evaluate in order, which is the order of the columns.

absl::StatusOr<Operation> ReadOperation(PostgresRow& row) {
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

absl::StatusOr<Entry> ReadEntry(PostgresRow& row) {
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

absl::StatusOr<Account> ReadAccount(PostgresRow& row) {
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

absl::StatusOr<Hold> ReadHold(PostgresRow& row) {
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

absl::StatusOr<PityRecord> ReadPity(PostgresRow& row) {
  return PityRecord{.player = PlayerId::Trusted(row.Text()),
                    .scope = ScopeId::Trusted(row.Text()),
                    .seq = row.Int(),
                    .state = row.Text()};
}

absl::StatusOr<PullRecord> ReadPull(PostgresRow& row) {
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

absl::StatusOr<InventoryRecord> ReadInventory(PostgresRow& row) {
  return InventoryRecord{.player = PlayerId::Trusted(row.Text()),
                         .item = ItemId::Trusted(row.Text()),
                         .count = row.Int()};
}

absl::StatusOr<PullOperation> ReadPullOperation(PostgresRow& row) {
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

PostgresReads::PostgresReads(const ReadSet& reads)
    : reads_{.player = reads.player,
             .operations = EachOnce(reads.operations),
             .holds = EachOnce(reads.holds),
             .accounts = EachOnce(reads.accounts),
             .accounts_of_holds = reads.accounts_of_holds,
             .pity = EachOnce(reads.pity),
             .pull_operations = EachOnce(reads.pull_operations)} {}

void PostgresReads::Queue(PostgresConnection& connection,
                          PostgresLocking locking) const {
  const bool locks = locking == PostgresLocking::kForUpdate;
  const PlayerId& player = reads_.player;
  QueueEach(connection, Q::kOperation, player, reads_.operations);
  QueueEach(connection, locks ? Q::kHoldLocked : Q::kHold, player,
            reads_.holds);
  QueueEach(connection, locks ? Q::kAccountLocked : Q::kAccount, player,
            reads_.accounts);
  if (reads_.accounts_of_holds) {
    QueueEach(connection, locks ? Q::kAccountOfHoldLocked : Q::kAccountOfHold,
              player, reads_.holds);
  }
  QueueEach(connection, locks ? Q::kPityLocked : Q::kPity, player, reads_.pity);
  QueueEach(connection, locks ? Q::kPullOperationLocked : Q::kPullOperation,
            player, reads_.pull_operations);
}

absl::StatusOr<Snapshot> PostgresReads::Take(
    absl::Span<const PostgresResult> results, std::size_t& next) const {
  Snapshot found;
  FAIRPULL_RETURN_IF_ERROR(TakeEach(results, next, reads_.operations,
                                    ReadOperation, found.operations));
  FAIRPULL_RETURN_IF_ERROR(
      TakeEach(results, next, reads_.holds, ReadHold, found.holds));
  FAIRPULL_RETURN_IF_ERROR(
      TakeEach(results, next, reads_.accounts, ReadAccount, found.accounts));
  if (reads_.accounts_of_holds) {
    std::vector<Account> of_holds;
    FAIRPULL_RETURN_IF_ERROR(
        TakeEach(results, next, reads_.holds, ReadAccount, of_holds));
    for (const Account& account : of_holds) {
      if (found.FindAccount(account.currency) == nullptr) {
        found.accounts.push_back(account);
      }
    }
  }
  FAIRPULL_RETURN_IF_ERROR(
      TakeEach(results, next, reads_.pity, ReadPity, found.pity));
  FAIRPULL_RETURN_IF_ERROR(TakeEach(results, next, reads_.pull_operations,
                                    ReadPullOperation, found.pull_operations));
  return found;
}

void QueueWrites(PostgresConnection& connection, const WriteSet& writes) {
  WriteAll(connection, writes.operations);
  WriteAll(connection, writes.accounts);
  WriteAll(connection, writes.entries);
  WriteAll(connection, writes.holds);
  WriteAll(connection, writes.pity);
  WriteAll(connection, writes.pulls);
  WriteAll(connection, writes.inventory);
  WriteAll(connection, writes.pull_operations);
}

}  // namespace fairpull
