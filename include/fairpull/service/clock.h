// Where services take the time from: outside, so that a test sets it.
//
//   Wallet wallet(*store, SystemClock());
//   Wallet frozen(*store, [] { return std::int64_t{1'700'000'000'000}; });

#ifndef FAIRPULL_SERVICE_CLOCK_H_
#define FAIRPULL_SERVICE_CLOCK_H_

#include <cstdint>
#include <functional>

namespace fairpull {

// Milliseconds since 1970 (UTC). Called by several threads at once.
using Clock = std::function<std::int64_t()>;

// The clock of the machine.
[[nodiscard]] Clock SystemClock();

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_CLOCK_H_
