// Together with odr_b.cc: every header twice in one program, so that a
// definition that is not inline fails to link.
#include "fairpull/fairpull.h"
#include "house/odr.h"

namespace fairpull::testing {

const void* WheelSizeAsSeenByA() { return &kMaxWheelSize; }

}  // namespace fairpull::testing
