// The store behind a cache: what comes from it, and that nothing old does.

#include "fairpull/store/cached_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fairpull/service/verify.h"
#include "fairpull/store/memory_store.h"
#include "fairpull/store/store_wrapper.h"
#include "store/cache_contract.h"
#include "store/cache_in_memory.h"
#include "store/cached_memory.h"
#include "store/conformance.h"
#include "store/random_ledger.h"
#include "store/rows.h"

namespace fairpull {
namespace {

INSTANTIATE_TEST_SUITE_P(Cached, StoreConformanceTest,
                         testing::Values(CachedMemoryAdapter()), AdapterName);

TEST(CachedRandomLedgerTest, MemoryAndTheCachedStoreAgree) {
  ExpectAnswersAsInMemory(CachedMemoryAdapter(), 60);
}

// A store that counts its reads, and lets the test act in the middle of one or
// turn the outcome of a commit into another.
class Watched : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  int reads = 0;
  std::function<void()> after_read;
  std::function<absl::Status(Transaction&, const WriteSet&)> commit;

  absl::StatusOr<Snapshot> Read(const ReadSet& reads_of) override {
    return Seen(StoreWrapper::Read(reads_of));
  }
  absl::StatusOr<std::vector<PullRecord>> History(
      const PlayerId& player, const std::optional<PullCursor>& before,
      int limit) override {
    return Seen(StoreWrapper::History(player, before, limit));
  }
  absl::StatusOr<std::unique_ptr<Transaction>> Begin(
      const ReadSet& reads_of) override {
    auto transaction = StoreWrapper::Begin(reads_of);
    if (!transaction.ok()) return transaction;
    return std::make_unique<Held>(*this, *std::move(transaction));
  }

 private:
  class Held : public TransactionWrapper {
   public:
    Held(Watched& store, std::unique_ptr<Transaction> target)
        : TransactionWrapper(std::move(target)), store_(store) {}
    absl::Status Commit(const WriteSet& writes) override {
      if (!store_.commit) return TransactionWrapper::Commit(writes);
      Through through(*this);
      return store_.commit(through, writes);
    }

   private:
    // The commit of the store itself.
    class Through : public Transaction {
     public:
      explicit Through(Held& held) : held_(held) {}
      const Snapshot& snapshot() const override { return held_.snapshot(); }
      absl::Status Commit(const WriteSet& writes) override {
        return held_.TransactionWrapper::Commit(writes);
      }

     private:
      Held& held_;
    };

    Watched& store_;
  };

  template <class Rows>
  Rows Seen(Rows rows) {
    ++reads;
    // Once: what it does may read as well.
    if (const auto act = std::exchange(after_read, nullptr)) act();
    return rows;
  }
};

class CachedStoreTest : public testing::Test {
 protected:
  [[nodiscard]] std::int64_t Posted(Store& store) const {
    return BalanceOf(store).posted;
  }
  void Pay(Store& store, const std::string& id, std::int64_t amount) {
    const auto receipt =
        Carry(store, Request(OperationKind::kDebit, id, amount));
    ASSERT_TRUE(receipt.ok() && receipt->ok()) << receipt.status();
  }
  static WriteSet OnePull(std::int64_t seq) {
    WriteSet writes;
    writes.pulls = {Pull(seq, seq)};
    return writes;
  }

  const std::unique_ptr<Store> memory_ = NewMemoryStore();
  Watched watched_{*memory_};
  CacheInMemory cache_;
  CachedStore store_{watched_, cache_, [this] { return cache_.now_ms; }};
};

TEST_F(CachedStoreTest, BalancesAndCountersAreReadOnceAndAreTheSame) {
  Fund(store_, 100);
  WriteSet writes;
  writes.pity = {
      {.player = kPlayer, .scope = kScope, .seq = 7, .state = "x:7"}};
  ASSERT_EQ(Write(store_, writes), absl::OkStatus());
  const ReadSet reads = {
      .player = kPlayer, .accounts = {kGems}, .pity = {kScope}};
  const Snapshot first = *store_.Read(reads);
  const Snapshot second = *store_.Read(reads);
  EXPECT_EQ(watched_.reads, 1);
  const Snapshot truth = *memory_->Read(reads);
  EXPECT_EQ(second.accounts, truth.accounts);
  EXPECT_EQ(second.pity, truth.pity);
  EXPECT_EQ(second.accounts[0].lots.size(), 1u);
  EXPECT_EQ(second.accounts[0].chain.size(), 64u);
  EXPECT_EQ(first.accounts, second.accounts);
}

TEST_F(CachedStoreTest, ThatThereIsNoAccountIsCachedAndForgottenToo) {
  const ReadSet reads = {.player = kPlayer, .accounts = {kGems}};
  EXPECT_TRUE(store_.Read(reads)->accounts.empty());
  EXPECT_TRUE(store_.Read(reads)->accounts.empty());
  EXPECT_EQ(watched_.reads, 1);
  Fund(store_, 0);
  EXPECT_EQ(store_.Read(reads)->accounts.size(), 1u);
}

TEST_F(CachedStoreTest, TheNewestPageIsReadOnceForEachLength) {
  for (int seq = 1; seq <= 5; ++seq) {
    ASSERT_EQ(Write(store_, OnePull(seq)), absl::OkStatus());
  }
  for (const int limit : {2, 3, 3, 2}) {
    EXPECT_EQ(*store_.History(kPlayer, {}, limit),
              *memory_->History(kPlayer, {}, limit));
  }
  EXPECT_EQ(watched_.reads, 2);
}

TEST_F(CachedStoreTest, WhatDecidesOrIsAuditedIsNeverCached) {
  Fund(store_, 100);
  ASSERT_EQ(Write(store_, OnePull(1)), absl::OkStatus());
  const auto id = OperationId::Trusted("fund");
  const PullCursor cursor = PullCursor::Of(Pull(9, 9));
  for (int i = 0; i < 2; ++i) {
    (void)store_.Read({.player = kPlayer, .operations = {id}});
    (void)store_.Read({.player = kPlayer,
                       .accounts = {kGems},
                       .pity = {},
                       .pull_operations = {id}});
    (void)store_.Read({.player = kPlayer,
                       .holds = {id},
                       .accounts = {kGems},
                       .accounts_of_holds = true});
    (void)store_.Read({.player = kPlayer});
    (void)store_.History(kPlayer, cursor, 20);
    (void)store_.History(kPlayer, {}, kMaxCachedPage + 1);
    (void)store_.Accounts(kPlayer);
    (void)store_.Pity(kPlayer);
    (void)store_.Inventory(kPlayer);
    (void)store_.Entries(kPlayer, kGems, 0, 20);
    EXPECT_EQ((*store_.Begin({.player = kPlayer, .accounts = {kGems}}))
                  ->snapshot()
                  .accounts[0]
                  .balance.posted,
              100);
  }
  EXPECT_EQ(watched_.reads, 12);
  EXPECT_EQ(cache_.puts, 0);
  EXPECT_FALSE(store_.Read({.player = {}, .accounts = {kGems}}).ok());
  EXPECT_FALSE(store_.History(kPlayer, {}, 0).ok());
}

TEST_F(CachedStoreTest, DifferentReadsAreKeptApart) {
  Fund(store_, 100);
  const auto read = [&](std::vector<CurrencyId> accounts,
                        std::vector<ScopeId> pity) {
    return store_
        .Read({.player = kPlayer,
               .accounts = std::move(accounts),
               .pity = std::move(pity)})
        ->accounts.size();
  };
  const auto gold = CurrencyId::Trusted("gold");
  EXPECT_EQ(read({kGems}, {}), 1u);
  EXPECT_EQ(read({gold}, {}), 0u);
  EXPECT_EQ(read({}, {ScopeId::Trusted("gems")}), 0u);
  EXPECT_EQ(read({gold, kGems}, {}), 1u);
  EXPECT_EQ(read({CurrencyId::Trusted("gold,gems")}, {}), 0u);
  EXPECT_EQ(watched_.reads, 5);
  WriteSet writes;
  writes.pity = {{.player = kPlayer, .scope = kScope, .seq = 7}};
  ASSERT_EQ(Write(store_, writes), absl::OkStatus());
  const auto pity = [&](const std::string& scope) {
    return store_.Read({.player = kPlayer, .pity = {ScopeId::Trusted(scope)}})
        ->pity.size();
  };
  EXPECT_EQ(pity(kScope.value()), 1u);
  EXPECT_EQ(pity("another"), 0u);
  EXPECT_EQ(watched_.reads, 7);
}

TEST_F(CachedStoreTest, AReadAfterACommitHasIt) {
  Fund(store_, 100);
  EXPECT_EQ(Posted(store_), 100);
  Pay(store_, "d", 40);
  EXPECT_EQ(Posted(store_), 60);
  EXPECT_EQ(Posted(store_), 60);
  // Another process with the same cache.
  CachedStore other(*memory_, cache_);
  Pay(other, "e", 10);
  EXPECT_EQ(Posted(store_), 50);
}

TEST_F(CachedStoreTest, ACommitDuringAReadKeepsTheOldRowsOutOfTheCache) {
  Fund(store_, 100);
  watched_.after_read = [&] { Pay(store_, "d", 40); };
  EXPECT_EQ(Posted(store_), 100);  // beside the commit: either is right
  EXPECT_EQ(Posted(store_), 60);
  ASSERT_EQ(Write(store_, OnePull(1)), absl::OkStatus());
  watched_.after_read = [&] {
    ASSERT_EQ(Write(store_, OnePull(2)), absl::OkStatus());
  };
  EXPECT_EQ(store_.History(kPlayer, {}, 9)->size(), 1u);
  EXPECT_EQ(store_.History(kPlayer, {}, 9)->size(), 2u);
}

TEST_F(CachedStoreTest, AGroupForgetsThoseWhomItWrites) {
  const PlayerId other = PlayerId::Trusted("p2");
  Fund(store_, 100);
  Fund(store_, 100, other);
  EXPECT_EQ(Posted(store_), 100);
  EXPECT_EQ(BalanceOf(store_, other).posted, 100);
  EXPECT_EQ(watched_.reads, 2);
  {
    auto group = store_.BeginMany({{.player = kPlayer}, {.player = other}});
    std::vector<WriteSet> writes(2);
    writes[1] = OnePull(1);
    writes[1].pulls[0].player = other;
    ASSERT_EQ((*group)->Commit(writes), absl::OkStatus());
  }
  EXPECT_EQ(Posted(store_), 100);
  EXPECT_EQ(watched_.reads, 2);
  EXPECT_EQ(BalanceOf(store_, other).posted, 100);
  EXPECT_EQ(watched_.reads, 3);
}

TEST_F(CachedStoreTest, WhatWroteNothingForgetsNothing) {
  Fund(store_, 100);
  EXPECT_EQ(Posted(store_), 100);
  ASSERT_EQ(Write(store_, {}), absl::OkStatus());
  watched_.commit = [](Transaction&, const WriteSet&) {
    return absl::AbortedError("others were quicker");
  };
  EXPECT_EQ(Write(store_, OnePull(1)).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Posted(store_), 100);
  EXPECT_EQ(watched_.reads, 1);
}

TEST_F(CachedStoreTest, AnUnknownOutcomeThatIsCarriedOutLaterIsSeen) {
  Fund(store_, 100);
  EXPECT_EQ(Posted(store_), 100);
  WriteSet late;
  watched_.commit = [&](Transaction&, const WriteSet& writes) {
    late = writes;
    return absl::UnavailableError("the line broke");
  };
  EXPECT_FALSE(Carry(store_, Request(OperationKind::kDebit, "d", 40)).ok());
  watched_.commit = nullptr;
  EXPECT_EQ(Posted(store_), 100);
  // Only now the server carries it out.
  ASSERT_EQ(Write(*memory_, late), absl::OkStatus());
  EXPECT_EQ(Posted(store_), 60);
}

TEST_F(CachedStoreTest, ADeadCacheFailsNothingAndLeavesNothingOldBehind) {
  Fund(store_, 100);
  EXPECT_EQ(Posted(store_), 100);  // in the cache now
  cache_.down = true;
  EXPECT_EQ(Posted(store_), 100);
  Pay(store_, "d", 40);
  EXPECT_EQ(Posted(store_), 60);
  // Back, with what it had: the player who paid is not asked about yet.
  cache_.down = false;
  EXPECT_EQ(Posted(store_), 60);
  const PlayerId other = PlayerId::Trusted("p2");
  Fund(store_, 5, other);
  (void)BalanceOf(store_, other);
  const std::int64_t hits = cache_.hits;
  (void)BalanceOf(store_, other);
  EXPECT_EQ(cache_.hits, hits + 1);
  // Another process may be shown the old row until it has ended.
  CachedStore late(*memory_, cache_);
  EXPECT_EQ(Posted(late), 100);
  cache_.now_ms = cache_.ttl_ms();
  EXPECT_EQ(Posted(late), 60);
  // From then on the cache is asked again.
  cache_.now_ms = 2 * cache_.ttl_ms();
  (void)Posted(store_);
  const int reads = watched_.reads;
  EXPECT_EQ(Posted(store_), 60);
  EXPECT_EQ(watched_.reads, reads);
}

TEST_F(CachedStoreTest, ManyWhoCouldNotBeForgottenAreAllAvoided) {
  cache_.down = true;
  // More than are avoided one by one.
  std::vector<ReadSet> reads;
  std::vector<WriteSet> writes;
  for (int i = 0; i < 10'001; ++i) {
    const PlayerId player = PlayerId::Trusted("q" + std::to_string(i));
    reads.push_back({.player = player});
    writes.push_back(OnePull(1));
    writes.back().pulls[0].player = player;
  }
  ASSERT_EQ((*store_.BeginMany(reads))->Commit(writes), absl::OkStatus());
  cache_.down = false;
  Fund(store_, 100);
  (void)Posted(store_);
  (void)Posted(store_);
  EXPECT_EQ(cache_.puts, 0);
  cache_.now_ms = 2 * cache_.ttl_ms();
  (void)Posted(store_);
  EXPECT_EQ(cache_.puts, 1);
}

TEST_F(CachedStoreTest, WhatCannotBeReadIsReadFromTheStore) {
  Fund(store_, 100);
  ASSERT_EQ(Write(store_, OnePull(1)), absl::OkStatus());
  const auto both = [&] {
    EXPECT_EQ(Posted(store_), 100);
    EXPECT_EQ(*store_.History(kPlayer, {}, 9),
              *memory_->History(kPlayer, {}, 9));
  };
  const std::vector<std::function<void(std::string&)>> faults = {
      [](std::string& value) { value = ""; },
      [](std::string& value) { value = "1:2"; },
      [](std::string& value) { value[0] = '9'; },
      [](std::string& value) { value[2] = '0'; },  // another form
      [](std::string& value) { value += "1:x"; },
      [](std::string& value) { value = "1:13:999"; },
      [](std::string& value) { value = "1:120:99999999999999999999"; },
      [](std::string& value) { value = "1:14:-100"; },
      [](std::string& value) { value = "99999999999999999999:1"; },
      [](std::string& value) { value = std::string("\0\xff:", 3); },
  };
  for (const auto& fault : faults) {
    both();
    cache_.corrupt = fault;
    const int reads = watched_.reads;
    both();
    EXPECT_EQ(watched_.reads, reads + 2);
    cache_.corrupt = nullptr;
  }
  // Cut off anywhere.
  for (std::size_t length = 0;; ++length) {
    both();
    int cut = 0;
    cache_.corrupt = [&](std::string& value) {
      if (length >= value.size()) return;
      value.resize(length);
      ++cut;
    };
    const int reads = watched_.reads;
    both();
    // One that is damaged takes the player's others with it.
    EXPECT_GE(watched_.reads, reads + cut);
    cache_.corrupt = nullptr;
    if (cut == 0) break;
  }
}

TEST_F(CachedStoreTest, NoOldValueInAnyOrderOfReadersAndAWriter) {
  ExpectNoOldValueInAnyOrder(cache_);
}

TEST_F(CachedStoreTest, ReadersAndWritersAtOnceNeverSeeOneMoneyTwice) {
  CachedStore store(*memory_, cache_);
  Fund(store, 1000);
  // Each thread pays and looks; what it sees is never more than it left.
  RunTogether(8, [&](int i) {
    for (int n = 0; n < 50; ++n) {
      std::string id = std::to_string(i);
      id.append("-").append(std::to_string(n));
      const auto receipt = Carry(store, Request(OperationKind::kDebit, id, 1));
      ASSERT_TRUE(receipt.ok()) << receipt.status();
      EXPECT_LE(Posted(store), receipt->balance.posted);
    }
  });
  EXPECT_EQ(Posted(store), 600);
  EXPECT_TRUE(VerifyPlayer(store, kPlayer)->empty());
}

}  // namespace
}  // namespace fairpull
