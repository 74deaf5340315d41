// Begins a transaction again where others were quicker.

#ifndef FAIRPULL_SRC_SERVICE_RETRY_H_
#define FAIRPULL_SRC_SERVICE_RETRY_H_

#include "absl/status/status.h"

namespace fairpull {

// What `attempt` gives, which is called again while that is Aborted, five times
// at most. Other errors are the caller's to judge: the client asks again, and
// the ids make it safe.
template <class Attempt>
auto RetryAborted(const Attempt& attempt) {
  auto result = attempt();
  for (int again = 1; again < 5 && absl::IsAborted(result.status()); ++again) {
    result = attempt();
  }
  return result;
}

}  // namespace fairpull

#endif  // FAIRPULL_SRC_SERVICE_RETRY_H_
