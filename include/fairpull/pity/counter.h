// Counters: all that a banner remembers between two pulls of a player.
//
// A pity state is a small plain struct of integers; a CounterSet gives them
// names, bounds and a stable text form. Pity of a rarity, a guarantee, and
// whatever later rules remember, are all counters.
//
//   FAIRPULL_ASSIGN_OR_RETURN(PityState state,
//                             counters.Parse("pity:5-star=12"));
//   counters.Text(state);  // "guarantee:5-star=0,pity:5-star=12"

#ifndef FAIRPULL_PITY_COUNTER_H_
#define FAIRPULL_PITY_COUNTER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fairpull/base/id.h"
#include "fairpull/pity/lanes.h"

namespace fairpull {

// Counters that can steer wheels, and counters of items in pools that remember.
inline constexpr std::size_t kMaxCounters = std::tuple_size_v<LaneArray>;
inline constexpr std::size_t kMaxPoolCounters = 24;
// One more must fit in 16 bits with a sign, which have a vector minimum on
// every machine.
inline constexpr std::int16_t kMaxCounterValue = 0x7ffe;

// The counters of a pool's items. A union, so that compilers copy it as one
// block and don't pull it apart into registers that a plain pull needs.
class PoolCounters {
 public:
  constexpr PoolCounters() : value_{} {}
  [[nodiscard]] constexpr std::int16_t operator[](std::size_t i) const {
    return value_[i];
  }
  [[nodiscard]] constexpr std::int16_t& operator[](std::size_t i) {
    return value_[i];
  }
  friend constexpr bool operator==(const PoolCounters& a,
                                   const PoolCounters& b) {
    return a.value_ == b.value_;
  }

 private:
  union {
    std::array<std::int16_t, kMaxPoolCounters> value_;
  };
};

// The values of a banner's counters, in the order of its CounterSet; 0 beyond.
// A player who never pulled is in CounterSet::Start(), which is all zero for
// most banners. A value never passes its counter's range: make states by
// CounterSet, not by hand.
struct PityState {
  LaneArray value{};
  // How many of each item of a pool that remembers are taken or owned. Only
  // such banners touch it.
  PoolCounters taken;

  friend bool operator==(const PityState&, const PityState&) = default;
};

// Who shares a counter.
enum class CounterScope : std::uint8_t {
  kFamily,   // the banners of a family
  kBanner,   // this banner alone
  kAccount,  // all banners
};

// What becomes of a counter when its banner ends.
enum class AtEnd : std::uint8_t {
  kKeep,     // nothing
  kZero,     // it starts again
  kConvert,  // each point gives some of a currency, and it starts again
};

// How long a counter lasts.
enum class CounterLife : std::uint8_t {
  kStored,   // from pull to pull, in the player's row
  kDerived,  // from pull to pull, worked out from pool counters
  kBatch,    // from the first to the last draw of one batch
};

struct Counter {
  std::string name;         // "pity:5-star", "guarantee:5-star"
  std::int16_t cap = 0;     // the highest value; counting on stays there
  std::int16_t lowest = 0;  // the lowest value
  std::int16_t start = 0;   // the value of a player who never pulled
  CounterLife life = CounterLife::kStored;
  CounterScope scope = CounterScope::kFamily;
  AtEnd at_end = AtEnd::kKeep;
  CurrencyId currency;      // with kConvert: what each point gives
  std::int64_t amount = 0;  // and how much of it
  // With kDerived: `start` less the sum of these pool counters.
  std::uint8_t pool_first = 0;
  std::uint8_t pool_count = 0;
};

// What an outcome does to every counter at once: each becomes
// min(cap, (max(0, value - back) & keep) + add): four vector instructions and
// no branch.
struct CounterStep {
  LaneArray back{};
  LaneArray keep{};
  LaneArray add{};
  LaneArray cap{};

  // Counts `by` on or back; a counter stays within 0 and its cap.
  void Advance(std::size_t counter, std::int16_t by = 1) {
    back[counter] = std::max<std::int16_t>(0, -by);
    keep[counter] = -1;
    add[counter] = std::max<std::int16_t>(0, by);
  }
  // Leaves the value as it is.
  void Freeze(std::size_t counter) { Advance(counter, 0); }
  // Makes it `value`, whatever it was.
  void Assign(std::size_t counter, std::int16_t value) {
    back[counter] = 0;
    keep[counter] = 0;
    add[counter] = value;
  }

  // The counters after it, from those before.
  [[nodiscard]] Lanes After(Lanes value) const {
    return Min(
        (MinusDownToZero(value, ToLanes(back)) & ToLanes(keep)) + ToLanes(add),
        ToLanes(cap));
  }
  [[nodiscard]] LaneArray After(const LaneArray& value) const {
    return ToArray(After(ToLanes(value)));
  }
};

// The row of a player that a counter is kept in.
enum class CounterRow : std::uint8_t {
  kFamily,   // counters of the family, and those of the banner by its name
  kAccount,  // counters of the account
};

// The counters of a banner. Immutable; safe to share between threads.
class CounterSet {
 public:
  CounterSet() = default;

  // InvalidArgument for more than kMaxCounters or kMaxPoolCounters, two of one
  // name, or a range that is empty or beyond 0 to kMaxCounterValue. Counters
  // of scope kBanner are stored with `banner` in their name.
  [[nodiscard]] static absl::StatusOr<CounterSet> Make(
      std::vector<Counter> counters, std::vector<Counter> pool = {},
      absl::string_view banner = "");

  [[nodiscard]] std::size_t size() const { return counters_.size(); }
  [[nodiscard]] const Counter& operator[](std::size_t i) const {
    return counters_[i];
  }
  // The counters of items, in the order of PityState::taken.
  [[nodiscard]] const std::vector<Counter>& pool() const { return pool_; }
  // The place of the counter of this name, if there is one; pool counters are
  // not looked at.
  [[nodiscard]] std::optional<std::size_t> Find(absl::string_view name) const;
  // Whether some counter is kept in this row.
  [[nodiscard]] bool Uses(CounterRow row) const;

  // The state of a player who never pulled.
  [[nodiscard]] const PityState& Start() const { return start_; }

  // A step that freezes every counter: the start for building others.
  [[nodiscard]] CounterStep FrozenStep() const;

  // "name=value" by comma, sorted by name, every counter that outlasts a
  // batch: equal states give equal text.
  [[nodiscard]] std::string Text(const PityState& state) const;

  // The same, of one row, as a store keeps it. Counters in `carried` (text of
  // the same form) that this set lacks are kept as they are: another version
  // of the banner, or another banner of the family, may count them again.
  [[nodiscard]] std::string Serialize(
      const PityState& state, absl::string_view carried = "",
      CounterRow row = CounterRow::kFamily) const;

  // The state that Serialize wrote in both rows. Counters that are not named
  // stand at their start, unknown ones are left out; a value past the range
  // (an older version of the banner let it run further) becomes the nearest.
  // InvalidArgument for other text.
  [[nodiscard]] absl::StatusOr<PityState> Parse(
      absl::string_view family, absl::string_view account = "") const;

  // The state with these values, the others at their start. InvalidArgument,
  // saying the range, for an unknown counter, a repeated one or a value out of
  // range.
  [[nodiscard]] absl::StatusOr<PityState> FromValues(
      absl::Span<const std::pair<std::string, std::int64_t>> values) const;

  // Each stored counter with its value, in order.
  [[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> Values(
      const PityState& state) const;

  // Works the derived counters out from the pool counters.
  void Derive(PityState& state) const;

 private:
  struct Place {
    bool in_pool = false;
    std::size_t index = 0;
  };
  // A stored counter by its name, or by the name it is stored under.
  [[nodiscard]] std::optional<Place> Stored(absl::string_view name,
                                            bool by_key) const;
  [[nodiscard]] const Counter& At(Place place) const {
    return place.in_pool ? pool_[place.index] : counters_[place.index];
  }
  static std::int16_t& ValueAt(PityState& state, Place place) {
    return place.in_pool ? state.taken[place.index] : state.value[place.index];
  }
  [[nodiscard]] std::string KeyOf(const Counter& counter) const;
  // Calls `visit(counter, value)` for each stored counter, in order.
  template <class Visit>
  void ForEachStored(const PityState& state, const Visit& visit) const;
  [[nodiscard]] absl::Status ReadRow(absl::string_view text,
                                     PityState& state) const;

  std::vector<Counter> counters_;
  std::vector<Counter> pool_;
  std::string banner_;
  PityState start_;
};

}  // namespace fairpull

#endif  // FAIRPULL_PITY_COUNTER_H_
