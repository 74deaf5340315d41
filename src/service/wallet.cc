#include "fairpull/service/wallet.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "fairpull/store/ledger_rows.h"
#include "retry.h"

namespace fairpull {
namespace {

// The longest that a hold may wait before it is asked about: ten years.
constexpr std::int64_t kLongestAskAfterMs = 315'576'000'000;

absl::StatusOr<Receipt> CarryOnce(Store& store, const LedgerRequest& request) {
  ReadSet reads{.player = request.player};
  AddRowsOf(request, reads);
  FAIRPULL_ASSIGN_OR_RETURN(const auto transaction, store.Begin(reads));
  Decision decision = Decide(ViewOf(transaction->snapshot(), request), request);
  if (Writes(decision)) {
    WriteSet writes;
    AddWritesOf(decision, writes);
    FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
  }
  return std::move(decision.receipt);
}

absl::StatusOr<Balance> OpenOnce(Store& store, const PlayerId& player,
                                 const CurrencyId& currency) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto transaction,
      store.Begin({.player = player, .accounts = {currency}}));
  if (const Account* account = transaction->snapshot().FindAccount(currency)) {
    return account->balance;
  }
  WriteSet writes;
  writes.accounts.push_back(NewAccount(player, currency));
  FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
  return writes.accounts[0].balance;
}

LedgerRequest RequestOf(OperationKind kind, const TransferRequest& request) {
  return {.kind = kind,
          .id = request.id,
          .player = request.player,
          .currency = request.currency,
          .amount = request.amount,
          .counterparty = request.counterparty};
}

}  // namespace

Wallet::Wallet(Store& store, Clock clock)
    : store_(store), clock_(std::move(clock)) {}

absl::StatusOr<Balance> Wallet::OpenAccount(const PlayerId& player,
                                            const CurrencyId& currency) {
  return RetryAborted([&] { return OpenOnce(store_, player, currency); });
}

absl::StatusOr<Receipt> Wallet::Grant(const TransferRequest& request) {
  return Carry(RequestOf(OperationKind::kCredit, request));
}

absl::StatusOr<Receipt> Wallet::Spend(const TransferRequest& request) {
  return Carry(RequestOf(OperationKind::kDebit, request));
}

absl::StatusOr<Receipt> Wallet::Hold(const HoldRequest& request) {
  const LedgerRequest asked = {.kind = OperationKind::kHold,
                               .id = request.id,
                               .player = request.player,
                               .currency = request.currency,
                               .amount = request.amount,
                               .counterparty = request.sink,
                               .ask_at_ms = request.ask_after_ms};
  if (request.ask_after_ms >= 0 && request.ask_after_ms <= kLongestAskAfterMs) {
    return Carry(asked);
  }
  // The rules know nothing of this field; theirs are named before it.
  Receipt receipt = Decide({}, asked).receipt;
  if (receipt.outcome != LedgerOutcome::kMalformed) {
    receipt = {.outcome = LedgerOutcome::kMalformed, .field = "ask_after_ms"};
  }
  return receipt;
}

absl::StatusOr<Receipt> Wallet::Post(const PlayerId& player,
                                     const OperationId& hold,
                                     std::optional<std::int64_t> amount) {
  return Carry({.kind = OperationKind::kPost,
                .id = hold,
                .player = player,
                .amount = amount});
}

absl::StatusOr<Receipt> Wallet::Void(const PlayerId& player,
                                     const OperationId& hold) {
  return Carry({.kind = OperationKind::kVoid, .id = hold, .player = player});
}

absl::StatusOr<Balance> Wallet::GetBalance(const PlayerId& player,
                                           const CurrencyId& currency) const {
  FAIRPULL_ASSIGN_OR_RETURN(
      const Snapshot snapshot,
      store_.Read({.player = player, .accounts = {currency}}));
  if (const Account* account = snapshot.FindAccount(currency)) {
    return account->balance;
  }
  return absl::NotFoundError(absl::StrCat(
      "player ", player.value(), " has no account in ", currency.value()));
}

absl::StatusOr<std::vector<Entry>> Wallet::Entries(const PlayerId& player,
                                                   const CurrencyId& currency,
                                                   std::int64_t after_seq,
                                                   int limit) const {
  return store_.Entries(player, currency, after_seq, limit);
}

absl::StatusOr<std::vector<fairpull::Hold>> Wallet::PendingHolds(
    std::int64_t due_ms, int limit) const {
  return store_.PendingHolds(due_ms, limit);
}

absl::StatusOr<std::vector<Violation>> Wallet::Verify(
    const PlayerId& player) const {
  FAIRPULL_ASSIGN_OR_RETURN(LedgerRows rows, ReadLedger(store_, player));
  return VerifyLedger(std::move(rows));
}

absl::StatusOr<Receipt> Wallet::Carry(LedgerRequest request) {
  // A request without a player is refused by the rules, not by the store.
  if (request.player.empty()) return Decide({}, request).receipt;
  request.at_ms = clock_();
  if (request.kind == OperationKind::kHold) request.ask_at_ms += request.at_ms;
  return RetryAborted([&] { return CarryOnce(store_, request); });
}

}  // namespace fairpull
