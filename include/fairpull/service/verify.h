// Proves that what a store holds agrees with itself: after a crash, a restore
// from a copy, a migration, or every night.
//
//   FAIRPULL_ASSIGN_OR_RETURN(auto violations, VerifyStore(*store));
//   for (const Violation& v : violations) std::cerr << v.message << "\n";
//
// On top of the ledger's laws (fairpull/ledger/verify.h):
//
//   G1  in each scope the pulls' seq has no gap from 1 on, and the pity row
//       stands at the last
//   G2  the inventory is what the pulls drew
//   G3  each drawn or done operation has exactly its count of pulls, in a row
//       from its first seq, which cost together what it cost; no other
//       operation has any
//   G4  drawn again from the seeds, every pull has the same item, rarity,
//       featured mark and pity, and each scope's counters end where its pity
//       row says
//
// VerifyStore and VerifyPlayer check the ledger's laws and G1 to G3: that the
// rows agree with each other. They draw nothing and need neither banners nor
// seeds, so they can't notice a pull whose rarity or pity was altered, or
// counters other than those that the pulls led to. VerifyDraws and
// VerifyAllDraws check G4: they draw everything again.

#ifndef FAIRPULL_SERVICE_VERIFY_H_
#define FAIRPULL_SERVICE_VERIFY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/catalog.h"
#include "fairpull/base/id.h"
#include "fairpull/ledger/verify.h"
#include "fairpull/service/server_seeds.h"
#include "fairpull/store/store.h"

namespace fairpull {

// All rows of one player's pulls, in any order.
struct PullRows {
  PlayerId player;
  std::vector<PullRecord> pulls;
  std::vector<PityRecord> pity;
  std::vector<InventoryRecord> inventory;
  std::vector<PullOperation> operations;
};

// G1 to G3 on rows read by anyone from anywhere; empty when they are sound.
[[nodiscard]] std::vector<Violation> VerifyPulls(PullRows rows);

// All pull rows of a player, read page by page: they agree with each other
// only while nobody writes to this player.
[[nodiscard]] absl::StatusOr<PullRows> ReadPulls(Store& store,
                                                 const PlayerId& player);

// The laws of the ledger and G1 to G3 for one player, or for everybody in the
// store; G4 is not among them. A Status means that the store failed.
[[nodiscard]] absl::StatusOr<std::vector<Violation>> VerifyPlayer(
    Store& store, const PlayerId& player);
[[nodiscard]] absl::StatusOr<std::vector<Violation>> VerifyStore(Store& store);

// G4 for one player, or for everybody in the store. NotFound if an odds version
// or a seed that a pull was drawn from is kept no more. Rows that break G1 or
// G3 may pass unnoticed here: check those with VerifyPlayer or VerifyStore too.
[[nodiscard]] absl::StatusOr<std::vector<Violation>> VerifyDraws(
    Store& store, const Catalog& catalog, const ServerSeeds& seeds,
    const PlayerId& player);
[[nodiscard]] absl::StatusOr<std::vector<Violation>> VerifyAllDraws(
    Store& store, const Catalog& catalog, const ServerSeeds& seeds);

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_VERIFY_H_
