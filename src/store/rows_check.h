// What every adapter checks before it writes, in one place.

#ifndef FAIRPULL_SRC_STORE_ROWS_CHECK_H_
#define FAIRPULL_SRC_STORE_ROWS_CHECK_H_

#include "absl/status/status.h"
#include "fairpull/base/id.h"
#include "fairpull/store/write_set.h"

namespace fairpull {

// OK, or InvalidArgument naming the row that is not `player`'s or whose columns
// break a rule.
absl::Status CheckRows(const PlayerId& player, const WriteSet& writes);

// OK if `limit` is 1 to kMaxPage, otherwise InvalidArgument.
absl::Status CheckPageLimit(int limit);

// OK unless the player is empty.
absl::Status CheckPlayer(const PlayerId& player);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_ROWS_CHECK_H_
