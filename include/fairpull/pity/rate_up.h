// Rate-up: a share of a rarity goes to the featured items, the rest to the
// others; with a guarantee, a hit that is not featured makes the next one so.
//
//   RateUp rate_up{.share = *Odds::Parse("50%"),
//                  .after_loss = AfterLoss::kGuaranteed};
//   rate_up.FeaturedWeight(/*rarity_weight=*/12, /*guarantee=*/0);  // 6

#ifndef FAIRPULL_PITY_RATE_UP_H_
#define FAIRPULL_PITY_RATE_UP_H_

#include <cstdint>

#include "fairpull/odds/odds.h"

namespace fairpull {

// What a hit that is not featured does to the next hit of the rarity.
enum class AfterLoss : std::uint8_t {
  kSameOdds,    // nothing
  kGuaranteed,  // it is featured
};

// What a hit of a higher rarity does to the pity of this one.
enum class HigherHit : std::uint8_t {
  kKeep,    // it counts as one more pull without this rarity; a displaced
            // hard pity stays due
  kReset,   // the pity starts again
  kFreeze,  // the pull is not counted
};

struct RateUp {
  Odds share;
  AfterLoss after_loss = AfterLoss::kSameOdds;

  // The part of a rarity's weight that goes to the featured items.
  // `rarity_weight` is a multiple of the share's denominator, `guarantee` is
  // the value of the guarantee's counter (0 if the rate-up has none).
  [[nodiscard]] std::uint32_t FeaturedWeight(std::uint32_t rarity_weight,
                                             std::int16_t guarantee) const {
    return guarantee != 0 ? rarity_weight : share.WeightOf(rarity_weight);
  }
};

}  // namespace fairpull

#endif  // FAIRPULL_PITY_RATE_UP_H_
