#include "fairpull/service/clock.h"

#include <chrono>

namespace fairpull {

Clock SystemClock() {
  return [] {
    return static_cast<std::int64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now().time_since_epoch())
            .count());
  };
}

}  // namespace fairpull
