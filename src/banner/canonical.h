// The canonical text of a compiled banner, which its odds version is the
// digest of. Private to the banner layer.

#ifndef FAIRPULL_SRC_BANNER_CANONICAL_H_
#define FAIRPULL_SRC_BANNER_CANONICAL_H_

#include <string>

#include "fairpull/banner/banner.h"

namespace fairpull::internal {

// JSON without spaces, keys sorted, integers and ASCII strings only. Names,
// descriptions, sources and the schedule are left out: they change no draw.
std::string CanonicalJson(const Banner& banner);

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_BANNER_CANONICAL_H_
