#include "fairpull/service/pull_service.h"

#include <utility>

#include "fairpull/base/status.h"
#include "fairpull/service/draw_pulls.h"
#include "fairpull/store/ledger_rows.h"
#include "retry.h"
#include "stored_pulls.h"

namespace fairpull {
namespace {

// The debit that pays for an operation, under the operation's own id.
LedgerRequest PaymentOf(const PullOperation& operation, std::int64_t now_ms) {
  return {.kind = OperationKind::kDebit,
          .id = operation.id,
          .player = operation.player,
          .currency = operation.currency,
          .amount = operation.cost,
          .counterparty = SystemAccount::Spend(operation.banner),
          .at_ms = now_ms};
}

}  // namespace

PullService::PullService(Store& store, Catalog catalog, ServerSeeds seeds,
                         Clock clock)
    : store_(store),
      catalog_(std::move(catalog)),
      seeds_(std::move(seeds)),
      clock_(std::move(clock)) {}

absl::StatusOr<PullReceipt> PullService::Pull(const PullRequest& request) {
  return RetryAborted([&] { return PullOnce(request); });
}

absl::StatusOr<PullReceipt> PullService::PullOnce(const PullRequest& request) {
  const std::int64_t now_ms = clock_();
  // Priced before the rows are read, for it names them; but a request that was
  // answered before is answered again, whatever the banner says by now.
  const absl::StatusOr<PullOperation> priced =
      PricedOperation(catalog_, request, seeds_.current(), now_ms);
  ReadSet reads{.player = request.player, .pull_operations = {request.id}};
  LedgerRequest payment;
  if (priced.ok()) {
    payment = PaymentOf(*priced, now_ms);
    AddRowsOf(payment, reads);
    reads.pity = {priced->scope};
  }
  FAIRPULL_ASSIGN_OR_RETURN(const auto transaction, store_.Begin(reads));
  const Snapshot& snapshot = transaction->snapshot();
  if (const PullOperation* stored = snapshot.FindPullOperation(request.id)) {
    FAIRPULL_RETURN_IF_ERROR(CheckSameRequest(*stored, request));
    return Replay(*stored);
  }
  if (!priced.ok()) return priced.status();

  Decision decision = Decide(ViewOf(snapshot, payment), payment);
  if (decision.receipt.outcome == LedgerOutcome::kIdConflict) {
    return ConflictError(request.id, decision.receipt.field);
  }
  // The wallet has seen this id, and not from here.
  if (decision.receipt.replayed) return ConflictError(request.id, "kind");
  if (!Writes(decision)) {
    return PullReceipt{.payment = std::move(decision.receipt)};
  }
  WriteSet writes;
  AddWritesOf(decision, writes);
  PullOperation operation = *priced;
  operation.settled = true;
  DrawnPulls drawn;
  if (decision.receipt.ok()) {
    FAIRPULL_ASSIGN_OR_RETURN(
        drawn, DrawPulls(catalog_, seeds_, operation,
                         snapshot.FindPity(operation.scope), now_ms));
    AddWritesOf(drawn, writes);
    operation.first_seq = drawn.pulls[0].seq;
    operation.state = PullState::kDone;
  } else {
    operation.state = PullState::kRejected;
  }
  writes.pull_operations.push_back(std::move(operation));
  FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
  return PullReceipt{.payment = std::move(decision.receipt),
                     .pulls = std::move(drawn.pulls)};
}

absl::StatusOr<PullReceipt> PullService::Replay(
    const PullOperation& operation) {
  const LedgerRequest payment = PaymentOf(operation, operation.created_at_ms);
  ReadSet reads{.player = operation.player};
  AddRowsOf(payment, reads);
  FAIRPULL_ASSIGN_OR_RETURN(const Snapshot snapshot, store_.Read(reads));
  if (snapshot.FindOperation(operation.id) == nullptr) {
    return ConflictError(operation.id, "kind");  // paid for in another store
  }
  PullReceipt receipt{.payment =
                          Decide(ViewOf(snapshot, payment), payment).receipt};
  FAIRPULL_ASSIGN_OR_RETURN(receipt.pulls, StoredPulls(store_, operation));
  return receipt;
}

}  // namespace fairpull
