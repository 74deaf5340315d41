// The secret that live draws are made from: 32 bytes, one for each epoch.
//
// Whoever knows it can foretell every draw of its epoch, so it comes from a
// file or a secret store, is never printed, and is wiped when dropped.
//
//   FAIRPULL_ASSIGN_OR_RETURN(ServerSeed seed, ServerSeed::FromHex(text));

#ifndef FAIRPULL_RANDOM_SERVER_SEED_H_
#define FAIRPULL_RANDOM_SERVER_SEED_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fairpull/random/hmac.h"

namespace fairpull {

// Immutable; safe to share between threads.
class ServerSeed {
 public:
  static constexpr int kSizeBytes = 32;

  // The seed written as 64 hexadecimal digits, or InvalidArgument (whose
  // message does not repeat the text).
  [[nodiscard]] static absl::StatusOr<ServerSeed> FromHex(
      absl::string_view hex);

  // The seed of exactly 32 bytes, or InvalidArgument.
  [[nodiscard]] static absl::StatusOr<ServerSeed> FromBytes(
      absl::string_view bytes);

  [[nodiscard]] const HmacKey& key() const { return key_; }

 private:
  explicit ServerSeed(absl::Span<const std::uint8_t> bytes) : key_(bytes) {}

  HmacKey key_;
};

}  // namespace fairpull

#endif  // FAIRPULL_RANDOM_SERVER_SEED_H_
