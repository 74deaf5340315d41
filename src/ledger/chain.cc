#include "fairpull/ledger/chain.h"

#include "absl/strings/str_cat.h"
#include "fairpull/base/digest.h"

namespace fairpull {

std::string ChainHash(absl::string_view before, const Entry& entry) {
  return HexSha256(absl::StrCat(
      before, "\n", entry.player.value(), "\n", entry.currency.value(), "\n",
      entry.seq, "\n", entry.operation.value(), "\n", entry.counterparty.name(),
      "\n", entry.amount, "\n", entry.balance_after, "\n", entry.at_ms));
}

}  // namespace fairpull
