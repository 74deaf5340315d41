// What this process last saw of players' accounts and pity, so that a
// transaction may begin without asking the server.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_KNOWN_ROWS_H_
#define FAIRPULL_SRC_STORE_POSTGRES_KNOWN_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "fairpull/base/id.h"
#include "fairpull/store/read_set.h"
#include "fairpull/store/write_set.h"

namespace fairpull {

// Thread-safe. What it has may be old: another process may have written since,
// or the server may have lost what it said to be kept, if another took its
// place. So it is used only with guards on the rows' content, and over a
// connection that was open when it was seen, which no other server has.
class PostgresKnownRows {
 public:
  struct Known {
    Snapshot snapshot;
    // PostgresPool::opened when it was seen.
    std::int64_t opened = 0;
  };

  // Forgets who was used the longest ago beyond so many players.
  explicit PostgresKnownRows(std::size_t most_players)
      : most_players_(most_players) {}

  // The accounts and the pity that `reads` names, if it names any account, all
  // are known, and it names nothing else but operations.
  std::optional<Known> Find(const ReadSet& reads);

  // The player's rows as they were read, and then replaced, by a transaction
  // that began when `opened` connections had been opened.
  void Keep(const PlayerId& player, const Snapshot& read,
            const WriteSet& written, std::int64_t opened);

  void Forget(const PlayerId& player);

 private:
  struct Rows {
    PlayerId player;
    Known known;
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
