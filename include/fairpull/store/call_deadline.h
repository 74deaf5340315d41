// A time by which the calls of a thread to stores have to come back.
//
//   const CallDeadline deadline(std::chrono::milliseconds(800));
//   auto receipt = pulls.Pull(request);  // Unavailable after 800 ms
//
// For a server whose requests have a time limit: what they wait for in a store
// ends with them. Where the time is over, a call no longer waits for players,
// connections or locks, what a database still works on is cancelled there, and
// the call is Unavailable. A commit that has gone out by then is waited for a
// moment longer, so that its outcome is known more often than not.

#ifndef FAIRPULL_STORE_CALL_DEADLINE_H_
#define FAIRPULL_STORE_CALL_DEADLINE_H_

#include <chrono>
#include <optional>

namespace fairpull {

// Holds for the thread that made it, until it is destroyed there. One inside
// another can only bring the end nearer.
class CallDeadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit CallDeadline(std::chrono::milliseconds from_now);
  ~CallDeadline();
  CallDeadline(const CallDeadline&) = delete;
  CallDeadline& operator=(const CallDeadline&) = delete;

  // Whether this thread has one that is over.
  [[nodiscard]] static bool Passed();

  // When this thread has to stop waiting that would wait until `limit`.
  [[nodiscard]] static Clock::time_point Sooner(Clock::time_point limit);

 private:
  const std::optional<Clock::time_point> outer_;
};

}  // namespace fairpull

#endif  // FAIRPULL_STORE_CALL_DEADLINE_H_
