#include "fairpull/random/hmac.h"

#include <sodium.h>

namespace fairpull {

std::array<std::uint8_t, 32> HmacSha256(absl::Span<const std::uint8_t> key,
                                        absl::string_view message) {
  std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES> mac;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  crypto_auth_hmacsha256_update(
      &state, reinterpret_cast<const unsigned char*>(message.data()),
      message.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  sodium_memzero(&state, sizeof(state));
  return mac;
}

}  // namespace fairpull
