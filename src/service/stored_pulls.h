// Reads back what an operation drew.

#ifndef FAIRPULL_SRC_SERVICE_STORED_PULLS_H_
#define FAIRPULL_SRC_SERVICE_STORED_PULLS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/store/store.h"

namespace fairpull {

// The pulls of an operation in the order they were drawn; none unless it is
// drawn or done. DataLoss if they are not all there.
absl::StatusOr<std::vector<PullRecord>> StoredPulls(
    Store& store, const PullOperation& operation);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_SERVICE_STORED_PULLS_H_
