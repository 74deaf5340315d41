// The cache on a Redis server: what it keeps, and what it costs when the server
// is dead, slow, full or no Redis at all.

#include "fairpull/store/redis_cache.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/store/cached_store.h"
#include "fairpull/store/memory_store.h"
#include "store/cache_contract.h"
#include "store/conformance.h"
#include "store/redis_server.h"
#include "store/rows.h"
#include "store/waiting.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Waits so long that only a fault can end it.
constexpr RedisOptions kPatient = {.connect_timeout_ms = 20'000,
                                   .command_timeout_ms = 20'000};
// What a dead or slow server costs, and for how long it is skipped.
constexpr RedisOptions kHasty = {.max_connections = 4,
                                 .connect_timeout_ms = 50,
                                 .command_timeout_ms = 50,
                                 .skip_ms = 600'000};
// Far above it, for a machine that is busy with other tests.
constexpr double kBoundMs = 2000;

std::unique_ptr<RedisCache> Open(const std::string& url,
                                 RedisCacheOptions options) {
  if (options.name.empty()) options.name = "game";
  auto cache = OpenRedisCache(url, std::move(options));
  EXPECT_TRUE(cache.ok()) << cache.status();
  return *std::move(cache);
}

// All of them on one server, which the first one starts.
StoreAdapter RedisAdapter() {
  return {
      .name = "redis",
      .make =
          [](std::int64_t lock_timeout_ms) {
            static const RedisServer server;
            static std::atomic<int> count = 0;
            return NewCachedStore(
                NewMemoryStore({.lock_timeout_ms = lock_timeout_ms}),
                Open(server.Url(), {.redis = kPatient,
                                    .name = absl::StrCat("store", ++count)}));
          },
      .race_seconds = 2};
}

INSTANTIATE_TEST_SUITE_P(Redis, StoreConformanceTest,
                         testing::Values(RedisAdapter()), AdapterName);

// A game on a store in memory and a server of its own.
class RedisCacheTest : public testing::Test {
 protected:
  explicit RedisCacheTest(std::vector<std::string> settings = {})
      : server_(std::move(settings)) {}

  void Use(const std::string& url, RedisCacheOptions options) {
    cache_ = Open(url, std::move(options));
    store_ = std::make_unique<CachedStore>(*memory_, *cache_);
  }
  void Use(RedisOptions redis) { Use(server_.Url(), {.redis = redis}); }

  // Hasty, but well so far: on a machine that is busy with other tests even a
  // server that is there may be too slow.
  void UseHasty(const std::function<void()>& play) {
    do {
      Use(kHasty);
      play();
    } while (cache_->counters().opened != 0);
  }

  // Pays and looks, which must go on whatever Redis does.
  void Play() {
    const std::string id = absl::StrCat("d", payments_++);
    const auto receipt = Carry(*store_, Request(OperationKind::kDebit, id, 1));
    ASSERT_TRUE(receipt.ok() && receipt->ok()) << receipt.status();
    EXPECT_EQ(BalanceOf(*store_).posted, 10'000 - payments_);
    EXPECT_EQ(BalanceOf(*store_).posted, 10'000 - payments_);
    EXPECT_TRUE(store_->History(kPlayer, {}, 20).ok());
  }

  RedisServer server_;
  const std::unique_ptr<Store> memory_ = NewMemoryStore();
  std::unique_ptr<RedisCache> cache_;
  std::unique_ptr<CachedStore> store_;
  int payments_ = 0;

 private:
  void SetUp() override { Fund(*memory_, 10'000); }
};

TEST_F(RedisCacheTest, FindsWhatWasPutUntilItIsForgotten) {
  Use(kPatient);
  PlayerCache::Found found = cache_->Get(kPlayer, "f");
  EXPECT_FALSE(found.value.has_value());
  EXPECT_NE(found.lease, "");
  const std::string value("a\0b\r\nc\xff", 7);
  cache_->Put(kPlayer, "f", value, found.lease);
  EXPECT_EQ(cache_->Get(kPlayer, "f").value, value);
  // Another field of the same player has the same lease until then.
  EXPECT_EQ(cache_->Get(kPlayer, "g").lease, found.lease);
  EXPECT_TRUE(cache_->Forget({kPlayer}));
  EXPECT_EQ(server_.Ask({"EXISTS", "fairpull:1:game:{p:p1}"}), "0");
  const PlayerCache::Found again = cache_->Get(kPlayer, "f");
  EXPECT_FALSE(again.value.has_value());
  EXPECT_NE(again.lease, found.lease);
  cache_->Put(kPlayer, "f", "old", found.lease);
  EXPECT_FALSE(cache_->Get(kPlayer, "f").value.has_value());
  const RedisCounters counters = cache_->counters();
  EXPECT_EQ(counters.hits, 1);
  EXPECT_EQ(counters.misses, 4);
  EXPECT_EQ(counters.errors + counters.skipped + counters.opened, 0);
  EXPECT_EQ(counters.servers, 1);
  EXPECT_EQ(cache_->last_error(), "");
}

TEST_F(RedisCacheTest, NoOldValueInAnyOrderOfReadersAndAWriter) {
  Use(kPatient);
  ExpectNoOldValueInAnyOrder(*cache_);
}

TEST_F(RedisCacheTest, NamesKeepDatabasesApart) {
  const auto one = Open(server_.Url(), {.redis = kPatient, .name = "one"});
  const auto two = Open(server_.Url(), {.redis = kPatient, .name = "two"});
  one->Put(kPlayer, "f", "of one", one->Get(kPlayer, "f").lease);
  EXPECT_FALSE(two->Get(kPlayer, "f").value.has_value());
  EXPECT_TRUE(two->Forget({kPlayer}));
  EXPECT_EQ(one->Get(kPlayer, "f").value, "of one");
  const auto other =
      Open(server_.Url() + "/1", {.redis = kPatient, .name = "one"});
  EXPECT_FALSE(other->Get(kPlayer, "f").value.has_value());
}

TEST_F(RedisCacheTest, NothingIsFoundLongerThanTheTimeSaid) {
  Use(server_.Url(), {.redis = kPatient, .ttl_ms = 40});
  const std::string lease = cache_->Get(kPlayer, "f").lease;
  cache_->Put(kPlayer, "f", "v", lease);
  EXPECT_TRUE(
      Eventually([&] { return !cache_->Get(kPlayer, "f").value.has_value(); }));
  // The lease has ended with it.
  cache_->Put(kPlayer, "f", "v", lease);
  EXPECT_FALSE(cache_->Get(kPlayer, "f").value.has_value());
  // What is put late lives no longer for it: the time is the player's.
  Use(server_.Url(), {.redis = kPatient, .ttl_ms = 60'000});
  cache_->Put(kPlayer, "g", "v", cache_->Get(kPlayer, "g").lease);
  const std::string key = "fairpull:1:game:{p:p1}";
  ASSERT_EQ(server_.Ask({"PEXPIRE", key, "50000"}), "1");
  cache_->Put(kPlayer, "h", "v", cache_->Get(kPlayer, "h").lease);
  EXPECT_LE(std::stoi(server_.Ask({"PTTL", key})), 50'000);
}

TEST_F(RedisCacheTest, ALongValueIsNotKept) {
  Use(server_.Url(), {.redis = kPatient, .max_value_bytes = 10});
  cache_->Put(kPlayer, "f", "12345678901", cache_->Get(kPlayer, "f").lease);
  EXPECT_FALSE(cache_->Get(kPlayer, "f").value.has_value());
  cache_->Put(kPlayer, "f", "1234567890", cache_->Get(kPlayer, "f").lease);
  EXPECT_TRUE(cache_->Get(kPlayer, "f").value.has_value());
}

TEST_F(RedisCacheTest, SeveralAreForgottenByOneCommand) {
  Use(kPatient);
  std::vector<PlayerId> players;
  for (int i = 0; i < 50; ++i) {
    players.push_back(PlayerId::Trusted(absl::StrCat("p", i)));
    cache_->Put(players[i], "f", "v", cache_->Get(players[i], "f").lease);
  }
  (void)server_.Ask({"CONFIG", "RESETSTAT"});
  EXPECT_TRUE(cache_->Forget(players));
  EXPECT_EQ(server_.Ask({"DBSIZE"}), "0");
  EXPECT_THAT(server_.Ask({"INFO", "commandstats"}),
              HasSubstr("cmdstat_unlink:calls=1,"));
}

TEST_F(RedisCacheTest, ManyThreadsShareAFewConnections) {
  Use({.max_connections = 2,
       .connect_timeout_ms = 20'000,
       .command_timeout_ms = 20'000});
  RunTogether(16, [&](int i) {
    const PlayerId player = PlayerId::Trusted(absl::StrCat("p", i));
    for (int n = 0; n < 50; ++n) {
      const std::string value = absl::StrCat(i, "-", n);
      cache_->Put(player, "f", value, cache_->Get(player, "f").lease);
      EXPECT_EQ(cache_->Get(player, "f").value, value);
      EXPECT_TRUE(cache_->Forget({player}));
    }
  });
  // Those two, and the one that asks.
  EXPECT_THAT(server_.Ask({"INFO", "clients"}),
              HasSubstr("connected_clients:3\r"));
  EXPECT_EQ(cache_->counters().skipped, 0);
}

TEST_F(RedisCacheTest, AKilledServerCostsOneRefusalAndIsThenSkipped) {
  UseHasty([&] { Play(); });
  server_.Kill();
  EXPECT_LT(MsOf([&] { Play(); }), kBoundMs);
  const RedisCounters after_one = cache_->counters();
  EXPECT_EQ(after_one.opened, 1);
  EXPECT_EQ(after_one.errors, 1);
  EXPECT_EQ(after_one.servers_skipped, 1);
  for (int i = 0; i < 100; ++i) Play();
  EXPECT_EQ(cache_->counters().errors, 1);  // it was not asked again
  EXPECT_GE(cache_->counters().skipped, 100);
  EXPECT_THAT(cache_->last_error(), HasSubstr("127.0.0.1:"));
}

TEST_F(RedisCacheTest, APausedServerCostsOneTimeoutAndIsThenSkipped) {
  UseHasty([&] { Play(); });
  server_.Freeze();
  const double cost_ms = MsOf([&] { Play(); });
  EXPECT_GE(cost_ms, 50);  // one command that gets no answer
  EXPECT_LT(cost_ms, kBoundMs);
  for (int i = 0; i < 100; ++i) Play();
  EXPECT_EQ(cache_->counters().errors, 1);
  EXPECT_EQ(cache_->counters().opened, 1);
  server_.Thaw();
}

TEST_F(RedisCacheTest, ThreadsThatWaitForAPausedServerWaitOnce) {
  UseHasty([&] {
    RunTogether(4, [&](int i) {
      (void)cache_->Get(PlayerId::Trusted(absl::StrCat("p", i)), "f");
    });
  });
  server_.Freeze();
  EXPECT_LT(MsOf([&] {
              RunTogether(32, [&](int i) {
                const PlayerId player = PlayerId::Trusted(absl::StrCat("p", i));
                for (int n = 0; n < 50; ++n) (void)cache_->Get(player, "f");
              });
            }),
            kBoundMs);
  EXPECT_LE(cache_->counters().errors, 4);  // one a connection
  EXPECT_EQ(cache_->counters().opened, 1);
  server_.Thaw();
}

TEST_F(RedisCacheTest, AServerThatComesBackIsUsedAgain) {
  Use({.connect_timeout_ms = 20'000,
       .command_timeout_ms = 20'000,
       .skip_ms = 5});
  Play();
  server_.Kill();
  Play();
  server_.Start();
  EXPECT_TRUE(Eventually([&] {
    (void)cache_->Get(PlayerId::Trusted("other"), "f");
    return cache_->counters().servers_skipped == 0;
  }));
  Play();
  // It kept nothing, and nobody misses it. Restarted while nobody asked, not
  // even the breaker notices.
  const std::int64_t errors = cache_->counters().errors;
  server_.Kill();
  server_.Start();
  Play();
  EXPECT_EQ(cache_->counters().errors, errors);
}

TEST_F(RedisCacheTest, AFullServerKeepsNothingAndForgetsStill) {
  Use(kPatient);
  Play();
  (void)cache_->Get(PlayerId::Trusted("rich"), "f");
  ASSERT_EQ(server_.Ask({"CONFIG", "SET", "maxmemory-policy", "noeviction"}),
            "OK");
  ASSERT_EQ(server_.Ask({"CONFIG", "SET", "maxmemory", "1"}), "OK");
  for (int i = 0; i < 5; ++i) Play();
  EXPECT_THAT(cache_->last_error(), HasSubstr("OOM"));
  // It is there and quick: asked still, so that what is old goes.
  EXPECT_EQ(cache_->counters().opened, 0);
  EXPECT_TRUE(cache_->Forget({PlayerId::Trusted("rich")}));
  EXPECT_EQ(server_.Ask({"EXISTS", "fairpull:1:game:{p:rich}"}), "0");
  ASSERT_EQ(server_.Ask({"CONFIG", "SET", "maxmemory", "0"}), "OK");
  cache_->Put(kPlayer, "f", "v", cache_->Get(kPlayer, "f").lease);
  EXPECT_TRUE(cache_->Get(kPlayer, "f").value.has_value());
}

TEST_F(RedisCacheTest, AServerThatEvictsForgetsTheLeaseToo) {
  Use(kPatient);
  const std::string lease = cache_->Get(kPlayer, "f").lease;
  ASSERT_EQ(server_.Ask({"FLUSHALL"}), "OK");
  cache_->Put(kPlayer, "f", "old", lease);
  EXPECT_EQ(server_.Ask({"DBSIZE"}), "0");
}

TEST_F(RedisCacheTest, AnotherApplicationsKeyIsAnErrorAndAMiss) {
  Use(kPatient);
  ASSERT_EQ(server_.Ask({"SET", "fairpull:1:game:{p:p1}", "mine"}), "OK");
  EXPECT_EQ(BalanceOf(*store_).posted, 10'000);
  EXPECT_THAT(cache_->last_error(), HasSubstr("WRONGTYPE"));
  Play();
}

TEST_F(RedisCacheTest, AReplicaThatMayNotBeWrittenIsAMiss) {
  Use(kPatient);
  Play();
  ASSERT_EQ(server_.Ask({"REPLICAOF", "127.0.0.1", "1"}), "OK");
  EXPECT_FALSE(cache_->Forget({kPlayer}));
  EXPECT_THAT(cache_->last_error(), HasSubstr("READONLY"));
  Play();
  ASSERT_EQ(server_.Ask({"REPLICAOF", "NO", "ONE"}), "OK");
  EXPECT_TRUE(cache_->Forget({kPlayer}));
}

class GuardedRedisTest : public RedisCacheTest {
 protected:
  GuardedRedisTest() : RedisCacheTest({"--requirepass", "sesame"}) {}
};

TEST_F(GuardedRedisTest, ThePasswordOpensAndAWrongOneIsToldWithoutItself) {
  Use(server_.Url(":sesame@"), {.redis = kPatient});
  Play();
  EXPECT_EQ(cache_->counters().errors, 0);
  Use(server_.Url("default:sesame@"), {.redis = kPatient});
  EXPECT_NE(cache_->Get(kPlayer, "f").lease, "");
  RedisOptions skipping = kPatient;
  skipping.skip_ms = 600'000;
  for (const std::string login : {":secret@", "ann:secret@"}) {
    Use(server_.Url(login), {.redis = skipping});
    Play();
    EXPECT_THAT(cache_->last_error(),
                HasSubstr("refuses the user or password"));
    EXPECT_THAT(cache_->last_error(), Not(HasSubstr("secret")));
    // Not tried again with each call.
    EXPECT_EQ(cache_->counters().errors, 1);
  }
  Use(server_.Url(), {.redis = kPatient});
  Play();
  EXPECT_THAT(cache_->last_error(), HasSubstr("NOAUTH"));
}

TEST_F(RedisCacheTest, ADatabaseThatIsNotThereIsTold) {
  Use(server_.Url() + "/99", {.redis = kPatient});
  Play();
  EXPECT_THAT(cache_->last_error(),
              HasSubstr("refuses the number of the database"));
}

// Accepts connections and answers whatever comes with the same bytes.
class FakeServer {
 public:
  explicit FakeServer(std::string answer) : answer_(std::move(answer)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_, any, size) != 0 || listen(listener_, 100) != 0 ||
        getsockname(listener_, any, &size) != 0) {
      throw std::runtime_error("no port for the fake server");
    }
    url_ = absl::StrCat("redis://127.0.0.1:", ntohs(address.sin_port));
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    for (const int client : clients_) close(client);
  }
  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  void Serve() {
    while (true) {
      const int client = accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      char request[4096];
      (void)!read(client, request, sizeof(request));
      (void)send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      clients_.push_back(client);
    }
  }

  const std::string answer_;
  std::string url_;
  int listener_ = -1;
  std::thread thread_;
  std::vector<int> clients_;
};

TEST_F(RedisCacheTest, WhatIsNoRedisCostsNoMoreThanADeadOne) {
  for (const std::string answer :
       {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x15\x03\x01\x00\x02\x02\x50",
        "$12\r\nhalf", "*1000000000\r\n", "$1000000000\r\nx", "$-5\r\n",
        "*2\r\n", ":99999999999999999999\r\n", ""}) {
    const FakeServer fake(answer);
    Use(fake.url(), {.redis = kHasty});
    EXPECT_LT(MsOf([&] { Play(); }), kBoundMs) << answer;
    EXPECT_EQ(cache_->counters().opened, 1) << answer;
    const std::int64_t errors = cache_->counters().errors;
    for (int i = 0; i < 20; ++i) Play();
    EXPECT_EQ(cache_->counters().errors, errors) << answer;
  }
}

TEST_F(RedisCacheTest, RepliesOfAnotherShapeAreMisses) {
  for (const std::string answer :
       {"+OK\r\n", "*0\r\n", "*1\r\n:5\r\n", "*2\r\n$-1\r\n$-1\r\n", "*-1\r\n",
        ":1\r\n", "-MOVED 1 nowhere\r\n", "-MOVED\r\n"}) {
    const FakeServer fake(answer);
    Use(fake.url(), {.redis = kHasty});
    EXPECT_EQ(BalanceOf(*store_).posted, 10'000 - payments_) << answer;
    EXPECT_EQ(cache_->counters().hits, 0) << answer;
  }
}

}  // namespace
}  // namespace fairpull
