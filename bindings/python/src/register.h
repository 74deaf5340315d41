// The parts that the module is put together from, one for each layer, and what
// they share.

#ifndef FAIRPULL_BINDINGS_REGISTER_H_
#define FAIRPULL_BINDINGS_REGISTER_H_

#include <pybind11/pybind11.h>

#include <stdexcept>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fairpull::python {

void RegisterErrors(pybind11::module_& module);
void RegisterBanner(pybind11::module_& module);
void RegisterAnalysis(pybind11::module_& module);
void RegisterStore(pybind11::module_& module);
void RegisterCache(pybind11::module_& module);
void RegisterService(pybind11::module_& module);
void RegisterSimulation(pybind11::module_& module);

// A status on its way to Python, where it becomes the exception of
// fairpull.errors that fits its code.
class StatusError : public std::runtime_error {
 public:
  explicit StatusError(absl::Status status)
      : std::runtime_error(std::string(status.message())),
        status_(std::move(status)) {}

  [[nodiscard]] const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

inline void ThrowIfError(const absl::Status& status) {
  if (!status.ok()) throw StatusError(status);
}

// The value, or StatusError.
template <class T>
T ValueOrThrow(absl::StatusOr<T> value) {
  ThrowIfError(value.status());
  return *std::move(value);
}

}  // namespace fairpull::python

#endif  // FAIRPULL_BINDINGS_REGISTER_H_
