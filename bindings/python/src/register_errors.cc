// absl::Status becomes an exception of fairpull.errors, by its code.

#include <cstdint>
#include <optional>
#include <string>

#include "fairpull/service/pull_request.h"
#include "register.h"

namespace fairpull::python {
namespace {

namespace py = pybind11;

// The class of fairpull.errors for a status; the table is in
// docs/reference/errors.md.
const char* ClassFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return "InvalidArgumentError";
    case absl::StatusCode::kNotFound:
      return "NotFoundError";
    case absl::StatusCode::kFailedPrecondition:
      return "FailedPreconditionError";
    case absl::StatusCode::kAlreadyExists:
      return "AlreadyExistsError";
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
      return "StoreUnavailableError";
    case absl::StatusCode::kResourceExhausted:
      return "ResourceExhaustedError";
    case absl::StatusCode::kPermissionDenied:
      return "StorePermissionError";
    case absl::StatusCode::kDataLoss:
      return "DataLossError";
    default:
      return "InternalError";
  }
}

// A wrong price and a conflicting request carry what Python shows as an
// attribute.
py::object ExceptionFor(const absl::Status& status) {
  const py::module_ errors = py::module_::import("fairpull.errors");
  const std::string message(status.message());
  if (const std::optional<std::int64_t> price = PriceIn(status)) {
    return errors.attr("WrongPrice")(message, *price);
  }
  if (const std::optional<std::string> field = ConflictingFieldIn(status)) {
    return errors.attr("IdConflict")("id_conflict", py::arg("field") = *field);
  }
  if (const std::optional<BannerRefusal> refusal = BannerRefusalIn(status)) {
    return errors.attr(*refusal == BannerRefusal::kUnknown
                           ? "UnknownBanner"
                           : "BannerClosed")(message);
  }
  return errors.attr(ClassFor(status.code()))(message);
}

void SetError(const absl::Status& status) {
  const py::object exception = ExceptionFor(status);
  py::set_error(py::type::of(exception), exception);
}

}  // namespace

void RegisterErrors(py::module_& /*module*/) {
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const StatusError& error) {
      SetError(error.status());
    }
  });
}

}  // namespace fairpull::python
