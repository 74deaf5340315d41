// A store over several others that sends each player to one of them by a hash,
// as an engine that splits the tables by player does: what works here does not
// need two players on one server.
//
//   HashRouter router(std::move(stores));
//
// What it can't do is said here and nowhere hidden:
//
//   * A group is kept database by database, in their order. All of it is
//   checked
//     before, so that rows that cannot be are refused whole; but a guard that
//     does not hold on one database does not undo what the others before it
//     have kept. If it fails on the first, nothing is written and its error
//     comes back; if on a later one, the answer is Unavailable, which says what
//     GroupTransaction promises of it: read again before believing either.
//   * Scans across players ask each database and merge. Each part is from a
//     moment of its own.

#ifndef FAIRPULL_TESTS_STORE_HASH_ROUTER_H_
#define FAIRPULL_TESTS_STORE_HASH_ROUTER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fairpull/store/store.h"

namespace fairpull {

// Which of `count` databases has the player: the same on every machine.
[[nodiscard]] std::size_t HashPlace(const PlayerId& player, std::size_t count);

// As thread-safe as its stores.
class HashRouter : public Store {
 public:
  // At least one.
  explicit HashRouter(std::vector<std::unique_ptr<Store>> stores)
      : stores_(std::move(stores)) {}

  absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override;
  absl::StatusOr<std::unique_ptr<GroupTransaction>> BeginMany(
      const std::vector<ReadSet>& reads) override;
  absl::StatusOr<Snapshot> Read(const ReadSet& reads) override;
  absl::StatusOr<std::vector<Entry>> Entries(const PlayerId& player,
                                             const CurrencyId& currency,
                                             std::int64_t after_seq,
                                             int limit) override;
  absl::StatusOr<std::optional<Entry>> EntryAsOf(const PlayerId& player,
                                                 const CurrencyId& currency,
                                                 std::int64_t at_ms) override;
  absl::StatusOr<std::vector<PullRecord>> History(
      const PlayerId& player, const std::optional<PullCursor>& before,
      int limit) override;
  absl::StatusOr<std::vector<PullRecord>> Pulls(const PlayerId& player,
                                                const ScopeId& scope,
                                                std::int64_t after_seq,
                                                int limit) override;
  absl::StatusOr<std::vector<Operation>> Operations(const PlayerId& player,
                                                    const OperationId& after,
                                                    int limit) override;
  absl::StatusOr<std::vector<Hold>> Holds(const PlayerId& player,
                                          const OperationId& after,
                                          int limit) override;
  absl::StatusOr<std::vector<PullOperation>> PullOperations(
      const PlayerId& player, const OperationId& after, int limit) override;
  absl::StatusOr<std::vector<Account>> Accounts(
      const PlayerId& player) override;
  absl::StatusOr<std::vector<PityRecord>> Pity(const PlayerId& player) override;
  absl::StatusOr<std::vector<InventoryRecord>> Inventory(
      const PlayerId& player) override;
  absl::StatusOr<std::vector<Hold>> PendingHolds(std::int64_t due_ms,
                                                 int limit) override;
  absl::StatusOr<std::vector<PullOperation>> UnsettledPulls(std::int64_t due_ms,
                                                            int limit) override;
  absl::StatusOr<std::vector<PlayerId>> Players(const PlayerId& after,
                                                int limit) override;

 private:
  [[nodiscard]] Store& Of(const PlayerId& player) const {
    return *stores_[HashPlace(player, stores_.size())];
  }

  const std::vector<std::unique_ptr<Store>> stores_;
};

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_HASH_ROUTER_H_
