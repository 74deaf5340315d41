// Identifiers as distinct types, so that a player's id can't be passed where a
// hold's id is meant.
//
// An id is 1 to 128 characters of A-Z a-z 0-9 . _ : - (no spaces, no slash:
// derived names use the slash, so no client can forge one).
//
//   FAIRPULL_ASSIGN_OR_RETURN(PlayerId player, PlayerId::Parse("p-17"));
//   absl::string_view text = player.value();

#ifndef FAIRPULL_BASE_ID_H_
#define FAIRPULL_BASE_ID_H_

#include <compare>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fairpull {

inline constexpr std::size_t kMaxIdLength = 128;

// OK if `text` is a well-formed id; otherwise InvalidArgument, whose message
// begins with `what` and says what was wrong.
absl::Status CheckId(absl::string_view what, absl::string_view text);

// An immutable identifier; `Tag` names the kind by its member `kName`.
// A default-constructed id is empty, which no parsed id ever is.
template <class Tag>
class Id {
 public:
  Id() = default;

  // The id spelled by `text`, or InvalidArgument.
  [[nodiscard]] static absl::StatusOr<Id> Parse(absl::string_view text) {
    if (absl::Status status = CheckId(Tag::kName, text); !status.ok()) {
      return status;
    }
    return Id(std::string(text));
  }

  // The id spelled by `text`, unchecked: for text that a store gives back and
  // for constants.
  [[nodiscard]] static Id Trusted(std::string text) {
    return Id(std::move(text));
  }

  [[nodiscard]] const std::string& value() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

  friend bool operator==(const Id&, const Id&) = default;
  friend std::strong_ordering operator<=>(const Id&, const Id&) = default;
  template <class H>
  friend H AbslHashValue(H hash, const Id& id) {
    return H::combine(std::move(hash), id.value_);
  }

 private:
  explicit Id(std::string value) : value_(std::move(value)) {}

  std::string value_;
};

struct PlayerTag {
  static constexpr const char* kName = "player id";
};
struct OperationTag {
  static constexpr const char* kName = "operation id";
};
struct CurrencyTag {
  static constexpr const char* kName = "currency";
};
struct BannerTag {
  static constexpr const char* kName = "banner id";
};
struct ItemTag {
  static constexpr const char* kName = "item id";
};
struct ScopeTag {
  static constexpr const char* kName = "pity scope";
};

using PlayerId = Id<PlayerTag>;
// Made by the client; names one transfer, hold or pull of one player for ever.
using OperationId = Id<OperationTag>;
using CurrencyId = Id<CurrencyTag>;
using BannerId = Id<BannerTag>;
using ItemId = Id<ItemTag>;
// What a pity state belongs to: one banner or a family of banners.
using ScopeId = Id<ScopeTag>;

}  // namespace fairpull

#endif  // FAIRPULL_BASE_ID_H_
