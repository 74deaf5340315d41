#include "fairpull/store/call_deadline.h"

#include <algorithm>

namespace fairpull {
namespace {

thread_local std::optional<CallDeadline::Clock::time_point> current;

}  // namespace

CallDeadline::CallDeadline(std::chrono::milliseconds from_now)
    : outer_(current) {
  current = Sooner(Clock::now() + from_now);
}

CallDeadline::~CallDeadline() { current = outer_; }

bool CallDeadline::Passed() {
  return current.has_value() && *current <= Clock::now();
}

CallDeadline::Clock::time_point CallDeadline::Sooner(Clock::time_point limit) {
  return current.has_value() ? std::min(*current, limit) : limit;
}

}  // namespace fairpull
