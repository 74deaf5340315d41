#include "fairpull/store/pull_cursor.h"

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace fairpull {

PullCursor PullCursor::Of(const PullRecord& pull) {
  return {.at_ms = pull.at_ms, .scope = pull.scope, .seq = pull.seq};
}

absl::StatusOr<PullCursor> PullCursor::Parse(absl::string_view text) {
  // The scope comes last, since it may hold a hyphen itself.
  const std::vector<absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('-', 2));
  PullCursor cursor;
  if (parts.size() == 3 && absl::SimpleAtoi(parts[0], &cursor.at_ms) &&
      absl::SimpleAtoi(parts[1], &cursor.seq) && cursor.at_ms >= 0 &&
      cursor.seq >= 0) {
    if (absl::StatusOr<ScopeId> scope = ScopeId::Parse(parts[2]); scope.ok()) {
      cursor.scope = *std::move(scope);
      return cursor;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", absl::CHexEscape(text.substr(0, 200)),
      "\" is no cursor; give back the one that came with the last page"));
}

std::string PullCursor::ToText() const {
  return absl::StrCat(at_ms, "-", seq, "-", scope.value());
}

}  // namespace fairpull
