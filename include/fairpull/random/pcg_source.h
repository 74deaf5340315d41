// PCG64 (XSL RR 128/64; O'Neill, "PCG: A Family of Simple Fast
// Space-Efficient Statistically Good Algorithms for Random Number Generation",
// 2014): for simulation and tests, never for live draws, since its state can
// be recovered from a few hundred bytes of output.
//
// Each 64-bit output is given as two words, the low half first: for equal
// state and increment the words equal NumPy's `PCG64` `next_uint32`.
//
//   PcgSource bits = PcgSource::Seeded(7);
//   std::uint32_t word = bits.Next();

#ifndef FAIRPULL_RANDOM_PCG_SOURCE_H_
#define FAIRPULL_RANDOM_PCG_SOURCE_H_

#include <cstdint>
#include <pcg_random.hpp>

namespace fairpull {

// A PCG64 generator as plain integers: four for state and increment (128 bits
// each, as high and low half) and the high half of an output of which only the
// low half was used so far. The names are those of NumPy's `state` dictionary.
struct PcgState {
  std::uint64_t state_high = 0;
  std::uint64_t state_low = 0;
  std::uint64_t increment_high = 0;
  std::uint64_t increment_low = 1;  // an increment is odd
  bool has_uint32 = false;
  std::uint32_t uinteger = 0;

  friend bool operator==(const PcgState&, const PcgState&) = default;
};

// Not safe for concurrent use: give each thread its own.
class PcgSource {
 public:
  using Word = std::uint32_t;

  // Goes on where `state` was taken. An even increment is made odd.
  explicit PcgSource(const PcgState& state)
      : engine_(Join(state.state_high, state.state_low),
                Join(state.increment_high, state.increment_low)),
        has_half_(state.has_uint32),
        half_(state.uinteger) {}

  // The generator number `stream` of `seed`; streams do not overlap.
  [[nodiscard]] static PcgSource Seeded(std::uint64_t seed,
                                        std::uint64_t stream = 0) {
    return PcgSource(Engine(pcg64(seed, stream)));
  }

  Word Next() {
    if (has_half_) {
      has_half_ = false;
      return half_;
    }
    const std::uint64_t output = engine_();
    half_ = static_cast<Word>(output >> 32);
    has_half_ = true;
    return static_cast<Word>(output);
  }

  // A source made from it gives the words that this one would give next.
  [[nodiscard]] PcgState state() const {
    return engine_.Export(has_half_, half_);
  }

 private:
  using Wide = pcg_extras::pcg128_t;

  static Wide Join(std::uint64_t high, std::uint64_t low) {
    return (Wide{high} << 64) | low;
  }

  // pcg-cpp has no way to set or read the raw state but streaming, which
  // 0.98.1 can't do for 128 bits; a derived class may touch it.
  struct Engine : pcg64 {
    explicit Engine(const pcg64& generator) : pcg64(generator) {}
    Engine(Wide state, Wide increment) {
      state_ = state;
      inc_ = increment | 1;
    }
    [[nodiscard]] PcgState Export(bool has_half, Word half) const {
      return {.state_high = static_cast<std::uint64_t>(state_ >> 64),
              .state_low = static_cast<std::uint64_t>(state_),
              .increment_high = static_cast<std::uint64_t>(inc_ >> 64),
              .increment_low = static_cast<std::uint64_t>(inc_),
              .has_uint32 = has_half,
              .uinteger = half};
    }
  };

  explicit PcgSource(const Engine& engine) : engine_(engine) {}

  Engine engine_;
  bool has_half_ = false;
  Word half_ = 0;
};

}  // namespace fairpull

#endif  // FAIRPULL_RANDOM_PCG_SOURCE_H_
