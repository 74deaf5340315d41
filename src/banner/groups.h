// The groups of a banner: which there are, what part of its rarity's odds each
// has in a state, and what drawing it does. Private to the banner layer.

#ifndef FAIRPULL_SRC_BANNER_GROUPS_H_
#define FAIRPULL_SRC_BANNER_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fairpull/banner/banner.h"
#include "layout.h"
#include "ratio.h"

namespace fairpull::internal {

// A group before its wheel is made.
struct GroupPlan {
  Group group;
  Ratio of_type = Odds::Certain();  // with `split`: its type's share
  std::int16_t place = 0;  // with fate points: its item's place in `featured`

  // What part of its rarity's odds the group has.
  [[nodiscard]] Ratio PartIn(const Banner& banner,
                             const RateUpState& state) const;
};

class GroupMaker {
 public:
  // `banner` has its specification, items and counters. Refers to both.
  GroupMaker(const Banner& banner, const Layout& layout)
      : banner_(banner), layout_(layout) {}

  // Every group that has items, in the order of the wheel.
  [[nodiscard]] std::vector<GroupPlan> Plans() const;

  // What drawing a group does to the counters.
  [[nodiscard]] CounterStep StepOf(const Group& group) const;

 private:
  void AddRateUp(std::uint8_t rarity, std::vector<GroupPlan>& plans) const;
  void AddOthers(std::uint8_t rarity, Pool pool,
                 std::vector<GroupPlan>& plans) const;
  void StepRarity(const Group& group, std::size_t rarity,
                  CounterStep& step) const;
  void StepRateUp(const Group& group, CounterStep& step) const;

  const Banner& banner_;
  const Layout& layout_;
};

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_BANNER_GROUPS_H_
