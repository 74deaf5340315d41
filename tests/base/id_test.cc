#include "fairpull/base/id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace fairpull {
namespace {

using ::testing::HasSubstr;

TEST(IdTest, KeepsTheText) {
  EXPECT_EQ(PlayerId::Parse("p-17:a.b_C")->value(), "p-17:a.b_C");
}

TEST(IdTest, KindsDoNotMix) {
  static_assert(!std::is_convertible_v<PlayerId, OperationId>);
  static_assert(!std::is_constructible_v<PlayerId, std::string>);
}

TEST(IdTest, TakesTheLongestAndRefusesOneMore) {
  EXPECT_TRUE(PlayerId::Parse(std::string(128, 'x')).ok());
  const auto status = PlayerId::Parse(std::string(129, 'x')).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("at most 128"));
}

TEST(IdTest, RefusesEmptyTextAndForeignCharacters) {
  EXPECT_FALSE(PlayerId::Parse("").ok());
  for (const std::string bad :
       {"a b", "a/b", "a'b", "a\"b", "\xc3\xa9", "a\n"}) {
    const auto status = CurrencyId::Parse(bad).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(status.message()), HasSubstr("currency"));
  }
  EXPECT_FALSE(PlayerId::Parse(absl::string_view("a\0b", 3)).ok());
}

}  // namespace
}  // namespace fairpull
