#include "fairpull/store/store_wrapper.h"

namespace fairpull {

absl::StatusOr<std::unique_ptr<Transaction>> StoreWrapper::Begin(
    const ReadSet& reads) {
  return target_.Begin(reads);
}

absl::StatusOr<std::unique_ptr<GroupTransaction>> StoreWrapper::BeginMany(
    const std::vector<ReadSet>& reads) {
  return target_.BeginMany(reads);
}

absl::StatusOr<Snapshot> StoreWrapper::Read(const ReadSet& reads) {
  return target_.Read(reads);
}

absl::StatusOr<std::vector<Entry>> StoreWrapper::Entries(
    const PlayerId& player, const CurrencyId& currency, std::int64_t after_seq,
    int limit) {
  return target_.Entries(player, currency, after_seq, limit);
}

absl::StatusOr<std::optional<Entry>> StoreWrapper::EntryAsOf(
    const PlayerId& player, const CurrencyId& currency, std::int64_t at_ms) {
  return target_.EntryAsOf(player, currency, at_ms);
}

absl::StatusOr<std::vector<PullRecord>> StoreWrapper::History(
    const PlayerId& player, const std::optional<PullCursor>& before,
    int limit) {
  return target_.History(player, before, limit);
}

absl::StatusOr<std::vector<PullRecord>> StoreWrapper::Pulls(
    const PlayerId& player, const ScopeId& scope, std::int64_t after_seq,
    int limit) {
  return target_.Pulls(player, scope, after_seq, limit);
}

absl::StatusOr<std::vector<Operation>> StoreWrapper::Operations(
    const PlayerId& player, const OperationId& after, int limit) {
  return target_.Operations(player, after, limit);
}

absl::StatusOr<std::vector<Hold>> StoreWrapper::Holds(const PlayerId& player,
                                                      const OperationId& after,
                                                      int limit) {
  return target_.Holds(player, after, limit);
}

absl::StatusOr<std::vector<PullOperation>> StoreWrapper::PullOperations(
    const PlayerId& player, const OperationId& after, int limit) {
  return target_.PullOperations(player, after, limit);
}

absl::StatusOr<std::vector<Account>> StoreWrapper::Accounts(
    const PlayerId& player) {
  return target_.Accounts(player);
}

absl::StatusOr<std::vector<PityRecord>> StoreWrapper::Pity(
    const PlayerId& player) {
  return target_.Pity(player);
}

absl::StatusOr<std::vector<InventoryRecord>> StoreWrapper::Inventory(
    const PlayerId& player) {
  return target_.Inventory(player);
}

absl::StatusOr<std::vector<Hold>> StoreWrapper::PendingHolds(
    std::int64_t due_ms, int limit) {
  return target_.PendingHolds(due_ms, limit);
}

absl::StatusOr<std::vector<PullOperation>> StoreWrapper::UnsettledPulls(
    std::int64_t due_ms, int limit) {
  return target_.UnsettledPulls(due_ms, limit);
}

absl::StatusOr<std::vector<PlayerId>> StoreWrapper::Players(
    const PlayerId& after, int limit) {
  return target_.Players(after, limit);
}

}  // namespace fairpull
