// What PostgreSQL's error codes mean in the terms of Store's contract.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_STATUS_H_
#define FAIRPULL_SRC_STORE_POSTGRES_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fairpull {

// The error that the server reported by the five characters `sqlstate`, or that
// the connection itself had if that is empty. The message says where, what and,
// where there is something, what to do.
absl::Status PostgresError(absl::string_view where, absl::string_view sqlstate,
                           absl::string_view message);

// Finds the code in a message of a connection whose errors are verbose; empty
// if the server sent none.
std::string SqlStateIn(absl::string_view message);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_STATUS_H_
