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
};

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
  Wallet(Store& store, Clock clock);

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

  Store& store_;
  const Clock clock_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_WALLET_H_
