#include "fairpull/store/postgres_store.h"

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "postgres_citus.h"
#include "postgres_migrations.h"
#include "postgres_open.h"
#include "postgres_pool.h"
#include "postgres_rows.h"
#include "postgres_transaction.h"
#include "row_columns.h"
#include "rows_check.h"

namespace fairpull {
namespace {

using Q = PostgresQuery;

class PostgresTransaction : public Transaction {
 public:
  explicit PostgresTransaction(std::unique_ptr<PostgresWork> work)
      : work_(std::move(work)) {}

  const Snapshot& snapshot() const override { return work_->snapshots()[0]; }
  bool unproven() const override { return work_->unproven(); }
  absl::Status Commit(const WriteSet& writes) override {
    return work_->Commit(absl::MakeConstSpan(&writes, 1));
  }

 private:
  const std::unique_ptr<PostgresWork> work_;
};

class PostgresGroup : public GroupTransaction {
 public:
  explicit PostgresGroup(std::unique_ptr<PostgresWork> work)
      : work_(std::move(work)) {}

  const std::vector<Snapshot>& snapshots() const override {
    return work_->snapshots();
  }
  absl::Status Commit(const std::vector<WriteSet>& writes) override {
    return work_->Commit(writes);
  }

 private:
  const std::unique_ptr<PostgresWork> work_;
};

class PostgresStore : public Store {
 public:
  PostgresStore(const std::string& url, const PostgresOptions& options,
                int connections,
                std::shared_ptr<std::atomic<std::int64_t>> round_trips)
      : round_trips_(std::move(round_trips)),
        writers_(url, options, connections, *round_trips_),
        readers_(url, options, connections, *round_trips_),
        known_(static_cast<std::size_t>(options.known_players)),
        shared_{.pool = writers_,
                .locks = locks_,
                .known = known_,
                .lock_timeout_ms = options.lock_timeout_ms} {}

  // Brings the tables up to date, or refuses them if they are not.
  absl::Status Prepare(bool migrate);

  absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override;
  absl::StatusOr<std::unique_ptr<GroupTransaction>> BeginMany(
      const std::vector<ReadSet>& reads) override;
  absl::StatusOr<Snapshot> Read(const ReadSet& reads) override;
  absl::StatusOr<std::vector<Entry>> Entries(const PlayerId& player,
                                             const CurrencyId& currency,
                                             std::int64_t after_seq,
                                             int limit) override;
  absl::StatusOr<std::optional<Entry>> EntryAsOf(const PlayerId& player,
                                                 const CurrencyId& currency,
                                                 std::int64_t at_ms) override;
  absl::StatusOr<std::vector<PullRecord>> History(
      const PlayerId& player, const std::optional<PullCursor>& before,
      int limit) override;
  absl::StatusOr<std::vector<PullRecord>> Pulls(const PlayerId& player,
                                                const ScopeId& scope,
                                                std::int64_t after_seq,
                                                int limit) override;
  absl::StatusOr<std::vector<Operation>> Operations(const PlayerId& player,
                                                    const OperationId& after,
                                                    int limit) override;
  absl::StatusOr<std::vector<Hold>> Holds(const PlayerId& player,
                                          const OperationId& after,
                                          int limit) override;
  absl::StatusOr<std::vector<PullOperation>> PullOperations(
      const PlayerId& player, const OperationId& after, int limit) override;
  absl::StatusOr<std::vector<Account>> Accounts(
      const PlayerId& player) override;
  absl::StatusOr<std::vector<PityRecord>> Pity(const PlayerId& player) override;
  absl::StatusOr<std::vector<InventoryRecord>> Inventory(
      const PlayerId& player) override;
  absl::StatusOr<std::vector<Hold>> PendingHolds(std::int64_t due_ms,
                                                 int limit) override;
  absl::StatusOr<std::vector<PullOperation>> UnsettledPulls(std::int64_t due_ms,
                                                            int limit) override;
  absl::StatusOr<std::vector<PlayerId>> Players(const PlayerId& after,
                                                int limit) override;

 private:
  // The rows that one statement finds.
  template <class Row, class... Values>
  absl::StatusOr<std::vector<Row>> Select(
      absl::StatusOr<Row> (*read)(PostgresRow&), Q query,
      const Values&... values);

  const std::shared_ptr<std::atomic<std::int64_t>> round_trips_;
  PlayerLocks locks_;
  // Apart, so that a read never waits for a transaction: who holds one and
  // reads beside it would wait for himself.
  PostgresPool writers_;
  PostgresPool readers_;
  PostgresKnownRows known_;
  PostgresShared shared_;
};

absl::Status PostgresStore::Prepare(bool migrate) {
  FAIRPULL_ASSIGN_OR_RETURN(const PostgresPool::Lease connection,
                            writers_.Take());
  FAIRPULL_RETURN_IF_ERROR(migrate ? Migrate(*connection)
                                   : CheckMigrated(*connection));
  connection->Queue(Q::kIsSharded);
  std::vector<PostgresResult> results;
  FAIRPULL_RETURN_IF_ERROR(connection->Run(results));
  shared_.is_sharded = results[0].rows() == 1;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Transaction>> PostgresStore::Begin(
    const ReadSet& reads) {
  FAIRPULL_ASSIGN_OR_RETURN(
      std::unique_ptr<PostgresWork> work,
      PostgresWork::Begin(shared_, absl::MakeConstSpan(&reads, 1)));
  return std::make_unique<PostgresTransaction>(std::move(work));
}

absl::StatusOr<std::unique_ptr<GroupTransaction>> PostgresStore::BeginMany(
    const std::vector<ReadSet>& reads) {
  FAIRPULL_ASSIGN_OR_RETURN(std::unique_ptr<PostgresWork> work,
                            PostgresWork::Begin(shared_, reads));
  return std::make_unique<PostgresGroup>(std::move(work));
}

absl::StatusOr<Snapshot> PostgresStore::Read(const ReadSet& reads) {
  FAIRPULL_RETURN_IF_ERROR(CheckPlayer(reads.player));
  FAIRPULL_ASSIGN_OR_RETURN(const PostgresPool::Lease reader, readers_.Take());
  const PostgresReads queued(reads);
  // One transaction, so that all rows are from one moment.
  reader->Queue(Q::kBeginReading);
  queued.Queue(*reader, PostgresLocking::kNone);
  reader->Queue(Q::kCommit);
  std::vector<PostgresResult> results;
  FAIRPULL_RETURN_IF_ERROR(reader->Run(results));
  std::size_t next = 1;
  return queued.Take(results, next);
}

template <class Row, class... Values>
absl::StatusOr<std::vector<Row>> PostgresStore::Select(
    absl::StatusOr<Row> (*read)(PostgresRow&), Q query,
    const Values&... values) {
  FAIRPULL_ASSIGN_OR_RETURN(const PostgresPool::Lease reader, readers_.Take());
  reader->Queue(query, values...);
  std::vector<PostgresResult> results;
  FAIRPULL_RETURN_IF_ERROR(reader->Run(results));
  std::vector<Row> rows;
  for (int i = 0; i < results[0].rows(); ++i) {
    PostgresRow columns = results[0].Row(i);
    FAIRPULL_ASSIGN_OR_RETURN(Row row, read(columns));
    rows.push_back(std::move(row));
  }
  return rows;
}

absl::StatusOr<std::vector<Entry>> PostgresStore::Entries(
    const PlayerId& player, const CurrencyId& currency, std::int64_t after_seq,
    int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<Entry>(ReadEntry, Q::kEntriesPage, player, currency, after_seq,
                       limit);
}

absl::StatusOr<std::optional<Entry>> PostgresStore::EntryAsOf(
    const PlayerId& player, const CurrencyId& currency, std::int64_t at_ms) {
  FAIRPULL_ASSIGN_OR_RETURN(
      std::vector<Entry> found,
      Select<Entry>(ReadEntry, Q::kEntryAsOf, player, currency, at_ms));
  if (found.empty()) return std::optional<Entry>();
  return std::optional<Entry>(std::move(found[0]));
}

absl::StatusOr<std::vector<PullRecord>> PostgresStore::History(
    const PlayerId& player, const std::optional<PullCursor>& before,
    int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  // No pull is later than this, so that it stands before the newest.
  const PullCursor from = before.value_or(
      PullCursor{.at_ms = std::numeric_limits<std::int64_t>::max(),
                 .scope = ScopeId::Trusted("~"),
                 .seq = 0});
  return Select<PullRecord>(ReadPull, Q::kHistoryPage, player, from.at_ms,
                            from.scope, from.seq, limit);
}

absl::StatusOr<std::vector<PullRecord>> PostgresStore::Pulls(
    const PlayerId& player, const ScopeId& scope, std::int64_t after_seq,
    int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<PullRecord>(ReadPull, Q::kPullsPage, player, scope, after_seq,
                            limit);
}

absl::StatusOr<std::vector<Operation>> PostgresStore::Operations(
    const PlayerId& player, const OperationId& after, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<Operation>(ReadOperation, Q::kOperationsPage, player, after,
                           limit);
}

absl::StatusOr<std::vector<Hold>> PostgresStore::Holds(const PlayerId& player,
                                                       const OperationId& after,
                                                       int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<Hold>(ReadHold, Q::kHoldsPage, player, after, limit);
}

absl::StatusOr<std::vector<PullOperation>> PostgresStore::PullOperations(
    const PlayerId& player, const OperationId& after, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<PullOperation>(ReadPullOperation, Q::kPullOperationsPage,
                               player, after, limit);
}

absl::StatusOr<std::vector<Account>> PostgresStore::Accounts(
    const PlayerId& player) {
  return Select<Account>(ReadAccount, Q::kAllAccounts, player);
}

absl::StatusOr<std::vector<PityRecord>> PostgresStore::Pity(
    const PlayerId& player) {
  return Select<PityRecord>(ReadPity, Q::kAllPity, player);
}

absl::StatusOr<std::vector<InventoryRecord>> PostgresStore::Inventory(
    const PlayerId& player) {
  return Select<InventoryRecord>(ReadInventory, Q::kAllInventory, player);
}

absl::StatusOr<std::vector<Hold>> PostgresStore::PendingHolds(
    std::int64_t due_ms, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<Hold>(ReadHold, Q::kPendingHolds, due_ms, limit);
}

absl::StatusOr<std::vector<PullOperation>> PostgresStore::UnsettledPulls(
    std::int64_t due_ms, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<PullOperation>(ReadPullOperation, Q::kUnsettledPulls, due_ms,
                               limit);
}

absl::StatusOr<std::vector<PlayerId>> PostgresStore::Players(
    const PlayerId& after, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select(
      +[](PostgresRow& row) -> absl::StatusOr<PlayerId> {
        return PlayerId::Trusted(row.Text());
      },
      Q::kPlayersPage, after, limit);
}

// OK if libpq can read `url`. What it says if it can't would repeat the url,
// and with it the password.
absl::Status CheckUrl(const std::string& url) {
  if (absl::StartsWith(url, "postgresql://") ||
      absl::StartsWith(url, "postgres://")) {
    PQconninfoOption* const read = PQconninfoParse(url.c_str(), nullptr);
    const bool is_read = read != nullptr && url.find('\0') == std::string::npos;
    PQconninfoFree(read);
    if (is_read) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "the url of the PostgreSQL store can't be read; it must be postgresql://"
      "[user[:password]@][host][:port][/database][?name=value[&…]] with the "
      "names that libpq knows, and characters like @ : / ? % in a part of it "
      "percent-encoded");
}

absl::Status CheckOptions(const PostgresOptions& options) {
  const auto within = [](std::int64_t ms, std::int64_t least) {
    constexpr std::int64_t kMostMs = 1'000'000'000;  // eleven days
    return ms >= least && ms <= kMostMs;
  };
  if (options.max_connections >= 0 && within(options.connection_wait_ms, 0) &&
      within(options.connect_timeout_ms, 1) &&
      within(options.lock_timeout_ms, 0) &&
      within(options.statement_timeout_ms, 1) &&
      within(options.idle_transaction_timeout_ms, 1) &&
      within(options.idle_check_ms, 0) && options.known_players >= 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "an option of the PostgreSQL store is out of range: times are at most "
      "10^9 ms, those of connecting, of statements and of idle transactions at "
      "least 1 ms, and nothing is below 0");
}

// Four times the number of cores: enough to keep the server busy while others
// wait for its disk.
int DefaultConnections() {
  return 4 *
         static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenCountedPostgresStore(
    absl::string_view url, PostgresOptions options,
    std::shared_ptr<std::atomic<std::int64_t>> round_trips) {
  const std::string whole(url);
  FAIRPULL_RETURN_IF_ERROR(CheckUrl(whole));
  FAIRPULL_RETURN_IF_ERROR(CheckOptions(options));
  auto store = std::make_unique<PostgresStore>(whole, options,
                                               options.max_connections == 0
                                                   ? DefaultConnections()
                                                   : options.max_connections,
                                               std::move(round_trips));
  FAIRPULL_RETURN_IF_ERROR(store->Prepare(options.migrate));
  return store;
}

absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(
    absl::string_view url, PostgresOptions options) {
  return OpenCountedPostgresStore(
      url, options, std::make_shared<std::atomic<std::int64_t>>(0));
}

absl::Status DistributeByPlayer(absl::string_view url) {
  const std::string whole(url);
  FAIRPULL_RETURN_IF_ERROR(CheckUrl(whole));
  // As long as it takes to move the rows that are there.
  constexpr PostgresOptions kOptions = {.statement_timeout_ms = 86'400'000};
  std::atomic<std::int64_t> round_trips = 0;
  FAIRPULL_ASSIGN_OR_RETURN(
      const std::unique_ptr<PostgresConnection> connection,
      PostgresConnection::Connect(whole, kOptions, round_trips));
  FAIRPULL_RETURN_IF_ERROR(CheckCitus(*connection));
  FAIRPULL_RETURN_IF_ERROR(Migrate(*connection));
  return Distribute(*connection);
}

}  // namespace fairpull
