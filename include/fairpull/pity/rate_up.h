// Rate-up: a share of a rarity goes to the featured items, the rest to the
// others; and the rules that make a featured hit certain: a guarantee after a
// loss, a streak of losses, fate points for a chosen item, a longest wait.
//
//   RateUp rate_up{.share = *Odds::Parse("50%"),
//                  .after_loss = AfterLoss::kGuaranteed};
//   rate_up.WayOf({.guarantee = 1});  // Way::kGuaranteed: featured for certain

#ifndef FAIRPULL_PITY_RATE_UP_H_
#define FAIRPULL_PITY_RATE_UP_H_

#include <cstdint>
#include <optional>

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

// What is drawn from when the rate-up is lost.
enum class OffPool : std::uint8_t {
  kOthers,            // the items that are not featured
  kAllFeaturedWins,   // all of the rarity; a featured item there is a win
  kAllFeaturedLoses,  // all of the rarity; a featured item there is a loss
};

// A counter that a loss raises and a win lowers; at `certain_at` the hit is
// featured and the counter becomes `then`.
struct LossStreak {
  std::int16_t start = 0;
  std::int16_t certain_at = 0;
  std::int16_t then = 0;
};

// With `certain_at` points, one for each hit that is not the chosen featured
// item, the hit is the chosen one.
struct FatePoints {
  std::int16_t certain_at = 0;
};

// A longest wait for a featured hit.
struct FeaturedWithin {
  std::int16_t pulls = 0;
  // Whether the `pulls`-th pull itself is featured, or the first hit of the
  // rarity after `pulls` pulls.
  bool pull_itself = true;
  bool once = false;  // only until the first featured hit, ever
};

// How a hit of a rarity with a rate-up came to its pool.
enum class Way : std::uint8_t {
  kNone,        // there is no rate-up
  kWon,         // featured by the share
  kGuaranteed,  // featured for certain, after a loss or a longest wait
  kStreak,      // featured by a streak of losses
  kChosen,      // featured, and the chosen item
  kMissed,      // featured, and not the chosen item
  kLost,        // not by the rate-up
};

// The values of a rate-up's counters.
struct RateUpState {
  std::int16_t guarantee = 0;
  std::int16_t losses = 0;
  std::int16_t fate = 0;
  std::int16_t chosen = 0;
  std::int16_t featured_pity = 0;
  std::int16_t featured_spent = 0;
};

struct RateUp {
  Odds share;
  AfterLoss after_loss = AfterLoss::kSameOdds;
  OffPool off_pool = OffPool::kOthers;
  std::optional<LossStreak> loss_streak;
  std::optional<FatePoints> fate_points;
  std::optional<FeaturedWithin> featured_within;

  // Whether the longest wait is over.
  [[nodiscard]] bool IsDue(const RateUpState& state) const {
    if (!featured_within.has_value() || state.featured_spent != 0) return false;
    return state.featured_pity >=
           featured_within->pulls - (featured_within->pull_itself ? 1 : 0);
  }
  // Whether the next pull is of this rarity for certain because of it.
  [[nodiscard]] bool ForcesPull(const RateUpState& state) const {
    return IsDue(state) && featured_within->pull_itself;
  }

  // What decides the pool of the next hit, in the order of precedence: kChosen
  // (full fate points), kGuaranteed, kStreak, or kWon: the share decides.
  [[nodiscard]] Way WayOf(const RateUpState& state) const {
    if (IsDue(state)) return Way::kGuaranteed;
    if (fate_points.has_value() && state.fate >= fate_points->certain_at) {
      return Way::kChosen;
    }
    if (state.guarantee != 0) return Way::kGuaranteed;
    if (loss_streak.has_value() && state.losses >= loss_streak->certain_at) {
      return Way::kStreak;
    }
    return Way::kWon;
  }
};

}  // namespace fairpull

#endif  // FAIRPULL_PITY_RATE_UP_H_
