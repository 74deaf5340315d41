#include "fairpull/ledger/amount.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>

namespace fairpull {
namespace {

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kDeep = std::numeric_limits<std::int64_t>::min();

TEST(AmountTest, GoesFromOneToTwoToThe53MinusOne) {
  EXPECT_EQ(kMaxAmount, 9007199254740991);
  EXPECT_TRUE(IsAmount(1));
  EXPECT_TRUE(IsAmount(9007199254740991));
  EXPECT_FALSE(IsAmount(0));
  EXPECT_FALSE(IsAmount(-1));
  EXPECT_FALSE(IsAmount(9007199254740992));
  EXPECT_FALSE(IsAmount(kHuge));
  EXPECT_FALSE(IsAmount(kDeep));
}

TEST(AmountTest, SumsStayInRange) {
  EXPECT_EQ(CheckedAdd(0, 0), 0);
  EXPECT_EQ(CheckedAdd(9007199254740990, 1), 9007199254740991);
  EXPECT_EQ(CheckedAdd(9007199254740991, 1), std::nullopt);
  EXPECT_EQ(CheckedAdd(1, -2), std::nullopt);
  EXPECT_EQ(CheckedAdd(kHuge, kHuge), std::nullopt);
  EXPECT_EQ(CheckedAdd(kDeep, kDeep), std::nullopt);
}

TEST(AmountTest, DifferencesStayInRange) {
  EXPECT_EQ(CheckedSubtract(5, 5), 0);
  EXPECT_EQ(CheckedSubtract(5, 6), std::nullopt);
  EXPECT_EQ(CheckedSubtract(0, -9007199254740991), 9007199254740991);
  EXPECT_EQ(CheckedSubtract(1, -9007199254740991), std::nullopt);
  EXPECT_EQ(CheckedSubtract(kHuge, kDeep), std::nullopt);
  EXPECT_EQ(CheckedSubtract(kDeep, kHuge), std::nullopt);
}

}  // namespace
}  // namespace fairpull
