// The source of live draws. Every word is a function of the server seed and of
// which draw it is, so that any draw can be made again bit for bit (after a
// crash, in an audit) and nobody without the seed can foretell one.
//
// Block j of a draw is HMAC-SHA256 (RFC 2104), keyed by the server seed, over
//
//   "fairpull-draw-v1" | len(player) player | len(scope) scope | sequence | j
//
// with lengths and j as 4 bytes, sequence as 8 bytes, all big-endian. A block
// gives eight words: its bytes, four at a time, big-endian, in order. This is
// a frozen contract.
//
//   FairSource bits(seed, {.player = "p1", .scope = "starter", .sequence = 7});
//   Outcome outcome = Pull(banner, state, bits);

#ifndef FAIRPULL_RANDOM_FAIR_SOURCE_H_
#define FAIRPULL_RANDOM_FAIR_SOURCE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "fairpull/random/hmac.h"
#include "fairpull/random/server_seed.h"

namespace fairpull {

// Which draw: the `sequence`-th (from 1) of `player` in a pity `scope`.
struct DrawName {
  absl::string_view player;
  absl::string_view scope;
  std::uint64_t sequence = 0;
};

// Not safe for concurrent use: one source a draw.
class FairSource {
 public:
  using Word = std::uint32_t;

  // Copies what it needs of `seed` and `draw`.
  FairSource(const ServerSeed& seed, const DrawName& draw);

  Word Next() {
    if (next_ == words_.size()) NextBlock();
    return words_[next_++];
  }

 private:
  void NextBlock();

  HmacKey key_;
  std::string message_;  // ends with the four bytes of the block's index
  std::uint32_t block_ = 0;
  std::array<Word, 8> words_{};
  std::size_t next_ = 8;
};

}  // namespace fairpull

#endif  // FAIRPULL_RANDOM_FAIR_SOURCE_H_
