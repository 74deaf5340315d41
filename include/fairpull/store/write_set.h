// The rows that a transaction writes, all of them or none.
//
//   WriteSet writes;
//   writes.pity.push_back({.player = player, .scope = scope, .seq = 17, …});
//   FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));

#ifndef FAIRPULL_STORE_WRITE_SET_H_
#define FAIRPULL_STORE_WRITE_SET_H_

#include <vector>

#include "fairpull/ledger/records.h"
#include "fairpull/store/records.h"

namespace fairpull {

// Every row must belong to the transaction's player. Each kind of row carries
// a guard, a second wall behind the locks; a guard that does not hold makes the
// whole commit Aborted.
struct WriteSet {
  // Inserted; the key must be new.
  // One that moved something, also by account and seq.
  std::vector<Operation> operations;
  std::vector<PullRecord> pulls;
  // At version 0 inserted, at version n put in place of version n - 1; several
  // versions of one account stand in their order.
  std::vector<Account> accounts;
  // A pending one is inserted; a resolved one is put in place of a pending one
  // or inserted.
  std::vector<Hold> holds;
  // Inserted, or put in place of one with a smaller seq.
  std::vector<PityRecord> pity;
  // Inserted, or put in place of what is there.
  std::vector<PullOperation> pull_operations;
  // Added to the count that is there; each count is at least 1.
  std::vector<InventoryRecord> inventory;
};

// Whether there is nothing to write.
[[nodiscard]] bool IsEmpty(const WriteSet& writes);

}  // namespace fairpull

#endif  // FAIRPULL_STORE_WRITE_SET_H_
