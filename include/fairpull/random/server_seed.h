// The secret that live draws are made from: 32 bytes, one for each epoch.
//
// Whoever knows it can foretell every draw of its epoch, so it comes from a
// file or a secret store, is never printed, and is wiped when dropped.
//
//   FAIRPULL_ASSIGN_OR_RETURN(ServerSeed seed, ServerSeed::FromHex(text));

#ifndef FAIRPULL_RANDOM_SERVER_SEED_H_
#define FAIRPULL_RANDOM_SERVER_SEED_H_

#include <array>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

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

  ServerSeed(const ServerSeed&) = default;
  ServerSeed& operator=(const ServerSeed&) = default;
  ~ServerSeed();

  [[nodiscard]] absl::Span<const std::uint8_t> bytes() const { return bytes_; }

 private:
  ServerSeed() = default;

  std::array<std::uint8_t, kSizeBytes> bytes_{};
};

}  // namespace fairpull

#endif  // FAIRPULL_RANDOM_SERVER_SEED_H_
