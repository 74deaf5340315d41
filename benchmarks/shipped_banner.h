// The banners that ship, for the benchmarks.

#ifndef FAIRPULL_BENCHMARKS_SHIPPED_BANNER_H_
#define FAIRPULL_BENCHMARKS_SHIPPED_BANNER_H_

#include <fstream>
#include <sstream>
#include <string>

#include "fairpull/banner/banner.h"

namespace fairpull {

inline Banner LoadShipped(const std::string& name) {
  const std::string file = name + ".json";
  std::ifstream in(std::string(FAIRPULL_SOURCE_DIR) + "/examples/banners/" +
                   file);
  std::stringstream text;
  text << in.rdbuf();
  return Banner::FromJson(text.str(), file).value();
}

}  // namespace fairpull

#endif  // FAIRPULL_BENCHMARKS_SHIPPED_BANNER_H_
