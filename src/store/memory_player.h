// All rows of one player in the memory store.

#ifndef FAIRPULL_SRC_STORE_MEMORY_PLAYER_H_
#define FAIRPULL_SRC_STORE_MEMORY_PLAYER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fairpull/base/id.h"
#include "fairpull/store/pull_cursor.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/write_set.h"

namespace fairpull {

// Not thread-safe: the store that owns it holds its lock.
class MemoryPlayer {
 public:
  // The rows of `reads` that are there.
  [[nodiscard]] Snapshot Read(const ReadSet& reads) const;

  // OK if every guard of WriteSet holds, otherwise Aborted.
  [[nodiscard]] absl::Status CheckGuards(const WriteSet& writes) const;

  // Writes all of it; CheckGuards must have been OK.
  void Apply(const WriteSet& writes);

  // As Store says of these.
  [[nodiscard]] std::vector<Entry> Entries(const CurrencyId& currency,
                                           std::int64_t after_seq,
                                           int limit) const;
  [[nodiscard]] std::optional<Entry> EntryAsOf(const CurrencyId& currency,
                                               std::int64_t at_ms) const;
  [[nodiscard]] std::vector<PullRecord> History(
      const std::optional<PullCursor>& before, int limit) const;

  std::map<OperationId, Operation> operations;
  std::map<OperationId, Hold> holds;
  std::map<CurrencyId, Account> accounts;
  std::map<ScopeId, PityRecord> pity;
  std::map<std::pair<ScopeId, std::int64_t>, PullRecord> pulls;
  std::map<OperationId, PullOperation> pull_operations;
  std::map<ItemId, InventoryRecord> inventory;

 private:
  using EntryKey = std::pair<CurrencyId, std::int64_t>;

  // The operation that stands at each seq of each account.
  std::map<EntryKey, OperationId> entries_;
  // The keys of `pulls` in the order of the history.
  std::set<PullCursor> history_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_MEMORY_PLAYER_H_
