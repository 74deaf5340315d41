// The banners that a server knows, in every version: an operation that began
// on one version is finished on it.
//
//   FAIRPULL_ASSIGN_OR_RETURN(Catalog catalog, Catalog::Make(std::move(all)));
//   FAIRPULL_ASSIGN_OR_RETURN(auto banner, catalog.Current(id, now_ms));

#ifndef FAIRPULL_BANNER_CATALOG_H_
#define FAIRPULL_BANNER_CATALOG_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/banner/banner.h"

namespace fairpull {

// Immutable; safe to share between threads.
class Catalog {
 public:
  // InvalidArgument if two banners that are open at the same time are versions
  // of one banner with equal opening times, or share a family but not the
  // names and caps of its counters.
  [[nodiscard]] static absl::StatusOr<Catalog> Make(
      std::vector<Banner> banners);

  // The version of a banner that counts at a time: of those that are open the
  // one that opened last. NotFound for an unknown id; FailedPrecondition, with
  // the time, if it has not opened yet or is closed.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const Banner>> Current(
      const BannerId& id, std::int64_t now_ms) const;

  // The banner of this id and odds version, open or not; NotFound if there is
  // none.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<const Banner>> Version(
      const BannerId& id, absl::string_view odds_version) const;

  // Every banner, in the order given.
  [[nodiscard]] const std::vector<std::shared_ptr<const Banner>>& banners()
      const {
    return banners_;
  }

 private:
  Catalog() = default;

  std::vector<std::shared_ptr<const Banner>> banners_;
};

}  // namespace fairpull

#endif  // FAIRPULL_BANNER_CATALOG_H_
