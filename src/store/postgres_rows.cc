#include "postgres_rows.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "fairpull/base/status.h"
#include "row_columns.h"

namespace fairpull {
namespace {

using Q = PostgresQuery;

// In ascending order, so that everybody locks them in the same.
template <class Key>
std::vector<Key> EachOnce(std::vector<Key> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
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

PostgresQuery WriterOf(const Operation&) { return Q::kInsertOperation; }
PostgresQuery WriterOf(const Account& row) {
  return row.balance.version == 0 ? Q::kInsertAccount : Q::kUpdateAccount;
}
PostgresQuery WriterOf(const Hold& row) {
  return row.state == HoldState::kPending ? Q::kInsertHold : Q::kResolveHold;
}
PostgresQuery WriterOf(const PullRecord&) { return Q::kInsertPull; }
PostgresQuery WriterOf(const InventoryRecord&) { return Q::kAddInventory; }
PostgresQuery WriterOf(const PullOperation&) { return Q::kWritePullOperation; }

template <class Row>
void WriteAll(PostgresConnection& connection, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::apply(
        [&](const auto&... values) {
          connection.Queue(WriterOf(row), values...);
        },
        ColumnsOf(row));
  }
}

void WritePity(PostgresConnection& connection, const Snapshot& read,
               const std::vector<PityRecord>& rows) {
  for (auto row = rows.begin(); row != rows.end(); ++row) {
    // What this row is put in place of.
    const PityRecord* before = read.FindPity(row->scope);
    for (auto earlier = rows.begin(); earlier != row; ++earlier) {
      if (earlier->scope == row->scope) before = &*earlier;
    }
    std::apply(
        [&](const auto&... values) {
          if (before == nullptr) {
            connection.Queue(Q::kWritePity, values...);
          } else {
            connection.Queue(Q::kReplacePity, values..., before->seq);
          }
        },
        ColumnsOf(*row));
  }
}

}  // namespace

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
  QueueEach(connection, locks ? Q::kAccountLocked : Q::kAccount, player,
            reads_.accounts);
  if (reads_.accounts_of_holds) {
    QueueEach(connection, locks ? Q::kAccountOfHoldLocked : Q::kAccountOfHold,
              player, reads_.holds);
  }
  QueueEach(connection, Q::kOperation, player, reads_.operations);
  QueueEach(connection, locks ? Q::kHoldLocked : Q::kHold, player,
            reads_.holds);
  QueueEach(connection, locks ? Q::kPityLocked : Q::kPity, player, reads_.pity);
  QueueEach(connection, locks ? Q::kPullOperationLocked : Q::kPullOperation,
            player, reads_.pull_operations);
}

absl::StatusOr<Snapshot> PostgresReads::Take(
    absl::Span<const PostgresResult> results, std::size_t& next) const {
  Snapshot found;
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
  FAIRPULL_RETURN_IF_ERROR(TakeEach(results, next, reads_.operations,
                                    ReadOperation, found.operations));
  FAIRPULL_RETURN_IF_ERROR(
      TakeEach(results, next, reads_.holds, ReadHold, found.holds));
  FAIRPULL_RETURN_IF_ERROR(
      TakeEach(results, next, reads_.pity, ReadPity, found.pity));
  FAIRPULL_RETURN_IF_ERROR(TakeEach(results, next, reads_.pull_operations,
                                    ReadPullOperation, found.pull_operations));
  return found;
}

void QueueWrites(PostgresConnection& connection, const Snapshot& read,
                 const WriteSet& writes) {
  WriteAll(connection, writes.operations);
  WriteAll(connection, writes.accounts);
  WriteAll(connection, writes.holds);
  WritePity(connection, read, writes.pity);
  WriteAll(connection, writes.pulls);
  WriteAll(connection, writes.inventory);
  WriteAll(connection, writes.pull_operations);
}

void QueueKnownWrites(PostgresConnection& connection, const Snapshot& known,
                      const WriteSet& writes) {
  WriteAll(connection, writes.operations);
  for (const Account& row : writes.accounts) {
    std::apply(
        [&](const auto&... values) {
          connection.Queue(Q::kReplaceAccount, values...,
                           known.FindAccount(row.currency)->chain);
        },
        ColumnsOf(row));
  }
  WriteAll(connection, writes.holds);
  WritePity(connection, known, writes.pity);
  WriteAll(connection, writes.pulls);
  WriteAll(connection, writes.inventory);
}

}  // namespace fairpull
