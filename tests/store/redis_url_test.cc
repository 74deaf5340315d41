// Urls of Redis, slots of a cluster, and the breaker.

#include "redis_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "circuit_breaker.h"
#include "fairpull/store/redis_bus.h"
#include "fairpull/store/redis_cache.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RedisUrlTest, EachPartIsRead) {
  const RedisUrl plain = *ParseRedisUrl("redis://cache.local");
  EXPECT_EQ(plain.hosts, (std::vector<RedisEndpoint>{{"cache.local", 6379}}));
  EXPECT_EQ(plain.user + plain.password, "");
  EXPECT_EQ(plain.database, 0);
  const RedisUrl full = *ParseRedisUrl("redis://ann:p%40s%3As@10.0.0.5:7000/3");
  EXPECT_EQ(full.hosts, (std::vector<RedisEndpoint>{{"10.0.0.5", 7000}}));
  EXPECT_EQ(full.user, "ann");
  EXPECT_EQ(full.password, "p@s:s");
  EXPECT_EQ(full.database, 3);
  EXPECT_EQ(ParseRedisUrl("redis://:secret@h")->password, "secret");
  EXPECT_EQ(ParseRedisUrl("redis://:secret@h/")->database, 0);
  const RedisUrl nodes = *ParseRedisUrl("redis://a:1,b,[::1]:3");
  EXPECT_EQ(nodes.hosts,
            (std::vector<RedisEndpoint>{{"a", 1}, {"b", 6379}, {"::1", 3}}));
  EXPECT_EQ(ToText(nodes.hosts[2]), "[::1]:3");
}

TEST(RedisUrlTest, AnyOtherFormIsRefusedWithoutRepeatingIt) {
  for (const std::string url : {"",
                                "redis:",
                                "redis://",
                                "http://secret@h",
                                "redis://secret@h",
                                "redis://u:@h",
                                "redis://u:secret@",
                                "redis://u:sec%zzret@h",
                                "redis://u:secret%4@h",
                                "redis://u:sec/ret@h",
                                "redis://u:se@cret@h",
                                "redis://h:0",
                                "redis://h:65536",
                                "redis://h:",
                                "redis://h:-1",
                                "redis://h:+1",
                                "redis://h:1x",
                                "redis://h/x",
                                "redis://h/-1",
                                "redis://h/0/secret",
                                "redis://h?secret=1",
                                "redis://[::1",
                                "redis://h,",
                                "redis://a b",
                                "redis://[::1]6379",
                                "redis:///0"}) {
    const auto parsed = ParseRedisUrl(url);
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument)
        << url;
    EXPECT_THAT(std::string(parsed.status().message()),
                HasSubstr("redis://[user[:password]@]host"));
    EXPECT_THAT(std::string(parsed.status().message()),
                Not(HasSubstr("secret")));
  }
  EXPECT_FALSE(ParseRedisUrl("redis://a,b/1").ok());
  const auto tls =
      OpenRedisCache("rediss://u:secret@h", {.name = "game"}).status();
  EXPECT_EQ(tls.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(tls.message()), HasSubstr("stunnel"));
  EXPECT_THAT(std::string(tls.message()), Not(HasSubstr("secret")));
}

TEST(RedisUrlTest, OptionsOutOfRangeAreRefused) {
  const auto refused = [](RedisCacheOptions options) {
    if (options.name.empty()) options.name = "game";
    return OpenRedisCache("redis://h", options).status().code() ==
           absl::StatusCode::kInvalidArgument;
  };
  EXPECT_TRUE(OpenRedisCache("redis://h", {.name = "game"})
                  .ok());  // nothing is asked yet
  EXPECT_TRUE(refused({.redis = {.max_connections = 0}}));
  EXPECT_TRUE(refused({.redis = {.connect_timeout_ms = 0}}));
  EXPECT_TRUE(refused({.redis = {.command_timeout_ms = 60'001}}));
  EXPECT_TRUE(refused({.redis = {.skip_ms = 0}}));
  EXPECT_FALSE(OpenRedisCache("redis://h", {}).ok());  // whose?
  EXPECT_TRUE(refused({.name = "a:b"}));
  EXPECT_TRUE(refused({.name = std::string(65, 'a')}));
  EXPECT_TRUE(refused({.ttl_ms = 0}));
  EXPECT_TRUE(refused({.max_value_bytes = -1}));
  EXPECT_FALSE(OpenRedisBus("redis://h", {.skip_ms = 0}).ok());
  EXPECT_FALSE(OpenRedisBus("http://h").ok());
  const auto bus = *OpenRedisBus("redis://127.0.0.1:1");
  EXPECT_FALSE(bus->Subscribe({}, {[] {}, [](const BusMessage&) {}}).ok());
  EXPECT_FALSE(bus->Subscribe({"a"}, {nullptr, nullptr}).ok());
}

// The values are those of the documentation of CLUSTER KEYSLOT, and of the
// check word of CRC-16/XMODEM, 0x31C3.
TEST(RedisSlotTest, AreThoseOfTheSpecification) {
  EXPECT_EQ(RedisSlotOf("123456789"), 0x31C3);
  EXPECT_EQ(RedisSlotOf("somekey"), 11058);
  EXPECT_EQ(RedisSlotOf("foo{hash_tag}"), 2515);
  EXPECT_EQ(RedisSlotOf("bar{hash_tag}"), 2515);
  EXPECT_EQ(RedisSlotOf("hash_tag"), 2515);
  EXPECT_EQ(RedisSlotOf("{}hash_tag"), RedisSlotOf("{}hash_tag"));
  EXPECT_NE(RedisSlotOf("{}a"), RedisSlotOf("{}b"));  // an empty tag is none
  EXPECT_EQ(RedisSlotOf("fairpull:1:game:{p:ann}"), RedisSlotOf("p:ann"));
  EXPECT_EQ(RedisSlotOf(""), 0);
}

TEST(RedisRedirectTest, ATargetIsReadAsRedisSpellsIt) {
  EXPECT_EQ(*ParseRedirectTarget("127.0.0.1:6381", "x"),
            (RedisEndpoint{"127.0.0.1", 6381}));
  EXPECT_EQ(*ParseRedirectTarget("::1:6381", "x"),
            (RedisEndpoint{"::1", 6381}));
  EXPECT_EQ(*ParseRedirectTarget(":6381", "here"),
            (RedisEndpoint{"here", 6381}));
  for (const std::string bad : {"", "h", "h:", "h:0", "?:1", "a b:1"}) {
    EXPECT_FALSE(ParseRedirectTarget(bad, "x").ok()) << bad;
  }
}

TEST(CircuitBreakerTest, SkipsAfterAFailureAndLetsOneTryAgain) {
  CircuitBreaker breaker(100);
  EXPECT_TRUE(breaker.Admit(0));
  EXPECT_TRUE(breaker.Admit(0));
  EXPECT_TRUE(breaker.Failed(10));   // opens
  EXPECT_FALSE(breaker.Failed(20));  // was open: a slower caller
  EXPECT_TRUE(breaker.open());
  EXPECT_FALSE(breaker.Admit(20));
  EXPECT_FALSE(breaker.Admit(119));
  EXPECT_TRUE(breaker.Admit(120));   // one tries
  EXPECT_FALSE(breaker.Admit(120));  // the others don't
  EXPECT_FALSE(breaker.Admit(219));
  EXPECT_TRUE(breaker.Admit(220));  // the first never came back
  EXPECT_FALSE(breaker.Failed(230));
  EXPECT_FALSE(breaker.Admit(329));
  EXPECT_TRUE(breaker.Admit(330));
  breaker.Succeeded();
  EXPECT_FALSE(breaker.open());
  EXPECT_TRUE(breaker.Admit(331));
  EXPECT_TRUE(breaker.Admit(331));
  EXPECT_TRUE(breaker.Failed(332));
}

}  // namespace
}  // namespace fairpull
