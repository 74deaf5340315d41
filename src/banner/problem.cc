#include "fairpull/banner/problem.h"

#include "absl/strings/str_cat.h"

namespace fairpull {

absl::Status Problems::ToStatus() const {
  if (list_.empty()) return absl::OkStatus();
  std::string text;
  for (const Problem& problem : list_) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", problem.file, ":",
                    problem.pointer, problem.pointer.empty() ? " " : ": ",
                    problem.message);
  }
  return absl::InvalidArgumentError(text);
}

}  // namespace fairpull
