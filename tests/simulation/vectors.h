// The kinds of vectors that the kernel is compiled for, one at a time.

#ifndef FAIRPULL_TESTS_SIMULATION_VECTORS_H_
#define FAIRPULL_TESTS_SIMULATION_VECTORS_H_

#include <cstdint>
#include <vector>

#include "hwy/targets.h"

namespace fairpull::testing {

// Those that this machine has, the best first.
inline std::vector<std::int64_t> Vectors() {
  hwy::SetSupportedTargetsForTest(0);
  const std::int64_t supported = hwy::SupportedTargets();
  std::vector<std::int64_t> found;
  for (const std::int64_t target : {HWY_AVX3, HWY_AVX2, HWY_SSE4, HWY_NEON}) {
    if ((supported & target) != 0) found.push_back(target);
  }
  return found;
}

// Only these vectors are used as long as it lives.
class OnlyVectors {
 public:
  explicit OnlyVectors(std::int64_t target) { Use(target); }
  ~OnlyVectors() { Use(0); }
  OnlyVectors(const OnlyVectors&) = delete;
  OnlyVectors& operator=(const OnlyVectors&) = delete;

 private:
  static void Use(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().DeInit();
  }
};

}  // namespace fairpull::testing

#endif  // FAIRPULL_TESTS_SIMULATION_VECTORS_H_
