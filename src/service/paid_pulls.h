// A pull that is paid for in the store it is drawn in has one record: the debit
// under its id, whose memo says what else the request came to.

#ifndef FAIRPULL_SRC_SERVICE_PAID_PULLS_H_
#define FAIRPULL_SRC_SERVICE_PAID_PULLS_H_

#include <optional>
#include <string>

#include "fairpull/ledger/records.h"
#include "fairpull/store/records.h"

namespace fairpull {

// What the debit for `operation` keeps of it.
[[nodiscard]] std::string MemoOf(const PullOperation& operation);

// The pull operation that `debit` paid for or was refused for; nothing where it
// is no such debit.
[[nodiscard]] std::optional<PullOperation> PaidPull(const Operation& debit);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_SERVICE_PAID_PULLS_H_
