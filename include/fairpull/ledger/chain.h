// The hash chain of an account: each entry's hash covers the one before, so
// that a row which is changed, left out or put in afterwards shows.
//
//   entry.hash = ChainHash(account.chain, entry);
//
// The bytes that are hashed are the hash before in hexadecimal (nothing before
// the first entry), then player, currency, seq, operation, counterparty,
// amount, balance_after and at_ms in this order, numbers in decimal, each after
// a line feed.

#ifndef FAIRPULL_LEDGER_CHAIN_H_
#define FAIRPULL_LEDGER_CHAIN_H_

#include <string>

#include "absl/strings/string_view.h"
#include "fairpull/ledger/records.h"

namespace fairpull {

// SHA-256 in hexadecimal. Entry::hash is not looked at.
[[nodiscard]] std::string ChainHash(absl::string_view before,
                                    const Entry& entry);

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_CHAIN_H_
