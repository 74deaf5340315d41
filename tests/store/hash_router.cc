#include "store/hash_router.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "rows_check.h"

namespace fairpull {
namespace {

// The part of a group that is on one database.
struct Part {
  std::vector<std::size_t> places;  // in the group
  std::unique_ptr<GroupTransaction> transaction;
};

class HashGroup : public GroupTransaction {
 public:
  HashGroup(const std::vector<ReadSet>& reads, std::vector<Part> parts)
      : snapshots_(reads.size()), parts_(std::move(parts)) {
    for (const ReadSet& read : reads) players_.push_back(read.player);
    for (const Part& part : parts_) {
      for (std::size_t i = 0; i < part.places.size(); ++i) {
        snapshots_[part.places[i]] = part.transaction->snapshots()[i];
      }
    }
  }

  const std::vector<Snapshot>& snapshots() const override { return snapshots_; }

  absl::Status Commit(const std::vector<WriteSet>& writes) override {
    if (parts_.empty()) {
      return absl::FailedPreconditionError("the transaction is over");
    }
    // Whatever comes back, it is over.
    const std::vector<Part> parts = std::exchange(parts_, {});
    FAIRPULL_RETURN_IF_ERROR(CheckRowsOfEach(players_, writes));
    int kept = 0;
    for (const Part& part : parts) {
      std::vector<WriteSet> some;
      for (const std::size_t place : part.places) some.push_back(writes[place]);
      const absl::Status status = part.transaction->Commit(some);
      if (status.ok()) {
        kept += 1;
        continue;
      }
      if (kept == 0) return status;
      return absl::UnavailableError(
          absl::StrCat("kept on ", kept, " of ", parts.size(),
                       " databases, then: ", status.message()));
    }
    return absl::OkStatus();
  }

 private:
  std::vector<PlayerId> players_;
  std::vector<Snapshot> snapshots_;
  std::vector<Part> parts_;
};

// The first `limit` by `key` of what each store has among its own first.
template <class Ask, class Key>
auto FirstOfAll(const std::vector<std::unique_ptr<Store>>& stores, int limit,
                const Ask& ask, const Key& key) -> decltype(ask(*stores[0])) {
  auto all = ask(*stores[0]);
  if (!all.ok()) return all;
  for (std::size_t i = 1; i < stores.size(); ++i) {
    FAIRPULL_ASSIGN_OR_RETURN(const auto more, ask(*stores[i]));
    all->insert(all->end(), more.begin(), more.end());
  }
  std::sort(all->begin(), all->end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  if (all->size() > static_cast<std::size_t>(limit)) {
    all->erase(all->begin() + limit, all->end());
  }
  return all;
}

}  // namespace

std::size_t HashPlace(const PlayerId& player, std::size_t count) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  for (const char c : player.value()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  }
  return (hash >> 32) % count;
}

absl::StatusOr<std::unique_ptr<Transaction>> HashRouter::Begin(
    const ReadSet& reads) {
  return Of(reads.player).Begin(reads);
}

absl::StatusOr<std::unique_ptr<GroupTransaction>> HashRouter::BeginMany(
    const std::vector<ReadSet>& reads) {
  FAIRPULL_RETURN_IF_ERROR(CheckPlayers(reads));
  std::vector<std::vector<std::size_t>> places(stores_.size());
  for (std::size_t i = 0; i < reads.size(); ++i) {
    places[HashPlace(reads[i].player, stores_.size())].push_back(i);
  }
  // Always in the order of the databases, so that no two groups wait for each
  // other in a circle.
  std::vector<Part> parts;
  for (std::size_t database = 0; database < stores_.size(); ++database) {
    if (places[database].empty()) continue;
    std::vector<ReadSet> some;
    for (const std::size_t place : places[database]) {
      some.push_back(reads[place]);
      // A guard must not fail in one database after another has committed.
      some.back().optimistic = false;
    }
    FAIRPULL_ASSIGN_OR_RETURN(auto transaction,
                              stores_[database]->BeginMany(some));
    parts.push_back({.places = std::move(places[database]),
                     .transaction = std::move(transaction)});
  }
  return std::make_unique<HashGroup>(reads, std::move(parts));
}

absl::StatusOr<Snapshot> HashRouter::Read(const ReadSet& reads) {
  return Of(reads.player).Read(reads);
}

absl::StatusOr<std::vector<Entry>> HashRouter::Entries(
    const PlayerId& player, const CurrencyId& currency, std::int64_t after_seq,
    int limit) {
  return Of(player).Entries(player, currency, after_seq, limit);
}

absl::StatusOr<std::optional<Entry>> HashRouter::EntryAsOf(
    const PlayerId& player, const CurrencyId& currency, std::int64_t at_ms) {
  return Of(player).EntryAsOf(player, currency, at_ms);
}

absl::StatusOr<std::vector<PullRecord>> HashRouter::History(
    const PlayerId& player, const std::optional<PullCursor>& before,
    int limit) {
  return Of(player).History(player, before, limit);
}

absl::StatusOr<std::vector<PullRecord>> HashRouter::Pulls(
    const PlayerId& player, const ScopeId& scope, std::int64_t after_seq,
    int limit) {
  return Of(player).Pulls(player, scope, after_seq, limit);
}

absl::StatusOr<std::vector<Operation>> HashRouter::Operations(
    const PlayerId& player, const OperationId& after, int limit) {
  return Of(player).Operations(player, after, limit);
}

absl::StatusOr<std::vector<Hold>> HashRouter::Holds(const PlayerId& player,
                                                    const OperationId& after,
                                                    int limit) {
  return Of(player).Holds(player, after, limit);
}

absl::StatusOr<std::vector<PullOperation>> HashRouter::PullOperations(
    const PlayerId& player, const OperationId& after, int limit) {
  return Of(player).PullOperations(player, after, limit);
}

absl::StatusOr<std::vector<Account>> HashRouter::Accounts(
    const PlayerId& player) {
  return Of(player).Accounts(player);
}

absl::StatusOr<std::vector<PityRecord>> HashRouter::Pity(
    const PlayerId& player) {
  return Of(player).Pity(player);
}

absl::StatusOr<std::vector<InventoryRecord>> HashRouter::Inventory(
    const PlayerId& player) {
  return Of(player).Inventory(player);
}

absl::StatusOr<std::vector<Hold>> HashRouter::PendingHolds(std::int64_t due_ms,
                                                           int limit) {
  return FirstOfAll(
      stores_, limit,
      [&](Store& store) { return store.PendingHolds(due_ms, limit); },
      [](const Hold& hold) {
        return std::tie(hold.ask_at_ms, hold.player, hold.id);
      });
}

absl::StatusOr<std::vector<PullOperation>> HashRouter::UnsettledPulls(
    std::int64_t due_ms, int limit) {
  return FirstOfAll(
      stores_, limit,
      [&](Store& store) { return store.UnsettledPulls(due_ms, limit); },
      [](const PullOperation& pull) {
        return std::tie(pull.next_due_ms, pull.player, pull.id);
      });
}

absl::StatusOr<std::vector<PlayerId>> HashRouter::Players(const PlayerId& after,
                                                          int limit) {
  return FirstOfAll(
      stores_, limit, [&](Store& store) { return store.Players(after, limit); },
      [](const PlayerId& player) { return player; });
}

}  // namespace fairpull
