#include "fairpull/random/pcg_source.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace fairpull {
namespace {

// numpy.random.PCG64(7).state, and nine calls of its next_uint32 (NumPy 2).
constexpr PcgState kNumpySeed7 = {.state_high = 0x9d0aecc4e7b18891u,
                                  .state_low = 0x9ae2415a6b292038u,
                                  .increment_high = 0xc4751896ce8acebfu,
                                  .increment_low = 0x66887f5ac070d959u};
constexpr std::array<std::uint32_t, 9> kNumpyWords = {
    0xf1e54a8b, 0xa00641a9, 0xaf266a95, 0xe5afcdbc, 0x940af962,
    0xc693565f, 0xd56a2742, 0x39a72dab, 0x0e375145};

TEST(PcgSourceTest, EqualsNumpyWordForWord) {
  PcgSource bits(kNumpySeed7);
  for (const std::uint32_t word : kNumpyWords) EXPECT_EQ(bits.Next(), word);
}

TEST(PcgSourceTest, ExportsTheStateThatNumpyIsInAfterTheSameWords) {
  PcgSource bits(kNumpySeed7);
  for (int i = 0; i < 9; ++i) bits.Next();
  const PcgState state = bits.state();
  // 69277902251545625047243999639177715869
  EXPECT_EQ(state.state_high, 0x341e704ae9564907u);
  EXPECT_EQ(state.state_low, 0xc24d518c037ee09du);
  EXPECT_TRUE(state.has_uint32);
  EXPECT_EQ(state.uinteger, 1289204377u);
}

TEST(PcgSourceTest, GoesOnFromAnExportedStateAtEveryPoint) {
  PcgSource bits(kNumpySeed7);
  for (int taken = 0; taken < 20; ++taken) {
    PcgSource copy(bits.state());
    PcgSource same = bits;
    for (int i = 0; i < 5; ++i) EXPECT_EQ(copy.Next(), same.Next()) << taken;
    bits.Next();
  }
}

TEST(PcgSourceTest, SeedsAndStreamsGiveDifferentWords) {
  PcgSource a = PcgSource::Seeded(1);
  PcgSource same = PcgSource::Seeded(1);
  PcgSource b = PcgSource::Seeded(2);
  PcgSource c = PcgSource::Seeded(1, 1);
  int equal_b = 0;
  int equal_c = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint32_t word = a.Next();
    EXPECT_EQ(word, same.Next());
    equal_b += word == b.Next();
    equal_c += word == c.Next();
  }
  EXPECT_LT(equal_b, 3);
  EXPECT_LT(equal_c, 3);
}

}  // namespace
}  // namespace fairpull
