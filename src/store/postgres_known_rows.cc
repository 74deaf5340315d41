#include "postgres_known_rows.h"

#include <algorithm>

namespace fairpull {
namespace {

// Puts `row` in place of the one with the same key, or beside the others.
template <class Row, class Key>
void Put(const Row& row, const Key& key, std::vector<Row>& rows) {
  const auto same = [&](const Row& other) { return key(other) == key(row); };
  const auto found = std::find_if(rows.begin(), rows.end(), same);
  if (found == rows.end()) {
    rows.push_back(row);
  } else {
    *found = row;
  }
}

void PutAll(const std::vector<Account>& accounts,
            const std::vector<PityRecord>& pity, Snapshot& rows) {
  for (const Account& row : accounts) {
    Put(row, [](const Account& a) { return a.currency; }, rows.accounts);
  }
  for (const PityRecord& row : pity) {
    Put(row, [](const PityRecord& p) { return p.scope; }, rows.pity);
  }
}

}  // namespace

std::optional<Snapshot> PostgresKnownRows::Find(const ReadSet& reads) {
  if (reads.accounts.empty() || reads.accounts_of_holds ||
      !reads.holds.empty() || !reads.pull_operations.empty()) {
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  const auto found = by_player_.find(reads.player);
  if (found == by_player_.end()) return std::nullopt;
  used_.splice(used_.begin(), used_, found->second);
  const Snapshot& known = used_.front().snapshot;
  Snapshot snapshot;
  for (const CurrencyId& currency : reads.accounts) {
    const Account* account = known.FindAccount(currency);
    if (account == nullptr) return std::nullopt;
    Put(
        *account, [](const Account& a) { return a.currency; },
        snapshot.accounts);
  }
  for (const ScopeId& scope : reads.pity) {
    const PityRecord* pity = known.FindPity(scope);
    if (pity == nullptr) return std::nullopt;
    Put(*pity, [](const PityRecord& p) { return p.scope; }, snapshot.pity);
  }
  return snapshot;
}

std::vector<bool> PostgresKnownRows::Owned(const PlayerId& player,
                                           const WriteSet& writes) {
  std::vector<bool> owned(writes.inventory.size());
  if (writes.pity.size() != 1) return owned;
  const std::lock_guard lock(mutex_);
  const auto found = by_player_.find(player);
  if (found == by_player_.end()) return owned;
  for (std::size_t i = 0; i < owned.size(); ++i) {
    owned[i] = found->second->items.contains(
        {writes.pity[0].scope, writes.inventory[i].item});
  }
  return owned;
}

void PostgresKnownRows::Keep(const PlayerId& player, const Snapshot& read,
                             const WriteSet& written) {
  if (most_players_ == 0) return;
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = by_player_.try_emplace(player, used_.end());
  if (is_new) {
    used_.push_front({.player = player, .snapshot = {}, .items = {}});
  } else {
    used_.splice(used_.begin(), used_, place->second);
  }
  place->second = used_.begin();
  PutAll(read.accounts, read.pity, used_.front().snapshot);
  PutAll(written.accounts, written.pity, used_.front().snapshot);
  if (written.pity.size() == 1) {
    auto& items = used_.front().items;
    for (const InventoryRecord& row : written.inventory) {
      if (items.size() == kMostItems) break;
      items.emplace(written.pity[0].scope, row.item);
    }
  }
  if (used_.size() > most_players_) {
    by_player_.erase(used_.back().player);
    used_.pop_back();
  }
}

void PostgresKnownRows::Forget(const PlayerId& player) {
  const std::lock_guard lock(mutex_);
  const auto found = by_player_.find(player);
  if (found == by_player_.end()) return;
  used_.erase(found->second);
  by_player_.erase(found);
}

}  // namespace fairpull
