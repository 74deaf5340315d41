// What this process last saw of players' accounts and pity, so that a
// transaction may begin without asking the server, and which items it wrote.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_KNOWN_ROWS_H_
#define FAIRPULL_SRC_STORE_POSTGRES_KNOWN_ROWS_H_

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "fairpull/base/id.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/write_set.h"

namespace fairpull {

// Thread-safe. What it has may be old: another process may have written since.
class PostgresKnownRows {
 public:
  // Forgets who was used the longest ago beyond so many players.
  explicit PostgresKnownRows(std::size_t most_players)
      : most_players_(most_players) {}

  // The accounts and the pity that `reads` names, if it names any account, all
  // are known, and it names nothing else but operations.
  std::optional<Snapshot> Find(const ReadSet& reads);

  // Which of `writes.inventory` have a row that is replaced, if the commit
  // proves the pity it writes: that was written with each of these rows before.
  std::vector<bool> Owned(const PlayerId& player, const WriteSet& writes);

  // The player's rows as they were read, and then replaced.
  void Keep(const PlayerId& player, const Snapshot& read,
            const WriteSet& written);

  void Forget(const PlayerId& player);

 private:
  // Of a player; commoner items are soon among them.
  static constexpr std::size_t kMostItems = 64;

  struct Rows {
    PlayerId player;
    Snapshot snapshot;
    absl::flat_hash_set<std::pair<ScopeId, ItemId>> items;
  };
  using Used = std::list<Rows>;

  const std::size_t most_players_;
  // Guards what follows.
  std::mutex mutex_;
  Used used_;  // the last used first
  absl::flat_hash_map<PlayerId, Used::iterator> by_player_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_KNOWN_ROWS_H_
