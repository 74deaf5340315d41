#include "fairpull/store/store_wrapper.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "fairpull/base/status.h"
#include "fairpull/store/memory_store.h"
#include "store/conformance.h"

namespace fairpull {
namespace {

// Every store behind a wrapper is the store itself: the suite runs through it.
class WrappedMemoryStore : public StoreWrapper {
 public:
  explicit WrappedMemoryStore(std::unique_ptr<Store> store)
      : StoreWrapper(*store), store_(std::move(store)) {}

 private:
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Wrapper, StoreConformanceTest,
                         testing::Values(StoreAdapter{
                             .name = "wrapped",
                             .make =
                                 [](std::int64_t lock_timeout_ms) {
                                   return std::make_unique<WrappedMemoryStore>(
                                       NewMemoryStore({.lock_timeout_ms =
                                                           lock_timeout_ms}));
                                 },
                             .race_seconds = 2}),
                         AdapterName);

// Loses every commit, as a broken connection does.
class LosesCommits : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads) override {
    FAIRPULL_ASSIGN_OR_RETURN(auto transaction, StoreWrapper::Begin(reads));
    return std::make_unique<Lost>(std::move(transaction));
  }

 private:
  class Lost : public TransactionWrapper {
   public:
    using TransactionWrapper::TransactionWrapper;
    absl::Status Commit(const WriteSet&) override {
      return absl::UnavailableError("the connection broke");
    }
  };
};

TEST(StoreWrapperTest, OneOverriddenCallInjectsAFault) {
  const std::unique_ptr<Store> store = NewMemoryStore();
  Fund(*store, 100);
  LosesCommits broken(*store);
  EXPECT_EQ(
      Carry(broken, Request(OperationKind::kDebit, "d", 1)).status().code(),
      absl::StatusCode::kUnavailable);
  EXPECT_EQ(BalanceOf(broken).posted, 100);
}

}  // namespace
}  // namespace fairpull
