// The columns of each table in their order, once for all SQL stores: how a row
// is bound to a statement that writes it, and how it is read back. Private to
// the adapters.

#ifndef FAIRPULL_SRC_STORE_ROW_COLUMNS_H_
#define FAIRPULL_SRC_STORE_ROW_COLUMNS_H_

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"
#include "fairpull/base/status.h"
#include "fairpull/ledger/records.h"
#include "fairpull/store/records.h"

namespace fairpull {

// The values as a tuple; what lives elsewhere is referred to.
template <class... Values>
std::tuple<Values...> InOrder(Values&&... values) {
  return {std::forward<Values>(values)...};
}

inline auto ColumnsOf(const Operation& row) {
  return InOrder(
      row.player.value(), row.id.value(), static_cast<std::int64_t>(row.kind),
      row.currency.value(), row.amount, row.counterparty.name(),
      static_cast<std::int64_t>(row.outcome), row.after.posted, row.after.held,
      row.after.seq, row.after.version, row.at_ms, ChangesText(row.lots),
      TermsText(row.terms), row.memo, row.moved, row.hash);
}
inline auto ColumnsOf(const Account& row) {
  return InOrder(row.player.value(), row.currency.value(), row.balance.posted,
                 row.balance.held, row.balance.seq, row.balance.version,
                 row.debt, LotsText(row.lots), row.chain);
}
inline auto ColumnsOf(const Hold& row) {
  return InOrder(row.player.value(), row.id.value(), row.currency.value(),
                 row.amount, row.counterparty.name(),
                 static_cast<std::int64_t>(row.state), row.posted_amount,
                 row.at_ms, row.ask_at_ms);
}
inline auto ColumnsOf(const PityRecord& row) {
  return InOrder(row.player.value(), row.scope.value(), row.seq, row.state);
}
inline auto ColumnsOf(const PullRecord& row) {
  return InOrder(row.player.value(), row.scope.value(), row.seq,
                 row.pull_id.value(), row.draw_index, row.banner.value(),
                 row.odds_version, row.seed_epoch, row.item.value(), row.rarity,
                 std::int64_t{row.featured}, row.pity, row.cost, row.at_ms);
}
inline auto ColumnsOf(const InventoryRecord& row) {
  return InOrder(row.player.value(), row.item.value(), row.count);
}
inline auto ColumnsOf(const PullOperation& row) {
  return InOrder(row.player.value(), row.id.value(), row.banner.value(),
                 row.count, row.odds_version, row.seed_epoch,
                 row.currency.value(), row.cost,
                 static_cast<std::int64_t>(row.state),
                 std::int64_t{row.settled}, row.attempts, row.next_due_ms,
                 row.created_at_ms, row.scope.value(), row.first_seq);
}

// The row that `row` stands at; its Text() and Int() give one column after the
// other. DataLoss if a column can't be read.
// Braces evaluate in order, which is the order of the columns.

template <class Columns>
absl::StatusOr<Operation> ReadOperation(Columns& row) {
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
  operation.memo = row.Text();
  operation.moved = row.Int();
  operation.hash = row.Text();
  return operation;
}

// Of an operation that moved something.
template <class Columns>
absl::StatusOr<Entry> ReadEntry(Columns& row) {
  FAIRPULL_ASSIGN_OR_RETURN(const Operation operation, ReadOperation(row));
  return EntryOf(operation);
}

template <class Columns>
absl::StatusOr<Account> ReadAccount(Columns& row) {
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

template <class Columns>
absl::StatusOr<Hold> ReadHold(Columns& row) {
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

template <class Columns>
absl::StatusOr<PityRecord> ReadPity(Columns& row) {
  return PityRecord{.player = PlayerId::Trusted(row.Text()),
                    .scope = ScopeId::Trusted(row.Text()),
                    .seq = row.Int(),
                    .state = row.Text()};
}

template <class Columns>
absl::StatusOr<PullRecord> ReadPull(Columns& row) {
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

template <class Columns>
absl::StatusOr<InventoryRecord> ReadInventory(Columns& row) {
  return InventoryRecord{.player = PlayerId::Trusted(row.Text()),
                         .item = ItemId::Trusted(row.Text()),
                         .count = row.Int()};
}

template <class Columns>
absl::StatusOr<PullOperation> ReadPullOperation(Columns& row) {
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

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_ROW_COLUMNS_H_
