// Rows as the text that a cache keeps, and the names of the reads they answer.
// Private to the cached store.

#ifndef FAIRPULL_SRC_STORE_CACHE_ENTRY_H_
#define FAIRPULL_SRC_STORE_CACHE_ENTRY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/records.h"

namespace fairpull {

// The names of a read of accounts and pity, and of the newest `limit` pulls.
// Different reads have different names.
std::string FieldOfRead(const ReadSet& reads);
std::string FieldOfHistory(int limit);

// The accounts and pity of a snapshot, which has nothing else.
std::string EncodeSnapshot(const Snapshot& snapshot);
std::string EncodePulls(const std::vector<PullRecord>& pulls);

// What was encoded. DataLoss if it was not, or by another version's form.
absl::StatusOr<Snapshot> DecodeSnapshot(absl::string_view text);
absl::StatusOr<std::vector<PullRecord>> DecodePulls(absl::string_view text);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_CACHE_ENTRY_H_
