// What is wrong with a banner file: every problem, not only the first.
//
//   Problems problems("summer.json");
//   std::optional<BannerSpec> spec = ParseBanner(text, problems);
//   if (!problems.empty()) return problems.ToStatus();

#ifndef FAIRPULL_BANNER_PROBLEM_H_
#define FAIRPULL_BANNER_PROBLEM_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fairpull {

struct Problem {
  std::string file;
  std::string pointer;  // a JSON pointer (RFC 6901); empty: the whole file
  std::string message;  // what is wrong, and what would be right

  friend bool operator==(const Problem&, const Problem&) = default;
};

// The problems of one file, in the order in which they were found. Not safe
// for concurrent use.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  // Past kMost, one line says that there are more.
  void Add(absl::string_view pointer, absl::string_view message);

  static constexpr std::size_t kMost = 200;

  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] const std::vector<Problem>& list() const { return list_; }

  // OK without problems; otherwise InvalidArgument with one line for each:
  // "file:/pointer: message".
  [[nodiscard]] absl::Status ToStatus() const;

 private:
  std::string file_;
  std::vector<Problem> list_;
};

}  // namespace fairpull

#endif  // FAIRPULL_BANNER_PROBLEM_H_
