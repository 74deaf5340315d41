// A running sum that carries what rounding took from it (Neumaier, "Rundungs-
// fehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974).
// Private to the analysis layer.

#ifndef FAIRPULL_SRC_ANALYSIS_COMPENSATED_SUM_H_
#define FAIRPULL_SRC_ANALYSIS_COMPENSATED_SUM_H_

#include <cmath>

namespace fairpull::internal {

class CompensatedSum {
 public:
  void Add(double term) {
    const double next = sum_ + term;
    lost_ += std::abs(sum_) >= std::abs(term) ? (sum_ - next) + term
                                              : (term - next) + sum_;
    sum_ = next;
  }
  [[nodiscard]] double value() const { return sum_ + lost_; }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_COMPENSATED_SUM_H_
