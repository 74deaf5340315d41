// Where this checkout lies. Known to one small file alone, so that a compiler
// cache serves checkouts in other places with all others.

#ifndef FAIRPULL_TESTS_SOURCE_DIR_H_
#define FAIRPULL_TESTS_SOURCE_DIR_H_

#include <filesystem>

namespace fairpull::testing {

[[nodiscard]] std::filesystem::path SourceDir();

}  // namespace fairpull::testing

#endif  // FAIRPULL_TESTS_SOURCE_DIR_H_
