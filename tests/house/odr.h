#ifndef FAIRPULL_TESTS_HOUSE_ODR_H_
#define FAIRPULL_TESTS_HOUSE_ODR_H_

namespace fairpull::testing {

const void* WheelSizeAsSeenByA();
const void* WheelSizeAsSeenByB();

}  // namespace fairpull::testing

#endif  // FAIRPULL_TESTS_HOUSE_ODR_H_
