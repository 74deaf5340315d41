#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/conformance.h"

namespace fairpull {
namespace {

PlayerId RacePlayer(int round) {
  return PlayerId::Trusted(absl::StrCat("racer-", round));
}

TEST_P(StoreConformanceTest, SixtyFourThreadsSpendABalanceForTen) {
  const std::unique_ptr<Store> store = MakeStore();
  RepeatRace(GetParam(), [&](int round) {
    const PlayerId player = RacePlayer(round);
    Fund(*store, 10, player);
    std::atomic<int> done = 0;
    std::atomic<int> refused = 0;
    RunTogether(64, [&](int i) {
      const auto receipt = Carry(
          *store,
          Request(OperationKind::kDebit, absl::StrCat("d", i), 1, player));
      ASSERT_TRUE(receipt.ok()) << receipt.status();
      (receipt->ok() ? done : refused) += 1;
      if (!receipt->ok()) {
        EXPECT_EQ(receipt->outcome, LedgerOutcome::kInsufficientFunds);
      }
    });
    EXPECT_EQ(done, 10);
    EXPECT_EQ(refused, 54);
    EXPECT_EQ(BalanceOf(*store, player),
              (Balance{.posted = 0, .held = 0, .seq = 11, .version = 11}));
    ExpectSound(*store, player);
  });
}

TEST_P(StoreConformanceTest, TheSameIdSixtyFourTimesHasOneEffect) {
  const std::unique_ptr<Store> store = MakeStore();
  RepeatRace(GetParam(), [&](int round) {
    const PlayerId player = RacePlayer(round);
    Fund(*store, 100, player);
    std::vector<Receipt> receipts(64);
    RunTogether(64, [&](int i) {
      const auto receipt =
          Carry(*store, Request(OperationKind::kDebit, "once", 30, player));
      ASSERT_TRUE(receipt.ok()) << receipt.status();
      receipts[static_cast<std::size_t>(i)] = *receipt;
    });
    int first = 0;
    for (const Receipt& receipt : receipts) {
      EXPECT_EQ(receipt.outcome, LedgerOutcome::kOk);
      EXPECT_EQ(receipt.balance,
                (Balance{.posted = 70, .held = 0, .seq = 2, .version = 2}));
      first += receipt.replayed ? 0 : 1;
    }
    EXPECT_EQ(first, 1);
    ExpectSound(*store, player);
  });
}

TEST_P(StoreConformanceTest, APostRacingAVoidResolvesTheHoldOnce) {
  const std::unique_ptr<Store> store = MakeStore();
  RepeatRace(GetParam(), [&](int round) {
    const PlayerId player = RacePlayer(round);
    Fund(*store, 100, player);
    ASSERT_TRUE(
        Carry(*store, Request(OperationKind::kHold, "h", 40, player))->ok());
    std::atomic<int> posts = 0;
    std::atomic<int> voids = 0;
    RunTogether(8, [&](int i) {
      const bool post = i % 2 == 0;
      const auto receipt = Carry(
          *store, Request(post ? OperationKind::kPost : OperationKind::kVoid,
                          "h", std::nullopt, player));
      ASSERT_TRUE(receipt.ok()) << receipt.status();
      if (receipt->ok()) {
        (post ? posts : voids) += 1;
      } else {
        EXPECT_EQ(receipt->outcome, post ? LedgerOutcome::kHoldAlreadyVoided
                                         : LedgerOutcome::kHoldAlreadyPosted);
      }
    });
    // The winner's four calls all succeed, as one effect and three replays.
    EXPECT_TRUE((posts == 4 && voids == 0) || (posts == 0 && voids == 4))
        << posts << " posts, " << voids << " voids";
    const Balance balance = BalanceOf(*store, player);
    EXPECT_EQ(balance.held, 0);
    EXPECT_EQ(balance.posted, posts == 4 ? 60 : 100);
    ExpectSound(*store, player);
  });
}

TEST_P(StoreConformanceTest, PlayersDoNotDisturbEachOther) {
  const std::unique_ptr<Store> store = MakeStore();
  for (int i = 0; i < 8; ++i) Fund(*store, 1000, RacePlayer(i));
  RunTogether(8, [&](int i) {
    for (int n = 0; n < 20; ++n) {
      const auto receipt =
          Carry(*store, Request(OperationKind::kDebit, absl::StrCat("d", n),
                                10 + i, RacePlayer(i)));
      ASSERT_TRUE(receipt.ok()) << receipt.status();
    }
  });
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(BalanceOf(*store, RacePlayer(i)).posted, 1000 - 20 * (10 + i));
    ExpectSound(*store, RacePlayer(i));
  }
}

TEST_P(StoreConformanceTest, TheRowsOfOneReadAreFromOneMoment) {
  const std::unique_ptr<Store> store = MakeStore();
  const std::vector<CurrencyId> currencies = {
      CurrencyId::Trusted("a"), CurrencyId::Trusted("b"),
      CurrencyId::Trusted("c"), CurrencyId::Trusted("d")};
  std::atomic<bool> finished = false;
  std::atomic<int> reads = 0;
  RunTogether(2, [&](int role) {
    if (role == 0) {
      // All four always move together.
      for (int version = 0; version < 300 || (reads < 300 && !HasFailure());
           ++version) {
        WriteSet writes;
        for (const CurrencyId& currency : currencies) {
          writes.accounts.push_back({.player = kPlayer,
                                     .currency = currency,
                                     .balance = {.version = version}});
        }
        auto transaction = store->Begin({.player = kPlayer});
        ASSERT_TRUE(transaction.ok()) << transaction.status();
        ASSERT_EQ((*transaction)->Commit(writes), absl::OkStatus());
      }
      finished = true;
      return;
    }
    while (!finished && !HasFailure()) {
      const auto snapshot =
          store->Read({.player = kPlayer, .accounts = currencies});
      ASSERT_TRUE(snapshot.ok()) << snapshot.status();
      for (const Account& account : snapshot->accounts) {
        ASSERT_EQ(account.balance.version,
                  snapshot->accounts[0].balance.version);
      }
      reads += 1;
    }
  });
}

TEST_P(StoreConformanceTest, EachEntryIsOnOnePageWhileOthersAreAdded) {
  const std::unique_ptr<Store> store = MakeStore();
  Fund(*store, 1000);
  std::atomic<bool> finished = false;
  std::atomic<int> passes = 0;
  RunTogether(2, [&](int role) {
    if (role == 0) {
      for (int n = 0; n < 100; ++n) {
        const auto receipt = Carry(
            *store, Request(OperationKind::kDebit, absl::StrCat("d", n), 1));
        ASSERT_TRUE(receipt.ok()) << receipt.status();
      }
      finished = true;
      return;
    }
    while ((!finished || passes == 0) && !HasFailure()) {
      std::int64_t last = 0;
      while (true) {
        const auto page = store->Entries(kPlayer, kGems, last, 7);
        ASSERT_TRUE(page.ok()) << page.status();
        for (const Entry& entry : *page) ASSERT_EQ(entry.seq, ++last);
        if (page->size() < 7) break;
      }
      passes += 1;
    }
  });
  EXPECT_EQ(store->Entries(kPlayer, kGems, 0, 1000)->size(), 101u);
}

}  // namespace
}  // namespace fairpull
