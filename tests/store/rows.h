// Rows of pulls with every column filled in, and a transaction that writes.

#ifndef FAIRPULL_TESTS_STORE_ROWS_H_
#define FAIRPULL_TESTS_STORE_ROWS_H_

#include <cstdint>
#include <string>

#include "fairpull/store/store.h"
#include "store/conformance.h"

namespace fairpull {

inline PullRecord Pull(std::int64_t seq, std::int64_t at_ms,
                       const ScopeId& scope = kScope) {
  return {.player = kPlayer,
          .scope = scope,
          .seq = seq,
          .pull_id = OperationId::Trusted("pull-1"),
          .draw_index = seq - 1,
          .banner = BannerId::Trusted("starter"),
          .odds_version = "abc",
          .seed_epoch = 3,
          .item = ItemId::Trusted("sword"),
          .rarity = "ultra_rare",
          .featured = true,
          .pity = 77,
          .cost = 160,
          .at_ms = at_ms};
}

inline PullOperation Asked(const std::string& id, std::int64_t next_due_ms,
                           const PlayerId& player = kPlayer) {
  return {.player = player,
          .id = OperationId::Trusted(id),
          .banner = BannerId::Trusted("starter"),
          .count = 10,
          .odds_version = "abc",
          .seed_epoch = 3,
          .currency = kGems,
          .cost = 1600,
          .state = PullState::kIntent,
          .settled = false,
          .attempts = 2,
          .next_due_ms = next_due_ms,
          .created_at_ms = 5,
          .scope = kScope,
          .first_seq = 4};
}

inline absl::Status Write(Store& store, const WriteSet& writes,
                          const PlayerId& player = kPlayer) {
  auto transaction = store.Begin({.player = player});
  if (!transaction.ok()) return transaction.status();
  return (*transaction)->Commit(writes);
}

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_ROWS_H_
