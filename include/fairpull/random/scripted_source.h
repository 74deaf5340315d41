// A source that replays given words: for tests by hand and for audits of a
// recorded draw.
//
//   ScriptedSource<> bits({0x00000000u, 0x80000000u});
//   Outcome outcome = Pull(banner, state, bits);
//   if (bits.overran()) { /* the record has too few words: not this draw */ }

#ifndef FAIRPULL_RANDOM_SCRIPTED_SOURCE_H_
#define FAIRPULL_RANDOM_SCRIPTED_SOURCE_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace fairpull {

// Not safe for concurrent use.
template <std::unsigned_integral WordType = std::uint32_t>
class ScriptedSource {
 public:
  using Word = WordType;

  explicit ScriptedSource(std::vector<Word> words) : words_(std::move(words)) {}

  // The next word of the script; past its end 0, and `overran()` from then on.
  Word Next() {
    if (used_ == words_.size()) {
      overran_ = true;
      return 0;
    }
    return words_[used_++];
  }

  // How many words were taken from the script.
  [[nodiscard]] std::size_t used() const { return used_; }

  // True once a word was asked for that the script did not have: whatever was
  // drawn is then not what the script stands for.
  [[nodiscard]] bool overran() const { return overran_; }

 private:
  std::vector<Word> words_;
  std::size_t used_ = 0;
  bool overran_ = false;
};

}  // namespace fairpull

#endif  // FAIRPULL_RANDOM_SCRIPTED_SOURCE_H_
