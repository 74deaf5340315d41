// What one account holds.
//
//   Balance balance{.posted = 1600, .held = 160};
//   balance.available();  // 1440: what a new debit or hold may take

#ifndef FAIRPULL_LEDGER_BALANCE_H_
#define FAIRPULL_LEDGER_BALANCE_H_

#include <cstdint>

namespace fairpull {

struct Balance {
  // The sum of the account's entries. Below 0 only as debt, see Account::debt.
  std::int64_t posted = 0;
  // The sum of its unresolved holds: still posted, but spoken for.
  std::int64_t held = 0;
  // The number of its entries, which is the `seq` of the last one.
  std::int64_t seq = 0;
  // The number of changes to this balance. A hold moves `version` and not
  // `seq`, since nothing moves: what is cached is compared by version.
  std::int64_t version = 0;

  // Below 0 where something is owed.
  [[nodiscard]] std::int64_t available() const { return posted - held; }

  friend bool operator==(const Balance&, const Balance&) = default;
};

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_BALANCE_H_
