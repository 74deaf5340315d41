#include "fairpull/store/redis_bus.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "redis_client.h"
#include "redis_connection.h"

namespace fairpull {
namespace {

constexpr std::int64_t kFirstPauseMs = 50;
constexpr std::int64_t kLongestPauseMs = 5000;
// After so long without a word the server is asked whether it is there, and
// after so long again the line counts as broken.
constexpr std::int64_t kQuietMs = 5000;

// Can be waited for together with a socket.
class WakeUp {
 public:
  WakeUp() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category());
  }
  ~WakeUp() { close(fd_); }
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  void Ring() const { (void)eventfd_write(fd_, 1); }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  const int fd_;
};

class Subscription : public BusSubscription {
 public:
  Subscription(RedisUrl url, RedisOptions options,
               std::vector<std::string> channels, BusListener listener)
      : url_(std::move(url)),
        options_(options),
        channels_(std::move(channels)),
        listener_(std::move(listener)),
        thread_([this] { Run(); }) {}

  ~Subscription() override {
    wake_.Ring();
    thread_.join();
  }

 private:
  // Until woken: listens, pauses after each failure, longer each time.
  void Run() {
    std::minstd_rand random(std::random_device{}());
    std::int64_t pause_ms = kFirstPauseMs;
    for (std::size_t attempt = 0;; ++attempt) {
      bool stood = false;
      const RedisEndpoint& host = url_.hosts[attempt % url_.hosts.size()];
      if (absl::IsCancelled(Listen(host, stood))) return;
      if (stood) pause_ms = kFirstPauseMs;
      // Many that lost the same server don't come back all at once.
      const std::int64_t some_ms =
          pause_ms / 2 + static_cast<std::int64_t>(random() % pause_ms) / 2;
      if (Woken(some_ms)) return;
      pause_ms = std::min(2 * pause_ms, kLongestPauseMs);
    }
  }

  // Whether it was woken before the time was over.
  [[nodiscard]] bool Woken(std::int64_t ms) const {
    pollfd watched = {wake_.fd(), POLLIN, 0};
    return poll(&watched, 1, static_cast<int>(ms)) > 0;
  }

  // One connection, until it fails, or Cancelled. `stood` tells whether there
  // was a subscription.
  absl::Status Listen(const RedisEndpoint& host, bool& stood) {
    FAIRPULL_ASSIGN_OR_RETURN(
        const std::unique_ptr<RedisConnection> connection,
        RedisConnection::Connect(
            host, {.user = url_.user, .password = url_.password},
            RedisDeadlineIn(
                std::max(options_.connect_timeout_ms, kFirstPauseMs))));
    std::vector<absl::string_view> subscribe = {"SUBSCRIBE"};
    subscribe.insert(subscribe.end(), channels_.begin(), channels_.end());
    FAIRPULL_RETURN_IF_ERROR(
        connection->Send(subscribe, RedisDeadlineIn(kQuietMs)));
    std::size_t subscribed = 0;
    bool asked = false;
    while (true) {
      const absl::StatusOr<RedisReply> reply =
          connection->Receive(RedisDeadlineIn(kQuietMs), wake_.fd());
      if (absl::IsDeadlineExceeded(reply.status()) && !asked) {
        FAIRPULL_RETURN_IF_ERROR(
            connection->Send({"PING"}, RedisDeadlineIn(kQuietMs)));
        asked = true;
        continue;
      }
      FAIRPULL_RETURN_IF_ERROR(reply.status());
      asked = false;
      const absl::Span<redisReply* const> parts = PartsOf(**reply);
      if (parts.size() < 2) {  // an error, or not what was asked for
        return absl::UnavailableError(TextOf(**reply));
      }
      const absl::string_view kind = TextOf(*parts[0]);
      if (kind == "message" && parts.size() == 3) {
        listener_.on_message({.channel = std::string(TextOf(*parts[1])),
                              .bytes = std::string(TextOf(*parts[2]))});
      } else if (kind == "subscribe" && ++subscribed == channels_.size()) {
        stood = true;
        listener_.on_gap();
      }
    }
  }

  const RedisUrl url_;
  const RedisOptions options_;
  const std::vector<std::string> channels_;
  const BusListener listener_;
  const WakeUp wake_;
  std::thread thread_;
};

class Bus : public RedisBus {
 public:
  Bus(const RedisUrl& url, const RedisOptions& options)
      : url_(url), options_(options), client_(url, options) {}

  absl::Status Publish(absl::string_view channel,
                       absl::string_view bytes) override {
    FAIRPULL_ASSIGN_OR_RETURN(const RedisReply reply,
                              client_.Call("", {"PUBLISH", channel, bytes}));
    if (!IsError(*reply)) return absl::OkStatus();
    const std::string error = absl::StrCat("Redis answered ", TextOf(*reply));
    client_.Count(error);
    return absl::UnavailableError(error);
  }

  absl::StatusOr<std::unique_ptr<BusSubscription>> Subscribe(
      std::vector<std::string> channels, BusListener listener) override {
    std::sort(channels.begin(), channels.end());
    channels.erase(std::unique(channels.begin(), channels.end()),
                   channels.end());
    if (channels.empty() || !listener.on_gap || !listener.on_message) {
      return absl::InvalidArgumentError(
          "a subscription needs a channel, and a listener with on_gap and "
          "on_message");
    }
    return std::make_unique<Subscription>(url_, options_, std::move(channels),
                                          std::move(listener));
  }

  RedisCounters counters() const override { return client_.counters(); }

 private:
  const RedisUrl url_;
  const RedisOptions options_;
  RedisClient client_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RedisBus>> OpenRedisBus(absl::string_view url,
                                                       RedisOptions options) {
  FAIRPULL_ASSIGN_OR_RETURN(const RedisUrl parsed, ParseRedisUrl(url));
  FAIRPULL_RETURN_IF_ERROR(CheckRedisOptions(options));
  return std::make_unique<Bus>(parsed, options);
}

}  // namespace fairpull
