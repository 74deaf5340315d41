// What a specification must fulfil beyond its form. Private to the banner
// layer.

#ifndef FAIRPULL_SRC_BANNER_VALIDATE_H_
#define FAIRPULL_SRC_BANNER_VALIDATE_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "fairpull/banner/problem.h"
#include "fairpull/banner/spec.h"

namespace fairpull::internal {

// Adds a problem for every rule that `spec` breaks.
void ValidateSpec(const BannerSpec& spec, Problems& problems);

// Its parts: how rarities are divided among items, and the rules of
// banner/rules.h.
void ValidatePools(const BannerSpec& spec, Problems& problems);
void ValidateRules(const BannerSpec& spec, Problems& problems);

// "/items/3" or "/items/3/weight".
std::string At(absl::string_view list, std::size_t index,
               absl::string_view key = "");

}  // namespace fairpull::internal

#endif  // FAIRPULL_SRC_BANNER_VALIDATE_H_
