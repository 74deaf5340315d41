// The rules of a banner beyond its rarities, as its file says them: batches,
// prices, spark, milestones, step-up, box, counters. See
// docs/reference/banner-file.md for what each means.
//
//   BatchSpec ten{.size = 10, .at_least = {{.rarity = "4-star", .count = 1}}};

#ifndef FAIRPULL_BANNER_RULES_H_
#define FAIRPULL_BANNER_RULES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fairpull/base/id.h"
#include "fairpull/odds/odds.h"
#include "fairpull/pity/counter.h"

namespace fairpull {

struct PriceSpec {
  CurrencyId currency;
  std::int64_t amount = 0;  // of one pull
};

// How likely each rarity is, by name; those that are not named have no odds.
using OddsTable = std::vector<std::pair<std::string, Odds>>;

// So many draws of a rarity: at least (or of a higher one), or at most.
struct RarityCount {
  std::string rarity;
  std::uint32_t count = 1;
};

// The odds of one draw of a batch, counted from 1.
struct SlotSpec {
  std::uint32_t draw = 1;
  OddsTable odds;
};

// With this chance all draws of a batch have these odds.
struct MixtureSpec {
  Odds chance;
  OddsTable odds;
};

// A number of pulls that are sold at once.
struct BatchSpec {
  std::uint32_t size = 1;             // how many are paid
  std::uint32_t bonus = 0;            // how many more are drawn
  std::optional<std::int64_t> price;  // of all; nothing: size times one
  std::optional<RarityCount> at_least;
  bool last_if_none = false;  // whether the file says at_least in that word
  std::optional<RarityCount> at_most;
  std::optional<SlotSpec> slot;
  std::optional<MixtureSpec> mixture;
  bool shuffle = false;

  [[nodiscard]] std::uint32_t draws() const { return size + bonus; }
  [[nodiscard]] bool has_rules() const {
    return at_least.has_value() || at_most.has_value() || slot.has_value() ||
           mixture.has_value() || shuffle;
  }
};

// A lower price for some batches.
struct DiscountSpec {
  ItemId id;
  std::uint32_t batch = 1;
  std::int64_t amount = 0;  // of the whole batch, in the main currency
  std::int16_t limit = 1;   // how often
};

// Points, one for each draw, that buy an item.
struct SparkSpec {
  std::int16_t points = 0;
  std::vector<std::string> choose;  // item ids
};

// What a milestone or a collection gives.
struct ItemGift {
  std::string item;
  std::int64_t count = 1;
};
struct CurrencyGift {
  CurrencyId currency;
  std::int64_t amount = 0;
};
struct DrawsGift {
  std::uint32_t draws = 0;  // detached: clean odds, no counter read or moved
};
using Gift = std::variant<ItemGift, CurrencyGift, DrawsGift>;

struct MilestoneSpec {
  std::int16_t at = 0;  // the draw that gives it
  bool repeat = false;  // each so many draws, not only the first time
  Gift gives;
};

struct CollectionSpec {
  std::vector<std::string> items;  // item ids
  Gift gives;
};

struct StepSpec {
  std::int64_t price = 0;  // of the batch, in the main currency
  std::optional<SlotSpec> slot;
};

// Batches whose price and odds change from one to the next.
struct StepUpSpec {
  std::uint32_t batch = 10;
  std::vector<StepSpec> steps;
  std::optional<std::string> back_to_first_on;  // a rarity
  bool last_repeats = true;                     // or the first step follows
};

enum class BoxReset : std::uint8_t {
  kPrizes,  // when the items of the highest rarity are gone
  kEmpty,   // when nothing is left
};

// Where a counter is kept, and what ends it.
struct CounterSpec {
  std::string name;
  CounterScope scope = CounterScope::kFamily;
  AtEnd at_end = AtEnd::kKeep;
  CurrencyId currency;
  std::int64_t amount = 0;
};

}  // namespace fairpull

#endif  // FAIRPULL_BANNER_RULES_H_
