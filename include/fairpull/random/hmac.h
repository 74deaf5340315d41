// HMAC-SHA256 (RFC 2104), the keyed function that live draws are made with.
//
//   std::array<std::uint8_t, 32> mac = HmacSha256(seed.bytes(), message);

#ifndef FAIRPULL_RANDOM_HMAC_H_
#define FAIRPULL_RANDOM_HMAC_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace fairpull {

// The authentication code of `message` under `key` (of any length).
[[nodiscard]] std::array<std::uint8_t, 32> HmacSha256(
    absl::Span<const std::uint8_t> key, absl::string_view message);

}  // namespace fairpull

#endif  // FAIRPULL_RANDOM_HMAC_H_
