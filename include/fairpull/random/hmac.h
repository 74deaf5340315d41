// HMAC-SHA256 (RFC 2104), the keyed function that live draws are made with.
//
//   const HmacKey key(bytes);
//   std::array<std::uint8_t, 32> code = key.CodeOf(message);

#ifndef FAIRPULL_RANDOM_HMAC_H_
#define FAIRPULL_RANDOM_HMAC_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace fairpull {

// A key whose own two blocks are hashed already, which is half of the work of a
// short message. Forgets the key when it is destroyed. Safe for concurrent
// reads.
class HmacKey {
 public:
  // Of any length.
  explicit HmacKey(absl::Span<const std::uint8_t> key);

  HmacKey(const HmacKey&) = default;
  HmacKey& operator=(const HmacKey&) = default;
  ~HmacKey();

  // The authentication code of `message`.
  [[nodiscard]] std::array<std::uint8_t, 32> CodeOf(
      absl::string_view message) const;

 private:
  // libsodium's crypto_auth_hmacsha256_state, which stays out of this header.
  static constexpr std::size_t kStateBytes = 208;
  alignas(8) std::array<std::uint8_t, kStateBytes> state_;
};

}  // namespace fairpull

#endif  // FAIRPULL_RANDOM_HMAC_H_
