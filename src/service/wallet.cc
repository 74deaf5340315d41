#include "fairpull/service/wallet.h"

#include <algorithm>
#include <set>
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
          .counterparty = request.counterparty,
          .terms = request.terms};
}

absl::Status NoAccount(const PlayerId& player, const CurrencyId& currency) {
  return absl::NotFoundError(absl::StrCat(
      "player ", player.value(), " has no account in ", currency.value()));
}

// The id of a part of a spend across currencies, which no client can spell.
OperationId PartOf(const OperationId& id, std::size_t part) {
  return OperationId::Trusted(absl::StrCat(id.value(), "/part-", part + 1));
}

// The answer that is stored in the parts of a spend across currencies.
SplitReceipt ReplayOf(const Snapshot& snapshot, const TransferRequest& request,
                      std::size_t most) {
  SplitReceipt receipt{.replayed = true};
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < most; ++i) {
    const Operation* part = snapshot.FindOperation(PartOf(request.id, i));
    if (part == nullptr) break;
    if (part->counterparty != request.counterparty) {
      return {.outcome = LedgerOutcome::kIdConflict, .field = "counterparty"};
    }
    sum += part->amount;
    receipt.outcome = part->outcome;
    if (part->outcome == LedgerOutcome::kOk) {
      receipt.parts.emplace_back(part->currency, part->amount);
    }
  }
  if (sum != request.amount) {
    return {.outcome = LedgerOutcome::kIdConflict, .field = "amount"};
  }
  return receipt;
}

// Carries out what a linked decision writes, if anything.
absl::Status Write(Transaction& transaction, const LinkedDecision& linked) {
  if (IsEmpty(linked.writes)) return absl::OkStatus();
  return transaction.Commit(linked.writes);
}

// Requests of one player, all or none; there is at least one.
absl::StatusOr<std::vector<Receipt>> LinkedOnce(
    Store& store, const std::vector<LedgerRequest>& requests) {
  ReadSet reads{.player = requests[0].player};
  for (const LedgerRequest& request : requests) AddRowsOf(request, reads);
  FAIRPULL_ASSIGN_OR_RETURN(const auto transaction, store.Begin(reads));
  LinkedDecision linked = DecideLinked(transaction->snapshot(), requests);
  FAIRPULL_RETURN_IF_ERROR(Write(*transaction, linked));
  return std::move(linked.receipts);
}

// Whether a hold may wait so long before it is asked about.
bool MayAskAfter(std::int64_t ask_after_ms) {
  return ask_after_ms >= 0 && ask_after_ms <= kLongestAskAfterMs;
}

}  // namespace

Wallet::Wallet(Store& store, Clock clock, WalletOptions options)
    : store_(store), clock_(std::move(clock)), options_(options) {}

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
  if (MayAskAfter(request.ask_after_ms)) return Carry(asked);
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

absl::StatusOr<Receipt> Wallet::Reverse(const PlayerId& player,
                                        const OperationId& id) {
  if (player.empty() || id.empty()) {
    return Decide({},
                  {.kind = OperationKind::kReverse, .id = id, .player = player})
        .receipt;
  }
  const std::int64_t at_ms = clock_();
  return RetryAborted([&] { return ReverseOnce(player, id, at_ms); });
}

absl::StatusOr<Receipt> Wallet::ReverseOnce(const PlayerId& player,
                                            const OperationId& id,
                                            std::int64_t at_ms) {
  // Operations never change, so that what is undone may be read beforehand: it
  // names the account and the lots.
  const OperationId post = StoredId({.kind = OperationKind::kPost, .id = id});
  ReadSet reads{.player = player, .operations = {id, post}};
  for (std::size_t i = 0; i < kMaxParts; ++i) {
    reads.operations.push_back(PartOf(id, i));
  }
  FAIRPULL_ASSIGN_OR_RETURN(const Snapshot before, store_.Read(reads));
  std::vector<LedgerRequest> requests;
  const auto add = [&](const OperationId& of) {
    const Operation* undone = before.FindOperation(of);
    if (undone == nullptr) return;
    LedgerRequest request{.kind = OperationKind::kReverse,
                          .id = of,
                          .player = player,
                          .currency = undone->currency,
                          .at_ms = at_ms,
                          .lot_order = options_.lot_order};
    for (const LotChange& change : undone->lots) {
      request.lots.push_back(change.lot);
    }
    requests.push_back(std::move(request));
  };
  add(post);
  if (requests.empty()) add(id);
  for (std::size_t i = 0; i < kMaxParts; ++i) add(PartOf(id, i));
  if (requests.empty()) {
    return Receipt{.outcome = LedgerOutcome::kNothingToReverse};
  }
  FAIRPULL_ASSIGN_OR_RETURN(const std::vector<Receipt> receipts,
                            LinkedOnce(store_, requests));
  // The first that was refused, or the last.
  for (const Receipt& receipt : receipts) {
    if (!receipt.ok() && receipt.outcome != LedgerOutcome::kLinkedRefused) {
      return receipt;
    }
  }
  return receipts.back();
}

absl::StatusOr<std::vector<Receipt>> Wallet::Linked(
    std::vector<LedgerRequest> requests) {
  if (requests.empty() || requests.size() > kMaxLinked) {
    return absl::InvalidArgumentError(
        absl::StrCat("a linked batch of ", requests.size(), " requests; 1 to ",
                     kMaxLinked, " are allowed"));
  }
  const std::int64_t at_ms = clock_();
  for (LedgerRequest& request : requests) {
    if (request.player != requests[0].player) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a linked batch of players \"", requests[0].player.value(),
          "\" and \"", request.player.value(),
          "\"; all of it must be one player's"));
    }
    request.at_ms = at_ms;
    request.lot_order = options_.lot_order;
    if (request.kind != OperationKind::kHold) continue;
    if (!MayAskAfter(request.ask_at_ms)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a hold that is asked about after ", request.ask_at_ms,
                       " ms; 0 to ", kLongestAskAfterMs, " are allowed"));
    }
    request.ask_at_ms += at_ms;
  }
  return RetryAborted([&] { return LinkedOnce(store_, requests); });
}

absl::StatusOr<SplitReceipt> Wallet::SpendAcross(
    const TransferRequest& request, const std::vector<CurrencyId>& order) {
  if (order.empty() || order.size() > kMaxParts) {
    return absl::InvalidArgumentError(
        absl::StrCat("a spend across ", order.size(), " currencies; 1 to ",
                     kMaxParts, " are allowed"));
  }
  const std::set<CurrencyId> different(order.begin(), order.end());
  if (different.size() != order.size()) {
    return absl::InvalidArgumentError(
        "a spend across currencies names one of them twice");
  }
  LedgerRequest whole = RequestOf(OperationKind::kDebit, request);
  whole.currency = order[0];
  const Receipt checked = Decide({}, whole).receipt;
  if (checked.outcome == LedgerOutcome::kMalformed) {
    return SplitReceipt{.outcome = checked.outcome, .field = checked.field};
  }
  // A correction is of one account, and may leave a debt there.
  if (request.counterparty.is_adjustment()) {
    return SplitReceipt{.outcome = LedgerOutcome::kMalformed,
                        .field = "counterparty"};
  }
  const std::int64_t at_ms = clock_();
  return RetryAborted([&] { return SpendAcrossOnce(request, order, at_ms); });
}

absl::StatusOr<SplitReceipt> Wallet::SpendAcrossOnce(
    const TransferRequest& request, const std::vector<CurrencyId>& order,
    std::int64_t at_ms) {
  ReadSet reads{.player = request.player, .accounts = order};
  for (std::size_t i = 0; i < order.size(); ++i) {
    reads.operations.push_back(PartOf(request.id, i));
  }
  FAIRPULL_ASSIGN_OR_RETURN(const auto transaction, store_.Begin(reads));
  const Snapshot& snapshot = transaction->snapshot();
  if (snapshot.FindOperation(PartOf(request.id, 0)) != nullptr) {
    return ReplayOf(snapshot, request, order.size());
  }
  LedgerRequest part = RequestOf(OperationKind::kDebit, request);
  part.at_ms = at_ms;
  part.lot_order = options_.lot_order;
  std::vector<LedgerRequest> parts;
  std::int64_t left = request.amount;
  for (const CurrencyId& currency : order) {
    const Account* account = snapshot.FindAccount(currency);
    const std::int64_t taken =
        account == nullptr ? 0 : std::min(left, Spendable(*account, at_ms));
    if (taken <= 0) continue;
    part.id = PartOf(request.id, parts.size());
    part.currency = currency;
    part.amount = taken;
    parts.push_back(part);
    left -= taken;
  }
  if (left > 0) {
    // The whole in one currency, which can't cover it: so that the refusal is
    // kept under the id.
    const auto known = std::find_if(
        order.begin(), order.end(), [&](const CurrencyId& currency) {
          return snapshot.FindAccount(currency) != nullptr;
        });
    part.id = PartOf(request.id, 0);
    part.currency = known == order.end() ? order[0] : *known;
    part.amount = request.amount;
    const Decision refusal = Decide(ViewOf(snapshot, part), part);
    if (Writes(refusal)) {
      WriteSet writes;
      AddWritesOf(refusal, writes);
      FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
    }
    return SplitReceipt{.outcome = refusal.receipt.outcome};
  }
  const LinkedDecision linked = DecideLinked(snapshot, parts);
  FAIRPULL_RETURN_IF_ERROR(Write(*transaction, linked));
  SplitReceipt receipt;
  for (const LedgerRequest& taken : parts) {
    receipt.parts.emplace_back(taken.currency, *taken.amount);
  }
  return receipt;
}

absl::StatusOr<std::int64_t> Wallet::ExpireLots(const PlayerId& player,
                                                const CurrencyId& currency) {
  const std::int64_t at_ms = clock_();
  return RetryAborted([&] { return ExpireOnce(player, currency, at_ms); });
}

absl::StatusOr<std::int64_t> Wallet::ExpireOnce(const PlayerId& player,
                                                const CurrencyId& currency,
                                                std::int64_t at_ms) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto transaction,
      store_.Begin({.player = player, .accounts = {currency}}));
  const Account* account = transaction->snapshot().FindAccount(currency);
  if (account == nullptr) return NoAccount(player, currency);
  WriteSet writes;
  std::int64_t expired = 0;
  Account now = *account;
  while (const std::optional<Decision> decision = DecideExpiry(now, at_ms)) {
    AddWritesOf(*decision, writes);
    expired += decision->operation->amount;
    now = *decision->account;
  }
  if (!IsEmpty(writes)) {
    FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
  }
  return expired;
}

absl::StatusOr<Account> Wallet::GetAccount(const PlayerId& player,
                                           const CurrencyId& currency) const {
  FAIRPULL_ASSIGN_OR_RETURN(
      const Snapshot snapshot,
      store_.Read({.player = player, .accounts = {currency}}));
  if (const Account* account = snapshot.FindAccount(currency)) return *account;
  return NoAccount(player, currency);
}

absl::StatusOr<std::int64_t> Wallet::BalanceAt(const PlayerId& player,
                                               const CurrencyId& currency,
                                               std::int64_t at_ms) const {
  FAIRPULL_RETURN_IF_ERROR(GetAccount(player, currency).status());
  FAIRPULL_ASSIGN_OR_RETURN(const std::optional<Entry> last,
                            store_.EntryAsOf(player, currency, at_ms));
  return last.has_value() ? last->balance_after : 0;
}

absl::StatusOr<Balance> Wallet::GetBalance(const PlayerId& player,
                                           const CurrencyId& currency) const {
  FAIRPULL_ASSIGN_OR_RETURN(const Account account,
                            GetAccount(player, currency));
  return account.balance;
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
  request.lot_order = options_.lot_order;
  if (request.kind == OperationKind::kHold) request.ask_at_ms += request.at_ms;
  return RetryAborted([&] { return CarryOnce(store_, request); });
}

}  // namespace fairpull
