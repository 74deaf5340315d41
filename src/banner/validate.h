// What a specification must fulfil beyond its form. Private to the banner
// layer.

#ifndef FAIRPULL_SRC_BANNER_VALIDATE_H_
#define FAIRPULL_SRC_BANNER_VALIDATE_H_

#include "fairpull/banner/problem.h"
#include "fairpull/banner/spec.h"

namespace fairpull::internal {

// Adds a problem for every rule that `spec` breaks.
void ValidateSpec(const BannerSpec& spec, Problems& problems);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_BANNER_VALIDATE_H_
