// From a paid request to rows: draws its pulls one after the other and says
// what is to be written.
//
// The draws are a function of the seed, the player, the scope and the seq: made
// again from the same pity row, they are the same. So a crash between the draw
// and the commit changes nothing, and aborting cannot fish for better items.
//
//   FAIRPULL_ASSIGN_OR_RETURN(DrawnPulls drawn,
//                             DrawPulls(catalog, seeds, operation, pity, now));

#ifndef FAIRPULL_SERVICE_DRAW_PULLS_H_
#define FAIRPULL_SERVICE_DRAW_PULLS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/catalog.h"
#include "fairpull/service/server_seeds.h"
#include "fairpull/store/records.h"
#include "fairpull/store/write_set.h"

namespace fairpull {

struct DrawnPulls {
  std::vector<PullRecord> pulls;           // in the order they were drawn
  PityRecord pity;                         // the scope's next state
  std::vector<InventoryRecord> inventory;  // by item
};

// Draws `operation.count` pulls with the odds version and the seed epoch that
// the operation names, from the pity row of its scope (null: the player's first
// there). The cost is shared out evenly, later pulls taking the remainder.
// NotFound if the odds version or the seed is kept no more; DataLoss if the
// pity row can't be read.
[[nodiscard]] absl::StatusOr<DrawnPulls> DrawPulls(
    const Catalog& catalog, const ServerSeeds& seeds,
    const PullOperation& operation, const PityRecord* pity,
    std::int64_t now_ms);

// Adds the drawn rows to what a transaction writes.
void AddWritesOf(const DrawnPulls& drawn, WriteSet& writes);

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_DRAW_PULLS_H_
