// A store as Python holds it: closed at a chosen moment, while other threads
// may still be inside a call.

#ifndef FAIRPULL_BINDINGS_STORE_HANDLE_H_
#define FAIRPULL_BINDINGS_STORE_HANDLE_H_

#include <pybind11/functional.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "fairpull/service/clock.h"
#include "fairpull/store/store.h"
#include "register.h"

namespace fairpull::python {

// What a store's cache has counted, and what went wrong with it last.
struct CacheReport {
  std::map<std::string, std::int64_t> counters;
  std::string last_error;
};

// Safe for use by several threads at once.
class StoreHandle {
 public:
  // `report` tells of the store's cache, if it has one.
  explicit StoreHandle(std::unique_ptr<Store> store,
                       std::function<CacheReport()> report = nullptr)
      : store_(std::move(store)), report_(std::move(report)) {}

  // The store, which stays open as long as the pointer is held; StatusError
  // (FailedPrecondition) once it is closed.
  [[nodiscard]] std::shared_ptr<Store> Pin() const {
    const std::lock_guard lock(mutex_);
    if (store_ == nullptr) {
      throw StatusError(absl::FailedPreconditionError("the store is closed"));
    }
    return store_;
  }

  // Of the cache, nothing if there is none; fails as Pin does.
  [[nodiscard]] std::optional<CacheReport> Report() const {
    const std::shared_ptr<Store> pinned = Pin();
    if (report_ == nullptr) return std::nullopt;
    return report_();
  }

  // Closes it as soon as the calls that are under way have ended.
  void Close() {
    std::shared_ptr<Store> dropped;
    const std::lock_guard lock(mutex_);
    dropped.swap(store_);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Store> store_;
  const std::function<CacheReport()> report_;
};

// A service over a store, which it keeps from being destroyed during a call.
template <class Service>
class OverStore {
 public:
  template <class... Args>
  explicit OverStore(std::shared_ptr<StoreHandle> handle, Args&&... args)
      : handle_(std::move(handle)),
        service_(*handle_->Pin(), std::forward<Args>(args)...) {}

  // The result of `call(service)`, without the interpreter's lock; a status
  // that is not OK is thrown.
  template <class Call>
  auto Run(Call&& call) {
    const pybind11::gil_scoped_release unlocked;
    const std::shared_ptr<Store> pinned = handle_->Pin();
    return ValueOrThrow(call(service_));
  }

  // For what neither fails nor waits for the store.
  [[nodiscard]] Service& service() { return service_; }

 private:
  std::shared_ptr<StoreHandle> handle_;
  Service service_;
};

// The clock that Python gave, or the system's.
inline Clock ClockOr(std::optional<std::function<std::int64_t()>> clock) {
  if (clock.has_value()) return *std::move(clock);
  return SystemClock();
}

}  // namespace fairpull::python

#endif  // FAIRPULL_BINDINGS_STORE_HANDLE_H_
