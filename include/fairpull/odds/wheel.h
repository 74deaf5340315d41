// Wheels: ordered outcomes with integer weights, drawn with one word.
//
// A wheel of size W gives outcome i with probability exactly
// clamp(w_i, 0, W - earlier) / W; the last outcome takes what is left. So a
// rarity whose odds grow pushes out those after it, never those before.
//
// A WheelTable holds many wheels of one size and one list of outcomes: one for
// each counter state of a banner.
//
//   WheelTable table(/*size=*/1000, /*outcomes=*/3);
//   std::uint32_t row = table.AddRow({6, 51, 943});
//   std::uint32_t outcome = table.Pick(row, table.Accept(bits));

#ifndef FAIRPULL_ODDS_WHEEL_H_
#define FAIRPULL_ODDS_WHEEL_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "fairpull/random/uniform.h"

namespace fairpull {

// The weights as they are drawn: each cut to what the earlier ones leave of
// `size`, the last one set to what is left. Their sum is `size`.
[[nodiscard]] std::vector<std::uint32_t> ClampWeights(
    std::uint32_t size, absl::Span<const std::uint32_t> weights);

// Safe to share between threads once every row is added.
template <std::unsigned_integral Word>
class BasicWheelTable {
 public:
  // `size` is from 1 to kMaxWheelSize, `outcomes` at least 1.
  BasicWheelTable(std::uint32_t size, std::uint32_t outcomes)
      : uniform_(size), size_(size), outcomes_(outcomes) {}

  // Adds a wheel with these weights, clamped (see above), one for each
  // outcome; the handle to pick from it by. The n-th wheel, from 0, has the
  // handle n * outcomes(): the place of its edges, so that nothing is left to
  // multiply at a pick.
  std::uint32_t AddRow(absl::Span<const std::uint32_t> weights);

  // The next word of `bits` that stands for a place on the wheels.
  template <BitSource Bits>
  [[nodiscard]] Word Accept(Bits& bits) const {
    return uniform_.Accept(bits);
  }

  // The outcome at the place that an accepted word stands for.
  [[nodiscard]] std::uint32_t Pick(std::uint32_t row, Word accepted) const {
    const std::uint64_t* edge = &edges_[row];
    // The last outcome is the most frequent one by far on most banners: one
    // well-predicted branch settles it.
    if (accepted >= edge[0]) [[likely]] {
      return outcomes_ - 1;
    }
    // Counted to the end, since where to stop could not be predicted.
    std::uint32_t outcome = 0;
    for (std::uint32_t i = 1; i + 1 < outcomes_; ++i) {
      outcome += accepted >= edge[i] ? 1 : 0;
    }
    return outcome;
  }

  // The weight of an outcome on a wheel, in parts of size().
  [[nodiscard]] std::uint32_t Weight(std::uint32_t row,
                                     std::uint32_t outcome) const;

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] std::uint32_t outcomes() const { return outcomes_; }
  // How many wheels there are, and the handle of the n-th.
  [[nodiscard]] std::uint32_t rows() const {
    return static_cast<std::uint32_t>(edges_.size() / outcomes_);
  }
  [[nodiscard]] std::uint32_t RowAt(std::uint32_t n) const {
    return n * outcomes_;
  }

 private:
  // Where outcome i ends, as a threshold for words. A row is stored as the
  // place where the last outcome begins, then the ends of those before it.
  [[nodiscard]] std::uint64_t End(std::uint32_t row,
                                  std::uint32_t outcome) const {
    if (outcome + 1 == outcomes_) return uniform_.Threshold(size_);
    return edges_[row + outcome + 1];
  }

  Uniform<Word> uniform_;
  std::uint32_t size_;
  std::uint32_t outcomes_;
  std::vector<std::uint64_t> edges_;  // outcomes_ a row
};

using WheelTable = BasicWheelTable<std::uint32_t>;

template <std::unsigned_integral Word>
std::uint32_t BasicWheelTable<Word>::AddRow(
    absl::Span<const std::uint32_t> weights) {
  const auto row = static_cast<std::uint32_t>(edges_.size());
  const std::vector<std::uint32_t> clamped = ClampWeights(size_, weights);
  const std::uint32_t last = clamped.back();
  edges_.push_back(uniform_.Threshold(size_ - last));
  std::uint64_t end = 0;
  for (std::size_t i = 0; i + 1 < clamped.size(); ++i) {
    end += clamped[i];
    edges_.push_back(uniform_.Threshold(end));
  }
  return row;
}

template <std::unsigned_integral Word>
std::uint32_t BasicWheelTable<Word>::Weight(std::uint32_t row,
                                            std::uint32_t outcome) const {
  const std::uint64_t begin = outcome == 0 ? 0 : End(row, outcome - 1);
  return static_cast<std::uint32_t>((End(row, outcome) - begin) /
                                    uniform_.scale());
}

}  // namespace fairpull

#endif  // FAIRPULL_ODDS_WHEEL_H_
