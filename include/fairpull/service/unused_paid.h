// How much of what players paid for they have not used yet, as of a time: the
// total that some laws want known, and the worth of what is still owed to
// players. (Japan's Payment Services Act has it reported twice a year.)
//
//   FAIRPULL_ASSIGN_OR_RETURN(auto lines, UnusedPaid(store, as_of_ms));

#ifndef FAIRPULL_SERVICE_UNUSED_PAID_H_
#define FAIRPULL_SERVICE_UNUSED_PAID_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/base/id.h"
#include "fairpull/store/store.h"

namespace fairpull {

// One currency of the game.
struct UnusedPaidLine {
  CurrencyId currency;
  std::int64_t players = 0;   // who have any
  std::int64_t amount = 0;    // left in paid lots, what is held included
  std::int64_t unpriced = 0;  // of it in lots whose price is not known
  // What was paid for the rest, by currency (ISO 4217) in its smallest unit:
  // each lot's price times the part of it that is left, rounded down.
  std::map<std::string, std::int64_t> worth;
};

// A line for each currency in which anything paid is left, by currency, from
// the operations of all players whose time is at most `as_of_ms`. Errors as
// Store; OutOfRange if a sum passes 63 bits. Reads every operation: a report,
// not a request of a game.
[[nodiscard]] absl::StatusOr<std::vector<UnusedPaidLine>> UnusedPaid(
    Store& store, std::int64_t as_of_ms);

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_UNUSED_PAID_H_
