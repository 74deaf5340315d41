// Whether a server that failed is worth asking again.

#ifndef FAIRPULL_SRC_STORE_CIRCUIT_BREAKER_H_
#define FAIRPULL_SRC_STORE_CIRCUIT_BREAKER_H_

#include <cstdint>
#include <mutex>

namespace fairpull {

// Closed at first: everybody may ask. One failure opens it: nobody may for
// `skip_ms`, then one caller, whose outcome closes it or opens it again.
// Thread-safe. Times are of one clock that never goes back.
class CircuitBreaker {
 public:
  explicit CircuitBreaker(std::int64_t skip_ms) : skip_ms_(skip_ms) {}

  // Whether the caller may ask; who may must say how it went.
  [[nodiscard]] bool Admit(std::int64_t now_ms) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!open_) return true;
    if (now_ms < retry_at_ms_) return false;
    // The others wait for this one, or for the next if it never comes back.
    retry_at_ms_ = now_ms + skip_ms_;
    return true;
  }

  void Succeeded() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = false;
  }

  // Whether it was closed until now.
  bool Failed(std::int64_t now_ms) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool opens = !open_;
    open_ = true;
    retry_at_ms_ = now_ms + skip_ms_;
    return opens;
  }

  [[nodiscard]] bool open() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return open_;
  }

 private:
  const std::int64_t skip_ms_;
  mutable std::mutex mutex_;
  bool open_ = false;
  std::int64_t retry_at_ms_ = 0;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_CIRCUIT_BREAKER_H_
