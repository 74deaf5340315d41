// A banner as its file says it, in the field's words, checked field by field
// but not yet compiled. See docs/reference/banner-file.md for the file.
//
//   Problems problems("summer.json");
//   std::optional<BannerSpec> spec = ParseBanner(text, problems);
//   std::optional<Banner> banner = CompileBanner(*std::move(spec), problems);

#ifndef FAIRPULL_BANNER_SPEC_H_
#define FAIRPULL_BANNER_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fairpull/banner/problem.h"
#include "fairpull/base/id.h"
#include "fairpull/odds/odds.h"
#include "fairpull/pity/curve.h"
#include "fairpull/pity/rate_up.h"

namespace fairpull {

// Where figures come from, and who says so.
enum class SourceStatus : std::uint8_t {
  kOfficial,   // said by the maker of the game
  kCommunity,  // a model made by its players
};

struct SourceSpec {
  std::string covers;  // what of the banner it is about
  SourceStatus status = SourceStatus::kCommunity;
  std::string reference;  // a title or an address
};

struct ItemSpec {
  ItemId id;
  std::string name;
  std::string type;  // the game's own word: "hero", "weapon"
  std::string rarity;
  std::uint32_t weight = 1;  // relative to the others of its group
};

struct RateUpSpec {
  std::vector<std::string> featured;  // item ids
  RateUp rule;
};

struct RaritySpec {
  std::string id;
  std::string name;
  std::optional<Odds> odds;  // nothing: "rest", what the others leave
  std::optional<SoftPity> soft_pity;
  std::vector<Odds> curve;  // instead of soft pity; empty: none
  std::optional<std::uint32_t> hard_pity;
  std::optional<HigherHit> higher_hit;  // nothing: kKeep
  std::optional<RateUpSpec> rate_up;
};

struct PriceSpec {
  CurrencyId currency;
  std::int64_t amount = 0;  // of one pull
};

struct BannerSpec {
  BannerId id;
  std::string name;
  std::string description;
  std::vector<SourceSpec> sources;
  ScopeId family;  // banners of one family share their counters
  std::optional<std::int64_t> opens_at_ms;   // UTC; nothing: always was
  std::optional<std::int64_t> closes_at_ms;  // UTC; nothing: never
  PriceSpec price;
  std::vector<std::uint32_t> batches;  // how many pulls at once
  std::vector<RaritySpec> rarities;    // highest first
  std::vector<ItemSpec> items;
};

// The most pulls that are sold at once, and the highest price of one: together
// they stay below the largest amount of the ledger, 2^53 - 1.
inline constexpr std::int64_t kMaxBatch = 100;
inline constexpr std::int64_t kMaxPrice =
    ((std::int64_t{1} << 53) - 1) / kMaxBatch;

// The largest banner file that is read.
inline constexpr std::size_t kMaxBannerFileBytes = 4 << 20;

// The banner that the text of a file describes. Every problem of form is
// added to `problems`; nothing is given back if there was one.
[[nodiscard]] std::optional<BannerSpec> ParseBanner(absl::string_view text,
                                                    Problems& problems);

}  // namespace fairpull

#endif  // FAIRPULL_BANNER_SPEC_H_
