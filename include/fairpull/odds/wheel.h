// Wheels: ordered outcomes with integer weights, drawn with one word.
//
// A wheel of size W gives outcome i with probability exactly
// clamp(w_i, 0, W - earlier) / W; the last outcome takes what is left. So a
// rarity whose odds grow pushes out those after it, never those before.
//
// A WheelTable holds many wheels with one list of outcomes: one for each
// counter state of a banner. Where all are of one size, as on most banners,
// accepting a word does not need to know the wheel.
//
//   WheelTable table(/*outcomes=*/3);
//   std::uint32_t row = table.AddRow(1000, {6, 51, 943});
//   std::uint32_t outcome = table.Pick(row, table.Accept(row, bits));

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
  // `outcomes` is at least 1.
  explicit BasicWheelTable(std::uint32_t outcomes) : outcomes_(outcomes) {}

  // Adds a wheel of `size` parts (1 to kMaxWheelSize) with these weights,
  // clamped (see above), one for each outcome; the handle to pick from it by.
  // The n-th wheel, from 0, has the handle n * outcomes(): the place of its
  // edges, so that nothing is left to multiply at a pick.
  std::uint32_t AddRow(std::uint32_t size,
                       absl::Span<const std::uint32_t> weights);

  // The next word of `bits` that stands for a place on this wheel.
  template <BitSource Bits>
  [[nodiscard]] Word Accept(std::uint32_t row, Bits& bits) const {
    return uniforms_[row / outcomes_].Accept(bits);
  }
  // The same where all wheels are of one size: whichever it will be.
  template <BitSource Bits>
  [[nodiscard]] Word AcceptForAny(Bits& bits) const {
    return common_.Accept(bits);
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

  // The weight of an outcome on a wheel, in parts of size(row).
  [[nodiscard]] std::uint32_t Weight(std::uint32_t row,
                                     std::uint32_t outcome) const {
    return weights_[row + outcome];
  }

  // How many parts a wheel has.
  [[nodiscard]] std::uint32_t size(std::uint32_t row) const {
    return sizes_[row / outcomes_];
  }
  // Whether all wheels have as many parts.
  [[nodiscard]] bool one_size() const { return one_size_; }

  [[nodiscard]] std::uint32_t outcomes() const { return outcomes_; }
  // How many wheels there are, and the handle of the n-th.
  [[nodiscard]] std::uint32_t rows() const {
    return static_cast<std::uint32_t>(sizes_.size());
  }
  [[nodiscard]] std::uint32_t RowAt(std::uint32_t n) const {
    return n * outcomes_;
  }

 private:
  std::uint32_t outcomes_;
  bool one_size_ = true;
  Uniform<Word> common_{1};             // of the first wheel
  std::vector<std::uint64_t> edges_;    // outcomes_ a row
  std::vector<std::uint32_t> weights_;  // likewise
  std::vector<std::uint32_t> sizes_;
  std::vector<Uniform<Word>> uniforms_;
};

using WheelTable = BasicWheelTable<std::uint32_t>;

template <std::unsigned_integral Word>
std::uint32_t BasicWheelTable<Word>::AddRow(
    std::uint32_t size, absl::Span<const std::uint32_t> weights) {
  const auto row = static_cast<std::uint32_t>(edges_.size());
  const Uniform<Word> uniform(size);
  if (sizes_.empty()) common_ = uniform;
  one_size_ = one_size_ && (sizes_.empty() || size == sizes_.front());
  sizes_.push_back(size);
  uniforms_.push_back(uniform);
  const std::vector<std::uint32_t> clamped = ClampWeights(size, weights);
  weights_.insert(weights_.end(), clamped.begin(), clamped.end());
  const std::uint32_t last = clamped.back();
  // A row is the place where the last outcome begins, then the ends of those
  // before it.
  edges_.push_back(uniform.Threshold(size - last));
  std::uint64_t end = 0;
  for (std::size_t i = 0; i + 1 < clamped.size(); ++i) {
    end += clamped[i];
    edges_.push_back(uniform.Threshold(end));
  }
  return row;
}

}  // namespace fairpull

#endif  // FAIRPULL_ODDS_WHEEL_H_
