#include "fairpull/random/hmac.h"

#include <sodium.h>

#include <cstring>

namespace fairpull {

HmacKey::HmacKey(absl::Span<const std::uint8_t> key) {
  static_assert(sizeof(crypto_auth_hmacsha256_state) == kStateBytes);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  std::memcpy(state_.data(), &state, kStateBytes);
  sodium_memzero(&state, sizeof(state));
}

HmacKey::~HmacKey() { sodium_memzero(state_.data(), kStateBytes); }

std::array<std::uint8_t, 32> HmacKey::CodeOf(absl::string_view message) const {
  std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> code;
  crypto_auth_hmacsha256_state state;
  std::memcpy(&state, state_.data(), kStateBytes);
  crypto_auth_hmacsha256_update(
      &state, reinterpret_cast<const unsigned char*>(message.data()),
      message.size());
  crypto_auth_hmacsha256_final(&state, code.data());
  sodium_memzero(&state, sizeof(state));
  return code;
}

}  // namespace fairpull
