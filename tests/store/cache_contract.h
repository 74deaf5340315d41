// What every PlayerCache must do, whatever order readers and writers run in.

#ifndef FAIRPULL_TESTS_STORE_CACHE_CONTRACT_H_
#define FAIRPULL_TESTS_STORE_CACHE_CONTRACT_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/store/player_cache.h"

namespace fairpull {

// Two readers (get, read the store if nothing was found, put) and a writer
// (commit, forget) in each of their 8!/(3! 3! 2!) = 560 orders: whoever asks
// after the writer has forgotten is never given what was there before.
inline void ExpectNoOldValueInAnyOrder(PlayerCache& cache) {
  struct Reader {
    int step = 0;
    PlayerCache::Found found;
    std::string read;
  };
  std::string order = "AAABBBWW";
  int round = 0;
  do {
    const PlayerId player = PlayerId::Trusted(absl::StrCat("p", round++));
    std::string stored = "old";
    bool forgotten = false;
    int writer_step = 0;
    Reader a;
    Reader b;
    const auto step = [&](Reader& reader) {
      switch (reader.step++) {
        case 0:
          reader.found = cache.Get(player, "f");
          if (forgotten && reader.found.value.has_value()) {
            EXPECT_EQ(*reader.found.value, "new") << order;
          }
          break;
        case 1:
          reader.read = stored;
          break;
        default:
          if (!reader.found.value.has_value()) {
            cache.Put(player, "f", reader.read, reader.found.lease);
          }
      }
    };
    for (const char who : order) {
      if (who == 'A') step(a);
      if (who == 'B') step(b);
      if (who != 'W') continue;
      if (writer_step++ == 0) {
        stored = "new";
      } else {
        forgotten = cache.Forget({player});
        EXPECT_TRUE(forgotten);
      }
    }
    EXPECT_NE(cache.Get(player, "f").value.value_or("new"), "old") << order;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(round, 560);
}

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_CACHE_CONTRACT_H_
