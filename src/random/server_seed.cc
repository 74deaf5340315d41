#include "fairpull/random/server_seed.h"

#include <sodium.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fairpull {

absl::StatusOr<ServerSeed> ServerSeed::FromHex(absl::string_view hex) {
  ServerSeed seed;
  std::size_t length = 0;
  const char* end = nullptr;
  const int result =
      sodium_hex2bin(seed.bytes_.data(), seed.bytes_.size(), hex.data(),
                     hex.size(), nullptr, &length, &end);
  if (result != 0 || length != seed.bytes_.size() ||
      end != hex.data() + hex.size()) {
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
  ServerSeed seed;
  std::copy(bytes.begin(), bytes.end(), seed.bytes_.begin());
  return seed;
}

ServerSeed::~ServerSeed() { sodium_memzero(bytes_.data(), bytes_.size()); }

}  // namespace fairpull
