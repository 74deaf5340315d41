// The chain of a banner's draws: which states follow which, how likely, by the
// banner's own wheels, steps and batches. There is no second copy of the rules.
// Counters that can't influence what is observed are left out. Private to the
// analysis layer.

#ifndef FAIRPULL_SRC_ANALYSIS_DRAW_CHAIN_H_
#define FAIRPULL_SRC_ANALYSIS_DRAW_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "fairpull/banner/banner.h"

namespace fairpull::internal {

// What a draw is made in: the counters, the place in a batch that has no
// counter for it, and what the observer remembers.
struct ChainState {
  LaneArray value{};
  std::int16_t place = 0;
  std::int32_t memory = 0;

  friend bool operator==(const ChainState&, const ChainState&) = default;
  template <class H>
  friend H AbslHashValue(H hash, const ChainState& state) {
    return H::combine(std::move(hash), state.value, state.place, state.memory);
  }
};

// One way in which an observed draw goes on.
struct Observation {
  long double part = 1;     // of the draws of this group in this state
  int label = 0;            // what is seen
  std::int32_t memory = 0;  // what is remembered then
};

// A step of the chain. Where long double is wider than double, hundreds of
// steps in a row stay exact to the last place of a double.
struct ChainEdge {
  std::uint32_t to = 0;
  int label = 0;
  long double odds = 0;
};

// States that are begun in, with their odds.
using ChainBegin = std::vector<std::pair<std::uint32_t, long double>>;

// What is observed of draws. Groups that look alike to it may be merged.
class Observer {
 public:
  virtual ~Observer() = default;

  // The same for two groups exactly if they are seen alike in every state.
  [[nodiscard]] virtual int KindOf(std::uint32_t group) const = 0;
  // Counters that it reads.
  [[nodiscard]] virtual std::vector<std::size_t> Reads() const = 0;
  // What is seen of a draw of `group` in `state`; parts sum to 1. Called with
  // the counters before and after the draw's step.
  virtual void Observe(std::uint32_t group, const ChainState& state,
                       LaneArray& after,
                       std::vector<Observation>& seen) const = 0;
};

// Which counters can influence what is observed.
[[nodiscard]] std::vector<bool> RelevantCounters(const Banner& banner,
                                                 std::uint32_t batch,
                                                 const Observer& observer);

// States are numbered as they are found. Not safe for concurrent use.
class DrawChain {
 public:
  // Draws in batches of `batch`, of which `banner` sells such. Refers to
  // `banner` and `observer`.
  DrawChain(const Banner& banner, std::uint32_t batch,
            const Observer& observer);

  // Only hits of one rarity, one after the other, with the counters `kept`:
  // what lies between two of them is left out.
  DrawChain(const Banner& banner, const Observer& observer, std::uint8_t only,
            std::vector<bool> kept);

  // The states that a batch can begin in for a player in `start`, with their
  // odds (two where the batch has a mixture).
  [[nodiscard]] ChainBegin Begin(const LaneArray& start, std::int32_t memory);

  // The edges of a state; found when first asked for.
  const std::vector<ChainEdge>& Edges(std::uint32_t state);

  [[nodiscard]] std::size_t size() const { return states_.size(); }
  [[nodiscard]] const ChainState& state(std::uint32_t i) const {
    return states_[i];
  }
  [[nodiscard]] const std::vector<bool>& kept() const { return kept_; }

 private:
  std::uint32_t Number(const ChainState& state);
  // Numbers the states that follow the counters `after`, at the next place of
  // the batch or at the begin of the next one, and calls `add` for each.
  void Follow(const ChainState& before, const LaneArray& after,
              std::int32_t memory,
              absl::FunctionRef<void(std::uint32_t, long double)> add);
  [[nodiscard]] LaneArray Sliced(LaneArray value) const;
  void Expand(std::uint32_t state);

  const Banner& banner_;
  std::uint32_t batch_;
  const Observer& observer_;
  std::optional<std::uint8_t> only_;  // the rarity whose hits alone are drawn
  std::int16_t draws_;
  bool has_batches_;    // whether anything happens around a batch
  bool counts_places_;  // whether the place in it has no counter of its own
  std::vector<bool> kept_;
  std::vector<ChainState> states_;
  std::vector<std::vector<ChainEdge>> edges_;
  std::vector<bool> expanded_;
  absl::flat_hash_map<ChainState, std::uint32_t> numbers_;
};

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_ANALYSIS_DRAW_CHAIN_H_
