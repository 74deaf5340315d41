// Waiting for a condition, with a limit.

#ifndef FAIRPULL_TESTS_STORE_WAITING_H_
#define FAIRPULL_TESTS_STORE_WAITING_H_

#include <chrono>
#include <thread>

namespace fairpull {

// Whether `holds()` became true within 30 s.
template <class Condition>
[[nodiscard]] bool Eventually(const Condition& holds) {
  const auto limit =
      std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// How long `work()` took, in ms.
template <class Work>
[[nodiscard]] double MsOf(const Work& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - began)
      .count();
}

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_WAITING_H_
