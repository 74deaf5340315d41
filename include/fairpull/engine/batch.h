// Batches: several pulls that are paid at once and may have rules together, as
// a ten-pull whose last draw is a rare one if none before was.
//
//   std::vector<Outcome> ten(banner.DrawsOf(10));
//   PullBatch(banner, 10, state, bits, absl::MakeSpan(ten));

#ifndef FAIRPULL_ENGINE_BATCH_H_
#define FAIRPULL_ENGINE_BATCH_H_

#include <cstdint>
#include <utility>

#include "absl/types/span.h"
#include "fairpull/banner/banner.h"
#include "fairpull/engine/outcome.h"
#include "fairpull/engine/pull.h"
#include "fairpull/pity/counter.h"
#include "fairpull/random/bit_source.h"
#include "fairpull/random/uniform.h"

namespace fairpull {

// The order in which a batch is shown, where it is shuffled: `order` is
// permuted by words of its last draw's source. Nothing is done otherwise.
template <BitSource Bits, class T>
void ShuffleShown(const Banner& banner, std::uint32_t size, Bits& bits,
                  absl::Span<T> order) {
  if (size != banner.batch_plan().size || !banner.batch_plan().shuffle) return;
  for (std::size_t i = order.size(); i-- > 1;) {
    const Uniform<typename Bits::Word> wheel(i + 1);
    std::swap(order[i], order[wheel.Value(wheel.Accept(bits))]);
  }
}

// What a draw gave, and how many pulls its rarity took: PullsWaited.
struct WaitedOutcome {
  Outcome outcome;
  std::uint16_t waited = 0;
};

// A batch of `size` pulls, each drawn in the state that the one before left;
// `outcomes` has as many elements as DrawsOf(size), in the order in which they
// are shown. A size that the banner does not sell is drawn without rules.
template <BitSource Bits>
void PullBatch(const Banner& banner, std::uint32_t size, PityState& state,
               Bits& bits, absl::Span<Outcome> outcomes) {
  BeginBatch(banner, size, state, bits);
  for (Outcome& outcome : outcomes) outcome = Draw(banner, state, bits);
  EndBatch(banner, state);
  ShuffleShown(banner, size, bits, outcomes);
}

// The same, and what each draw took.
template <BitSource Bits>
void PullBatch(const Banner& banner, std::uint32_t size, PityState& state,
               Bits& bits, absl::Span<WaitedOutcome> outcomes) {
  BeginBatch(banner, size, state, bits);
  for (WaitedOutcome& one : outcomes) {
    const PityState before = state;
    one.outcome = Draw(banner, state, bits);
    one.waited =
        static_cast<std::uint16_t>(PullsWaited(banner, before, one.outcome));
  }
  EndBatch(banner, state);
  ShuffleShown(banner, size, bits, outcomes);
}

}  // namespace fairpull

#endif  // FAIRPULL_ENGINE_BATCH_H_
