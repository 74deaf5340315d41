// The odds of each rarity in a counter state: curves, what gives way, and the
// batch's rules, in that order. Private to the banner layer.

#ifndef FAIRPULL_SRC_BANNER_TIER_ODDS_H_
#define FAIRPULL_SRC_BANNER_TIER_ODDS_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "fairpull/banner/spec.h"
#include "fairpull/pity/counter.h"
#include "fairpull/pity/curve.h"
#include "layout.h"
#include "ratio.h"

namespace fairpull::internal {

// Of a valid specification. Refers to its arguments.
class TierOdds {
 public:
  TierOdds(const BannerSpec& spec, const Layout& layout,
           const std::vector<Curve>& curves);

  // What each rarity's odds are in `value`, highest first; they sum to 1.
  [[nodiscard]] std::vector<Ratio> In(const LaneArray& value) const;

  // Every odds of a curve or table, for the size of a common wheel, each
  // with the rarity that they are of.
  [[nodiscard]] std::vector<std::pair<std::size_t, Odds>> Entries() const;

  // A rate-up's counters in `value`.
  [[nodiscard]] RateUpState RateUpIn(std::size_t rarity,
                                     const LaneArray& value) const;

 private:
  using Table = std::vector<Ratio>;

  [[nodiscard]] Table Listed(const OddsTable& table) const;
  [[nodiscard]] Table Curves(const LaneArray& value) const;
  [[nodiscard]] Table Box(const LaneArray& value) const;
  [[nodiscard]] Table Overflowed(const Table& odds) const;
  // `table`, but for a rarity that is certain by its pity: that takes what the
  // table leaves below the higher ones.
  [[nodiscard]] Table Replaced(const Table& curves,
                               const OddsTable& table) const;
  [[nodiscard]] const OddsTable* SlotIn(const LaneArray& value) const;
  void ApplyNeeds(const LaneArray& value, Table& odds) const;

  const BannerSpec& spec_;
  const Layout& layout_;
  const std::vector<Curve>& curves_;
  const BatchSpec* ruled_ = nullptr;  // the batch that has rules
};

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_BANNER_TIER_ODDS_H_
