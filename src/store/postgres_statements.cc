#include "postgres_statements.h"

#include <array>
#include <cstddef>

namespace fairpull {
namespace {

using enum PostgresUse;
using Q = PostgresQuery;

// Columns by name: a later migration may add one while older servers run.
#define OPERATION                                                   \
  "player_id, operation_id, kind, currency, amount, counterparty, " \
  "outcome, posted, held, seq, version, at_ms, lots, terms, memo, " \
  "moved, hash"
#define ACCOUNT                                             \
  "player_id, currency, posted, held, seq, version, debt, " \
  "lots, chain"
#define HOLD                                                    \
  "player_id, hold_id, currency, amount, counterparty, state, " \
  "posted_amount, at_ms, ask_at_ms"
#define PITY "player_id, scope, seq, state"
#define PULL                                                           \
  "player_id, scope, seq, pull_id, draw_index, banner, odds_version, " \
  "seed_epoch, item, rarity, featured, pity, cost, at_ms"
#define INVENTORY "player_id, item, count"
#define PULL_OPERATION                                                      \
  "player_id, pull_id, banner, count, odds_version, seed_epoch, currency, " \
  "cost, state, settled, attempts, next_due_ms, created_at_ms, scope, "     \
  "first_seq"
#define ACCOUNT_OF_HOLD                                                  \
  "SELECT b.player_id, b.currency, b.posted, b.held, b.seq, b.version, " \
  "b.debt, b.lots, b.chain "                                             \
  "FROM balances b JOIN holds h ON h.player_id = b.player_id "           \
  "AND h.currency = b.currency "                                         \
  "WHERE b.player_id = $1 AND h.player_id = $1 AND h.hold_id = $2"

#define PITY_CONFLICT                                               \
  "ON CONFLICT (player_id, scope) DO UPDATE SET "                   \
  "seq = CASE WHEN pity.seq < excluded.seq THEN excluded.seq END, " \
  "state = excluded.state"
#define INVENTORY_CONFLICT                       \
  "ON CONFLICT (player_id, item) DO UPDATE SET " \
  "count = inventory.count + excluded.count"

// A guard that does not hold makes a NOT NULL column NULL, which is an error
// and so ends the transaction before its COMMIT; an UPDATE of no row would not.
constexpr std::array kStatements = {
    PostgresStatement{Q::kBegin, kSession, "begin",
                      "BEGIN ISOLATION LEVEL READ COMMITTED"},
    PostgresStatement{Q::kBeginReading, kSession, "begin_reading",
                      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"},
    PostgresStatement{Q::kCommit, kSession, "commit", "COMMIT"},
    PostgresStatement{Q::kRollback, kSession, "rollback", "ROLLBACK"},
    // Every statement finds its rows by key. Without the last settings the
    // server would plan to read a table whole that it takes for empty, and keep
    // to that plan while the table grows; and it would plan a group's
    // statements anew each time, which takes longer than to carry them out.
    // Citus routes by what is in the parameters, so it has to.
    PostgresStatement{
        Q::kSettings, kSession, "settings",
        "SELECT set_config('lock_timeout', $1, false), "
        "set_config('statement_timeout', $2, false), "
        "set_config('idle_in_transaction_session_timeout', $3, false), "
        "set_config('enable_seqscan', 'off', false), "
        "CASE WHEN current_setting('plan_cache_mode', true) IS NOT NULL "
        "AND to_regproc('citus_version') IS NULL "
        "THEN set_config('plan_cache_mode', 'force_generic_plan', false) END"},
    PostgresStatement{Q::kPing, kSession, "ping", "SELECT 1"},

    // The row is locked whether it was there or is inserted now; the condition
    // that never holds only leaves out writing it anew.
    PostgresStatement{
        Q::kLockPlayer, kPlayer, "lock_player",
        "INSERT INTO players (player_id, lock) VALUES ($1, 0) "
        "ON CONFLICT (player_id) DO UPDATE SET lock = excluded.lock "
        "WHERE FALSE"},
    // Never changed once it is there, so there is nothing to lock.
    PostgresStatement{Q::kOperation, kPlayer, "operation",
                      "SELECT " OPERATION " FROM operations "
                      "WHERE player_id = $1 AND operation_id = $2"},
    PostgresStatement{Q::kHold, kPlayer, "hold",
                      "SELECT " HOLD
                      " FROM holds WHERE player_id = $1 AND hold_id = $2"},
    PostgresStatement{Q::kHoldLocked, kPlayer, "hold_locked",
                      "SELECT " HOLD
                      " FROM holds WHERE player_id = $1 AND hold_id = $2 "
                      "FOR UPDATE"},
    PostgresStatement{Q::kAccount, kPlayer, "account",
                      "SELECT " ACCOUNT
                      " FROM balances WHERE player_id = $1 AND currency = $2"},
    PostgresStatement{Q::kAccountLocked, kPlayer, "account_locked",
                      "SELECT " ACCOUNT
                      " FROM balances WHERE player_id = $1 AND currency = $2 "
                      "FOR UPDATE"},
    PostgresStatement{Q::kAccountOfHold, kPlayer, "account_of_hold",
                      ACCOUNT_OF_HOLD},
    PostgresStatement{Q::kAccountOfHoldLocked, kPlayer,
                      "account_of_hold_locked",
                      ACCOUNT_OF_HOLD " FOR UPDATE OF b"},
    PostgresStatement{Q::kPity, kPlayer, "pity",
                      "SELECT " PITY
                      " FROM pity WHERE player_id = $1 AND scope = $2"},
    PostgresStatement{Q::kPityLocked, kPlayer, "pity_locked",
                      "SELECT " PITY
                      " FROM pity WHERE player_id = $1 AND scope = $2 "
                      "FOR UPDATE"},
    PostgresStatement{Q::kPullOperation, kPlayer, "pull_operation",
                      "SELECT " PULL_OPERATION " FROM pull_operations "
                      "WHERE player_id = $1 AND pull_id = $2"},
    PostgresStatement{Q::kPullOperationLocked, kPlayer, "pull_operation_locked",
                      "SELECT " PULL_OPERATION " FROM pull_operations "
                      "WHERE player_id = $1 AND pull_id = $2 FOR UPDATE"},

    PostgresStatement{Q::kForgetPlayer, kPlayer, "forget_player",
                      "DELETE FROM players WHERE player_id = $1"},
    PostgresStatement{Q::kInsertOperation, kPlayer, "insert_operation",
                      "INSERT INTO operations (" OPERATION
                      ", entry_seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
                      "$9, $10, $11, $12, $13, $14, $15, $16, $17, "
                      "CASE WHEN $16 <> 0 THEN $10 END)"},
    PostgresStatement{Q::kInsertAccount, kPlayer, "insert_account",
                      "INSERT INTO balances (" ACCOUNT ") VALUES ($1, $2, $3, "
                      "CASE WHEN $4 <= $3 + $7 THEN $4 END, "
                      "$5, $6, $7, $8, $9)"},
    // Only for a row that the transaction has locked: that it is there is
    // known, and only its version is left to guard.
    PostgresStatement{Q::kUpdateAccount, kPlayer, "update_account",
                      "UPDATE balances SET posted = $3, "
                      "held = CASE WHEN $4 <= $3 + $7 THEN $4 END, seq = $5, "
                      "version = CASE WHEN version + 1 = $6 THEN $6 END, "
                      "debt = $7, lots = $8, chain = $9 "
                      "WHERE player_id = $1 AND currency = $2"},
    // For one that was seen before: its chain tells whether all that went into
    // it is still there.
    PostgresStatement{Q::kReplaceAccount, kPlayer, "replace_account",
                      "UPDATE balances SET posted = $3, "
                      "held = CASE WHEN $4 <= $3 + $7 THEN $4 END, seq = $5, "
                      "version = CASE WHEN version + 1 = $6 AND chain = $10 "
                      "THEN $6 END, debt = $7, lots = $8, chain = $9 "
                      "WHERE player_id = $1 AND currency = $2"},
    PostgresStatement{Q::kInsertHold, kPlayer, "insert_hold",
                      "INSERT INTO holds (" HOLD
                      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"},
    PostgresStatement{
        Q::kResolveHold, kPlayer, "resolve_hold",
        "INSERT INTO holds (" HOLD
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
        "ON CONFLICT (player_id, hold_id) DO UPDATE SET "
        "currency = excluded.currency, amount = excluded.amount, "
        "counterparty = excluded.counterparty, "
        "state = CASE WHEN holds.state = 1 THEN excluded.state END, "
        "posted_amount = excluded.posted_amount, at_ms = excluded.at_ms, "
        "ask_at_ms = excluded.ask_at_ms"},
    PostgresStatement{Q::kWritePity, kPlayer, "write_pity",
                      "INSERT INTO pity (" PITY
                      ") VALUES ($1, $2, $3, $4) " PITY_CONFLICT},
    // For a row that the transaction has read: its seq is known.
    PostgresStatement{Q::kReplacePity, kPlayer, "replace_pity",
                      "UPDATE pity SET "
                      "seq = CASE WHEN seq = $5 AND seq < $3 THEN $3 END, "
                      "state = $4 "
                      "WHERE player_id = $1 AND scope = $2"},
    PostgresStatement{Q::kInsertPull, kPlayer, "insert_pull",
                      "INSERT INTO pulls (" PULL
                      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
                      "$12, $13, $14)"},
    PostgresStatement{Q::kAddInventory, kPlayer, "add_inventory",
                      "INSERT INTO inventory (" INVENTORY
                      ") VALUES ($1, $2, $3) " INVENTORY_CONFLICT},
    PostgresStatement{
        Q::kWritePullOperation, kPlayer, "write_pull_operation",
        "INSERT INTO pull_operations (" PULL_OPERATION
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
        "$14, $15) "
        "ON CONFLICT (player_id, pull_id) DO UPDATE SET "
        "banner = excluded.banner, count = excluded.count, "
        "odds_version = excluded.odds_version, "
        "seed_epoch = excluded.seed_epoch, currency = excluded.currency, "
        "cost = excluded.cost, state = excluded.state, "
        "settled = excluded.settled, attempts = excluded.attempts, "
        "next_due_ms = excluded.next_due_ms, "
        "created_at_ms = excluded.created_at_ms, scope = excluded.scope, "
        "first_seq = excluded.first_seq"},

    // Each parameter is a column of the rows, as an array.
    PostgresStatement{
        Q::kOperationsOfMany, kGroup, "operations_of_many",
        "SELECT " OPERATION
        " FROM (SELECT unnest($1::text[]), unnest($2::text[])) AS asked (p, k) "
        "JOIN operations ON player_id = p AND operation_id = k"},
    // Locked in the order of the players, as every group does.
    PostgresStatement{
        Q::kAccountsOfManyLocked, kGroup, "accounts_of_many",
        "SELECT " ACCOUNT
        " FROM (SELECT unnest($1::text[]), unnest($2::text[])) AS asked (p, k) "
        "JOIN balances ON player_id = p AND currency = k ORDER BY player_id, "
        "currency FOR UPDATE OF balances"},
    PostgresStatement{Q::kPityOfManyLocked, kGroup, "pity_of_many",
                      "SELECT " PITY
                      " FROM (SELECT unnest($1::text[]), unnest($2::text[])) "
                      "AS asked (p, k) JOIN pity ON player_id = p AND scope = "
                      "k ORDER BY player_id, scope FOR UPDATE OF pity"},
    PostgresStatement{
        Q::kInsertOperations, kGroup, "insert_operations",
        "INSERT INTO operations (" OPERATION
        ", entry_seq) SELECT *, CASE WHEN moved <> 0 THEN seq END FROM (SELECT "
        "unnest($1::text[]), unnest($2::text[]), unnest($3::bigint[]), "
        "unnest($4::text[]), unnest($5::bigint[]), unnest($6::text[]), "
        "unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::bigint[]), "
        "unnest($10::bigint[]), unnest($11::bigint[]), unnest($12::bigint[]), "
        "unnest($13::text[]), unnest($14::text[]), unnest($15::text[]), "
        "unnest($16::bigint[]), unnest($17::text[])) AS n (" OPERATION ")"},
    PostgresStatement{
        Q::kUpdateAccounts, kGroup, "update_accounts",
        "UPDATE balances SET posted = n.posted, held = CASE WHEN n.held <= "
        "n.posted + n.debt THEN n.held END, seq = n.seq, version = CASE WHEN "
        "balances.version + 1 = n.version AND balances.chain = n.was "
        "THEN n.version END, debt = n.debt, lots = n.lots, chain = n.chain "
        "FROM (SELECT unnest($1::text[]), unnest($2::text[]), "
        "unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::bigint[]), "
        "unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::text[]), "
        "unnest($9::text[]), unnest($10::text[])) AS n (" ACCOUNT
        ", was) WHERE balances.player_id = n.player_id AND balances.currency = "
        "n.currency"},
    PostgresStatement{
        Q::kWritePityOfMany, kGroup, "write_pity_of_many",
        "INSERT INTO pity (" PITY
        ") SELECT unnest($1::text[]), unnest($2::text[]), "
        "unnest($3::bigint[]), unnest($4::text[]) " PITY_CONFLICT},
    PostgresStatement{
        Q::kReplacePityOfMany, kGroup, "replace_pity_of_many",
        "UPDATE pity SET seq = CASE WHEN pity.seq = n.was AND pity.seq < n.seq "
        "THEN n.seq END, state = n.state FROM (SELECT unnest($1::text[]), "
        "unnest($2::text[]), unnest($3::bigint[]), unnest($4::text[]), "
        "unnest($5::bigint[])) AS n (" PITY
        ", was) WHERE pity.player_id = n.player_id AND pity.scope = n.scope"},
    PostgresStatement{
        Q::kInsertPulls, kGroup, "insert_pulls",
        "INSERT INTO pulls (" PULL
        ") SELECT unnest($1::text[]), unnest($2::text[]), "
        "unnest($3::bigint[]), unnest($4::text[]), unnest($5::bigint[]), "
        "unnest($6::text[]), unnest($7::text[]), unnest($8::bigint[]), "
        "unnest($9::text[]), unnest($10::text[]), unnest($11::bigint[]), "
        "unnest($12::bigint[]), unnest($13::bigint[]), unnest($14::bigint[])"},
    PostgresStatement{Q::kAddInventoryOfMany, kGroup, "add_inventory_of_many",
                      "INSERT INTO inventory (" INVENTORY
                      ") SELECT unnest($1::text[]), unnest($2::text[]), "
                      "unnest($3::bigint[]) " INVENTORY_CONFLICT},

    PostgresStatement{Q::kEntriesPage, kPlayer, "entries_page",
                      "SELECT " OPERATION
                      " FROM operations WHERE player_id = $1 AND currency = $2 "
                      "AND entry_seq > $3 ORDER BY entry_seq LIMIT $4"},
    PostgresStatement{Q::kEntryAsOf, kPlayer, "entry_as_of",
                      "SELECT " OPERATION
                      " FROM operations WHERE player_id = $1 AND currency = $2 "
                      "AND entry_seq >= 1 AND at_ms <= $3 "
                      "ORDER BY entry_seq DESC LIMIT 1"},
    PostgresStatement{Q::kHistoryPage, kPlayer, "history_page",
                      "SELECT " PULL " FROM pulls WHERE player_id = $1 "
                      "AND (at_ms, scope, seq) < ($2, $3, $4) "
                      "ORDER BY at_ms DESC, scope DESC, seq DESC LIMIT $5"},
    PostgresStatement{Q::kPullsPage, kPlayer, "pulls_page",
                      "SELECT " PULL
                      " FROM pulls WHERE player_id = $1 AND scope = $2 "
                      "AND seq > $3 ORDER BY seq LIMIT $4"},
    PostgresStatement{Q::kOperationsPage, kPlayer, "operations_page",
                      "SELECT " OPERATION
                      " FROM operations WHERE player_id = $1 "
                      "AND operation_id > $2 ORDER BY operation_id LIMIT $3"},
    PostgresStatement{Q::kHoldsPage, kPlayer, "holds_page",
                      "SELECT " HOLD
                      " FROM holds WHERE player_id = $1 AND hold_id > $2 "
                      "ORDER BY hold_id LIMIT $3"},
    PostgresStatement{Q::kPullOperationsPage, kPlayer, "pull_operations_page",
                      "SELECT " PULL_OPERATION
                      " FROM pull_operations WHERE player_id = $1 "
                      "AND pull_id > $2 ORDER BY pull_id LIMIT $3"},
    PostgresStatement{Q::kAllAccounts, kPlayer, "all_accounts",
                      "SELECT " ACCOUNT
                      " FROM balances WHERE player_id = $1 ORDER BY currency"},
    PostgresStatement{Q::kAllPity, kPlayer, "all_pity",
                      "SELECT " PITY
                      " FROM pity WHERE player_id = $1 ORDER BY scope"},
    PostgresStatement{Q::kAllInventory, kPlayer, "all_inventory",
                      "SELECT " INVENTORY
                      " FROM inventory WHERE player_id = $1 ORDER BY item"},

    PostgresStatement{Q::kPendingHolds, kBackground, "pending_holds",
                      "SELECT " HOLD
                      " FROM holds WHERE state = 1 AND ask_at_ms <= $1 "
                      "ORDER BY ask_at_ms, player_id, hold_id LIMIT $2"},
    PostgresStatement{Q::kUnsettledPulls, kBackground, "unsettled_pulls",
                      "SELECT " PULL_OPERATION " FROM pull_operations "
                      "WHERE settled = 0 AND next_due_ms <= $1 "
                      "ORDER BY next_due_ms, player_id, pull_id LIMIT $2"},
    PostgresStatement{Q::kPlayersPage, kBackground, "players_page",
                      "SELECT player_id FROM players WHERE player_id > $1 "
                      "ORDER BY player_id LIMIT $2"},

    PostgresStatement{Q::kIsSharded, kMigration, "is_sharded",
                      "SELECT 1 WHERE to_regproc('citus_version') IS NOT NULL"},
    PostgresStatement{Q::kHasMigrations, kMigration, "has_migrations",
                      "SELECT 1 WHERE to_regclass('migrations') IS NOT NULL"},
    PostgresStatement{Q::kMigrations, kMigration, "migrations",
                      "SELECT version, name, checksum FROM migrations "
                      "ORDER BY version"},
    PostgresStatement{Q::kInsertMigration, kMigration, "insert_migration",
                      "INSERT INTO migrations (version, name, checksum) "
                      "VALUES ($1, $2, $3)"},
    // Whether Citus is installed, loaded, and made part of this database. The
    // setting is there as soon as its library is.
    PostgresStatement{
        Q::kCitusState, kMigration, "citus_state",
        "SELECT "
        "(SELECT count(*) FROM pg_available_extensions WHERE name = 'citus'), "
        "(SELECT count(*) FROM pg_settings WHERE name = 'citus.shard_count'), "
        "(SELECT count(*) FROM pg_extension WHERE extname = 'citus')"},
    // 0 for the coordinator.
    PostgresStatement{Q::kCitusGroup, kMigration, "citus_group",
                      "SELECT groupid FROM pg_dist_local_group"},
    PostgresStatement{Q::kCitusPlacement, kMigration, "citus_placement",
                      "SELECT column_to_column_name(logicalrelid, partkey), "
                      "colocationid FROM pg_dist_partition "
                      "WHERE logicalrelid = $1::text::regclass"},
    PostgresStatement{
        Q::kCitusDistribute, kMigration, "citus_distribute",
        "SELECT create_distributed_table($1::text::regclass, 'player_id', "
        "colocate_with => $2)"},
    PostgresStatement{Q::kCitusReference, kMigration, "citus_reference",
                      "SELECT create_reference_table($1::text::regclass)"},
};

#undef OPERATION
#undef ACCOUNT
#undef HOLD
#undef PITY
#undef PULL
#undef INVENTORY
#undef PULL_OPERATION
#undef ACCOUNT_OF_HOLD
#undef PITY_CONFLICT
#undef INVENTORY_CONFLICT

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kStatements.size(); ++i) {
    if (static_cast<std::size_t>(kStatements[i].query) != i) return false;
  }
  return kStatements.size() == static_cast<std::size_t>(Q::kCitusReference) + 1;
}
static_assert(InOrder());

}  // namespace

absl::Span<const PostgresStatement> PostgresStatements() { return kStatements; }

const PostgresStatement& StatementOf(PostgresQuery query) {
  return kStatements[static_cast<std::size_t>(query)];
}

}  // namespace fairpull
