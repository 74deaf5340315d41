// The version of the library (semantic versioning).

#ifndef FAIRPULL_BASE_VERSION_H_
#define FAIRPULL_BASE_VERSION_H_

namespace fairpull {

inline constexpr int kVersionMajor = 0;
inline constexpr int kVersionMinor = 1;
inline constexpr int kVersionPatch = 0;
inline constexpr char kVersion[] = "0.1.0";

}  // namespace fairpull

#endif  // FAIRPULL_BASE_VERSION_H_
