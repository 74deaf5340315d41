#include "fairpull/ledger/chain.h"

#include "absl/strings/str_cat.h"
#include "fairpull/base/digest.h"

namespace fairpull {

std::string ChainHash(absl::string_view before, const Operation& operation) {
  return HexSha256(absl::StrCat(
      before, "\n", operation.player.value(), "\n", operation.currency.value(),
      "\n", operation.after.seq, "\n", operation.id.value(), "\n",
      operation.counterparty.name(), "\n", operation.moved, "\n",
      operation.after.posted, "\n", operation.at_ms));
}

}  // namespace fairpull
