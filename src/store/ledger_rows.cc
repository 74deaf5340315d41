#include "fairpull/store/ledger_rows.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "fairpull/base/status.h"
#include "fairpull/store/read_all.h"

namespace fairpull {
namespace {

// The snapshot as it is once the decision is written.
void Show(const Decision& decision, Snapshot& snapshot) {
  const auto put = [](const auto& row, auto& rows, const auto& same) {
    for (auto& present : rows) {
      if (!same(present)) continue;
      present = row;
      return;
    }
    rows.push_back(row);
  };
  if (decision.operation) snapshot.operations.push_back(*decision.operation);
  if (decision.account) {
    put(*decision.account, snapshot.accounts, [&](const Account& account) {
      return account.currency == decision.account->currency;
    });
  }
  if (decision.hold) {
    put(*decision.hold, snapshot.holds,
        [&](const Hold& hold) { return hold.id == decision.hold->id; });
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
    case OperationKind::kVoid:
      reads.operations.push_back(request.id);
      reads.holds.push_back(request.id);
      reads.accounts_of_holds = true;
      return;
    case OperationKind::kReverse:
      reads.operations.push_back(request.id);
      reads.operations.insert(reads.operations.end(), request.lots.begin(),
                              request.lots.end());
      reads.accounts.push_back(request.currency);
      return;
    case OperationKind::kExpire:
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
    case OperationKind::kReverse:
      view.placing = snapshot.FindOperation(request.id);
      for (const OperationId& lot : request.lots) {
        const Operation* credit = snapshot.FindOperation(lot);
        if (credit != nullptr) view.credits.push_back(credit);
      }
      break;
    case OperationKind::kExpire:
      break;
  }
  view.account = snapshot.FindAccount(*currency);
  return view;
}

void AddWritesOf(const Decision& decision, WriteSet& writes) {
  if (decision.operation) writes.operations.push_back(*decision.operation);
  if (decision.account) writes.accounts.push_back(*decision.account);
  if (decision.hold) writes.holds.push_back(*decision.hold);
}

bool Writes(const Decision& decision) {
  return decision.operation || decision.account || decision.hold;
}

LinkedDecision DecideLinked(Snapshot snapshot,
                            absl::Span<const LedgerRequest> requests) {
  LinkedDecision linked;
  std::size_t done_before = 0;
  bool refused = false;
  for (const LedgerRequest& request : requests) {
    const Decision decision = Decide(ViewOf(snapshot, request), request);
    linked.receipts.push_back(decision.receipt);
    if (decision.receipt.replayed) ++done_before;
    if (!decision.receipt.ok()) {
      refused = true;
      break;
    }
    AddWritesOf(decision, linked.writes);
    Show(decision, snapshot);
  }
  if (!refused && (done_before == 0 || done_before == requests.size())) {
    return linked;
  }
  linked.writes = {};
  for (Receipt& receipt : linked.receipts) {
    if (!receipt.replayed && receipt.ok()) {
      receipt = {.outcome = LedgerOutcome::kLinkedRefused};
    }
  }
  linked.receipts.resize(requests.size(),
                         {.outcome = LedgerOutcome::kLinkedRefused});
  return linked;
}

absl::StatusOr<LedgerRows> ReadLedger(Store& store, const PlayerId& player) {
  LedgerRows rows{.player = player};
  FAIRPULL_ASSIGN_OR_RETURN(rows.accounts, store.Accounts(player));
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
