// The exact mapping from random words to an integer below W.
//
// A frozen contract: receipts, the verifier and vectorised code rely on it.
// With k = floor(2^b / W) for words of b bits, a word x stands for
// r = floor(x / k) when x < W*k and is rejected (the next word is taken) when
// x >= W*k. So r is exactly uniform on [0, W), and `r < w` holds exactly when
// `x < w*k`: one comparison against a threshold made once.
//
//   const Uniform<std::uint32_t> die(6);
//   std::uint32_t r = die.Value(die.Accept(bits));  // 0 to 5

#ifndef FAIRPULL_RANDOM_UNIFORM_H_
#define FAIRPULL_RANDOM_UNIFORM_H_

#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/base/attributes.h"
#include "fairpull/random/bit_source.h"

namespace fairpull {

// Uniform integers on [0, size). Immutable; safe to share between threads.
template <std::unsigned_integral Word>
class Uniform {
  static_assert(sizeof(Word) <= 4, "thresholds are held in 64 bits");

 public:
  // `size` is from 1 to 2^b, b the width of a word.
  explicit constexpr Uniform(std::uint64_t size)
      : scale_(kWords / size), last_(static_cast<Word>(size * scale_ - 1)) {}

  // The next word that is not rejected. Fewer than two words on average.
  template <BitSource Bits>
    requires std::same_as<typename Bits::Word, Word>
  [[nodiscard]] Word Accept(Bits& bits) const {
    const Word word = bits.Next();
    if (word > last_) [[unlikely]] {
      // Moved there and back, so that on the way that is nearly always taken
      // no address of the source is known and it stays in registers.
      Bits moved = std::move(bits);
      const Word accepted = AcceptNext(moved);
      bits = std::move(moved);
      return accepted;
    }
    return word;
  }

  [[nodiscard]] constexpr bool IsAccepted(Word word) const {
    return word <= last_;
  }

  // The integer that an accepted word stands for.
  [[nodiscard]] constexpr std::uint32_t Value(Word accepted) const {
    return static_cast<std::uint32_t>(accepted / scale_);
  }

  // An accepted word stands for an integer below `bound` exactly when it is
  // below this. `bound` is from 0 to `size`.
  [[nodiscard]] constexpr std::uint64_t Threshold(std::uint64_t bound) const {
    return bound * scale_;
  }

  // k: how many words stand for each integer.
  [[nodiscard]] constexpr std::uint64_t scale() const { return scale_; }

 private:
  static constexpr std::uint64_t kWords =
      std::uint64_t{std::numeric_limits<Word>::max()} + 1;

  // Kept out of line: on a wheel of W parts a word is rejected with odds below
  // W / 2^b.
  template <BitSource Bits>
  ABSL_ATTRIBUTE_NOINLINE Word AcceptNext(Bits& bits) const {
    Word word = bits.Next();
    while (word > last_) word = bits.Next();
    return word;
  }

  std::uint64_t scale_;
  Word last_;
};

}  // namespace fairpull

#endif  // FAIRPULL_RANDOM_UNIFORM_H_
