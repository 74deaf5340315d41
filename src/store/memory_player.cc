#include "memory_player.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fairpull {
namespace {

// The keys of each kind of row, as the maps have them.
OperationId KeyOf(const Operation& row) { return row.id; }
OperationId KeyOf(const Hold& row) { return row.id; }
OperationId KeyOf(const PullOperation& row) { return row.id; }
CurrencyId KeyOf(const Account& row) { return row.currency; }
ScopeId KeyOf(const PityRecord& row) { return row.scope; }
std::pair<ScopeId, std::int64_t> KeyOf(const PullRecord& row) {
  return {row.scope, row.seq};
}

// Appends the rows that `keys` name to `found`, each once.
template <class Keys, class Rows, class Found>
void Gather(const Keys& keys, const Rows& rows, std::vector<Found>& found) {
  std::set<typename Keys::value_type> seen;
  for (const auto& key : keys) {
    const auto row = rows.find(key);
    if (row != rows.end() && seen.insert(key).second) {
      found.push_back(row->second);
    }
  }
}

absl::Status Overtaken(absl::string_view what, const std::string& key) {
  return absl::AbortedError(
      absl::StrCat(what, " ", key, " was written by others meanwhile"));
}

// Whether all of `rows` are new, among those there and among themselves.
template <class Rows, class Map>
bool AllNew(const Rows& rows, const Map& present) {
  std::set<typename Map::key_type> seen;
  for (const auto& row : rows) {
    if (present.count(KeyOf(row)) != 0 || !seen.insert(KeyOf(row)).second) {
      return false;
    }
  }
  return true;
}

template <class Map, class Key>
const typename Map::mapped_type* Find(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

}  // namespace

Snapshot MemoryPlayer::Read(const ReadSet& reads) const {
  Snapshot snapshot;
  Gather(reads.operations, operations, snapshot.operations);
  Gather(reads.holds, holds, snapshot.holds);
  std::vector<CurrencyId> currencies = reads.accounts;
  if (reads.accounts_of_holds) {
    for (const Hold& hold : snapshot.holds) {
      currencies.push_back(hold.currency);
    }
  }
  Gather(currencies, accounts, snapshot.accounts);
  Gather(reads.pity, pity, snapshot.pity);
  Gather(reads.pull_operations, pull_operations, snapshot.pull_operations);
  return snapshot;
}

absl::Status MemoryPlayer::CheckGuards(const WriteSet& writes) const {
  if (!AllNew(writes.operations, operations)) {
    return Overtaken("operation", writes.operations[0].id.value());
  }
  std::set<EntryKey> seen;
  for (const Operation& row : writes.operations) {
    const EntryKey key(row.currency, row.after.seq);
    if (row.moved == 0) continue;
    if (entries_.count(key) != 0 || !seen.insert(key).second) {
      return Overtaken("entry", absl::StrCat(row.after.seq));
    }
  }
  if (!AllNew(writes.pulls, pulls)) {
    return Overtaken("pull", absl::StrCat(writes.pulls[0].seq));
  }
  std::map<CurrencyId, std::int64_t> versions;
  for (const Account& row : writes.accounts) {
    const Account* present = Find(accounts, row.currency);
    const auto version =
        versions
            .emplace(row.currency,
                     present == nullptr ? -1 : present->balance.version)
            .first;
    if (row.balance.version != version->second + 1) {
      return Overtaken("account", row.currency.value());
    }
    version->second = row.balance.version;
  }
  for (const Hold& row : writes.holds) {
    const Hold* present = Find(holds, row.id);
    if (present != nullptr && (row.state == HoldState::kPending ||
                               present->state != HoldState::kPending)) {
      return Overtaken("hold", row.id.value());
    }
  }
  for (const PityRecord& row : writes.pity) {
    const PityRecord* present = Find(pity, row.scope);
    if (present != nullptr && present->seq >= row.seq) {
      return Overtaken("pity of", row.scope.value());
    }
  }
  return absl::OkStatus();
}

void MemoryPlayer::Apply(const WriteSet& writes) {
  const auto put = [](const auto& rows, auto& present) {
    for (const auto& row : rows) present.insert_or_assign(KeyOf(row), row);
  };
  put(writes.operations, operations);
  put(writes.pulls, pulls);
  put(writes.accounts, accounts);
  put(writes.holds, holds);
  put(writes.pity, pity);
  put(writes.pull_operations, pull_operations);
  for (const Operation& row : writes.operations) {
    if (row.moved != 0)
      entries_.emplace(EntryKey(row.currency, row.after.seq), row.id);
  }
  for (const PullRecord& row : writes.pulls) {
    history_.insert(PullCursor::Of(row));
  }
  for (const InventoryRecord& row : writes.inventory) {
    const auto [present, is_new] = inventory.emplace(row.item, row);
    if (!is_new) present->second.count += row.count;
  }
}

std::vector<Entry> MemoryPlayer::Entries(const CurrencyId& currency,
                                         std::int64_t after_seq,
                                         int limit) const {
  std::vector<Entry> page;
  for (auto place = entries_.upper_bound({currency, after_seq});
       place != entries_.end() && place->first.first == currency &&
       static_cast<int>(page.size()) < limit;
       ++place) {
    page.push_back(EntryOf(operations.at(place->second)));
  }
  return page;
}

std::optional<Entry> MemoryPlayer::EntryAsOf(const CurrencyId& currency,
                                             std::int64_t at_ms) const {
  std::optional<Entry> last;
  for (auto place = entries_.lower_bound({currency, 0});
       place != entries_.end() && place->first.first == currency; ++place) {
    const Operation& operation = operations.at(place->second);
    if (operation.at_ms <= at_ms) last = EntryOf(operation);
  }
  return last;
}

std::vector<PullRecord> MemoryPlayer::History(
    const std::optional<PullCursor>& before, int limit) const {
  std::vector<PullRecord> page;
  auto place = before ? history_.lower_bound(*before) : history_.end();
  while (place != history_.begin() && static_cast<int>(page.size()) < limit) {
    --place;
    page.push_back(pulls.at({place->scope, place->seq}));
  }
  return page;
}

}  // namespace fairpull
