#include "fairpull/base/digest.h"

#include <sodium.h>

#include "absl/strings/escaping.h"

namespace fairpull {

std::array<std::uint8_t, 32> Sha256(absl::string_view bytes) {
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256(digest.data(),
                     reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size());
  return digest;
}

std::string HexSha256(absl::string_view bytes) {
  const std::array<std::uint8_t, 32> digest = Sha256(bytes);
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace fairpull
