#include "house/odr.h"

#include <gtest/gtest.h>

namespace fairpull::testing {
namespace {

// An inline variable is one object, wherever it is looked at from.
TEST(OdrTest, TheHeadersDefineEachThingOnce) {
  EXPECT_EQ(WheelSizeAsSeenByA(), WheelSizeAsSeenByB());
}

}  // namespace
}  // namespace fairpull::testing
