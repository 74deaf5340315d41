// The secrets that live draws are made from, by epoch.
//
// A pull is drawn from the epoch that was current when it was asked for, and
// can be drawn again as long as that epoch's seed is kept.
//
//   FAIRPULL_ASSIGN_OR_RETURN(
//       auto seeds, ServerSeeds::Make({{1, seed}}, /*current=*/1));

#ifndef FAIRPULL_SERVICE_SERVER_SEEDS_H_
#define FAIRPULL_SERVICE_SERVER_SEEDS_H_

#include <cstdint>
#include <map>
#include <utility>

#include "absl/status/statusor.h"
#include "fairpull/random/server_seed.h"

namespace fairpull {

// Immutable; safe to share between threads.
class ServerSeeds {
 public:
  // InvalidArgument if `current` is none of the epochs.
  [[nodiscard]] static absl::StatusOr<ServerSeeds> Make(
      std::map<std::int64_t, ServerSeed> seeds, std::int64_t current);

  // The epoch that new pulls are drawn from.
  [[nodiscard]] std::int64_t current() const { return current_; }

  // The seed of an epoch, which lives as long as this; NotFound if it is not
  // kept here.
  [[nodiscard]] absl::StatusOr<const ServerSeed*> Find(
      std::int64_t epoch) const;

 private:
  ServerSeeds(std::map<std::int64_t, ServerSeed> seeds, std::int64_t current)
      : seeds_(std::move(seeds)), current_(current) {}

  std::map<std::int64_t, ServerSeed> seeds_;
  std::int64_t current_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_SERVER_SEEDS_H_
