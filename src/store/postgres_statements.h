// Every statement that the PostgreSQL store runs, in one table, so that a test
// can hold each to the rules of its use.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_STATEMENTS_H_
#define FAIRPULL_SRC_STORE_POSTGRES_STATEMENTS_H_

#include "absl/types/span.h"

namespace fairpull {

// The order is that of the table.
enum class PostgresQuery {
  kBegin,
  kBeginReading,
  kCommit,
  kRollback,
  kSettings,
  kPing,
  // Locks and reads.
  kLockPlayer,
  kOperation,
  kHold,
  kHoldLocked,
  kAccount,
  kAccountLocked,
  kAccountOfHold,
  kAccountOfHoldLocked,
  kPity,
  kPityLocked,
  kPullOperation,
  kPullOperationLocked,
  // Writes.
  kForgetPlayer,
  kInsertOperation,
  kInsertAccount,
  kUpdateAccount,
  kReplaceAccount,
  kInsertHold,
  kResolveHold,
  kWritePity,
  kReplacePity,
  kInsertPull,
  kAddInventory,
  kWritePullOperation,
  // The same of several players at once.
  kOperationsOfMany,
  kAccountsOfManyLocked,
  kPityOfManyLocked,
  kInsertOperations,
  kUpdateAccounts,
  kWritePityOfMany,
  kReplacePityOfMany,
  kInsertPulls,
  kAddInventoryOfMany,
  // Pages.
  kEntriesPage,
  kEntryAsOf,
  kHistoryPage,
  kPullsPage,
  kOperationsPage,
  kHoldsPage,
  kPullOperationsPage,
  kAllAccounts,
  kAllPity,
  kAllInventory,
  // Across players.
  kPendingHolds,
  kUnsettledPulls,
  kPlayersPage,
  // Migrations.
  kIsSharded,
  kHasMigrations,
  kMigrations,
  kInsertMigration,
  kCitusState,
  kCitusGroup,
  kCitusPlacement,
  kCitusDistribute,
  kCitusReference,
};

enum class PostgresUse {
  kSession,  // no rows of the game
  kPlayer,   // rows of the player $1 only: the hot path, and a player's pages
  kGroup,    // rows of several players, where all rows are on one server
  kBackground,  // across players, never part of a transaction
  kMigration,   // once, when the store is opened or its tables distributed
};

struct PostgresStatement {
  PostgresQuery query;
  PostgresUse use;
  // What it is prepared as.
  const char* name;
  const char* sql;
};

// In the order of PostgresQuery.
[[nodiscard]] absl::Span<const PostgresStatement> PostgresStatements();

[[nodiscard]] const PostgresStatement& StatementOf(PostgresQuery query);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_STATEMENTS_H_
