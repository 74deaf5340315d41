// The rows of many players by one statement for each table, where all tables
// are on one server.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_GROUP_ROWS_H_
#define FAIRPULL_SRC_STORE_POSTGRES_GROUP_ROWS_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/write_set.h"
#include "postgres_connection.h"

namespace fairpull {

// Whether the group reads nothing but operations, accounts and pity, and an
// account for each player.
[[nodiscard]] bool CanReadTogether(absl::Span<const ReadSet> reads);

// Locks the accounts and the pity, which were found or not, and reads them and
// the operations. `order` has the places of the players in ascending order.
void QueueReadsTogether(PostgresConnection& connection,
                        absl::Span<const ReadSet> reads,
                        const std::vector<std::size_t>& order);

// Takes what QueueReadsTogether queued, from `next` on, which it moves past
// it. `snapshots` are as many as there are read sets, and empty.
absl::Status TakeReadsTogether(absl::Span<const PostgresResult> results,
                               std::size_t& next,
                               absl::Span<const ReadSet> reads,
                               std::vector<Snapshot>& snapshots);

// Whether the group writes nothing else either, each account and each pity
// once, and replaces only accounts that were found.
[[nodiscard]] bool CanWriteTogether(absl::Span<const WriteSet> writes,
                                    const std::vector<Snapshot>& snapshots);

// As QueueWrites, for the whole group, whose rows were read as `snapshots`.
void QueueWritesTogether(PostgresConnection& connection,
                         const std::vector<Snapshot>& snapshots,
                         absl::Span<const WriteSet> writes,
                         const std::vector<std::size_t>& order);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_GROUP_ROWS_H_
