#include "fairpull/service/server_seeds.h"

#include "absl/strings/str_cat.h"

namespace fairpull {

absl::StatusOr<ServerSeeds> ServerSeeds::Make(
    std::map<std::int64_t, ServerSeed> seeds, std::int64_t current) {
  if (seeds.count(current) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the current epoch ", current, " has no seed among the ",
                     seeds.size(), " given"));
  }
  return ServerSeeds(std::move(seeds), current);
}

absl::StatusOr<const ServerSeed*> ServerSeeds::Find(std::int64_t epoch) const {
  const auto found = seeds_.find(epoch);
  if (found != seeds_.end()) return &found->second;
  return absl::NotFoundError(absl::StrCat(
      "the server seed of epoch ", epoch,
      " is not here; keep each as long as its draws are to be made again"));
}

}  // namespace fairpull
