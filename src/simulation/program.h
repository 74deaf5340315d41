// A banner as the vector kernel runs it: the wheels factored into one table of
// weights for each rarity and one of shares inside it, small enough for
// registers or the first cache, and the steps of all groups side by side.
//
// Counters are held two in a lane of 32 bits. Which entry of a table a lane
// reads is a sum over its counters, as Banner::Row is.

#ifndef FAIRPULL_SRC_SIMULATION_PROGRAM_H_
#define FAIRPULL_SRC_SIMULATION_PROGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/banner.h"
#include "fairpull/pity/lanes.h"

namespace fairpull::internal {

inline constexpr std::size_t kMaxPairs = kMaxCounters / 2;

// Two numbers of 16 bits, the first in the low half.
using Pair = std::uint32_t;
using Pairs = std::array<Pair, kMaxPairs>;

[[nodiscard]] inline Pair PairOf(const LaneArray& values, std::size_t pair) {
  const auto bits = [&values](std::size_t i) {
    return static_cast<Pair>(static_cast<std::uint16_t>(values[i]));
  };
  return bits(2 * pair) | bits(2 * pair + 1) << 16;
}

// A table of words in Program::words; padded with zeros to a multiple of 16.
struct Table {
  std::uint32_t first = 0;
  std::uint32_t size = 0;
};

// Which entry of a table a lane reads: a sum of counters, less where their
// wheels begin to differ, times strides. One counter alone has a stride of 1.
struct Index {
  enum class Kind : std::uint8_t {
    kNone,  // the first entry
    kLow,   // the first counter of `pair`
    kHigh,  // the second counter of `pair`
    kSum,
  };
  Kind kind = Kind::kNone;
  std::size_t pair = 0;
  Pairs strides{};
};

// The part of a tier that ends at an edge: (weight >> shift) * factor modulo
// 2^32, with a factor for each state of the rate-up.
struct Edge {
  Table factor;
  Index index;
  // Where that is a guarantee, the bit of its flag in `index.pair`, otherwise
  // 0: all of the tier if it is set, and part of it by one factor if not.
  Pair guarantee = 0;
  std::uint32_t factor_without = 0;
};

// What groups do to a pair of counters, each group by its entries in tables:
// min((max(value - back, 0) & keep) + add, cap).
struct PairStep {
  Table back;
  Table keep;
  Table add;
  Pair cap = 0;
  bool goes_back = false;  // whether any `back` is not 0
};

// A rarity: groups side by side on the wheel.
struct Tier {
  // Its weight in words, before earlier ones leave less; the last tier has
  // none and takes what is left.
  Table weight;
  Index index;
  std::uint32_t shift = 0;
  std::vector<Edge> edges;
};

// Groups are counted while they are drawn where there are so few.
inline constexpr std::size_t kMaxCounted = 9;

// Rarities that fit.
inline constexpr std::size_t kMaxTiers = 6;

// Items of all groups together that fit: a cell is a word of 16 bits.
inline constexpr std::size_t kMaxCells = 65'535;

// What many banners have in common, so that the kernel need not ask for it
// with each pull.
enum class Shape : std::uint8_t {
  kAny,
  // Three rarities. The first and the second have the first and the second pair
  // of counters: how long a hit took, and whether its feature is guaranteed.
  // Up to kFewGroups groups; a curve of up to 32 entries and one of up to
  // kShortCurve; guarantees are the only edges.
  kTwoPities,
  kTwoPitiesAtHalf,  // the same, where each edge has a factor of 1
};
inline constexpr std::size_t kFewGroups = 8;
inline constexpr std::size_t kShortCurve = 8;

struct Program {
  Shape shape = Shape::kAny;
  std::size_t pairs = 0;
  Pairs start{};  // values up to here share their wheels
  std::vector<Tier> tiers;
  std::uint32_t last_word = 0;   // of the first word: accepted ones end here
  std::uint32_t full_words = 0;  // how many are accepted
  std::uint32_t groups = 0;
  std::array<PairStep, kMaxPairs> steps{};
  // What a group adds to a lane that counts all groups but the last, if there
  // are up to kMaxCounted: 1 in the `tally_bits` bits that are the group's.
  Table tally;
  std::uint32_t tally_bits = 0;

  // The second word, by group. Columns of all groups are counted on, and a
  // cell, an item of a group, has the number of its column.
  std::uint32_t least_last_item_word = 0;  // of all groups
  Table last_item_word;
  Table columns;
  Table last_in_column;  // its width in words, less one
  Table first_column;
  bool weighted = false;  // whether some column has an alias
  Table last_own;         // by column: its words past this are its alias's
  Table own_and_alias;    // by column, as cells

  std::vector<std::uint32_t> words;

  [[nodiscard]] const std::uint32_t* At(const Table& table) const {
    return words.data() + table.first;
  }
};

// The program of a banner; Unimplemented, saying why, where it needs the scalar
// engine.
[[nodiscard]] absl::StatusOr<Program> MakeProgram(const Banner& banner);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_SIMULATION_PROGRAM_H_
