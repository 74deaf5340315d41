// What a client asks for when it pulls, and why it may be refused.
//
//   PullRequest request{.id = key, .player = player, .banner = starter,
//                       .count = 10, .expected_cost = 1600};

#ifndef FAIRPULL_SERVICE_PULL_REQUEST_H_
#define FAIRPULL_SERVICE_PULL_REQUEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fairpull/banner/catalog.h"
#include "fairpull/base/id.h"
#include "fairpull/store/records.h"

namespace fairpull {

struct PullRequest {
  // Made by the client; asked again with the same content, the same pulls come
  // back.
  OperationId id;
  PlayerId player;
  BannerId banner;
  std::uint32_t count = 1;
  // What the client believes that it costs; unchecked if absent.
  std::optional<std::int64_t> expected_cost;
};

// Why a banner can't be pulled from.
enum class BannerRefusal {
  kUnknown,  // there is none of this id
  kNotOpen,  // it has not opened yet, or is closed
};

// As Catalog::Current; an error is one for BannerRefusalIn to read.
[[nodiscard]] absl::StatusOr<std::shared_ptr<const Banner>> CurrentBanner(
    const Catalog& catalog, const BannerId& id, std::int64_t now_ms);

// OK if pulls of this banner can be drawn from a store; otherwise
// FailedPrecondition with the names of the rules that can't be: those that
// give something beside the drawn items, or whose price depends on the
// player's counters.
[[nodiscard]] absl::Status CheckServable(const Banner& banner);

// The operation that a new request begins: price, odds and epoch as they are
// at `now_ms`, state kIntent.
//
//   InvalidArgument     an empty id or player; a count that is not sold at
//                       once; or, with PriceIn, a wrong expected cost
//   NotFound            no such banner, with BannerRefusalIn
//   FailedPrecondition  the banner is not open, with BannerRefusalIn; the
//                       message says the time; or as CheckServable says
[[nodiscard]] absl::StatusOr<PullOperation> PricedOperation(
    const Catalog& catalog, const PullRequest& request, std::int64_t seed_epoch,
    std::int64_t now_ms);

// OK if `request` asks for what was asked under its id before; otherwise
// AlreadyExists, with ConflictingFieldIn. What was fenced off before it was
// ever asked for fits every request.
[[nodiscard]] absl::Status CheckSameRequest(const PullOperation& stored,
                                            const PullRequest& request);

// The price that would have been right, in an error about a wrong one.
[[nodiscard]] std::optional<std::int64_t> PriceIn(const absl::Status& status);

// What is the matter with the banner, in an error about that; nothing in any
// other error, so that a closed banner is told from a closed store, and an
// unknown one from a seed that is kept no more.
[[nodiscard]] std::optional<BannerRefusal> BannerRefusalIn(
    const absl::Status& status);

// The field that differs, in an error about an id that was used before.
[[nodiscard]] std::optional<std::string> ConflictingFieldIn(
    const absl::Status& status);

// An AlreadyExists error for ConflictingFieldIn to read.
[[nodiscard]] absl::Status ConflictError(const OperationId& id,
                                         const std::string& field);

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_PULL_REQUEST_H_
