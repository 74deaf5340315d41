// The hash chain of an account: the hash of each operation that moved something
// covers the one before, so that a row which is changed, left out or put in
// afterwards shows.
//
//   operation.hash = ChainHash(account.chain, operation);
//
// The bytes that are hashed are the hash before in hexadecimal (nothing before
// the first), then those of its entry: player, currency, seq, operation,
// counterparty, amount, balance_after and at_ms in this order, numbers in
// decimal, each after a line feed.

#ifndef FAIRPULL_LEDGER_CHAIN_H_
#define FAIRPULL_LEDGER_CHAIN_H_

#include <string>

#include "absl/strings/string_view.h"
#include "fairpull/ledger/records.h"

namespace fairpull {

// SHA-256 in hexadecimal. Operation::hash is not looked at.
[[nodiscard]] std::string ChainHash(absl::string_view before,
                                    const Operation& operation);

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_CHAIN_H_
