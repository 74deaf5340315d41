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

// Whether none of the rows that were read is another than the one known.
bool SeesTheSame(const Snapshot& read, const Snapshot& known) {
  return std::all_of(
             read.accounts.begin(), read.accounts.end(),
             [&](const Account& account) {
               const Account* before = known.FindAccount(account.currency);
               return before == nullptr ||
                      (before->chain == account.chain &&
                       before->balance.version == account.balance.version);
             }) &&
         std::all_of(
             read.pity.begin(), read.pity.end(), [&](const PityRecord& pity) {
               const PityRecord* before = known.FindPity(pity.scope);
               return before == nullptr ||
                      (before->seq == pity.seq && before->state == pity.state);
             });
}

}  // namespace

std::optional<PostgresKnownRows::Known> PostgresKnownRows::Find(
    const ReadSet& reads) {
  if (reads.accounts.empty() || reads.accounts_of_holds ||
      !reads.holds.empty() || !reads.pull_operations.empty()) {
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  const auto found = by_player_.find(reads.player);
  if (found == by_player_.end()) return std::nullopt;
  used_.splice(used_.begin(), used_, found->second);
  const Known& known = used_.front().known;
  Known asked{.snapshot = {}, .opened = known.opened};
  for (const CurrencyId& currency : reads.accounts) {
    const Account* account = known.snapshot.FindAccount(currency);
    if (account == nullptr) return std::nullopt;
    Put(
        *account, [](const Account& a) { return a.currency; },
        asked.snapshot.accounts);
  }
  for (const ScopeId& scope : reads.pity) {
    const PityRecord* pity = known.snapshot.FindPity(scope);
    if (pity == nullptr) return std::nullopt;
    Put(
        *pity, [](const PityRecord& p) { return p.scope; },
        asked.snapshot.pity);
  }
  return asked;
}

void PostgresKnownRows::Keep(const PlayerId& player, const Snapshot& read,
                             const WriteSet& written, std::int64_t opened) {
  if (most_players_ == 0) return;
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = by_player_.try_emplace(player, used_.end());
  if (is_new) {
    used_.push_front({.player = player, .known = {}});
  } else {
    used_.splice(used_.begin(), used_, place->second);
  }
  place->second = used_.begin();
  Rows& rows = used_.front();
  // What was not seen now may be from before that, or of another history.
  if (opened != rows.known.opened || !SeesTheSame(read, rows.known.snapshot)) {
    rows.known = {.snapshot = {}, .opened = opened};
  }
  PutAll(read.accounts, read.pity, rows.known.snapshot);
  PutAll(written.accounts, written.pity, rows.known.snapshot);
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
