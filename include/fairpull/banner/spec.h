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
#include "fairpull/banner/rules.h"
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
  std::uint32_t weight = 1;           // relative to the others of its group
  std::optional<std::int16_t> stock;  // how many a box holds
};

struct RateUpSpec {
  std::vector<std::string> featured;  // item ids
  RateUp rule;  // its share is set by the compiler where `odds` are given
  std::optional<Odds> odds;  // instead of a share: at the first pull
};

// The part of a rarity that goes to the items of one type.
struct TypeShare {
  std::string type;
  Odds share;
};

enum class AllOwned : std::uint8_t {
  kAny,          // every item is drawn again
  kLowerRarity,  // the odds go to the next lower rarity
};

// What each copy of an item from the `from_copy`-th on gives.
struct DuplicateSpec {
  std::int64_t from_copy = 2;
  CurrencyId currency;
  std::int64_t amount = 0;
};

enum class PityCounts : std::uint8_t { kPulls, kBatches };

struct RaritySpec {
  std::string id;
  std::string name;
  std::optional<Odds> odds;  // nothing: "rest", what the others leave
  bool says_odds = true;     // in a box no rarity does
  std::vector<SoftPity> soft_pity;
  std::vector<Knot> knots;  // instead of soft pity; empty: none
  std::vector<Odds> curve;  // instead of soft pity; empty: none
  std::optional<std::uint32_t> hard_pity;
  PityCounts pity_counts = PityCounts::kPulls;
  std::optional<HigherHit> higher_hit;  // nothing: kKeep
  std::optional<RateUpSpec> rate_up;
  std::vector<TypeShare> split;
  std::optional<AllOwned> protect_duplicates;
  std::optional<DuplicateSpec> duplicate_gives;

  [[nodiscard]] bool grows() const {
    return !soft_pity.empty() || !knots.empty() || !curve.empty() ||
           hard_pity.has_value();
  }
};

// What gives way where the odds of all rarities pass 1.
enum class Overflow : std::uint8_t {
  kTruncate,     // the lower rarities, the last first
  kIndependent,  // each rarity is tried in turn
  kNormalise,    // each in proportion
  kScaleFiller,  // those whose odds can't grow, in proportion
};

// Whether curves are read as they stood at the start of a batch.
enum class FrozenOdds : std::uint8_t {
  kNo,
  kYes,
  kHardPityUntilHit,  // a due hard pity only until the batch's first hit
};

struct BannerSpec {
  BannerId id;
  std::string name;
  std::string description;
  std::vector<SourceSpec> sources;
  ScopeId family;  // banners of one family share their counters
  std::optional<std::int64_t> opens_at_ms;   // UTC; nothing: always was
  std::optional<std::int64_t> closes_at_ms;  // UTC; nothing: never
  std::vector<PriceSpec> prices;             // the main one first
  std::vector<BatchSpec> batches;            // how many pulls at once
  std::vector<DiscountSpec> discounts;
  FrozenOdds frozen_odds = FrozenOdds::kNo;
  Overflow overflow = Overflow::kTruncate;
  std::vector<RaritySpec> rarities;  // highest first
  std::vector<ItemSpec> items;
  std::optional<SparkSpec> spark;
  std::vector<MilestoneSpec> milestones;
  std::vector<CollectionSpec> collections;
  std::optional<StepUpSpec> step_up;
  std::optional<BoxReset> box;
  std::vector<CounterSpec> counters;

  [[nodiscard]] const PriceSpec& price() const { return prices.front(); }
  // The batch of this size, if it is sold.
  [[nodiscard]] const BatchSpec* FindBatch(std::uint32_t size) const {
    for (const BatchSpec& batch : batches) {
      if (batch.size == size) return &batch;
    }
    return nullptr;
  }
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
