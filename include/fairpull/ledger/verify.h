// Proves that a player's ledger rows agree with each other.
//
// Pure: works on rows that were read by anyone from anywhere, so that one
// checker judges every store. The laws that rows can show:
//
//   L1   every transfer has two sides: what an operation moved is what it says,
//        and its other side is a system account of the right direction, so
//        that all accounts of a currency sum to 0
//   L2   a balance is the sum of what moved; seq has no gap; each balance after
//        is the one before plus what moved
//   L3   held is never negative, and posted covers it at every version of the
//        account but for what is owed
//   L4   an id has at most one effect, and each effect its own version
//   L5   a hold resolves once; what is posted of it is at most its amount;
//        held is the sum of the unresolved holds
//   L7   a balance is what its lots have left, less what is owed, and each lot
//        is the sum of what operations did to it; nobody holds more of a lot
//        than is left of it
//   L8   the hash of each that moved something covers the one before, up to
//        the account's
//   L11  amounts are 1 to 2^53 - 1
//   L12  only a correction or a refund makes a debt
//
// L6 (operations are never changed) is the store's to enforce: rows show no
// trace.
//
//   for (const Violation& v : VerifyLedger(rows)) std::cerr << v.message;

#ifndef FAIRPULL_LEDGER_VERIFY_H_
#define FAIRPULL_LEDGER_VERIFY_H_

#include <string>
#include <vector>

#include "fairpull/base/id.h"
#include "fairpull/ledger/records.h"

namespace fairpull {

struct Violation {
  std::string law;  // "L2"
  PlayerId player;
  std::string message;  // what, where, and what would be right
};

// All ledger rows of one player, in any order.
struct LedgerRows {
  PlayerId player;
  std::vector<Account> accounts;
  std::vector<Operation> operations;
  std::vector<Hold> holds;
};

// Every violation, in a fixed order; empty when the rows are sound.
[[nodiscard]] std::vector<Violation> VerifyLedger(LedgerRows rows);

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_VERIFY_H_
