#include "fairpull/banner/banner.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace fairpull {
namespace {

std::string Utc(std::int64_t at_ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(at_ms),
                          absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<Banner> Banner::FromJson(absl::string_view text,
                                        absl::string_view file) {
  Problems problems{std::string(file)};
  std::optional<BannerSpec> spec = ParseBanner(text, problems);
  if (!spec.has_value()) return problems.ToStatus();
  std::optional<Banner> banner = CompileBanner(*std::move(spec), problems);
  if (!banner.has_value()) return problems.ToStatus();
  return *std::move(banner);
}

absl::StatusOr<std::int64_t> Banner::PriceOf(std::uint32_t count) const {
  if (std::count(spec_.batches.begin(), spec_.batches.end(), count) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        count, " pulls at once are not sold on banner \"", spec_.id.value(),
        "\"; it sells ", absl::StrJoin(spec_.batches, ", ")));
  }
  return spec_.price.amount * count;
}

absl::Status Banner::CheckOpen(std::int64_t now_ms) const {
  if (spec_.opens_at_ms.has_value() && now_ms < *spec_.opens_at_ms) {
    return absl::FailedPreconditionError(
        absl::StrCat("banner \"", spec_.id.value(), "\" opens at ",
                     Utc(*spec_.opens_at_ms)));
  }
  if (spec_.closes_at_ms.has_value() && now_ms >= *spec_.closes_at_ms) {
    return absl::FailedPreconditionError(
        absl::StrCat("banner \"", spec_.id.value(), "\" closed at ",
                     Utc(*spec_.closes_at_ms)));
  }
  return absl::OkStatus();
}

}  // namespace fairpull
