// What is odd about a valid banner: rules that do nothing, patterns that laws
// forbid, and what the worst of luck costs.
//
//   for (const Finding& finding : Lint(banner)) std::cout << finding.message;

#ifndef FAIRPULL_ANALYSIS_LINT_H_
#define FAIRPULL_ANALYSIS_LINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fairpull/banner/banner.h"

namespace fairpull {

struct Finding {
  enum class Severity : std::uint8_t {
    kNote,     // good to know
    kWarning,  // most likely a mistake, or unlawful somewhere
  };

  std::string kind;     // "hard_pity_never_reached", "kompu", "worst_case"
  std::string pointer;  // a JSON pointer into the file
  std::string message;
  Severity severity = Severity::kWarning;

  friend bool operator==(const Finding&, const Finding&) = default;
};

// Every finding, in order of the file's rarities, then the others. What takes
// too many states to work out is a note that says so.
[[nodiscard]] std::vector<Finding> Lint(const Banner& banner);

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_LINT_H_
