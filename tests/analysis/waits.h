// The waits that the tests of the analysis layer share.

#ifndef FAIRPULL_TESTS_ANALYSIS_WAITS_H_
#define FAIRPULL_TESTS_ANALYSIS_WAITS_H_

#include <algorithm>
#include <cstddef>
#include <vector>

namespace fairpull::testing {

// Pulls to a hit: 0.6% up to pull 73, 6 points more with each from 74 on,
// certain at 90.
inline std::vector<double> SoftPityWait() {
  std::vector<double> pmf(91);
  double missed = 1;
  for (int n = 1; n <= 90; ++n) {
    const double odds = std::min(1.0, 0.006 + 0.06 * std::max(0, n - 73));
    pmf[static_cast<std::size_t>(n)] = missed * odds;
    missed *= 1 - odds;
  }
  return pmf;
}

}  // namespace fairpull::testing

#endif  // FAIRPULL_TESTS_ANALYSIS_WAITS_H_
