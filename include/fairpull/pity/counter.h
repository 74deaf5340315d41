// Counters: all that a banner remembers between two pulls of a player.
//
// A pity state is a small plain struct of integers; a CounterSet gives them
// names, bounds and a stable text form. Pity of a rarity, a guarantee, and
// whatever later rules remember, are all counters.
//
//   FAIRPULL_ASSIGN_OR_RETURN(PityState state,
//                             counters.Parse("pity:5-star=12"));
//   counters.Serialize(state);  // "guarantee:5-star=0,pity:5-star=12"

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

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fairpull/pity/lanes.h"

namespace fairpull {

inline constexpr std::size_t kMaxCounters = std::tuple_size_v<LaneArray>;
// One more must fit in 16 bits with a sign, which have a vector minimum on
// every machine.
inline constexpr std::int16_t kMaxCounterValue = 0x7ffe;

// The values of a banner's counters, in the order of its CounterSet; 0 beyond.
// All zero is a player who never pulled. A value never passes its counter's
// cap: make states by CounterSet, not by hand.
struct PityState {
  LaneArray value{};

  friend bool operator==(const PityState&, const PityState&) = default;
};

struct Counter {
  std::string name;      // "pity:5-star", "guarantee:5-star"
  std::int16_t cap = 0;  // the highest value; counting on stays there
};

// What an outcome does to every counter at once: each becomes
// min(cap, ((value + add) & keep) | set): a handful of vector instructions and
// no branch.
struct CounterStep {
  LaneArray add{};
  LaneArray keep{};
  LaneArray set{};
  LaneArray cap{};

  // Counts one on; a counter at its cap stays there.
  void Advance(std::size_t counter) {
    add[counter] = 1;
    keep[counter] = -1;
    set[counter] = 0;
  }
  // Leaves the value as it is.
  void Freeze(std::size_t counter) {
    add[counter] = 0;
    keep[counter] = -1;
    set[counter] = 0;
  }
  // Makes it `value`, whatever it was.
  void Assign(std::size_t counter, std::int16_t value) {
    add[counter] = 0;
    keep[counter] = 0;
    set[counter] = value;
  }

  [[nodiscard]] PityState After(const PityState& state) const {
    return {ToArray(Min(
        ((ToLanes(state.value) + ToLanes(add)) & ToLanes(keep)) | ToLanes(set),
        ToLanes(cap)))};
  }
};

// The counters of a banner. Immutable; safe to share between threads.
class CounterSet {
 public:
  CounterSet() = default;

  // InvalidArgument for more than kMaxCounters, two of one name, or a cap
  // below 0 or above kMaxCounterValue.
  [[nodiscard]] static absl::StatusOr<CounterSet> Make(
      std::vector<Counter> counters);

  [[nodiscard]] std::size_t size() const { return counters_.size(); }
  [[nodiscard]] const Counter& operator[](std::size_t i) const {
    return counters_[i];
  }
  // The place of the counter of this name, if there is one.
  [[nodiscard]] std::optional<std::size_t> Find(absl::string_view name) const;

  // A step that freezes every counter: the start for building others.
  [[nodiscard]] CounterStep FrozenStep() const;

  // "name=value" by comma, sorted by name, every counter: equal states give
  // equal text, and the order of counters in a banner does not matter.
  // Counters in `carried` (text of the same form) that this set lacks are kept
  // as they are: another version of the banner may count them again.
  [[nodiscard]] std::string Serialize(const PityState& state,
                                      absl::string_view carried = "") const;

  // The state that Serialize wrote. Counters that are not named are 0, unknown
  // ones are left out; a value past the cap (an older version of the banner
  // let it run further) becomes the cap. InvalidArgument for other text.
  [[nodiscard]] absl::StatusOr<PityState> Parse(absl::string_view text) const;

  // The state with these values, the others 0. InvalidArgument, saying the
  // range, for an unknown counter, a repeated one or a value out of range.
  [[nodiscard]] absl::StatusOr<PityState> FromValues(
      absl::Span<const std::pair<std::string, std::int64_t>> values) const;

 private:
  std::vector<Counter> counters_;
};

}  // namespace fairpull

#endif  // FAIRPULL_PITY_COUNTER_H_
