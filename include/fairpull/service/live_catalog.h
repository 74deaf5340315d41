// The catalog of a service that goes on while banners come and change.
//
//   const std::shared_ptr<const Catalog> catalog = live.Now();
//   // the same banners until this call is done, whoever replaces them

#ifndef FAIRPULL_SERVICE_LIVE_CATALOG_H_
#define FAIRPULL_SERVICE_LIVE_CATALOG_H_

#include <memory>
#include <mutex>
#include <utility>

#include "fairpull/banner/catalog.h"

namespace fairpull {

// Safe for use by several threads at once.
class LiveCatalog {
 public:
  explicit LiveCatalog(Catalog catalog)
      : catalog_(std::make_shared<const Catalog>(std::move(catalog))) {}

  [[nodiscard]] std::shared_ptr<const Catalog> Now() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return catalog_;
  }

  void Replace(Catalog catalog) {
    auto next = std::make_shared<const Catalog>(std::move(catalog));
    const std::lock_guard<std::mutex> lock(mutex_);
    catalog_.swap(next);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Catalog> catalog_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_LIVE_CATALOG_H_
