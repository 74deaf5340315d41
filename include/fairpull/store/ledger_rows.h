// The bridge from the rules of the ledger to the rows of a store: which rows a
// request needs, and where its decision is written.
//
//   ReadSet reads{.player = request.player};
//   AddRowsOf(request, reads);
//   FAIRPULL_ASSIGN_OR_RETURN(auto transaction, store.Begin(reads));
//   Decision decision =
//       Decide(ViewOf(transaction->snapshot(), request), request);

#ifndef FAIRPULL_STORE_LEDGER_ROWS_H_
#define FAIRPULL_STORE_LEDGER_ROWS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fairpull/base/id.h"
#include "fairpull/ledger/rules.h"
#include "fairpull/ledger/verify.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/store.h"
#include "fairpull/store/write_set.h"

namespace fairpull {

// Adds the rows that Decide(request) looks at.
void AddRowsOf(const LedgerRequest& request, ReadSet& reads);

// What Decide(request) looks at, among rows that were read by AddRowsOf. Lives
// as long as the snapshot.
[[nodiscard]] LedgerView ViewOf(const Snapshot& snapshot,
                                const LedgerRequest& request);

// Adds the rows that the decision writes.
void AddWritesOf(const Decision& decision, WriteSet& writes);

// Whether the decision writes anything.
[[nodiscard]] bool Writes(const Decision& decision);

// The answers to a linked batch, and what it writes: all of it or nothing.
struct LinkedDecision {
  std::vector<Receipt> receipts;  // one for each request
  WriteSet writes;
};

// What requests of one player do one after the other, if none is refused. One
// that is refused, or was done before while others were not, leaves nothing of
// the batch, not even under the ids of the others, whose receipts are
// kLinkedRefused; done as a whole before, it is given the stored answers.
// `snapshot` has the rows of all of them.
[[nodiscard]] LinkedDecision DecideLinked(
    Snapshot snapshot, absl::Span<const LedgerRequest> requests);

// All ledger rows of a player, for VerifyLedger. Read page by page: they agree
// with each other only while nobody writes to this player.
[[nodiscard]] absl::StatusOr<LedgerRows> ReadLedger(Store& store,
                                                    const PlayerId& player);

}  // namespace fairpull

#endif  // FAIRPULL_STORE_LEDGER_ROWS_H_
