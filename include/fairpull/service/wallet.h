// A player's money: the rules of the ledger carried out on a store.
//
//   Wallet wallet(*store, SystemClock());
//   FAIRPULL_RETURN_IF_ERROR(wallet.OpenAccount(player, gems).status());
//   auto receipt = wallet.Grant({.id = id, .player = player, .currency = gems,
//                                .amount = 1600, .counterparty = issuer});
//
// Every id is made by the client and used once: asked again with the same
// content it gives the same answer, so that an answer that was lost can be had
// by asking again.

#ifndef FAIRPULL_SERVICE_WALLET_H_
#define FAIRPULL_SERVICE_WALLET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/base/id.h"
#include "fairpull/ledger/rules.h"
#include "fairpull/ledger/verify.h"
#include "fairpull/service/clock.h"
#include "fairpull/store/store.h"

namespace fairpull {

// What a grant and a spend say.
struct TransferRequest {
  OperationId id;
  PlayerId player;
  CurrencyId currency;
  std::int64_t amount = 0;
  // Where it comes from (a grant) or goes to (a spend).
  SystemAccount counterparty;
  // Of a grant: whether it was paid for and when it runs out. Nothing: paid if
  // it comes from an issuer, and it lasts.
  std::optional<LotTerms> terms;
};

// Which part of a spend was taken in which currency.
struct SplitReceipt {
  // kOk, or why nothing was spent.
  LedgerOutcome outcome = LedgerOutcome::kOk;
  std::string field;  // as Receipt has it
  bool replayed = false;
  std::vector<std::pair<CurrencyId, std::int64_t>> parts;
};

struct WalletOptions {
  LotOrder lot_order = LotOrder::kFreeFirst;
};

// The most requests of one linked batch, and the most currencies of one spend.
inline constexpr std::size_t kMaxLinked = 100;
inline constexpr std::size_t kMaxParts = 8;

struct HoldRequest {
  OperationId id;
  PlayerId player;
  CurrencyId currency;
  std::int64_t amount = 0;
  // Where it goes when it is posted.
  SystemAccount sink;
  // After this long without a post or void, PendingHolds shows it; from 0 to
  // ten years of 365.25 days, anything else is kMalformed.
  std::int64_t ask_after_ms = 60'000;
};

// Safe for use by several threads at once. The store must outlive it.
//
// A Status means that the store failed, as Store says; every refusal by the
// rules is an outcome in the receipt (see LedgerOutcome for their order).
class Wallet {
 public:
  Wallet(Store& store, Clock clock, WalletOptions options = {});

  // The balance of the player's account, which is opened if there was none.
  [[nodiscard]] absl::StatusOr<Balance> OpenAccount(const PlayerId& player,
                                                    const CurrencyId& currency);

  // Credits the player from a source: issuer:…, promotion or adjustment.
  [[nodiscard]] absl::StatusOr<Receipt> Grant(const TransferRequest& request);

  // Debits the player to a sink: spend:…, expired or adjustment.
  [[nodiscard]] absl::StatusOr<Receipt> Spend(const TransferRequest& request);

  // Sets an amount aside until it is posted or voided; it never ends by
  // itself. A replay tells by Receipt::hold_state what became of it.
  [[nodiscard]] absl::StatusOr<Receipt> Hold(const HoldRequest& request);

  // Debits a hold by `amount`, or by all of it, and releases the rest.
  [[nodiscard]] absl::StatusOr<Receipt> Post(
      const PlayerId& player, const OperationId& hold,
      std::optional<std::int64_t> amount = std::nullopt);

  // Releases a hold. A hold that was not placed yet is refused from now on.
  [[nodiscard]] absl::StatusOr<Receipt> Void(const PlayerId& player,
                                             const OperationId& hold);

  // Undoes a grant, a spend or the post of a hold, each at most once, by its
  // id; of a spend across currencies all parts, and the receipt is that of the
  // last. What a grant gave is taken from its own lot first, then from others;
  // what was spent of it is owed. What a spend took goes back to the same lots.
  [[nodiscard]] absl::StatusOr<Receipt> Reverse(const PlayerId& player,
                                                const OperationId& id);

  // Carries requests of one player out one after the other, all or none. Times
  // and lot order are filled in; a hold's ask_at_ms is how long from now, and a
  // reverse names currency and lots. A refused batch leaves nothing under its
  // ids. InvalidArgument for none, for more than kMaxLinked, for two players,
  // or for a hold that would wait too long.
  [[nodiscard]] absl::StatusOr<std::vector<Receipt>> Linked(
      std::vector<LedgerRequest> requests);

  // Spends the amount in several currencies of equal worth: as much as there is
  // of the first, the rest of the next, and so on, all or nothing. The
  // request's currency is left empty; a correction is kMalformed.
  // InvalidArgument for no currency, more than kMaxParts, or one twice.
  [[nodiscard]] absl::StatusOr<SplitReceipt> SpendAcross(
      const TransferRequest& request, const std::vector<CurrencyId>& order);

  // Takes away what is left of lots that ran out, but for what is held; how
  // much that was.
  [[nodiscard]] absl::StatusOr<std::int64_t> ExpireLots(
      const PlayerId& player, const CurrencyId& currency);

  // The account with its lots, or NotFound.
  [[nodiscard]] absl::StatusOr<Account> GetAccount(
      const PlayerId& player, const CurrencyId& currency) const;

  // What was posted at a time: the balance after the last entry that is not
  // later; 0 before the first. NotFound without an account.
  [[nodiscard]] absl::StatusOr<std::int64_t> BalanceAt(
      const PlayerId& player, const CurrencyId& currency,
      std::int64_t at_ms) const;

  // The balance, or NotFound if the player has no account in this currency.
  [[nodiscard]] absl::StatusOr<Balance> GetBalance(
      const PlayerId& player, const CurrencyId& currency) const;

  // The next entries of an account after `after_seq`, at most `limit`.
  [[nodiscard]] absl::StatusOr<std::vector<Entry>> Entries(
      const PlayerId& player, const CurrencyId& currency,
      std::int64_t after_seq, int limit) const;

  // Pending holds of all players that may be asked about by `due_ms`, the
  // longest due first.
  [[nodiscard]] absl::StatusOr<std::vector<fairpull::Hold>> PendingHolds(
      std::int64_t due_ms, int limit) const;

  // What is wrong with a player's ledger rows; empty when they are sound.
  [[nodiscard]] absl::StatusOr<std::vector<Violation>> Verify(
      const PlayerId& player) const;

 private:
  absl::StatusOr<Receipt> Carry(LedgerRequest request);
  absl::StatusOr<Receipt> ReverseOnce(const PlayerId& player,
                                      const OperationId& id,
                                      std::int64_t at_ms);
  absl::StatusOr<SplitReceipt> SpendAcrossOnce(
      const TransferRequest& request, const std::vector<CurrencyId>& order,
      std::int64_t at_ms);
  absl::StatusOr<std::int64_t> ExpireOnce(const PlayerId& player,
                                          const CurrencyId& currency,
                                          std::int64_t at_ms);

  Store& store_;
  const Clock clock_;
  const WalletOptions options_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_WALLET_H_
