// Together with odr_a.cc: every header twice in one program, so that a
// definition that is not inline fails to link.
#include "fairpull/fairpull.h"
#include "house/odr.h"

namespace fairpull::testing {

const void* WheelSizeAsSeenByB() { return &kMaxWheelSize; }

}  // namespace fairpull::testing
