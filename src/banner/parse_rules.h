// Reads the rules of a banner file beyond its rarities. Private to the banner
// layer.

#ifndef FAIRPULL_SRC_BANNER_PARSE_RULES_H_
#define FAIRPULL_SRC_BANNER_PARSE_RULES_H_

#include "fairpull/banner/problem.h"
#include "fairpull/banner/spec.h"
#include "json_fields.h"

namespace fairpull::internal {

// Prices, batches, discounts, spark, milestones, collections, step-up, box and
// counters, from the top level of a file.
void ReadRules(Fields& fields, BannerSpec& spec, Problems& problems);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_BANNER_PARSE_RULES_H_
