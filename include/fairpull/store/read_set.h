// The rows that a transaction reads, named beforehand.
//
// A store reads them all at once, which on a server is one round trip. They
// belong to one player: that is what lets a store be split by player.
//
//   ReadSet reads{.player = player, .accounts = {gems}, .pity = {scope}};
//   FAIRPULL_ASSIGN_OR_RETURN(auto transaction, store.Begin(reads));
//   const Account* account = transaction->snapshot().FindAccount(gems);

#ifndef FAIRPULL_STORE_READ_SET_H_
#define FAIRPULL_STORE_READ_SET_H_

#include <vector>

#include "fairpull/base/id.h"
#include "fairpull/ledger/records.h"
#include "fairpull/store/records.h"

namespace fairpull {

struct ReadSet {
  PlayerId player;
  // Ledger operations by the id they are stored under.
  std::vector<OperationId> operations;
  std::vector<OperationId> holds;
  std::vector<CurrencyId> accounts;
  // The accounts of the currencies that the holds above are in.
  bool accounts_of_holds = false;
  std::vector<ScopeId> pity;
  std::vector<OperationId> pull_operations;
  // Whether accounts and pity may be taken as this store last saw them, and
  // operations for new, without asking the medium. What such a snapshot says is
  // true only once a commit that replaces each of these rows is OK: it is
  // Aborted where others wrote meanwhile. A store may look all the same.
  bool optimistic = false;
};

// The rows that were found. A row that is not there is absent: no error.
struct Snapshot {
  std::vector<Operation> operations;
  std::vector<Hold> holds;
  std::vector<Account> accounts;
  std::vector<PityRecord> pity;
  std::vector<PullOperation> pull_operations;

  // Each gives null where there is no such row; the pointer lives as long as
  // the snapshot.
  [[nodiscard]] const Operation* FindOperation(const OperationId& id) const;
  [[nodiscard]] const Hold* FindHold(const OperationId& id) const;
  [[nodiscard]] const Account* FindAccount(const CurrencyId& currency) const;
  [[nodiscard]] const PityRecord* FindPity(const ScopeId& scope) const;
  [[nodiscard]] const PullOperation* FindPullOperation(
      const OperationId& id) const;
};

}  // namespace fairpull

#endif  // FAIRPULL_STORE_READ_SET_H_
