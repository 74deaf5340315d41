// The cache and the bus on a Redis Cluster of three nodes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/store/cached_store.h"
#include "fairpull/store/memory_store.h"
#include "fairpull/store/redis_bus.h"
#include "fairpull/store/redis_cache.h"
#include "redis_url.h"
#include "store/cache_contract.h"
#include "store/conformance.h"
#include "store/redis_server.h"
#include "store/waiting.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;

constexpr RedisOptions kPatient = {.connect_timeout_ms = 20'000,
                                   .command_timeout_ms = 20'000};

std::string KeyOf(const PlayerId& player) {
  return absl::StrCat("fairpull:1:game:{p:", player.value(), "}");
}

class RedisClusterTest : public testing::Test {
 protected:
  void Use(const std::string& url, RedisOptions redis = kPatient) {
    auto cache = OpenRedisCache(url, {.redis = redis, .name = "game"});
    ASSERT_TRUE(cache.ok()) << cache.status();
    cache_ = *std::move(cache);
  }

  // A player whose slot a node has at first.
  static PlayerId PlayerOn(int node) {
    for (int i = 0;; ++i) {
      const PlayerId player = PlayerId::Trusted(absl::StrCat("p", i));
      if (RedisCluster::NodeOf(RedisSlotOf(KeyOf(player))) == node) {
        return player;
      }
    }
  }

  // Whether what is put is found, and forgotten when it is to be.
  [[nodiscard]] bool Works(const PlayerId& player) const {
    cache_->Put(player, "f", "v", cache_->Get(player, "f").lease);
    const bool found = cache_->Get(player, "f").value == "v";
    return cache_->Forget({player}) && found &&
           !cache_->Get(player, "f").value.has_value();
  }

  // The one that tests share which do it no harm: it takes two seconds until a
  // new one may be written.
  static RedisCluster& Shared() {
    static RedisCluster cluster;
    return cluster;
  }

  std::unique_ptr<RedisCache> cache_;
};

TEST_F(RedisClusterTest, RedirectsAreFollowedOnceForEachSlot) {
  RedisCluster& cluster = Shared();
  Use(cluster.node(0).Url());
  for (int node = 0; node < 3; ++node) EXPECT_TRUE(Works(PlayerOn(node)));
  EXPECT_EQ(cache_->counters().servers, 3);
  EXPECT_EQ(cache_->counters().errors, 0);
  // From now on the first node is asked for its own slots alone.
  const auto redirected = [&] {
    const std::string info = cluster.node(0).Ask({"INFO", "commandstats"});
    const std::size_t at =
        info.find("rejected_calls=", info.find("cmdstat_eval:"));
    return at == std::string::npos ? -1 : std::stoi(info.substr(at + 15));
  };
  const int before = redirected();
  EXPECT_EQ(before, 2);  // once for each player of another node
  EXPECT_TRUE(Works(PlayerOn(2)));
  EXPECT_EQ(redirected(), before);
  ExpectNoOldValueInAnyOrder(*cache_);
}

TEST_F(RedisClusterTest, PlayersOnSeveralNodesAreForgottenTogether) {
  RedisCluster& cluster = Shared();
  Use(cluster.node(1).Url());
  const std::vector<PlayerId> players = {PlayerOn(0), PlayerOn(1), PlayerOn(2)};
  for (int round = 0; round < 2; ++round) {
    for (const PlayerId& player : players) {
      cache_->Put(player, "f", "v", cache_->Get(player, "f").lease);
    }
    EXPECT_TRUE(cache_->Forget(players));
    for (const PlayerId& player : players) {
      EXPECT_FALSE(cache_->Get(player, "f").value.has_value());
    }
  }
}

// Without a redirect before, so that it is told apart from one server's keys.
TEST_F(RedisClusterTest, TheFirstGroupIsForgottenThoughNoRedirectCame) {
  RedisCluster& cluster = Shared();
  Use(cluster.node(0).Url());
  const PlayerId here = PlayerOn(0);
  const PlayerId there = PlayerOn(2);
  cache_->Put(here, "f", "v", cache_->Get(here, "f").lease);
  EXPECT_TRUE(cache_->Forget({here, there}));
  EXPECT_FALSE(cache_->Get(here, "f").value.has_value());
}

TEST_F(RedisClusterTest, ASlotThatMovesIsFollowed) {
  RedisCluster cluster;
  Use(cluster.node(0).Url());
  const PlayerId player = PlayerOn(0);
  ASSERT_TRUE(Works(player));
  const std::string slot = std::to_string(RedisSlotOf(KeyOf(player)));
  RedisServer& from = cluster.node(0);
  RedisServer& to = cluster.node(1);
  const std::string from_id = from.Ask({"CLUSTER", "MYID"});
  const std::string to_id = to.Ask({"CLUSTER", "MYID"});
  ASSERT_EQ(to.Ask({"CLUSTER", "SETSLOT", slot, "IMPORTING", from_id}), "OK");
  ASSERT_EQ(from.Ask({"CLUSTER", "SETSLOT", slot, "MIGRATING", to_id}), "OK");
  // What is there stays there until it is moved; what is new is asked for at
  // the other node (ASK), which has it from then on.
  (void)from.Ask({"DEL", KeyOf(player)});
  cache_->Put(player, "f", "v", cache_->Get(player, "f").lease);
  EXPECT_EQ(cache_->Get(player, "f").value, "v");
  EXPECT_EQ(from.Ask({"DBSIZE"}), "0");
  EXPECT_EQ(to.Ask({"DBSIZE"}), "1");
  for (int node = 0; node < 3; ++node) {
    (void)cluster.node(node).Ask({"CLUSTER", "SETSLOT", slot, "NODE", to_id});
  }
  EXPECT_EQ(cache_->Get(player, "f").value, "v");  // MOVED
  EXPECT_TRUE(Works(player));
  EXPECT_EQ(cache_->counters().errors, 0);
}

TEST_F(RedisClusterTest, ANodeThatIsDownCostsItsOwnPlayersAlone) {
  RedisCluster cluster;
  RedisOptions skipping = kPatient;
  skipping.skip_ms = 600'000;
  Use(cluster.node(0).Url(), skipping);
  for (int node = 0; node < 3; ++node) ASSERT_TRUE(Works(PlayerOn(node)));
  cluster.node(2).Kill();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(Works(PlayerOn(2)));
  EXPECT_TRUE(Works(PlayerOn(0)));
  EXPECT_TRUE(Works(PlayerOn(1)));
  EXPECT_EQ(cache_->counters().opened, 1);
  EXPECT_EQ(cache_->counters().servers_skipped, 1);
  EXPECT_EQ(cache_->counters().errors, 1);
  // Another node takes over what it had: the others are asked who that is.
  const PlayerId player = PlayerOn(2);
  const std::string heir = cluster.node(1).Ask({"CLUSTER", "MYID"});
  const std::string slot = std::to_string(RedisSlotOf(KeyOf(player)));
  for (int node = 0; node < 2; ++node) {
    ASSERT_EQ(
        cluster.node(node).Ask({"CLUSTER", "SETSLOT", slot, "NODE", heir}),
        "OK");
  }
  EXPECT_TRUE(Works(player));
}

TEST_F(RedisClusterTest, AnyNodeOfTheUrlWillDo) {
  RedisCluster cluster;
  cluster.node(0).Kill();
  Use(absl::StrCat(cluster.node(0).Url(),
                   ",127.0.0.1:", cluster.node(1).port()));
  (void)cache_->Get(PlayerOn(1), "f");  // finds out
  EXPECT_TRUE(Works(PlayerOn(1)));
  EXPECT_TRUE(Works(PlayerOn(2)));
}

TEST_F(RedisClusterTest, AMessageReachesWhoListensAtAnotherNode) {
  RedisCluster& cluster = Shared();
  const auto here = *OpenRedisBus(cluster.node(0).Url(), kPatient);
  const auto there = *OpenRedisBus(cluster.node(2).Url(), kPatient);
  std::atomic<int> gaps = 0;
  std::atomic<int> messages = 0;
  const auto listening = *here->Subscribe(
      {"catalog"}, {.on_gap = [&] { ++gaps; },
                    .on_message = [&](const BusMessage&) { ++messages; }});
  ASSERT_TRUE(Eventually([&] { return gaps == 1; }));
  ASSERT_EQ(there->Publish("catalog", "17"), absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return messages == 1; }));
}

}  // namespace
}  // namespace fairpull
