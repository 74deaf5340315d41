// Goes through all players of a store.

#ifndef FAIRPULL_SRC_SERVICE_ALL_PLAYERS_H_
#define FAIRPULL_SRC_SERVICE_ALL_PLAYERS_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "fairpull/base/status.h"
#include "fairpull/store/store.h"

namespace fairpull {

// Calls `visit(player)`, which gives a Status, for each player in the store,
// read page by page; stops at the first that is not OK.
template <class Visit>
absl::Status ForAllPlayers(Store& store, const Visit& visit) {
  PlayerId after;
  while (true) {
    FAIRPULL_ASSIGN_OR_RETURN(const std::vector<PlayerId> page,
                              store.Players(after, kMaxPage));
    for (const PlayerId& player : page) {
      FAIRPULL_RETURN_IF_ERROR(visit(player));
    }
    if (page.size() < static_cast<std::size_t>(kMaxPage)) {
      return absl::OkStatus();
    }
    after = page.back();
  }
}

}  // namespace fairpull

#endif  // FAIRPULL_SRC_SERVICE_ALL_PLAYERS_H_
