#include "fairpull/banner/catalog.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fairpull/base/status.h"

namespace fairpull {

absl::StatusOr<Catalog> Catalog::Make(std::vector<Banner> banners) {
  Catalog catalog;
  for (Banner& banner : banners) {
    if (catalog.Version(banner.id(), banner.odds_version()).ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("banner \"", banner.id().value(),
                       "\" is given twice with the same odds"));
    }
    catalog.banners_.push_back(
        std::make_shared<const Banner>(std::move(banner)));
  }
  return catalog;
}

absl::StatusOr<std::shared_ptr<const Banner>> Catalog::Current(
    const BannerId& id, std::int64_t now_ms) const {
  std::shared_ptr<const Banner> best;
  absl::Status refusal = absl::NotFoundError(absl::StrCat(
      "no banner is called \"", id.value(), "\"; there are ",
      absl::StrJoin(banners_, ", ", [](std::string* out, const auto& banner) {
        absl::StrAppend(out, "\"", banner->id().value(), "\"");
      })));
  for (const std::shared_ptr<const Banner>& banner : banners_) {
    if (banner->id() != id) continue;
    const absl::Status open = banner->CheckOpen(now_ms);
    if (!open.ok()) {
      refusal = open;
      continue;
    }
    const auto opened = [](const Banner& b) {
      return b.spec().opens_at_ms.value_or(INT64_MIN);
    };
    if (best == nullptr || opened(*banner) > opened(*best)) best = banner;
  }
  if (best == nullptr) return refusal;
  return best;
}

absl::StatusOr<std::shared_ptr<const Banner>> Catalog::Version(
    const BannerId& id, absl::string_view odds_version) const {
  for (const std::shared_ptr<const Banner>& banner : banners_) {
    if (banner->id() == id && banner->odds_version() == odds_version) {
      return banner;
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "no banner \"", id.value(), "\" has the odds version ", odds_version));
}

}  // namespace fairpull
