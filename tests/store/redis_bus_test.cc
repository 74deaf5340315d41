// Messages over Redis, and what a subscriber is told when the line breaks.

#include "fairpull/store/redis_bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/redis_server.h"
#include "store/waiting.h"

namespace fairpull {
namespace {

using ::testing::ElementsAre;

constexpr RedisOptions kPatient = {
    .connect_timeout_ms = 20'000, .command_timeout_ms = 20'000, .skip_ms = 5};

// What a subscriber was told, in order: "gap", or "channel=bytes".
class Log {
 public:
  BusListener Listener() {
    return {.on_gap = [this] { Add("gap"); },
            .on_message =
                [this](const BusMessage& message) {
                  Add(absl::StrCat(message.channel, "=", message.bytes));
                }};
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return lines_;
  }
  [[nodiscard]] bool Has(std::size_t count) const {
    return Eventually([&] { return lines().size() >= count; });
  }

 private:
  void Add(std::string line) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lines_.push_back(std::move(line));
  }

  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class RedisBusTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<RedisBus> Bus(RedisOptions options = kPatient) {
    return *OpenRedisBus(server_.Url(), options);
  }

  RedisServer server_;
};

TEST_F(RedisBusTest, AMessageReachesAllWhoListenInItsOrder) {
  const auto bus = Bus();
  EXPECT_EQ(bus->Publish("catalog", "nobody listens"), absl::OkStatus());
  Log one;
  Log two;
  const auto first = bus->Subscribe({"catalog", "news"}, one.Listener());
  const auto second = Bus()->Subscribe({"news", "news"}, two.Listener());
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(one.Has(1) && two.Has(1));
  const std::string bytes("\0\r\n\xff", 4);
  ASSERT_EQ(bus->Publish("catalog", "17"), absl::OkStatus());
  ASSERT_EQ(bus->Publish("news", bytes), absl::OkStatus());
  ASSERT_EQ(bus->Publish("catalog", ""), absl::OkStatus());
  ASSERT_TRUE(one.Has(4) && two.Has(2));
  EXPECT_THAT(one.lines(),
              ElementsAre("gap", "catalog=17", "news=" + bytes, "catalog="));
  EXPECT_THAT(two.lines(), ElementsAre("gap", "news=" + bytes));
}

TEST_F(RedisBusTest, AfterABreakTheGapIsToldBeforeNewMessages) {
  const auto bus = Bus();
  Log log;
  const auto listening = bus->Subscribe({"catalog"}, log.Listener());
  ASSERT_TRUE(log.Has(1));
  // The server ends the line.
  ASSERT_EQ(server_.Ask({"CLIENT", "KILL", "TYPE", "pubsub"}), "1");
  ASSERT_TRUE(log.Has(2));
  ASSERT_EQ(bus->Publish("catalog", "a"), absl::OkStatus());
  ASSERT_TRUE(log.Has(3));
  // The server is started again.
  server_.Kill();
  EXPECT_EQ(bus->Publish("catalog", "lost").code(),
            absl::StatusCode::kUnavailable);
  server_.Start();
  ASSERT_TRUE(log.Has(4));
  EXPECT_TRUE(Eventually([&] { return bus->Publish("catalog", "b").ok(); }));
  ASSERT_TRUE(log.Has(5));
  EXPECT_THAT(log.lines(),
              ElementsAre("gap", "gap", "catalog=a", "gap", "catalog=b"));
}

TEST_F(RedisBusTest, ASubscriptionMayBeMadeBeforeTheServer) {
  server_.Kill();
  Log log;
  const auto listening = Bus()->Subscribe({"catalog"}, log.Listener());
  ASSERT_TRUE(listening.ok());
  server_.Start();
  EXPECT_TRUE(log.Has(1));
}

TEST_F(RedisBusTest, ItEndsAtOnceWhateverTheServerDoes) {
  Log log;
  auto listening = *Bus()->Subscribe({"catalog"}, log.Listener());
  ASSERT_TRUE(log.Has(1));
  EXPECT_LT(MsOf([&] { listening.reset(); }), 2000);
  listening = *Bus()->Subscribe({"catalog"}, log.Listener());
  ASSERT_TRUE(log.Has(2));
  server_.Freeze();
  EXPECT_LT(MsOf([&] { listening.reset(); }), 2000);
  server_.Thaw();
  server_.Kill();
  listening = *Bus()->Subscribe({"catalog"}, log.Listener());
  EXPECT_LT(MsOf([&] { listening.reset(); }), 2000);
}

TEST_F(RedisBusTest, PublishingToAPausedServerCostsOneTimeout) {
  // On a busy machine even a server that is there may be too slow.
  std::unique_ptr<RedisBus> bus;
  do {
    bus = Bus({.connect_timeout_ms = 50,
               .command_timeout_ms = 50,
               .skip_ms = 600'000});
  } while (!bus->Publish("catalog", "a").ok());
  server_.Freeze();
  EXPECT_LT(MsOf([&] {
              for (int i = 0; i < 1000; ++i) {
                EXPECT_EQ(bus->Publish("catalog", "b").code(),
                          absl::StatusCode::kUnavailable);
              }
            }),
            2000);
  EXPECT_EQ(bus->counters().errors, 1);
  EXPECT_EQ(bus->counters().skipped, 999);
  server_.Thaw();
}

}  // namespace
}  // namespace fairpull
