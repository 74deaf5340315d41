#include "fairpull/service/pull_request.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

// Names of what an error carries beside its message.
constexpr char kPrice[] = "fairpull/price";
constexpr char kField[] = "fairpull/conflicting-field";
constexpr char kBanner[] = "fairpull/banner-refusal";
constexpr char kUnknownBanner[] = "unknown";
constexpr char kBannerNotOpen[] = "not-open";

std::optional<std::string> PayloadOf(const absl::Status& status,
                                     const char* name) {
  const auto payload = status.GetPayload(name);
  if (!payload.has_value()) return std::nullopt;
  return std::string(*payload);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Banner>> CurrentBanner(
    const Catalog& catalog, const BannerId& id, std::int64_t now_ms) {
  absl::StatusOr<std::shared_ptr<const Banner>> banner =
      catalog.Current(id, now_ms);
  if (banner.ok()) return banner;
  absl::Status status = banner.status();
  status.SetPayload(
      kBanner,
      absl::Cord(absl::IsNotFound(status) ? kUnknownBanner : kBannerNotOpen));
  return status;
}

absl::Status CheckServable(const Banner& banner) {
  const BannerSpec& spec = banner.spec();
  std::vector<std::string> rules;
  const auto add = [&rules](bool has, const char* rule) {
    if (has) rules.emplace_back(rule);
  };
  bool bonus = false;
  bool shuffle = false;
  for (const BatchSpec& batch : spec.batches) {
    bonus = bonus || batch.bonus != 0;
    shuffle = shuffle || batch.shuffle;
  }
  bool duplicates = false;
  for (const RaritySpec& rarity : spec.rarities) {
    duplicates = duplicates || rarity.duplicate_gives.has_value();
  }
  add(bonus, "bonus");
  add(shuffle, "shuffle");
  add(duplicates, "duplicate_gives");
  add(!spec.discounts.empty(), "discounts");
  add(spec.step_up.has_value(), "step_up");
  add(!spec.milestones.empty(), "milestones");
  add(!spec.collections.empty(), "collections");
  add(banner.counters().Uses(CounterRow::kAccount), "a counter of the account");
  if (rules.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("banner \"", banner.id().value(),
                   "\" has rules that pulls from a store "
                   "do not carry out: ",
                   absl::StrJoin(rules, ", ")));
}

absl::StatusOr<PullOperation> PricedOperation(const Catalog& catalog,
                                              const PullRequest& request,
                                              std::int64_t seed_epoch,
                                              std::int64_t now_ms) {
  if (request.id.empty() || request.player.empty()) {
    return absl::InvalidArgumentError("a pull needs an id and a player");
  }
  FAIRPULL_ASSIGN_OR_RETURN(const std::shared_ptr<const Banner> banner,
                            CurrentBanner(catalog, request.banner, now_ms));
  FAIRPULL_RETURN_IF_ERROR(CheckServable(*banner));
  FAIRPULL_ASSIGN_OR_RETURN(const std::int64_t cost,
                            banner->PriceOf(request.count));
  if (request.expected_cost.value_or(cost) != cost) {
    absl::Status status = absl::InvalidArgumentError(absl::StrCat(
        request.count, " pulls of ", request.banner.value(), " cost ", cost,
        " ", banner->spec().price().currency.value(), ", not ",
        *request.expected_cost));
    status.SetPayload(kPrice, absl::Cord(absl::StrCat(cost)));
    return status;
  }
  return PullOperation{.player = request.player,
                       .id = request.id,
                       .banner = request.banner,
                       .count = request.count,
                       .odds_version = banner->odds_version(),
                       .seed_epoch = seed_epoch,
                       .currency = banner->spec().price().currency,
                       .cost = cost,
                       .state = PullState::kIntent,
                       .created_at_ms = now_ms,
                       .scope = banner->scope()};
}

absl::Status CheckSameRequest(const PullOperation& stored,
                              const PullRequest& request) {
  if (stored.count == 0) return absl::OkStatus();
  if (stored.banner != request.banner) {
    return ConflictError(request.id, "banner");
  }
  if (stored.count != std::int64_t{request.count}) {
    return ConflictError(request.id, "count");
  }
  if (request.expected_cost.value_or(stored.cost) != stored.cost) {
    return ConflictError(request.id, "expected_cost");
  }
  return absl::OkStatus();
}

std::optional<std::int64_t> PriceIn(const absl::Status& status) {
  const std::optional<std::string> text = PayloadOf(status, kPrice);
  std::int64_t price = 0;
  if (!text || !absl::SimpleAtoi(*text, &price)) return std::nullopt;
  return price;
}

std::optional<BannerRefusal> BannerRefusalIn(const absl::Status& status) {
  const std::optional<std::string> text = PayloadOf(status, kBanner);
  if (text == kUnknownBanner) return BannerRefusal::kUnknown;
  if (text == kBannerNotOpen) return BannerRefusal::kNotOpen;
  return std::nullopt;
}

std::optional<std::string> ConflictingFieldIn(const absl::Status& status) {
  return PayloadOf(status, kField);
}

absl::Status ConflictError(const OperationId& id, const std::string& field) {
  absl::Status status = absl::AlreadyExistsError(absl::StrCat(
      "the id ", id.value(), " was used before with another ", field,
      "; the earlier request stands, take a new id for a new one"));
  status.SetPayload(kField, absl::Cord(field));
  return status;
}

}  // namespace fairpull
