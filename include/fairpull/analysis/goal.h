// What a player pulls for.
//
//   FAIRPULL_ASSIGN_OR_RETURN(Goal goal,
//                             Goal::Parse(banner, "featured:5-star"));

#ifndef FAIRPULL_ANALYSIS_GOAL_H_
#define FAIRPULL_ANALYSIS_GOAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/banner/banner.h"

namespace fairpull {

// A goal on one banner. Immutable; safe to share between threads.
class Goal {
 public:
  enum class Kind : std::uint8_t {
    kRarity,      // any item of a rarity
    kFeatured,    // any featured item of it
    kChosen,      // the item chosen for its fate points
    kItem,        // one item
    kCollection,  // each of several items, once
  };

  // "rarity:R", "featured:R", "chosen:R", "item:ID" or "all:ID,ID,…".
  // InvalidArgument, with what this banner has, for anything else.
  [[nodiscard]] static absl::StatusOr<Goal> Parse(const Banner& banner,
                                                  absl::string_view text);

  [[nodiscard]] Kind kind() const { return kind_; }
  // With kRarity, kFeatured and kChosen: into Banner::rarities().
  [[nodiscard]] std::uint8_t rarity() const { return rarity_; }
  // With kItem and kCollection: into Banner::items(), each once.
  [[nodiscard]] const std::vector<std::uint16_t>& items() const {
    return items_;
  }
  [[nodiscard]] const std::string& text() const { return text_; }

  // Whether an exchange of spark points can give it.
  [[nodiscard]] bool IsExchangeable(const Banner& banner) const;

 private:
  Goal() = default;

  Kind kind_ = Kind::kRarity;
  std::uint8_t rarity_ = 0;
  std::vector<std::uint16_t> items_;
  std::string text_;
};

}  // namespace fairpull

#endif  // FAIRPULL_ANALYSIS_GOAL_H_
