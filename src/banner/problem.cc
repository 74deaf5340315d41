#include "fairpull/banner/problem.h"

#include "absl/strings/str_cat.h"

namespace fairpull {

void Problems::Add(absl::string_view pointer, absl::string_view message) {
  if (list_.size() > kMost) return;
  if (list_.size() == kMost) {
    list_.push_back({file_, "", "has more problems; mend these first"});
    return;
  }
  list_.push_back({file_, std::string(pointer), std::string(message)});
}

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
