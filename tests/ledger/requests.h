// Requests and rows that the tests of the rules start from.

#ifndef FAIRPULL_TESTS_LEDGER_REQUESTS_H_
#define FAIRPULL_TESTS_LEDGER_REQUESTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "fairpull/ledger/rules.h"

namespace fairpull {

inline const PlayerId kPlayer = PlayerId::Trusted("p1");
inline const CurrencyId kGems = CurrencyId::Trusted("gems");
inline const SystemAccount kIssuer = SystemAccount::Trusted("issuer:card");
inline const SystemAccount kSink = SystemAccount::Trusted("spend:starter");

inline LedgerRequest Request(
    OperationKind kind, std::string id,
    std::optional<std::int64_t> amount = std::nullopt) {
  LedgerRequest request{.kind = kind,
                        .id = OperationId::Trusted(std::move(id)),
                        .player = kPlayer,
                        .amount = amount,
                        .at_ms = 1000};
  if (kind == OperationKind::kPost || kind == OperationKind::kVoid) {
    return request;
  }
  request.currency = kGems;
  request.counterparty = kind == OperationKind::kCredit ? kIssuer : kSink;
  request.ask_at_ms = kind == OperationKind::kHold ? 61000 : 0;
  return request;
}

// All of it in the shared lot, what is held too.
inline Account Gems(Balance balance) {
  Account account{.player = kPlayer, .currency = kGems, .balance = balance};
  if (balance.posted > 0) {
    account.lots.push_back(
        {.id = SharedLot(), .remaining = balance.posted, .held = balance.held});
  }
  return account;
}

// An account of 100 with a hold "h" of 40 in some state, and its placing.
struct Held {
  explicit Held(HoldState state) {
    account = Gems({.posted = 100, .held = 40, .seq = 1, .version = 2});
    hold = {.player = kPlayer,
            .id = OperationId::Trusted("h"),
            .currency = kGems,
            .amount = 40,
            .counterparty = kSink,
            .state = state,
            .posted_amount = state == HoldState::kPosted ? 40 : 0};
    placing = {.player = kPlayer,
               .id = OperationId::Trusted("h"),
               .kind = OperationKind::kHold,
               .currency = kGems,
               .amount = 40,
               .counterparty = kSink,
               .after = account.balance,
               .lots = {{.lot = SharedLot(), .held = 40}}};
  }
  [[nodiscard]] LedgerView view() const {
    return {.placing = &placing, .hold = &hold, .account = &account};
  }

  Account account;
  Hold hold;
  Operation placing;
};

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_LEDGER_REQUESTS_H_
