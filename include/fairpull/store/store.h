// Where a game keeps its players: ledger, pity, pulls and inventory.
//
// One abstract class, so that a game runs on any of the adapters, and a test on
// memory. A transaction is one read and one write of one player's rows.
//
//   FAIRPULL_ASSIGN_OR_RETURN(auto store, Store::Open("sqlite:///game.db"));
//   FAIRPULL_ASSIGN_OR_RETURN(auto transaction, store->Begin(reads));
//   FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
//
// Every call may fail with one of these, on top of what is said over it:
//
//   Unavailable        locked by others for too long, or the medium failed;
//                      asking again may help
//   ResourceExhausted  no room: the disk or the file's limit is full
//   PermissionDenied   the medium may not be written
//   DataLoss           what is stored is damaged
//   InvalidArgument    a page limit outside 1 to kMaxPage

#ifndef FAIRPULL_STORE_STORE_H_
#define FAIRPULL_STORE_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/base/id.h"
#include "fairpull/ledger/records.h"
#include "fairpull/store/pull_cursor.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/records.h"
#include "fairpull/store/write_set.h"

namespace fairpull {

// The most rows that one page may have.
inline constexpr int kMaxPage = 1000;

// A look at some rows that nobody else changes until it is committed or
// dropped. Used by one thread at a time; must not outlive its store.
class Transaction {
 public:
  virtual ~Transaction() = default;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // The rows of the read set, as they are while the transaction lasts.
  [[nodiscard]] virtual const Snapshot& snapshot() const = 0;

  // Whether the snapshot is only what the store saw last, as ReadSet's
  // `optimistic` allows: nothing may be answered from it before Commit is OK.
  [[nodiscard]] virtual bool unproven() const { return false; }

  // OK: all of `writes` is kept, and survives a crash where the store is
  // durable. Aborted: a guard of WriteSet did not hold, since others were
  // quicker; nothing is written, begin again. InvalidArgument: a row is not the
  // player's or breaks a rule of its columns; nothing is written.
  // FailedPrecondition: committed before. Unavailable: the outcome is not
  // known; read again before believing either. Whatever comes back, the
  // transaction is over.
  [[nodiscard]] virtual absl::Status Commit(const WriteSet& writes) = 0;

 protected:
  Transaction() = default;
};

// Transactions of several players, committed together or not at all: for a
// server that has the requests of many players at hand and can save the cost of
// committing each. Used by one thread at a time; must not outlive its store.
class GroupTransaction {
 public:
  virtual ~GroupTransaction() = default;
  GroupTransaction(const GroupTransaction&) = delete;
  GroupTransaction& operator=(const GroupTransaction&) = delete;

  // The rows of each read set, in the order in which they were given. Where all
  // of them are `optimistic` they may be what the store saw last: nothing may
  // be answered from them before Commit is OK, which then is Aborted where a
  // write set does not replace each of its player's rows.
  [[nodiscard]] virtual const std::vector<Snapshot>& snapshots() const = 0;

  // As Transaction::Commit, where `writes[i]` is the i-th player's, and empty
  // if there is nothing to write for him. One guard that does not hold, or one
  // row that breaks a rule, and nothing is written for anybody. InvalidArgument
  // also if there are not as many write sets as there are players.
  [[nodiscard]] virtual absl::Status Commit(
      const std::vector<WriteSet>& writes) = 0;

 protected:
  GroupTransaction() = default;
};

// Safe for use by several threads at once.
class Store {
 public:
  virtual ~Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The store at `url`:
  //
  //   memory:               a new one that ends with the process
  //   sqlite:///game.db     a file, relative to the working folder
  //   sqlite:////var/g.db   a file, by its absolute path
  //   postgresql://user@host/database   a database, in libpq's form of urls
  //
  // A file or table that is not there is made. InvalidArgument for a url of
  // another form; otherwise as the adapter's own function says. Part of the
  // library fairpull::fairpull.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Store>> Open(
      absl::string_view url);

  // Locks and reads the rows of `reads`. One that is not there may be made by
  // others meanwhile; a commit that makes it too is Aborted then. Dropping the
  // transaction without Commit changes nothing. InvalidArgument if the player
  // is empty. A thread that begins a second transaction of the same player
  // while it holds one waits for itself, until Unavailable.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) = 0;

  // As Begin, of several players at once; groups that share players wait for
  // each other, and never in a circle. InvalidArgument if there is no read set,
  // two of them name the same player, or a player is empty.
  [[nodiscard]] virtual absl::StatusOr<std::unique_ptr<GroupTransaction>>
  BeginMany(const std::vector<ReadSet>& reads) = 0;

  // The rows of `reads` as last committed, all from one moment; never waits
  // for a transaction.
  [[nodiscard]] virtual absl::StatusOr<Snapshot> Read(const ReadSet& reads) = 0;

  // Pages by key. Each gives at most `limit` rows, in order of the key, that
  // come after the one given; fewer than `limit` means that there are no more.
  // Rows that are added meanwhile make no row appear twice or be left out.

  // One account's entries with a seq above `after_seq`.
  [[nodiscard]] virtual absl::StatusOr<std::vector<Entry>> Entries(
      const PlayerId& player, const CurrencyId& currency,
      std::int64_t after_seq, int limit) = 0;

  // The last entry of an account, by seq, whose time is at most `at_ms`;
  // nothing if there is none.
  [[nodiscard]] virtual absl::StatusOr<std::optional<Entry>> EntryAsOf(
      const PlayerId& player, const CurrencyId& currency,
      std::int64_t at_ms) = 0;

  // A player's pulls in all scopes, newest first, older than `before`, or from
  // the newest on.
  [[nodiscard]] virtual absl::StatusOr<std::vector<PullRecord>> History(
      const PlayerId& player, const std::optional<PullCursor>& before,
      int limit) = 0;

  // A player's pulls in one scope with a seq above `after_seq`.
  [[nodiscard]] virtual absl::StatusOr<std::vector<PullRecord>> Pulls(
      const PlayerId& player, const ScopeId& scope, std::int64_t after_seq,
      int limit) = 0;

  // Ledger operations, holds and pull operations of a player by id; an empty
  // id is before all others.
  [[nodiscard]] virtual absl::StatusOr<std::vector<Operation>> Operations(
      const PlayerId& player, const OperationId& after, int limit) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::vector<Hold>> Holds(
      const PlayerId& player, const OperationId& after, int limit) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::vector<PullOperation>>
  PullOperations(const PlayerId& player, const OperationId& after,
                 int limit) = 0;

  // Everything a player has of these, by currency, scope and item.
  [[nodiscard]] virtual absl::StatusOr<std::vector<Account>> Accounts(
      const PlayerId& player) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::vector<PityRecord>> Pity(
      const PlayerId& player) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::vector<InventoryRecord>> Inventory(
      const PlayerId& player) = 0;

  // Across players, for work that is done in the background: the longest due
  // first, with a due time of at most `due_ms`. These are no pages: once dealt
  // with, a row is no longer among them.
  [[nodiscard]] virtual absl::StatusOr<std::vector<Hold>> PendingHolds(
      std::int64_t due_ms, int limit) = 0;
  [[nodiscard]] virtual absl::StatusOr<std::vector<PullOperation>>
  UnsettledPulls(std::int64_t due_ms, int limit) = 0;

  // Every player who has any row, by id; an empty id is before all others.
  [[nodiscard]] virtual absl::StatusOr<std::vector<PlayerId>> Players(
      const PlayerId& after, int limit) = 0;

 protected:
  Store() = default;
};

}  // namespace fairpull

#endif  // FAIRPULL_STORE_STORE_H_
