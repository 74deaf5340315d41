// What a source of random bits is: it gives words of a fixed width, each
// uniform over all values of that width and independent of those before.
//
// Three kinds, kept apart by type: PcgSource (simulation and tests),
// FairSource (live draws) and ScriptedSource (replays and audits). Code on the
// hot path takes its source as a template parameter:
//
//   template <BitSource Bits>
//   Outcome Pull(const Banner& banner, PityState& state, Bits& bits);

#ifndef FAIRPULL_RANDOM_BIT_SOURCE_H_
#define FAIRPULL_RANDOM_BIT_SOURCE_H_

#include <concepts>
#include <cstdint>

namespace fairpull {

// `Word` is std::uint32_t for every source that draws from banners; the
// mapping from words to integers is tested exhaustively with narrower ones.
template <class Source>
concept BitSource = requires(Source source) {
  requires std::unsigned_integral<typename Source::Word>;
  { source.Next() } -> std::same_as<typename Source::Word>;
};

}  // namespace fairpull

#endif  // FAIRPULL_RANDOM_BIT_SOURCE_H_
