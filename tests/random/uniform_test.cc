#include "fairpull/random/uniform.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "fairpull/random/pcg_source.h"
#include "fairpull/random/scripted_source.h"

namespace fairpull {
namespace {

static_assert(BitSource<PcgSource>);
static_assert(BitSource<ScriptedSource<std::uint8_t>>);

// Every size and every word of eight bits.
TEST(UniformTest, GivesEachIntegerEquallyOftenForEverySizeOfAByte) {
  for (std::uint64_t size = 1; size <= 256; ++size) {
    const Uniform<std::uint8_t> uniform(size);
    std::vector<int> count(size, 0);
    int rejected = 0;
    for (int word = 0; word < 256; ++word) {
      if (!uniform.IsAccepted(static_cast<std::uint8_t>(word))) {
        ++rejected;
        continue;
      }
      ++count.at(uniform.Value(static_cast<std::uint8_t>(word)));
    }
    for (const int n : count) ASSERT_EQ(n, static_cast<int>(256 / size));
    ASSERT_EQ(rejected, static_cast<int>(256 % size));
  }
}

// r < bound exactly when x < bound * k: every size, bound and word of a byte.
TEST(UniformTest, AThresholdSplitsWordsAsItSplitsIntegers) {
  for (std::uint64_t size = 1; size <= 256; ++size) {
    const Uniform<std::uint8_t> uniform(size);
    for (int word = 0; word < 256; ++word) {
      const auto x = static_cast<std::uint8_t>(word);
      if (!uniform.IsAccepted(x)) continue;
      for (std::uint64_t bound = 0; bound <= size; ++bound) {
        ASSERT_EQ(uniform.Value(x) < bound, x < uniform.Threshold(bound));
      }
    }
  }
}

TEST(UniformTest, TakesTheNextWordForARejectedOne) {
  const Uniform<std::uint8_t> die(6);  // k = 42: 252 to 255 are rejected
  ScriptedSource<std::uint8_t> bits({252, 255, 251, 41});
  EXPECT_EQ(die.Value(die.Accept(bits)), 5u);
  EXPECT_EQ(bits.used(), 3u);
  EXPECT_EQ(die.Value(die.Accept(bits)), 0u);
  EXPECT_FALSE(bits.overran());
}

// k = floor(2^32 / 2000) = 2147483; worked out by hand.
TEST(UniformTest, FrozenValuesForWordsOf32Bits) {
  const Uniform<std::uint32_t> wheel(2000);
  EXPECT_EQ(wheel.scale(), 2147483u);
  EXPECT_EQ(wheel.Value(0), 0u);
  EXPECT_EQ(wheel.Value(2147482), 0u);
  EXPECT_EQ(wheel.Value(2147483), 1u);
  EXPECT_EQ(wheel.Value(4294965999u), 1999u);
  EXPECT_TRUE(wheel.IsAccepted(4294965999u));
  EXPECT_FALSE(wheel.IsAccepted(4294966000u));
}

TEST(UniformTest, SizesAtTheEnds) {
  EXPECT_EQ(Uniform<std::uint32_t>(1).Value(0xffffffffu), 0u);
  const Uniform<std::uint32_t> all(std::uint64_t{1} << 32);
  EXPECT_EQ(all.Value(0xffffffffu), 0xffffffffu);
  EXPECT_TRUE(all.IsAccepted(0xffffffffu));
}

TEST(ScriptedSourceTest, SaysThatItOverran) {
  ScriptedSource<std::uint32_t> bits({5});
  EXPECT_EQ(bits.Next(), 5u);
  EXPECT_FALSE(bits.overran());
  EXPECT_EQ(bits.Next(), 0u);
  EXPECT_TRUE(bits.overran());
}

}  // namespace
}  // namespace fairpull
