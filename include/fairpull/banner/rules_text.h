// The rules of a banner in words: what a player is shown beside the odds. What
// laws and shops ask to be disclosed is more than percentages: what becomes
// certain and when, what a batch promises, what is paid and given.
//
//   for (const RuleText& rule : DescribeRules(banner.spec())) {
//     std::cout << rule.text << "\n";  // "gold: certain at pull 8 since …"
//   }

#ifndef FAIRPULL_BANNER_RULES_TEXT_H_
#define FAIRPULL_BANNER_RULES_TEXT_H_

#include <string>
#include <vector>

#include "fairpull/banner/spec.h"

namespace fairpull {

struct RuleText {
  std::string pointer;  // a JSON pointer to the rule in the banner's file
  std::string text;     // a sentence in English, without a full stop
};

// Every rule that the file states, but for the odds of a first pull: prices
// first, then rarity by rarity, then batches and the others, in the order of
// the reference of banner files. `spec` is one that compiles.
[[nodiscard]] std::vector<RuleText> DescribeRules(const BannerSpec& spec);

}  // namespace fairpull

#endif  // FAIRPULL_BANNER_RULES_TEXT_H_
