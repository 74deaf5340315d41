// Which counters a banner has, and where each stands. Private to the banner
// layer.

#ifndef FAIRPULL_SRC_BANNER_LAYOUT_H_
#define FAIRPULL_SRC_BANNER_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "fairpull/banner/banner.h"
#include "fairpull/banner/problem.h"
#include "fairpull/pity/curve.h"

namespace fairpull::internal {

// The counters of a banner, in the order of docs/reference/banner-file.md.
struct Layout {
  std::vector<Counter> counters;
  std::vector<Counter> pool;
  std::vector<RarityCounters> rarities;
  BatchPlan plan;
  std::vector<Milestone> milestones;
  std::optional<std::size_t> spark;
  std::vector<std::size_t> discounts;
};

// The layout of a valid specification whose curves are `curves`; sets the pool
// counter and the stock of `items` that have one. A name in the file's
// `counters` that is none of these is a problem.
Layout MakeLayout(const BannerSpec& spec, const std::vector<Curve>& curves,
                  std::vector<Item>& items, Problems& problems);

// The place of a rarity that the specification was checked to have.
std::uint8_t RarityIndex(const BannerSpec& spec, const std::string& id);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_BANNER_LAYOUT_H_
