#include "fairpull/store/sqlite_store.h"

#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fairpull/base/status.h"
#include "fairpull/store/call_deadline.h"
#include "row_columns.h"
#include "rows_check.h"
#include "sqlite_connection.h"
#include "sqlite_file.h"
#include "sqlite_rows.h"

namespace fairpull {
namespace {

class SqliteStore : public Store {
 public:
  SqliteStore(std::string path, SqliteOptions options,
              std::unique_ptr<SqliteConnection> writer)
      : path_(std::move(path)), options_(options), writer_(std::move(writer)) {}

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
  class Work;
  class SqliteTransaction;
  class SqliteGroup;

  absl::Status LockWriter();
  void UnlockWriter();

  // Calls `reading` with a connection that only reads.
  template <class Reading>
  absl::Status WithReader(const Reading& reading);

  // The rows that `sql` finds; `bind` binds its parameters.
  template <class Row, class Bind>
  absl::StatusOr<std::vector<Row>> Select(
      const char* sql, const Bind& bind,
      absl::StatusOr<Row> (*read)(SqliteStatement&));

  const std::string path_;
  const SqliteOptions options_;

  // SQLite has one writer at a time; waiting here is fairer than its polling.
  std::mutex writer_mutex_;
  std::condition_variable writer_free_;
  bool writer_busy_ = false;
  const std::unique_ptr<SqliteConnection> writer_;

  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_readers_;
};

// An open transaction of the writer, over the rows of one or more players.
class SqliteStore::Work {
 public:
  static absl::StatusOr<std::unique_ptr<Work>> Begin(
      SqliteStore& store, absl::Span<const ReadSet> reads);
  ~Work() { End(); }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  const std::vector<Snapshot>& snapshots() const { return snapshots_; }

  absl::Status Commit(absl::Span<const WriteSet> writes) {
    if (ended_) {
      return absl::FailedPreconditionError("the transaction is over");
    }
    absl::Status status = CheckRowsOfEach(players_, writes);
    for (std::size_t i = 0; status.ok() && i < writes.size(); ++i) {
      status = WriteRows(*store_.writer_, writes[i]);
    }
    if (status.ok()) status = store_.writer_->Execute("COMMIT");
    End();
    return status;
  }

 private:
  explicit Work(SqliteStore& store) : store_(store) {}

  void End() {
    if (!ended_) {
      store_.writer_->Rollback();
      store_.UnlockWriter();
    }
    ended_ = true;
  }

  SqliteStore& store_;
  std::vector<PlayerId> players_;
  std::vector<Snapshot> snapshots_;
  bool ended_ = false;
};

class SqliteStore::SqliteTransaction : public Transaction {
 public:
  explicit SqliteTransaction(std::unique_ptr<Work> work)
      : work_(std::move(work)) {}

  const Snapshot& snapshot() const override { return work_->snapshots()[0]; }
  absl::Status Commit(const WriteSet& writes) override {
    return work_->Commit(absl::MakeConstSpan(&writes, 1));
  }

 private:
  const std::unique_ptr<Work> work_;
};

class SqliteStore::SqliteGroup : public GroupTransaction {
 public:
  explicit SqliteGroup(std::unique_ptr<Work> work) : work_(std::move(work)) {}

  const std::vector<Snapshot>& snapshots() const override {
    return work_->snapshots();
  }
  absl::Status Commit(const std::vector<WriteSet>& writes) override {
    return work_->Commit(writes);
  }

 private:
  const std::unique_ptr<Work> work_;
};

absl::Status SqliteStore::LockWriter() {
  std::unique_lock<std::mutex> lock(writer_mutex_);
  const bool free = writer_free_.wait_until(
      lock,
      CallDeadline::Sooner(CallDeadline::Clock::now() +
                           std::chrono::milliseconds(options_.busy_timeout_ms)),
      [this] { return !writer_busy_; });
  if (!free) {
    return absl::UnavailableError(absl::StrCat(
        "SQLite file ", path_, ": other writers held it ",
        CallDeadline::Passed()
            ? "until the time of the call was over"
            : absl::StrCat("for ", options_.busy_timeout_ms, " ms"),
        "; nothing was changed"));
  }
  writer_busy_ = true;
  return absl::OkStatus();
}

void SqliteStore::UnlockWriter() {
  {
    const std::lock_guard<std::mutex> lock(writer_mutex_);
    writer_busy_ = false;
  }
  writer_free_.notify_one();
}

absl::StatusOr<std::unique_ptr<SqliteStore::Work>> SqliteStore::Work::Begin(
    SqliteStore& store, absl::Span<const ReadSet> reads) {
  FAIRPULL_RETURN_IF_ERROR(CheckPlayers(reads));
  FAIRPULL_RETURN_IF_ERROR(store.LockWriter());
  // Unlocks and rolls back where it is left early.
  std::unique_ptr<Work> work(new Work(store));
  FAIRPULL_RETURN_IF_ERROR(store.writer_->Execute("BEGIN IMMEDIATE"));
  for (const ReadSet& read : reads) {
    FAIRPULL_ASSIGN_OR_RETURN(Snapshot snapshot,
                              ReadRows(*store.writer_, read));
    work->players_.push_back(read.player);
    work->snapshots_.push_back(std::move(snapshot));
  }
  return work;
}

absl::StatusOr<std::unique_ptr<Transaction>> SqliteStore::Begin(
    const ReadSet& reads) {
  FAIRPULL_ASSIGN_OR_RETURN(std::unique_ptr<Work> work,
                            Work::Begin(*this, absl::MakeConstSpan(&reads, 1)));
  return std::make_unique<SqliteTransaction>(std::move(work));
}

absl::StatusOr<std::unique_ptr<GroupTransaction>> SqliteStore::BeginMany(
    const std::vector<ReadSet>& reads) {
  FAIRPULL_ASSIGN_OR_RETURN(std::unique_ptr<Work> work,
                            Work::Begin(*this, reads));
  return std::make_unique<SqliteGroup>(std::move(work));
}

template <class Reading>
absl::Status SqliteStore::WithReader(const Reading& reading) {
  std::unique_ptr<SqliteConnection> reader;
  {
    const std::lock_guard<std::mutex> lock(readers_mutex_);
    if (!idle_readers_.empty()) {
      reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
    }
  }
  if (reader == nullptr) {
    FAIRPULL_ASSIGN_OR_RETURN(
        reader, SqliteConnection::Open(path_, options_.busy_timeout_ms, false));
    FAIRPULL_RETURN_IF_ERROR(reader->Execute("PRAGMA query_only=ON"));
  }
  const absl::Status status = reading(*reader);
  reader->Rollback();
  const std::lock_guard<std::mutex> lock(readers_mutex_);
  idle_readers_.push_back(std::move(reader));
  return status;
}

absl::StatusOr<Snapshot> SqliteStore::Read(const ReadSet& reads) {
  FAIRPULL_RETURN_IF_ERROR(CheckPlayer(reads.player));
  Snapshot snapshot;
  absl::Status status =
      WithReader([&](SqliteConnection& reader) -> absl::Status {
        // One transaction, so that all rows are from one moment.
        FAIRPULL_RETURN_IF_ERROR(reader.Execute("BEGIN"));
        FAIRPULL_ASSIGN_OR_RETURN(snapshot, ReadRows(reader, reads));
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return snapshot;
}

template <class Row, class Bind>
absl::StatusOr<std::vector<Row>> SqliteStore::Select(
    const char* sql, const Bind& bind,
    absl::StatusOr<Row> (*read)(SqliteStatement&)) {
  std::vector<Row> rows;
  absl::Status status =
      WithReader([&](SqliteConnection& reader) -> absl::Status {
        FAIRPULL_ASSIGN_OR_RETURN(const auto statement, reader.Prepare(sql));
        bind(*statement);
        while (true) {
          FAIRPULL_ASSIGN_OR_RETURN(const bool more, statement->Step());
          if (!more) return absl::OkStatus();
          FAIRPULL_ASSIGN_OR_RETURN(Row row, read(*statement));
          rows.push_back(std::move(row));
        }
      });
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<std::vector<Entry>> SqliteStore::Entries(
    const PlayerId& player, const CurrencyId& currency, std::int64_t after_seq,
    int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<Entry>(
      "SELECT * FROM operations WHERE player_id=?1 AND currency=?2 AND "
      "entry_seq>?3 ORDER BY entry_seq LIMIT ?4",
      [&](SqliteStatement& statement) {
        statement.Bind(player.value()).Bind(currency.value());
        statement.Bind(after_seq).Bind(limit);
      },
      ReadEntry);
}

absl::StatusOr<std::optional<Entry>> SqliteStore::EntryAsOf(
    const PlayerId& player, const CurrencyId& currency, std::int64_t at_ms) {
  FAIRPULL_ASSIGN_OR_RETURN(
      std::vector<Entry> found,
      Select<Entry>(
          "SELECT * FROM operations WHERE player_id=?1 AND currency=?2 AND "
          "entry_seq>=1 AND at_ms<=?3 ORDER BY entry_seq DESC LIMIT 1",
          [&](SqliteStatement& statement) {
            statement.Bind(player.value()).Bind(currency.value()).Bind(at_ms);
          },
          ReadEntry));
  if (found.empty()) return std::optional<Entry>();
  return std::optional<Entry>(std::move(found[0]));
}

absl::StatusOr<std::vector<PullRecord>> SqliteStore::History(
    const PlayerId& player, const std::optional<PullCursor>& before,
    int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  // No pull is later than this, so that it stands before the newest.
  const PullCursor from = before.value_or(
      PullCursor{.at_ms = std::numeric_limits<std::int64_t>::max(),
                 .scope = ScopeId::Trusted("~"),
                 .seq = 0});
  return Select<PullRecord>(
      "SELECT * FROM pulls WHERE player_id=?1 "
      "AND (at_ms, scope, seq) < (?2, ?3, ?4) "
      "ORDER BY at_ms DESC, scope DESC, seq DESC LIMIT ?5",
      [&](SqliteStatement& statement) {
        statement.Bind(player.value()).Bind(from.at_ms);
        statement.Bind(from.scope.value()).Bind(from.seq).Bind(limit);
      },
      ReadPull);
}

absl::StatusOr<std::vector<PullRecord>> SqliteStore::Pulls(
    const PlayerId& player, const ScopeId& scope, std::int64_t after_seq,
    int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<PullRecord>(
      "SELECT * FROM pulls WHERE player_id=?1 AND scope=?2 AND seq>?3 "
      "ORDER BY seq LIMIT ?4",
      [&](SqliteStatement& statement) {
        statement.Bind(player.value()).Bind(scope.value());
        statement.Bind(after_seq).Bind(limit);
      },
      ReadPull);
}

absl::StatusOr<std::vector<Operation>> SqliteStore::Operations(
    const PlayerId& player, const OperationId& after, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<Operation>(
      "SELECT * FROM operations WHERE player_id=?1 AND operation_id>?2 "
      "ORDER BY operation_id LIMIT ?3",
      [&](SqliteStatement& statement) {
        statement.Bind(player.value()).Bind(after.value()).Bind(limit);
      },
      ReadOperation);
}

absl::StatusOr<std::vector<Hold>> SqliteStore::Holds(const PlayerId& player,
                                                     const OperationId& after,
                                                     int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<Hold>(
      "SELECT * FROM holds WHERE player_id=?1 AND hold_id>?2 "
      "ORDER BY hold_id LIMIT ?3",
      [&](SqliteStatement& statement) {
        statement.Bind(player.value()).Bind(after.value()).Bind(limit);
      },
      ReadHold);
}

absl::StatusOr<std::vector<PullOperation>> SqliteStore::PullOperations(
    const PlayerId& player, const OperationId& after, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<PullOperation>(
      "SELECT * FROM pull_operations WHERE player_id=?1 AND pull_id>?2 "
      "ORDER BY pull_id LIMIT ?3",
      [&](SqliteStatement& statement) {
        statement.Bind(player.value()).Bind(after.value()).Bind(limit);
      },
      ReadPullOperation);
}

absl::StatusOr<std::vector<Account>> SqliteStore::Accounts(
    const PlayerId& player) {
  return Select<Account>(
      "SELECT * FROM balances WHERE player_id=?1 ORDER BY currency",
      [&](SqliteStatement& statement) { statement.Bind(player.value()); },
      ReadAccount);
}

absl::StatusOr<std::vector<PityRecord>> SqliteStore::Pity(
    const PlayerId& player) {
  return Select<PityRecord>(
      "SELECT * FROM pity WHERE player_id=?1 ORDER BY scope",
      [&](SqliteStatement& statement) { statement.Bind(player.value()); },
      ReadPity);
}

absl::StatusOr<std::vector<InventoryRecord>> SqliteStore::Inventory(
    const PlayerId& player) {
  return Select<InventoryRecord>(
      "SELECT * FROM inventory WHERE player_id=?1 ORDER BY item",
      [&](SqliteStatement& statement) { statement.Bind(player.value()); },
      ReadInventory);
}

absl::StatusOr<std::vector<Hold>> SqliteStore::PendingHolds(std::int64_t due_ms,
                                                            int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<Hold>(
      "SELECT * FROM holds WHERE state=1 AND ask_at_ms<=?1 "
      "ORDER BY ask_at_ms, player_id, hold_id LIMIT ?2",
      [&](SqliteStatement& statement) { statement.Bind(due_ms).Bind(limit); },
      ReadHold);
}

absl::StatusOr<std::vector<PullOperation>> SqliteStore::UnsettledPulls(
    std::int64_t due_ms, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<PullOperation>(
      "SELECT * FROM pull_operations WHERE settled=0 AND next_due_ms<=?1 "
      "ORDER BY next_due_ms, player_id, pull_id LIMIT ?2",
      [&](SqliteStatement& statement) { statement.Bind(due_ms).Bind(limit); },
      ReadPullOperation);
}

absl::StatusOr<std::vector<PlayerId>> SqliteStore::Players(
    const PlayerId& after, int limit) {
  FAIRPULL_RETURN_IF_ERROR(CheckPageLimit(limit));
  return Select<PlayerId>(
      "SELECT player_id FROM balances WHERE player_id>?1 "
      "UNION SELECT player_id FROM operations WHERE player_id>?1 "
      "UNION SELECT player_id FROM holds WHERE player_id>?1 "
      "UNION SELECT player_id FROM pity WHERE player_id>?1 "
      "UNION SELECT player_id FROM pulls WHERE player_id>?1 "
      "UNION SELECT player_id FROM inventory WHERE player_id>?1 "
      "UNION SELECT player_id FROM pull_operations WHERE player_id>?1 "
      "ORDER BY player_id LIMIT ?2",
      [&](SqliteStatement& statement) {
        statement.Bind(after.value()).Bind(limit);
      },
      +[](SqliteStatement& row) -> absl::StatusOr<PlayerId> {
        return PlayerId::Trusted(row.Text());
      });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(absl::string_view path,
                                                       SqliteOptions options) {
  const std::string file(path);
  FAIRPULL_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> writer,
                            OpenSqliteFile(file, options));
  return std::make_unique<SqliteStore>(file, options, std::move(writer));
}

}  // namespace fairpull
