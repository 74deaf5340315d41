// What every adapter checks before it writes, in one place.

#ifndef FAIRPULL_SRC_STORE_ROWS_CHECK_H_
#define FAIRPULL_SRC_STORE_ROWS_CHECK_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "fairpull/base/id.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/write_set.h"

namespace fairpull {

// OK, or InvalidArgument naming the row that is not `player`'s or whose columns
// break a rule.
absl::Status CheckRows(const PlayerId& player, const WriteSet& writes);

// OK if `limit` is 1 to kMaxPage, otherwise InvalidArgument.
absl::Status CheckPageLimit(int limit);

// OK unless the player is empty.
absl::Status CheckPlayer(const PlayerId& player);

// OK, or InvalidArgument if there is no read set, or not one for each of
// several players.
absl::Status CheckPlayers(absl::Span<const ReadSet> reads);

// OK, or InvalidArgument if there is not one write set for each of `players`,
// or as CheckRows says.
absl::Status CheckRowsOfEach(absl::Span<const PlayerId> players,
                             absl::Span<const WriteSet> writes);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_ROWS_CHECK_H_
