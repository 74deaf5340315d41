// Moves amounts in and out of the lots of an account, and keeps account of what
// was done to which. Private to the ledger layer.

#ifndef FAIRPULL_SRC_LEDGER_LOT_MOVER_H_
#define FAIRPULL_SRC_LEDGER_LOT_MOVER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "fairpull/ledger/lot.h"
#include "fairpull/ledger/records.h"

namespace fairpull::internal {

// Every function leaves posted = what remains in lots - debt, and held = what
// is held of them. Amounts must be checked beforehand.
class LotMover {
 public:
  // Refers to `account`.
  explicit LotMover(Account& account) : account_(account) {}

  // Adds to a lot, which is opened if it is not there.
  void Add(const OperationId& id, const LotTerms& terms, std::int64_t granted,
           std::int64_t amount);
  // Takes from one lot, if it is there, up to `amount` of what is not held; how
  // much that was.
  std::int64_t TakeFrom(const OperationId& id, std::int64_t amount);
  // The same from all lots in order of use; those that ran out by `now_ms`, if
  // it is given, are left alone.
  std::int64_t Take(std::int64_t amount, LotOrder order,
                    std::optional<std::int64_t> now_ms = std::nullopt);
  // Holds `amount` of what is spendable, in order of use.
  void Hold(std::int64_t amount, LotOrder order, std::int64_t now_ms);
  // Ends a hold that held `held`: `amount` of it, in order of use, is taken.
  void Release(const std::vector<LotChange>& held, std::int64_t amount,
               LotOrder order);
  // Owes `amount`, or less by it.
  void AddDebt(std::int64_t amount);
  // Pays what is owed from what is not held, and drops lots without anything
  // left.
  void Finish(LotOrder order);

  // What was done, by lot.
  [[nodiscard]] std::vector<LotChange> changes() const;

 private:
  // Places of lots in order of use.
  [[nodiscard]] std::vector<std::size_t> InOrder(LotOrder order) const;
  void Move(std::size_t lot, std::int64_t posted, std::int64_t held);

  Account& account_;
  std::vector<LotChange> changes_;
};

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_LEDGER_LOT_MOVER_H_
