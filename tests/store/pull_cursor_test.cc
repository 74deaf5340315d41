#include "fairpull/store/pull_cursor.h"

#include <gtest/gtest.h>

#include <string>

namespace fairpull {
namespace {

TEST(PullCursorTest, ComesBackFromItsText) {
  const PullCursor cursor{
      .at_ms = 1700000000123, .scope = ScopeId::Trusted("a-b-c"), .seq = 42};
  EXPECT_EQ(cursor.ToText(), "1700000000123-42-a-b-c");
  EXPECT_EQ(*PullCursor::Parse(cursor.ToText()), cursor);
}

TEST(PullCursorTest, RefusesOtherText) {
  for (const std::string text :
       {"", "1", "1-2", "1-2-", "x-2-a", "1-x-a", "-1-2-a", "1--2-a", "1-2-a b",
        "99999999999999999999-1-a"}) {
    EXPECT_EQ(PullCursor::Parse(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace fairpull
