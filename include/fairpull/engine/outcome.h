// The result of one pull, as indices into the banner that drew it.

#ifndef FAIRPULL_ENGINE_OUTCOME_H_
#define FAIRPULL_ENGINE_OUTCOME_H_

#include <cstdint>

namespace fairpull {

struct Outcome {
  std::uint16_t item = 0;   // into Banner::items()
  std::uint8_t group = 0;   // into Banner::groups()
  std::uint8_t rarity = 0;  // into Banner::rarities(); 0 is the highest

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

}  // namespace fairpull

#endif  // FAIRPULL_ENGINE_OUTCOME_H_
