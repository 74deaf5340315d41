// A place in a player's history of pulls, where the next page goes on.
//
// The history is ordered by time, then scope, then seq, which no two pulls
// share; so a page boundary stays where it is while pulls are added.
//
//   FAIRPULL_ASSIGN_OR_RETURN(auto cursor, PullCursor::Parse("17-3-starter"));
//   auto page = store.History(player, cursor, 20);

#ifndef FAIRPULL_STORE_PULL_CURSOR_H_
#define FAIRPULL_STORE_PULL_CURSOR_H_

#include <compare>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/base/id.h"
#include "fairpull/store/records.h"

namespace fairpull {

struct PullCursor {
  std::int64_t at_ms = 0;
  ScopeId scope;
  std::int64_t seq = 0;

  // The place of `pull`: a page after it begins with the next older one.
  [[nodiscard]] static PullCursor Of(const PullRecord& pull);

  // The cursor that ToText() spelled, or InvalidArgument.
  [[nodiscard]] static absl::StatusOr<PullCursor> Parse(absl::string_view text);

  // Letters, digits and . _ : - only: fit for a URL as it is.
  [[nodiscard]] std::string ToText() const;

  friend bool operator==(const PullCursor&, const PullCursor&) = default;
  friend std::strong_ordering operator<=>(const PullCursor&,
                                          const PullCursor&) = default;
};

}  // namespace fairpull

#endif  // FAIRPULL_STORE_PULL_CURSOR_H_
