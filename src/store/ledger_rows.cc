#include "fairpull/store/ledger_rows.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "fairpull/base/status.h"

namespace fairpull {
namespace {

// Appends every row of a paged table. `page(last)` gives the page after the
// row `last`, which is null at the start.
template <class Row, class Page>
absl::Status ReadAll(const Page& page, std::vector<Row>& rows) {
  const Row* last = nullptr;
  while (true) {
    FAIRPULL_ASSIGN_OR_RETURN(std::vector<Row> more, page(last));
    const bool complete = more.size() < static_cast<std::size_t>(kMaxPage);
    for (Row& row : more) rows.push_back(std::move(row));
    if (complete) return absl::OkStatus();
    last = &rows.back();
  }
}

}  // namespace

void AddRowsOf(const LedgerRequest& request, ReadSet& reads) {
  reads.operations.push_back(StoredId(request));
  switch (request.kind) {
    case OperationKind::kCredit:
    case OperationKind::kDebit:
      reads.accounts.push_back(request.currency);
      return;
    case OperationKind::kHold:
      reads.holds.push_back(request.id);
      reads.accounts.push_back(request.currency);
      return;
    case OperationKind::kPost:
      reads.operations.push_back(request.id);
      [[fallthrough]];
    case OperationKind::kVoid:
      reads.holds.push_back(request.id);
      reads.accounts_of_holds = true;
      return;
  }
}

LedgerView ViewOf(const Snapshot& snapshot, const LedgerRequest& request) {
  LedgerView view{.operation = snapshot.FindOperation(StoredId(request))};
  const CurrencyId* currency = &request.currency;
  switch (request.kind) {
    case OperationKind::kCredit:
    case OperationKind::kDebit:
      break;
    case OperationKind::kHold:
      view.hold = snapshot.FindHold(request.id);
      break;
    case OperationKind::kPost:
    case OperationKind::kVoid:
      view.placing = snapshot.FindOperation(request.id);
      view.hold = snapshot.FindHold(request.id);
      if (view.hold != nullptr) currency = &view.hold->currency;
      break;
  }
  view.account = snapshot.FindAccount(*currency);
  return view;
}

void AddWritesOf(const Decision& decision, WriteSet& writes) {
  if (decision.operation) writes.operations.push_back(*decision.operation);
  if (decision.entry) writes.entries.push_back(*decision.entry);
  if (decision.account) writes.accounts.push_back(*decision.account);
  if (decision.hold) writes.holds.push_back(*decision.hold);
}

bool Writes(const Decision& decision) {
  return decision.operation || decision.entry || decision.account ||
         decision.hold;
}

absl::StatusOr<LedgerRows> ReadLedger(Store& store, const PlayerId& player) {
  LedgerRows rows{.player = player};
  FAIRPULL_ASSIGN_OR_RETURN(rows.accounts, store.Accounts(player));
  for (const Account& account : rows.accounts) {
    FAIRPULL_RETURN_IF_ERROR(ReadAll<Entry>(
        [&](const Entry* last) {
          return store.Entries(player, account.currency,
                               last == nullptr ? 0 : last->seq, kMaxPage);
        },
        rows.entries));
  }
  const auto id_of = [](const auto* last) {
    return last == nullptr ? OperationId() : last->id;
  };
  FAIRPULL_RETURN_IF_ERROR(ReadAll<Operation>(
      [&](const Operation* last) {
        return store.Operations(player, id_of(last), kMaxPage);
      },
      rows.operations));
  FAIRPULL_RETURN_IF_ERROR(ReadAll<Hold>(
      [&](const Hold* last) {
        return store.Holds(player, id_of(last), kMaxPage);
      },
      rows.holds));
  return rows;
}

}  // namespace fairpull
