// The rows of pulls, as plain values that any store can keep. (The rows of the
// ledger are in fairpull/ledger/records.h.)
//
// Every row belongs to one player. A pull's row is written once and never
// changed. A pity state is kept as the text that its rules made of it: a store
// does not look inside.
//
//   for (const PullRecord& pull : *store.Pulls(player, scope, 0, 100)) {…}

#ifndef FAIRPULL_STORE_RECORDS_H_
#define FAIRPULL_STORE_RECORDS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "fairpull/base/id.h"

namespace fairpull {

// What a player's counters stand at, after `seq` pulls in this scope.
struct PityRecord {
  PlayerId player;
  ScopeId scope;
  std::int64_t seq = 0;
  std::string state;

  friend bool operator==(const PityRecord&, const PityRecord&) = default;
};

// One draw and everything that is needed to make it again.
struct PullRecord {
  PlayerId player;
  ScopeId scope;
  // 1, 2, 3 … without a gap in each scope.
  std::int64_t seq = 0;
  // The pull operation that it is part of, and its place there from 0 on.
  OperationId pull_id;
  std::int64_t draw_index = 0;
  BannerId banner;
  std::string odds_version;
  std::int64_t seed_epoch = 0;
  ItemId item;
  std::string rarity;
  bool featured = false;
  // How many pulls it took to get this rarity, this one included.
  std::int64_t pity = 0;
  // This pull's share of what the operation cost.
  std::int64_t cost = 0;
  std::int64_t at_ms = 0;

  friend bool operator==(const PullRecord&, const PullRecord&) = default;
};

// How many of an item a player has drawn.
struct InventoryRecord {
  PlayerId player;
  ItemId item;
  std::int64_t count = 0;

  friend bool operator==(const InventoryRecord&,
                         const InventoryRecord&) = default;
};

// Where a pull operation stands. The numbers are stored: never change one.
enum class PullState {
  kIntent = 1,    // asked for, not yet paid: nothing drawn
  kDrawn = 2,     // drawn; the payment is held and still to be posted
  kDone = 3,      // drawn and paid
  kRejected = 4,  // refused for want of funds: nothing drawn
  kAborted = 5,   // given up: nothing drawn, the hold is to be voided
};

// "intent", "drawn", "done", "rejected" or "aborted".
[[nodiscard]] absl::string_view PullStateName(PullState state);

// A request for `count` pulls of a banner, under the client's id.
struct PullOperation {
  PlayerId player;
  OperationId id;
  // Empty, with count 0, where an unknown id was asked about and fenced off.
  BannerId banner;
  std::int64_t count = 0;
  // Price and schedule were read when the request came; these are what it got.
  std::string odds_version;
  std::int64_t seed_epoch = 0;
  CurrencyId currency;
  std::int64_t cost = 0;
  PullState state = PullState::kIntent;
  // Nothing is left to do for it, here or at the wallet.
  bool settled = false;
  // How often it was tried without an answer, and when to try next.
  std::int64_t attempts = 0;
  std::int64_t next_due_ms = 0;
  std::int64_t created_at_ms = 0;
  // The scope it draws in, and the seq of its first pull; 0 before the draw.
  ScopeId scope;
  std::int64_t first_seq = 0;

  friend bool operator==(const PullOperation&, const PullOperation&) = default;
};

}  // namespace fairpull

#endif  // FAIRPULL_STORE_RECORDS_H_
