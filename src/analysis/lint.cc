#include "fairpull/analysis/lint.h"

#include <cstddef>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/analysis/pulls_to.h"

namespace fairpull {
namespace {

using Severity = Finding::Severity;

std::string At(std::size_t rarity, absl::string_view key) {
  return absl::StrCat("/rarities/", rarity, "/", key);
}

void CheckHardPity(const Banner& banner, std::size_t i,
                   std::vector<Finding>& findings) {
  const RaritySpec& spec = banner.spec().rarities[i];
  const std::optional<std::uint32_t>& certain = banner.rarities()[i].certain_at;
  if (!spec.hard_pity.has_value() || !certain.has_value() ||
      *certain >= *spec.hard_pity) {
    return;
  }
  findings.push_back(
      {.kind = "hard_pity_never_reached",
       .pointer = At(i, "hard_pity"),
       .message = absl::StrCat("hard pity at pull ", *spec.hard_pity,
                               " is never reached: pull ", *certain,
                               " is certain already")});
}

// What so many pulls cost at most, bought as an analysis draws them.
std::string CostOf(const Banner& banner, std::int64_t pulls) {
  const absl::StatusOr<std::uint32_t> batch =
      AnalysisBatch(banner, std::nullopt);
  if (!batch.ok() || banner.spec().step_up.has_value()) return "";
  const absl::StatusOr<std::int64_t> price = banner.PriceOf(*batch);
  if (!price.ok()) return "";
  const std::int64_t draws = banner.DrawsOf(*batch);
  return absl::StrCat(", ", (pulls + draws - 1) / draws * *price, " ",
                      banner.spec().price().currency.value());
}

// What the featured items of a rarity cost with the worst of luck.
void AddWorstCase(const Banner& banner, std::size_t i,
                  std::vector<Finding>& findings) {
  const std::string& rarity = banner.rarities()[i].id;
  Finding finding{.kind = "worst_case",
                  .pointer = At(i, "rate_up"),
                  .severity = Severity::kNote};
  const absl::StatusOr<Goal> goal =
      Goal::Parse(banner, absl::StrCat("featured:", rarity));
  const absl::StatusOr<Distribution> pulls =
      goal.ok() ? PullsTo(banner, *goal) : goal.status();
  if (!pulls.ok()) {
    finding.message = absl::StrCat("the worst case of a featured ", rarity,
                                   " is not known: ", pulls.status().message());
  } else if (pulls->support_max().has_value()) {
    finding.message = absl::StrCat("a featured ", rarity, " takes at most ",
                                   *pulls->support_max(), " pulls",
                                   CostOf(banner, *pulls->support_max()));
  } else {
    const std::int64_t most = pulls->Quantile(0.99).value_or(0);
    finding.message = absl::StrCat("a featured ", rarity,
                                   " is never certain; 99% have it within ",
                                   most, " pulls", CostOf(banner, most));
  }
  findings.push_back(std::move(finding));
}

}  // namespace

std::vector<Finding> Lint(const Banner& banner) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < banner.rarities().size(); ++i) {
    CheckHardPity(banner, i, findings);
    if (banner.spec().rarities[i].rate_up.has_value()) {
      AddWorstCase(banner, i, findings);
    }
  }
  for (std::size_t i = 0; i < banner.spec().collections.size(); ++i) {
    findings.push_back(
        {.kind = "kompu",
         .pointer = absl::StrCat("/collections/", i),
         .message = "gives something for completing a set that is drawn by "
                    "chance: a kompu gacha, which Japan's Consumer Affairs "
                    "Agency holds to be unlawful since 2012"});
  }
  return findings;
}

}  // namespace fairpull
