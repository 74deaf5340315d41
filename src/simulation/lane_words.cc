#include "fairpull/simulation/lane_words.h"

#include <cstddef>

namespace fairpull {

std::array<std::uint64_t, 2> Threefry2x64(
    std::array<std::uint64_t, 2> key, std::array<std::uint64_t, 2> counter) {
  // The constants of the paper: rotations by round, and the parity of the key.
  constexpr std::array<int, 8> kRotations = {16, 42, 12, 31, 16, 32, 24, 21};
  constexpr std::uint64_t kParity = 0x1bd11bdaa9fc1a22u;
  const std::array<std::uint64_t, 3> keys = {key[0], key[1],
                                             kParity ^ key[0] ^ key[1]};
  std::uint64_t a = counter[0] + keys[0];
  std::uint64_t b = counter[1] + keys[1];
  for (std::size_t round = 0; round < 20; ++round) {
    a += b;
    b = std::rotl(b, kRotations[round % 8]) ^ a;
    if (round % 4 != 3) continue;
    const std::size_t injection = round / 4 + 1;
    a += keys[injection % 3];
    b += keys[(injection + 1) % 3] + injection;
  }
  return {a, b};
}

LaneWords::LaneWords(std::uint64_t seed, std::uint64_t chunk,
                     std::uint32_t lane) {
  const auto [low, high] = Threefry2x64({seed, 0}, {chunk * kLanes + lane, 0});
  state_ = {
      static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32),
      static_cast<std::uint32_t>(high), static_cast<std::uint32_t>(high >> 32)};
  // The one state that xoshiro never leaves; odds of 2^-128.
  if (low == 0 && high == 0) state_[0] = 1;
}

}  // namespace fairpull
