#include "fairpull/banner/catalog.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fairpull/base/status.h"

namespace fairpull {

namespace {

std::int64_t Opens(const Banner& banner) {
  return banner.spec().opens_at_ms.value_or(INT64_MIN);
}
std::int64_t Closes(const Banner& banner) {
  return banner.spec().closes_at_ms.value_or(INT64_MAX);
}

bool SameCounters(const CounterSet& a, const CounterSet& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::optional<std::size_t> twin = b.Find(a[i].name);
    if (!twin.has_value() || b[*twin].cap != a[i].cap) return false;
  }
  return true;
}

// What two banners that are open at the same time must not be to each other.
absl::Status CheckTogether(const Banner& a, const Banner& b) {
  if (Opens(a) >= Closes(b) || Opens(b) >= Closes(a)) return absl::OkStatus();
  if (a.id() == b.id() && Opens(a) == Opens(b)) {
    return absl::InvalidArgumentError(
        absl::StrCat("banner \"", a.id().value(),
                     "\" is given twice with the same opening time; a new "
                     "version opens later"));
  }
  if (a.id() != b.id() && a.scope() == b.scope() &&
      !SameCounters(a.counters(), b.counters())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "banners \"", a.id().value(), "\" and \"", b.id().value(),
        "\" share the family \"", a.scope().value(),
        "\" but not its counters: give them the same pities and guarantees, "
        "or families of their own"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Catalog> Catalog::Make(std::vector<Banner> banners) {
  Catalog catalog;
  for (Banner& banner : banners) {
    for (const std::shared_ptr<const Banner>& other : catalog.banners_) {
      FAIRPULL_RETURN_IF_ERROR(CheckTogether(*other, banner));
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
    if (best == nullptr || Opens(*banner) > Opens(*best)) best = banner;
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
