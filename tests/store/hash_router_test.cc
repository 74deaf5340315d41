#include "store/hash_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/store/memory_store.h"
#include "store/conformance.h"

namespace fairpull {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t kStores = 4;

class HashRouterTest : public testing::Test {
 protected:
  HashRouterTest() : router_(Stores()) {
    for (int i = 0; by_place_.size() < kStores; ++i) {
      const PlayerId player = PlayerId::Trusted(absl::StrCat("p", i));
      by_place_.try_emplace(HashPlace(player, kStores), player);
    }
  }

  std::vector<std::unique_ptr<Store>> Stores() {
    std::vector<std::unique_ptr<Store>> stores;
    for (std::size_t i = 0; i < kStores; ++i) {
      stores.push_back(NewMemoryStore({.lock_timeout_ms = 20}));
      each_.push_back(stores.back().get());
    }
    return stores;
  }

  absl::Status WritePity(const std::vector<PlayerId>& players,
                         const std::vector<std::int64_t>& seqs) {
    std::vector<ReadSet> reads;
    std::vector<WriteSet> writes(players.size());
    for (std::size_t i = 0; i < players.size(); ++i) {
      reads.push_back({.player = players[i]});
      writes[i].pity = {{.player = players[i],
                         .scope = kScope,
                         .seq = seqs[i],
                         .state = "s"}};
    }
    const auto group = router_.BeginMany(reads);
    if (!group.ok()) return group.status();
    return (*group)->Commit(writes);
  }

  std::int64_t SeqOf(const PlayerId& player) {
    return (*router_.Pity(player))[0].seq;
  }

  std::vector<Store*> each_;
  HashRouter router_;
  // A player on each store.
  std::map<std::size_t, PlayerId> by_place_;
};

// By hand, with the constants of FNV-1a: of "" it is 0xcbf29ce484222325, of "a"
// 0xaf63dc4c8601ec8c; the upper half decides.
TEST_F(HashRouterTest, ThePlaceIsTheUpperHalfOfTheHash) {
  EXPECT_EQ(HashPlace({}, 4), 0xcbf29ce4U % 4);
  EXPECT_EQ(HashPlace(PlayerId::Trusted("a"), 7), 0xaf63dc4cU % 7);
}

TEST_F(HashRouterTest, APlayerIsOnOneStoreAndNoOther) {
  for (const auto& [place, player] : by_place_) {
    Fund(router_, 5, player);
    for (std::size_t i = 0; i < kStores; ++i) {
      EXPECT_EQ(each_[i]->Accounts(player)->size(), i == place ? 1U : 0U);
    }
  }
}

TEST_F(HashRouterTest, AGroupIsKeptInPartWhereALaterStoreRefuses) {
  const std::vector<PlayerId> players = {by_place_.at(2), by_place_.at(0),
                                         by_place_.at(3)};
  ASSERT_EQ(WritePity(players, {5, 5, 5}), absl::OkStatus());
  // The first in the order of the stores: nothing was kept.
  EXPECT_EQ(WritePity(players, {6, 5, 6}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(SeqOf(players[0]), 5);
  // The second: the first was kept, and the answer does not hide it.
  const absl::Status status = WritePity(players, {5, 6, 6});
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("kept on 1 of 3"));
  EXPECT_EQ(SeqOf(players[1]), 6);
  EXPECT_EQ(SeqOf(players[2]), 5);
  // Rows that cannot be are noticed before anything is kept.
  EXPECT_EQ(WritePity(players, {7, 7, -1}).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SeqOf(players[1]), 6);
}

TEST_F(HashRouterTest, AGroupThatIsRefusedLeavesNobodyLocked) {
  const auto held = router_.Begin({.player = by_place_.at(3)});
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(
      router_
          .BeginMany({{.player = by_place_.at(3)}, {.player = by_place_.at(0)}})
          .status()
          .code(),
      absl::StatusCode::kUnavailable);
  EXPECT_TRUE(router_.Begin({.player = by_place_.at(0)}).ok());
}

TEST_F(HashRouterTest, ScansGiveTheFirstOfAllStores) {
  std::set<std::string> names;
  for (const auto& [place, player] : by_place_) {
    Fund(router_, 50, player);
    names.insert(player.value());
    for (int i = 0; i < 2; ++i) {
      LedgerRequest hold =
          Request(OperationKind::kHold, absl::StrCat("h", i), 1, player);
      // 100, 110, 120, 130 and 101, 111, …: each store has one of each row.
      hold.ask_at_ms = 100 + 10 * static_cast<std::int64_t>(place) + i;
      ASSERT_TRUE(Carry(router_, hold)->ok());
    }
  }
  std::vector<std::int64_t> due;
  const auto holds = router_.PendingHolds(121, 5);
  for (const Hold& hold : *holds) due.push_back(hold.ask_at_ms);
  EXPECT_THAT(due, ElementsAre(100, 101, 110, 111, 120));
  std::vector<std::string> seen;
  PlayerId after;
  while (true) {
    const auto page = router_.Players(after, 3);
    for (const PlayerId& player : *page) seen.push_back(player.value());
    if (page->size() < 3) break;
    after = page->back();
  }
  EXPECT_EQ(seen, std::vector<std::string>(names.begin(), names.end()));
}

}  // namespace
}  // namespace fairpull
