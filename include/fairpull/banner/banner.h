// A compiled banner: the one object that the draw, the odds page, the analysis
// and the receipt all read, so that what is shown is what is drawn.
//
// Compiling turns the file's rules into a list of counters, a list of groups
// (the outcomes of the first word: a rarity's featured items, its others) and
// one integer wheel for each counter state whose odds differ. Nothing can be
// changed afterwards; a changed banner is another one, with another odds
// version.
//
//   FAIRPULL_ASSIGN_OR_RETURN(Banner banner, Banner::FromJson(text, "a.json"));
//   const Item& item = banner.items()[outcome.item];

#ifndef FAIRPULL_BANNER_BANNER_H_
#define FAIRPULL_BANNER_BANNER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/banner/batch_plan.h"
#include "fairpull/banner/spec.h"
#include "fairpull/odds/alias_table.h"
#include "fairpull/odds/wheel.h"
#include "fairpull/pity/counter.h"
#include "fairpull/pity/lanes.h"
#include "fairpull/pity/rate_up.h"

namespace fairpull {

// One item of the pool.
struct Item {
  ItemId id;
  std::string name;
  std::string type;
  std::uint8_t rarity = 0;  // index into Banner::rarities()
  std::uint32_t weight = 1;
  bool featured = false;
  // Where the pool remembers: its place in PityState::taken, and how many of
  // it there are.
  std::optional<std::uint8_t> pool_counter;
  std::int16_t stock = 1;
};

// The places of a rarity's counters, of those that it has.
struct RarityCounters {
  std::optional<std::size_t> pity;
  std::optional<std::size_t> guarantee;
  std::optional<std::size_t> losses;
  std::optional<std::size_t> fate;
  std::optional<std::size_t> chosen;
  std::optional<std::size_t> featured_pity;
  std::optional<std::size_t> featured_spent;
  std::optional<std::size_t> missing;  // items that are not owned yet
  std::optional<std::size_t> left;     // things that are left in the box
};

// One rarity, highest first.
struct Rarity {
  std::string id;
  std::string name;
  Odds base;                // at the first pull after a hit
  std::vector<Odds> curve;  // by pull since the last hit; the last one holds
  // The first pull since the last hit that is certain to be of this rarity or a
  // higher one, if there is one.
  std::optional<std::uint32_t> certain_at;
  RarityCounters counters;
};

// Which items of a rarity a group holds.
enum class Pool : std::uint8_t { kAll, kFeatured, kOthers };

// An outcome of the first word of a pull: the items that then share it.
struct Group {
  std::uint8_t rarity = 0;
  Pool pool = Pool::kAll;
  Way way = Way::kNone;
  bool remembers = false;            // its items are drawn by PityState::taken
  std::vector<std::uint16_t> items;  // indices into Banner::items()
  AliasTable table;                  // picks one of `items`
  CounterStep step;                  // what drawing this group does
};

// Draws that give something.
struct Milestone {
  std::size_t counter = 0;
  std::int16_t at = 0;
  bool repeat = false;
  Gift gives;
};

// What a batch costs a player.
struct Quote {
  CurrencyId currency;
  std::int64_t amount = 0;
  // The discount that it uses, as a place in BannerSpec::discounts.
  std::optional<std::size_t> discount;
};

// Immutable; safe to share between threads. A value: copies are independent.
class Banner {
 public:
  // The banner in the text of a banner file; `file` names it in messages.
  // InvalidArgument lists every problem.
  [[nodiscard]] static absl::StatusOr<Banner> FromJson(absl::string_view text,
                                                       absl::string_view file);

  [[nodiscard]] const BannerId& id() const { return spec_.id; }
  // The file as it was read: names, sources, schedule.
  [[nodiscard]] const BannerSpec& spec() const { return spec_; }
  // SHA-256 of canonical_json(), in hexadecimal: the name of these odds.
  [[nodiscard]] const std::string& odds_version() const {
    return odds_version_;
  }
  // Everything that can change a draw or its price, in one canonical text.
  [[nodiscard]] const std::string& canonical_json() const {
    return canonical_json_;
  }

  [[nodiscard]] const std::vector<Rarity>& rarities() const {
    return rarities_;
  }
  [[nodiscard]] const std::vector<Item>& items() const { return items_; }
  [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }
  [[nodiscard]] const CounterSet& counters() const { return counters_; }
  // Where this banner's counters are kept: shared by a family of banners.
  [[nodiscard]] const ScopeId& scope() const { return spec_.family; }
  [[nodiscard]] const BatchPlan& batch_plan() const { return batch_plan_; }
  [[nodiscard]] const std::vector<Milestone>& milestones() const {
    return milestones_;
  }
  [[nodiscard]] std::optional<std::size_t> spark_counter() const {
    return spark_counter_;
  }
  // The place of an item, or of a rarity, by id.
  [[nodiscard]] std::optional<std::size_t> FindItem(absl::string_view id) const;
  [[nodiscard]] std::optional<std::size_t> FindRarity(
      absl::string_view id) const;

  // How many draws a batch of this size makes; the size itself where no such
  // batch is sold.
  [[nodiscard]] std::uint32_t DrawsOf(std::uint32_t size) const;

  // The list price of `count` pulls in the main currency, in a clean state and
  // without discounts; InvalidArgument if that many are not sold at once.
  [[nodiscard]] absl::StatusOr<std::int64_t> PriceOf(std::uint32_t count) const;

  // What `count` pulls cost a player in `state`, in `currency` (the main one
  // if empty); InvalidArgument if that many are not sold at once, or not in
  // this currency.
  [[nodiscard]] absl::StatusOr<Quote> QuoteOf(
      std::uint32_t count, const PityState& state,
      const CurrencyId& currency = CurrencyId()) const;

  // OK while the banner is open; otherwise FailedPrecondition with the time at
  // which it opens or closed. `now_ms` is UTC.
  [[nodiscard]] absl::Status CheckOpen(std::int64_t now_ms) const;

  // The wheels, and which of them a counter state draws from. `value` is one
  // of counters().
  [[nodiscard]] const WheelTable& wheels() const { return wheels_; }
  [[nodiscard]] std::uint32_t Row(Lanes value) const {
    // A curve is the same until it begins to grow, and from there on each
    // value of its counter has wheels of its own.
    return static_cast<std::uint32_t>(
        Dot(MinusDownToZero(value, ToLanes(row_start_)), ToLanes(row_stride_)));
  }
  [[nodiscard]] std::uint32_t Row(const LaneArray& value) const {
    return Row(ToLanes(value));
  }
  // Up to which value of a counter all wheels are alike: its highest value if
  // it steers no wheel at all.
  [[nodiscard]] std::int16_t AlikeUpTo(std::size_t counter) const {
    return row_start_[counter];
  }
  // How far apart in handles the wheels of two such values above that are that
  // differ by one; 0 for a counter that steers no wheel.
  [[nodiscard]] std::int16_t RowStride(std::size_t counter) const {
    return row_stride_[counter];
  }
  // The second factor of the wheels' size: each group's part of its rarity is
  // a multiple of one in so many.
  [[nodiscard]] std::uint32_t shares() const { return shares_; }

  // Whether a draw is its two words and a step, with nothing to remember and
  // all wheels of one size; and whether a pull on its own is nothing but such a
  // draw.
  [[nodiscard]] bool draws_are_plain() const { return draws_are_plain_; }
  [[nodiscard]] bool pulls_are_plain() const { return pulls_are_plain_; }

  // What is done after a draw's step, where draws are not plain: a box that is
  // to be filled anew is (then true is given back), a milestone that repeats
  // starts again, a longest wait that is spent counts no more.
  bool Settle(LaneArray& value) const;

 private:
  friend class Compiler;

  Banner() : wheels_(1) {}

  // The price in the main currency, before discounts.
  [[nodiscard]] absl::StatusOr<Quote> ListQuote(std::uint32_t count,
                                                const PityState& state) const;

  BannerSpec spec_;
  std::string odds_version_;
  std::string canonical_json_;
  std::vector<Rarity> rarities_;
  std::vector<Item> items_;
  std::vector<Group> groups_;
  CounterSet counters_;
  BatchPlan batch_plan_;
  std::vector<Milestone> milestones_;
  std::optional<std::size_t> spark_counter_;
  std::vector<std::size_t> discount_counters_;
  WheelTable wheels_;
  std::uint32_t shares_ = 1;
  bool draws_are_plain_ = true;
  bool pulls_are_plain_ = true;
  // A counter's values up to row_start_ share their wheels; each value above
  // it is row_stride_ further on in handles.
  LaneArray row_start_{};
  LaneArray row_stride_{};
};

// The banner that a specification describes. Every problem of meaning is added
// to `problems`; nothing is given back if there was one.
[[nodiscard]] std::optional<Banner> CompileBanner(BannerSpec spec,
                                                  Problems& problems);

}  // namespace fairpull

#endif  // FAIRPULL_BANNER_BANNER_H_
