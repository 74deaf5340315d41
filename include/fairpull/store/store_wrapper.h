// A store and transactions that forward every call to another one.
//
// Derive from them to change one call and leave the rest: to inject a fault,
// to count, to measure.
//
//   class Slow : public StoreWrapper {
//     using StoreWrapper::StoreWrapper;
//     absl::StatusOr<Snapshot> Read(const ReadSet& reads) override {…}
//   };

#ifndef FAIRPULL_STORE_STORE_WRAPPER_H_
#define FAIRPULL_STORE_STORE_WRAPPER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fairpull/store/store.h"

namespace fairpull {

// As thread-safe as the transaction it forwards to.
class TransactionWrapper : public Transaction {
 public:
  explicit TransactionWrapper(std::unique_ptr<Transaction> target)
      : target_(std::move(target)) {}

  [[nodiscard]] const Snapshot& snapshot() const override {
    return target_->snapshot();
  }
  [[nodiscard]] bool unproven() const override { return target_->unproven(); }
  [[nodiscard]] absl::Status Commit(const WriteSet& writes) override {
    return target_->Commit(writes);
  }

 private:
  std::unique_ptr<Transaction> target_;
};

// As thread-safe as the transaction it forwards to.
class GroupTransactionWrapper : public GroupTransaction {
 public:
  explicit GroupTransactionWrapper(std::unique_ptr<GroupTransaction> target)
      : target_(std::move(target)) {}

  [[nodiscard]] const std::vector<Snapshot>& snapshots() const override {
    return target_->snapshots();
  }
  [[nodiscard]] absl::Status Commit(
      const std::vector<WriteSet>& writes) override {
    return target_->Commit(writes);
  }

 private:
  std::unique_ptr<GroupTransaction> target_;
};

// As thread-safe as the store it forwards to, which must outlive it.
class StoreWrapper : public Store {
 public:
  explicit StoreWrapper(Store& target) : target_(target) {}

  [[nodiscard]] absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override;
  [[nodiscard]] absl::StatusOr<std::unique_ptr<GroupTransaction>> BeginMany(
      const std::vector<ReadSet>& reads) override;
  [[nodiscard]] absl::StatusOr<Snapshot> Read(const ReadSet& reads) override;
  [[nodiscard]] absl::StatusOr<std::vector<Entry>> Entries(
      const PlayerId& player, const CurrencyId& currency,
      std::int64_t after_seq, int limit) override;
  [[nodiscard]] absl::StatusOr<std::optional<Entry>> EntryAsOf(
      const PlayerId& player, const CurrencyId& currency,
      std::int64_t at_ms) override;
  [[nodiscard]] absl::StatusOr<std::vector<PullRecord>> History(
      const PlayerId& player, const std::optional<PullCursor>& before,
      int limit) override;
  [[nodiscard]] absl::StatusOr<std::vector<PullRecord>> Pulls(
      const PlayerId& player, const ScopeId& scope, std::int64_t after_seq,
      int limit) override;
  [[nodiscard]] absl::StatusOr<std::vector<Operation>> Operations(
      const PlayerId& player, const OperationId& after, int limit) override;
  [[nodiscard]] absl::StatusOr<std::vector<Hold>> Holds(
      const PlayerId& player, const OperationId& after, int limit) override;
  [[nodiscard]] absl::StatusOr<std::vector<PullOperation>> PullOperations(
      const PlayerId& player, const OperationId& after, int limit) override;
  [[nodiscard]] absl::StatusOr<std::vector<Account>> Accounts(
      const PlayerId& player) override;
  [[nodiscard]] absl::StatusOr<std::vector<PityRecord>> Pity(
      const PlayerId& player) override;
  [[nodiscard]] absl::StatusOr<std::vector<InventoryRecord>> Inventory(
      const PlayerId& player) override;
  [[nodiscard]] absl::StatusOr<std::vector<Hold>> PendingHolds(
      std::int64_t due_ms, int limit) override;
  [[nodiscard]] absl::StatusOr<std::vector<PullOperation>> UnsettledPulls(
      std::int64_t due_ms, int limit) override;
  [[nodiscard]] absl::StatusOr<std::vector<PlayerId>> Players(
      const PlayerId& after, int limit) override;

 private:
  Store& target_;
};

}  // namespace fairpull

#endif  // FAIRPULL_STORE_STORE_WRAPPER_H_
