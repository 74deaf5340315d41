// Lots: what a balance is made of. Each credit that was paid for, or that runs
// out, is a lot of its own, so that it can be told how much of what was bought
// is unused, what a spend was worth, and what a refund takes back. Gifts that
// last share one lot.
//
//   LotTerms terms{.funding = Funding::kPaid, .price = 980,
//                  .price_currency = "JPY"};

#ifndef FAIRPULL_LEDGER_LOT_H_
#define FAIRPULL_LEDGER_LOT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/base/id.h"

namespace fairpull {

// Whether money was paid for it. The numbers are stored: never change one.
enum class Funding { kFree = 1, kPaid = 2 };

// Of two lots that run out at the same time, or never, which is used first.
enum class LotOrder { kFreeFirst, kPaidFirst };

// The most lots with something left that one account may have.
inline constexpr std::size_t kMaxOpenLots = 1000;

struct LotTerms {
  Funding funding = Funding::kFree;
  // From this time on it can't be spent or held, only expired; nothing: it
  // lasts. A hold that has some of it keeps it.
  std::optional<std::int64_t> expires_at_ms;
  // What was paid for the whole lot, in the smallest unit of `price_currency`
  // (ISO 4217: "JPY", "USD"); 0 and empty if that is not known.
  std::int64_t price = 0;
  std::string price_currency;

  friend bool operator==(const LotTerms&, const LotTerms&) = default;
};

// A lot with something left.
struct Lot {
  OperationId id;  // the credit's, or that of the shared lot
  LotTerms terms;
  std::int64_t granted = 0;    // what the credit was; 0 in the shared lot
  std::int64_t remaining = 0;  // of it in the balance
  std::int64_t held = 0;       // of that in holds

  [[nodiscard]] std::int64_t unheld() const { return remaining - held; }
  [[nodiscard]] bool expired(std::int64_t now_ms) const {
    return terms.expires_at_ms.has_value() && *terms.expires_at_ms <= now_ms;
  }
  friend bool operator==(const Lot&, const Lot&) = default;
};

// What an operation did to a lot.
struct LotChange {
  OperationId lot;
  std::int64_t posted = 0;  // to what remains
  std::int64_t held = 0;

  friend bool operator==(const LotChange&, const LotChange&) = default;
};

// The lot of all gifts that last, which no client can name.
[[nodiscard]] const OperationId& SharedLot();

// The lot that a credit under `id` with these terms goes to.
[[nodiscard]] OperationId LotOf(const OperationId& id, const LotTerms& terms);

// Whether `a` is used before `b`: what runs out sooner, then by `order`, then
// by id.
[[nodiscard]] bool UsedBefore(const Lot& a, const Lot& b, LotOrder order);

// Text forms, as stores keep them; equal values give equal text, and no lots
// empty text. Reading gives DataLoss for any other text.
[[nodiscard]] std::string LotsText(const std::vector<Lot>& lots);
[[nodiscard]] std::string ChangesText(const std::vector<LotChange>& changes);
[[nodiscard]] std::string TermsText(const std::optional<LotTerms>& terms);
[[nodiscard]] absl::StatusOr<std::vector<Lot>> ReadLots(absl::string_view text);
[[nodiscard]] absl::StatusOr<std::vector<LotChange>> ReadChanges(
    absl::string_view text);
[[nodiscard]] absl::StatusOr<std::optional<LotTerms>> ReadTerms(
    absl::string_view text);

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_LOT_H_
