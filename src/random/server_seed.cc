#include "fairpull/random/server_seed.h"

#include <sodium.h>

#include <array>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fairpull {

absl::StatusOr<ServerSeed> ServerSeed::FromHex(absl::string_view hex) {
  std::array<std::uint8_t, kSizeBytes> bytes{};
  std::size_t length = 0;
  const char* end = nullptr;
  const int result = sodium_hex2bin(bytes.data(), bytes.size(), hex.data(),
                                    hex.size(), nullptr, &length, &end);
  const bool is_seed =
      result == 0 && length == bytes.size() && end == hex.data() + hex.size();
  ServerSeed seed(bytes);
  sodium_memzero(bytes.data(), bytes.size());
  if (!is_seed) {
    return absl::InvalidArgumentError(
        absl::StrCat("a server seed is 64 hexadecimal digits; this text of ",
                     hex.size(), " characters is not"));
  }
  return seed;
}

absl::StatusOr<ServerSeed> ServerSeed::FromBytes(absl::string_view bytes) {
  if (bytes.size() != kSizeBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a server seed is ", kSizeBytes, " bytes; this one has ",
                     bytes.size()));
  }
  return ServerSeed(
      {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace fairpull
