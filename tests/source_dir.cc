#include "source_dir.h"

namespace fairpull::testing {

std::filesystem::path SourceDir() { return FAIRPULL_SOURCE_DIR; }

}  // namespace fairpull::testing
