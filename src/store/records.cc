#include "fairpull/store/records.h"

#include "fairpull/store/write_set.h"

namespace fairpull {

absl::string_view PullStateName(PullState state) {
  switch (state) {
    case PullState::kIntent:
      return "intent";
    case PullState::kDrawn:
      return "drawn";
    case PullState::kDone:
      return "done";
    case PullState::kRejected:
      return "rejected";
    case PullState::kAborted:
      return "aborted";
  }
  return "unknown state";
}

bool IsEmpty(const WriteSet& writes) {
  return writes.operations.empty() && writes.pulls.empty() &&
         writes.accounts.empty() && writes.holds.empty() &&
         writes.pity.empty() && writes.pull_operations.empty() &&
         writes.inventory.empty();
}

}  // namespace fairpull
