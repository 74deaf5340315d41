#include "postgres_group_rows.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fairpull/base/status.h"
#include "postgres_arrays.h"
#include "row_columns.h"

namespace fairpull {
namespace {

using Q = PostgresQuery;

// Asks one statement for each player's `keys`.
template <class Key>
void QueueKeys(PostgresConnection& connection, Q query,
               absl::Span<const ReadSet> reads,
               const std::vector<std::size_t>& order,
               std::vector<Key> ReadSet::* keys) {
  PostgresColumns<2> asked;
  for (const std::size_t i : order) {
    const std::set<Key> each_once((reads[i].*keys).begin(),
                                  (reads[i].*keys).end());
    for (const Key& key : each_once) {
      asked.AddRow(std::tie(reads[i].player, key));
    }
  }
  if (!asked.empty()) connection.QueueColumns(query, asked);
}

template <class Key>
bool AsksFor(absl::Span<const ReadSet> reads,
             std::vector<Key> ReadSet::* keys) {
  return std::any_of(reads.begin(), reads.end(), [&](const ReadSet& read) {
    return !(read.*keys).empty();
  });
}

template <class Row>
void QueueRows(PostgresConnection& connection, Q query,
               absl::Span<const WriteSet> writes,
               const std::vector<std::size_t>& order,
               std::vector<Row> WriteSet::* rows) {
  constexpr std::size_t kColumns =
      std::tuple_size_v<decltype(ColumnsOf(std::declval<const Row&>()))>;
  PostgresColumns<kColumns> columns;
  for (const std::size_t i : order) {
    for (const Row& row : writes[i].*rows) columns.AddRow(ColumnsOf(row));
  }
  if (!columns.empty()) connection.QueueColumns(query, columns);
}

// Each is one of the snapshot's, see CanWriteTogether.
void QueueAccounts(PostgresConnection& connection,
                   const std::vector<Snapshot>& snapshots,
                   absl::Span<const WriteSet> writes,
                   const std::vector<std::size_t>& order) {
  PostgresColumns<10> columns;
  for (const std::size_t i : order) {
    for (const Account& row : writes[i].accounts) {
      const Account* before = snapshots[i].FindAccount(row.currency);
      columns.AddRow(std::tuple_cat(ColumnsOf(row), std::tuple(before->chain)));
    }
  }
  if (!columns.empty()) connection.QueueColumns(Q::kUpdateAccounts, columns);
}

void QueuePity(PostgresConnection& connection,
               const std::vector<Snapshot>& snapshots,
               absl::Span<const WriteSet> writes,
               const std::vector<std::size_t>& order) {
  PostgresColumns<4> added;
  PostgresColumns<5> replaced;
  for (const std::size_t i : order) {
    for (const PityRecord& row : writes[i].pity) {
      const PityRecord* before = snapshots[i].FindPity(row.scope);
      if (before == nullptr) {
        added.AddRow(ColumnsOf(row));
      } else {
        replaced.AddRow(
            std::tuple_cat(ColumnsOf(row), std::tuple(before->seq)));
      }
    }
  }
  if (!added.empty()) connection.QueueColumns(Q::kWritePityOfMany, added);
  if (!replaced.empty()) {
    connection.QueueColumns(Q::kReplacePityOfMany, replaced);
  }
}

// Whether no two rows have the same key.
template <class Row, class Key>
bool EachOnce(const std::vector<Row>& rows, const Key& key) {
  std::set<std::decay_t<decltype(key(rows[0]))>> seen;
  return std::all_of(rows.begin(), rows.end(), [&](const Row& row) {
    return seen.insert(key(row)).second;
  });
}

}  // namespace

bool CanReadTogether(absl::Span<const ReadSet> reads) {
  return std::all_of(reads.begin(), reads.end(), [](const ReadSet& read) {
    return !read.accounts.empty() && !read.accounts_of_holds &&
           read.holds.empty() && read.pull_operations.empty();
  });
}

void QueueReadsTogether(PostgresConnection& connection,
                        absl::Span<const ReadSet> reads,
                        const std::vector<std::size_t>& order) {
  QueueKeys(connection, Q::kAccountsOfManyLocked, reads, order,
            &ReadSet::accounts);
  QueueKeys(connection, Q::kPityOfManyLocked, reads, order, &ReadSet::pity);
  QueueKeys(connection, Q::kOperationsOfMany, reads, order,
            &ReadSet::operations);
}

absl::Status TakeReadsTogether(absl::Span<const PostgresResult> results,
                               std::size_t& next,
                               absl::Span<const ReadSet> reads,
                               std::vector<Snapshot>& snapshots) {
  absl::flat_hash_map<PlayerId, Snapshot*> by_player;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    by_player[reads[i].player] = &snapshots[i];
  }
  const auto take = [&](bool is_there, auto* read, auto rows) -> absl::Status {
    if (!is_there) return absl::OkStatus();
    const PostgresResult& result = results[next++];
    for (int n = 0; n < result.rows(); ++n) {
      PostgresRow columns = result.Row(n);
      FAIRPULL_ASSIGN_OR_RETURN(auto row, read(columns));
      Snapshot& snapshot = *by_player.at(row.player);
      (snapshot.*rows).push_back(std::move(row));
    }
    return absl::OkStatus();
  };
  FAIRPULL_RETURN_IF_ERROR(take(AsksFor(reads, &ReadSet::accounts),
                                ReadAccount<PostgresRow>, &Snapshot::accounts));
  FAIRPULL_RETURN_IF_ERROR(take(AsksFor(reads, &ReadSet::pity),
                                ReadPity<PostgresRow>, &Snapshot::pity));
  return take(AsksFor(reads, &ReadSet::operations), ReadOperation<PostgresRow>,
              &Snapshot::operations);
}

bool CanWriteTogether(absl::Span<const WriteSet> writes,
                      const std::vector<Snapshot>& snapshots) {
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const WriteSet& write = writes[i];
    if (!write.holds.empty() || !write.pull_operations.empty() ||
        !EachOnce(write.accounts, [](const auto& a) { return a.currency; }) ||
        !EachOnce(write.pity, [](const auto& p) { return p.scope; }) ||
        !EachOnce(write.inventory, [](const auto& n) { return n.item; })) {
      return false;
    }
    for (const Account& account : write.accounts) {
      if (snapshots[i].FindAccount(account.currency) == nullptr) return false;
    }
  }
  return true;
}

void QueueWritesTogether(PostgresConnection& connection,
                         const std::vector<Snapshot>& snapshots,
                         absl::Span<const WriteSet> writes,
                         const std::vector<std::size_t>& order) {
  QueueRows(connection, Q::kInsertOperations, writes, order,
            &WriteSet::operations);
  QueueAccounts(connection, snapshots, writes, order);
  QueuePity(connection, snapshots, writes, order);
  QueueRows(connection, Q::kInsertPulls, writes, order, &WriteSet::pulls);
  QueueRows(connection, Q::kAddInventoryOfMany, writes, order,
            &WriteSet::inventory);
}

}  // namespace fairpull
