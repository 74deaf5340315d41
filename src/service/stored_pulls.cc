#include "stored_pulls.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"

namespace fairpull {

absl::StatusOr<std::vector<PullRecord>> StoredPulls(
    Store& store, const PullOperation& operation) {
  std::vector<PullRecord> pulls;
  if (operation.state != PullState::kDrawn &&
      operation.state != PullState::kDone) {
    return pulls;
  }
  const auto missing = [&] {
    return operation.count - static_cast<std::int64_t>(pulls.size());
  };
  while (missing() > 0) {
    const std::int64_t after =
        pulls.empty() ? operation.first_seq - 1 : pulls.back().seq;
    FAIRPULL_ASSIGN_OR_RETURN(
        std::vector<PullRecord> page,
        store.Pulls(
            operation.player, operation.scope, after,
            static_cast<int>(std::min<std::int64_t>(missing(), kMaxPage))));
    if (page.empty() || page.back().pull_id != operation.id) {
      return absl::DataLossError(
          absl::StrCat("pull operation ", operation.id.value(), " of player ",
                       operation.player.value(), " lacks ", missing(),
                       " of its ", operation.count, " pulls"));
    }
    for (PullRecord& pull : page) pulls.push_back(std::move(pull));
  }
  return pulls;
}

}  // namespace fairpull
