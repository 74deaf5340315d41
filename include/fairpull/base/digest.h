// SHA-256, for names of content: the odds version, a request's fingerprint.
//
//   std::string name = HexSha256("{}");  // 64 lower-case hexadecimal digits

#ifndef FAIRPULL_BASE_DIGEST_H_
#define FAIRPULL_BASE_DIGEST_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace fairpull {

// The SHA-256 digest of `bytes` (FIPS 180-4), 32 bytes.
[[nodiscard]] std::array<std::uint8_t, 32> Sha256(absl::string_view bytes);

// The same as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string HexSha256(absl::string_view bytes);

}  // namespace fairpull

#endif  // FAIRPULL_BASE_DIGEST_H_
