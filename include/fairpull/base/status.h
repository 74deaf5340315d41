// Early return of errors: `FAIRPULL_RETURN_IF_ERROR(expr)` for an absl::Status,
// `FAIRPULL_ASSIGN_OR_RETURN(lhs, expr)` for an absl::StatusOr.
//
//   FAIRPULL_ASSIGN_OR_RETURN(const Odds odds, Odds::Parse("0.6%"));

#ifndef FAIRPULL_BASE_STATUS_H_
#define FAIRPULL_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define FAIRPULL_STATUS_CONCAT_INNER_(a, b) a##b
#define FAIRPULL_STATUS_CONCAT_(a, b) FAIRPULL_STATUS_CONCAT_INNER_(a, b)

#define FAIRPULL_RETURN_IF_ERROR(expr)                                  \
  do {                                                                  \
    if (absl::Status fairpull_status_ = (expr); !fairpull_status_.ok()) \
      return fairpull_status_;                                          \
  } while (false)

#define FAIRPULL_ASSIGN_OR_RETURN(lhs, expr)                                  \
  FAIRPULL_ASSIGN_OR_RETURN_(FAIRPULL_STATUS_CONCAT_(fairpull_or_, __LINE__), \
                             lhs, expr)

#define FAIRPULL_ASSIGN_OR_RETURN_(result, lhs, expr)  \
  auto result = (expr);                                \
  if (!result.ok()) return std::move(result).status(); \
  lhs = *std::move(result)

#endif  // FAIRPULL_BASE_STATUS_H_
