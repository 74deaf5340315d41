#include "rows_check.h"

#include <cstddef>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fairpull/base/status.h"
#include "fairpull/ledger/amount.h"
#include "fairpull/store/store.h"

namespace fairpull {
namespace {

absl::Status Broken(const std::string& row, absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat(row, ": ", rule));
}

absl::Status Check(const Operation& row) {
  const std::string name = absl::StrCat("operation ", row.id.value());
  if (row.id.empty()) return Broken(name, "the id is empty");
  if (row.amount < 0 || row.amount > kMaxAmount) {
    return Broken(name, "the amount must be 0 to 2^53 - 1");
  }
  if (row.memo.size() > kMaxMemo) {
    return Broken(
        name, absl::StrCat("the memo has ", row.memo.size(), " bytes; at most ",
                           kMaxMemo, " are allowed"));
  }
  if (row.moved == 0) return absl::OkStatus();
  if (row.currency.empty()) return Broken(name, "the currency is empty");
  if (row.moved < -kMaxAmount || row.moved > kMaxAmount) {
    return Broken(name, "at most 2^53 - 1 can move either way");
  }
  if (row.after.seq < 1) return Broken(name, "the seq must be at least 1");
  if (row.after.posted < -kMaxAmount || row.after.posted > kMaxAmount) {
    return Broken(name, "the balance after must be within 2^53 - 1 of 0");
  }
  if (row.hash.size() != 64) return Broken(name, "the hash is no SHA-256");
  return absl::OkStatus();
}

absl::Status Check(const Account& row) {
  const std::string name = absl::StrCat("account ", row.currency.value());
  if (row.currency.empty()) return Broken(name, "the currency is empty");
  const Balance& balance = row.balance;
  if (balance.posted < -kMaxAmount || balance.posted > kMaxAmount ||
      row.debt < 0 || row.debt > kMaxAmount || balance.held < 0 ||
      balance.held > balance.posted + row.debt) {
    return Broken(name,
                  "0 <= held <= posted + debt must hold, and no amount pass "
                  "2^53 - 1");
  }
  if (balance.seq < 0 || balance.version < balance.seq) {
    return Broken(name, "0 <= seq <= version must hold");
  }
  return absl::OkStatus();
}

absl::Status Check(const Hold& row) {
  const std::string name = absl::StrCat("hold ", row.id.value());
  if (row.id.empty()) return Broken(name, "the id is empty");
  if (row.amount < 0 || row.amount > kMaxAmount || row.posted_amount < 0 ||
      row.posted_amount > row.amount) {
    return Broken(name, "0 <= posted <= amount <= 2^53 - 1 must hold");
  }
  return absl::OkStatus();
}

absl::Status Check(const PityRecord& row) {
  const std::string name = absl::StrCat("pity of ", row.scope.value());
  if (row.scope.empty()) return Broken(name, "the scope is empty");
  if (row.seq < 0) return Broken(name, "the seq must be at least 0");
  return absl::OkStatus();
}

absl::Status Check(const PullRecord& row) {
  const std::string name =
      absl::StrCat("pull ", row.seq, " in ", row.scope.value());
  if (row.scope.empty()) return Broken(name, "the scope is empty");
  if (row.seq < 1) return Broken(name, "the seq must be at least 1");
  if (row.cost < 0 || row.cost > kMaxAmount) {
    return Broken(name, "the cost must be 0 to 2^53 - 1");
  }
  return absl::OkStatus();
}

absl::Status Check(const PullOperation& row) {
  const std::string name = absl::StrCat("pull operation ", row.id.value());
  if (row.id.empty()) return Broken(name, "the id is empty");
  if (row.cost < 0 || row.cost > kMaxAmount || row.count < 0) {
    return Broken(name, "count and cost must not be negative");
  }
  return absl::OkStatus();
}

absl::Status Check(const InventoryRecord& row) {
  const std::string name = absl::StrCat("inventory of ", row.item.value());
  if (row.item.empty()) return Broken(name, "the item is empty");
  if (row.count < 1) return Broken(name, "the count must be at least 1");
  return absl::OkStatus();
}

template <class Rows>
absl::Status CheckAll(const PlayerId& player, const Rows& rows) {
  for (const auto& row : rows) {
    if (row.player != player) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a row of player \"", row.player.value(),
          "\" in a transaction of player \"", player.value(), "\""));
    }
    FAIRPULL_RETURN_IF_ERROR(Check(row));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRows(const PlayerId& player, const WriteSet& writes) {
  FAIRPULL_RETURN_IF_ERROR(CheckAll(player, writes.operations));
  FAIRPULL_RETURN_IF_ERROR(CheckAll(player, writes.pulls));
  FAIRPULL_RETURN_IF_ERROR(CheckAll(player, writes.accounts));
  FAIRPULL_RETURN_IF_ERROR(CheckAll(player, writes.holds));
  FAIRPULL_RETURN_IF_ERROR(CheckAll(player, writes.pity));
  FAIRPULL_RETURN_IF_ERROR(CheckAll(player, writes.pull_operations));
  return CheckAll(player, writes.inventory);
}

absl::Status CheckPageLimit(int limit) {
  if (limit >= 1 && limit <= kMaxPage) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a page of ", limit, " rows; 1 to ", kMaxPage, " are allowed"));
}

absl::Status CheckPlayer(const PlayerId& player) {
  if (!player.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("the read set names no player");
}

absl::Status CheckPlayers(absl::Span<const ReadSet> reads) {
  if (reads.empty()) {
    return absl::InvalidArgumentError("a group of players has nobody in it");
  }
  std::set<PlayerId> seen;
  for (const ReadSet& read : reads) {
    FAIRPULL_RETURN_IF_ERROR(CheckPlayer(read.player));
    if (!seen.insert(read.player).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("player ", read.player.value(),
                       " is in the group twice; one read set names all rows"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRowsOfEach(absl::Span<const PlayerId> players,
                             absl::Span<const WriteSet> writes) {
  if (writes.size() != players.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(writes.size(), " write sets for ", players.size(),
                     " players; give an empty one for who writes nothing"));
  }
  for (std::size_t i = 0; i < writes.size(); ++i) {
    FAIRPULL_RETURN_IF_ERROR(CheckRows(players[i], writes[i]));
  }
  return absl::OkStatus();
}

}  // namespace fairpull
