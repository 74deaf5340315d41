#include "redis_connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

absl::Status Failed(absl::string_view what, int error) {
  return absl::UnavailableError(
      absl::StrCat("Redis ", what, ": ", std::strerror(error)));
}

// Waits until `fd` can be read or written, or `wake_fd` read, as Receive says.
absl::Status Wait(int fd, short events, RedisDeadline deadline, int wake_fd) {
  std::array<pollfd, 2> watched = {pollfd{fd, events, 0},
                                   pollfd{wake_fd, POLLIN, 0}};
  const nfds_t count = wake_fd < 0 ? 1 : 2;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    const int ready = poll(
        watched.data(), count,
        static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000)));
    if (ready < 0 && errno != EINTR)
      return Failed("can't be waited for", errno);
    if (ready > 0) {
      if (count == 2 && watched[1].revents != 0) {
        return absl::CancelledError("woken");
      }
      return absl::OkStatus();
    }
    if (ready == 0 && left.count() <= 0) {
      return absl::DeadlineExceededError("Redis did not answer in time");
    }
  }
}

// A deadline that passed is a server that is not there.
absl::Status AsUnavailable(const absl::Status& status) {
  return status.ok() ? status : absl::UnavailableError(status.message());
}

absl::StatusOr<int> ConnectTo(const addrinfo& address, RedisDeadline deadline) {
  const int fd = socket(address.ai_family,
                        address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failed("can't be connected to", errno);
  int error = 0;
  if (connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
    error = errno;
    if (error == EINPROGRESS) {
      const absl::Status waited = Wait(fd, POLLOUT, deadline, -1);
      socklen_t size = sizeof(error);
      if (!waited.ok()) {
        error = ETIMEDOUT;
      } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
      }
    }
  }
  if (error != 0) {
    close(fd);
    return Failed("can't be connected to", error);
  }
  const int on = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

absl::StatusOr<int> ConnectTo(const RedisEndpoint& endpoint,
                              RedisDeadline deadline) {
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(endpoint.host.c_str(), absl::StrCat(endpoint.port).c_str(),
                  &wanted, &found);
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat("Redis has no address: ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found,
                                                                 freeaddrinfo);
  absl::StatusOr<int> connected =
      absl::UnavailableError("Redis has no address");
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    connected = ConnectTo(*one, deadline);
    if (connected.ok()) break;
  }
  return connected;
}

// No reply to this library has more parts. hiredis makes room for as many as
// are announced, before they come: what is no Redis would get gigabytes.
constexpr int kMostParts = 1000;

// hiredis' own functions that make replies.
const redisReplyObjectFunctions& OwnFunctions() {
  static const redisReplyObjectFunctions functions = [] {
    redisReader* const reader = redisReaderCreate();
    if (reader == nullptr) throw std::bad_alloc();
    const redisReplyObjectFunctions copy = *reader->fn;
    redisReaderFree(reader);
    return copy;
  }();
  return functions;
}

// The type of the number is another one in each version of hiredis.
template <class Number>
void* CreateShortArray(const redisReadTask* task, Number parts) {
  if (parts > static_cast<Number>(kMostParts)) return nullptr;
  return OwnFunctions().createArray(task, parts);
}

redisReader* NewReader() {
  static redisReplyObjectFunctions functions = [] {
    redisReplyObjectFunctions limited = OwnFunctions();
    limited.createArray = CreateShortArray;
    return limited;
  }();
  return redisReaderCreateWithFunctions(&functions);
}

}  // namespace

absl::string_view TextOf(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      return {reply.str, reply.len};
    default:
      return {};
  }
}

bool IsError(const redisReply& reply) {
  return reply.type == REDIS_REPLY_ERROR;
}

absl::Span<redisReply* const> PartsOf(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ARRAY) return {};
  return {reply.element, reply.elements};
}

RedisConnection::RedisConnection(int fd) : fd_(fd), reader_(NewReader()) {
  if (reader_ == nullptr) {
    close(fd_);
    throw std::bad_alloc();
  }
}

RedisConnection::~RedisConnection() {
  redisReaderFree(reader_);
  close(fd_);
}

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisConnection::Connect(
    const RedisEndpoint& endpoint, const RedisLogin& login,
    RedisDeadline deadline) {
  absl::StatusOr<int> fd = ConnectTo(endpoint, deadline);
  if (!fd.ok()) {
    return absl::UnavailableError(
        absl::StrCat(fd.status().message(), " (", ToText(endpoint), ")"));
  }
  std::unique_ptr<RedisConnection> connection(new RedisConnection(*fd));
  FAIRPULL_RETURN_IF_ERROR(connection->LogIn(endpoint, login, deadline));
  return connection;
}

absl::Status RedisConnection::LogIn(const RedisEndpoint& endpoint,
                                    const RedisLogin& login,
                                    RedisDeadline deadline) {
  std::vector<std::vector<absl::string_view>> commands;
  const std::string database = absl::StrCat(login.database);
  if (!login.password.empty()) {
    commands.push_back({"AUTH"});
    if (!login.user.empty()) commands.back().push_back(login.user);
    commands.back().push_back(login.password);
  }
  if (login.database != 0) commands.push_back({"SELECT", database});
  for (const auto& command : commands) {
    FAIRPULL_RETURN_IF_ERROR(Send(command, deadline));
  }
  for (const auto& command : commands) {
    absl::StatusOr<RedisReply> reply = Receive(deadline);
    if (!reply.ok()) return AsUnavailable(reply.status());
    if (!IsError(**reply)) continue;
    const absl::string_view what = command[0] == "AUTH"
                                       ? "the user or password"
                                       : "the number of the database";
    return absl::UnavailableError(absl::StrCat("the Redis at ",
                                               ToText(endpoint), " refuses ",
                                               what, ": ", TextOf(**reply)));
  }
  return absl::OkStatus();
}

absl::Status RedisConnection::Send(Words command, RedisDeadline deadline) {
  std::vector<const char*> words;
  std::vector<std::size_t> lengths;
  for (const absl::string_view word : command) {
    words.push_back(word.data() == nullptr ? "" : word.data());
    lengths.push_back(word.size());
  }
  char* text = nullptr;
  // An int, or in newer versions a long long.
  const auto size = redisFormatCommandArgv(
      &text, static_cast<int>(words.size()), words.data(), lengths.data());
  if (size < 0) throw std::bad_alloc();
  const std::unique_ptr<char, decltype(&redisFreeCommand)> owned(
      text, redisFreeCommand);
  absl::string_view rest(text, static_cast<std::size_t>(size));
  while (!rest.empty()) {
    const ssize_t sent = send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      const absl::Status waited = Wait(fd_, POLLOUT, deadline, -1);
      if (!waited.ok()) return AsUnavailable(waited);
    } else if (errno != EINTR) {
      return Failed("can't be written to", errno);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RedisReply> RedisConnection::Receive(RedisDeadline deadline,
                                                    int wake_fd) {
  std::array<char, 16 * 1024> buffer;
  while (true) {
    void* reply = nullptr;
    if (redisReaderGetReply(reader_, &reply) != REDIS_OK) {
      return absl::UnavailableError(
          absl::StrCat("what answers is no Redis: ", reader_->errstr));
    }
    if (reply != nullptr) return RedisReply(static_cast<redisReply*>(reply));
    FAIRPULL_RETURN_IF_ERROR(Wait(fd_, POLLIN, deadline, wake_fd));
    const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got == 0) return absl::UnavailableError("Redis has hung up");
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) continue;
      return Failed("can't be read from", errno);
    }
    if (redisReaderFeed(reader_, buffer.data(),
                        static_cast<std::size_t>(got)) != REDIS_OK) {
      return absl::UnavailableError(
          absl::StrCat("what answers is no Redis: ", reader_->errstr));
    }
  }
}

absl::StatusOr<RedisReply> RedisConnection::Call(
    absl::Span<const Words> commands, RedisDeadline deadline) {
  for (const Words command : commands) {
    FAIRPULL_RETURN_IF_ERROR(Send(command, deadline));
  }
  absl::StatusOr<RedisReply> reply;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    reply = Receive(deadline);
    if (!reply.ok()) return AsUnavailable(reply.status());
  }
  return reply;
}

bool RedisConnection::quiet() const {
  pollfd watched = {fd_, POLLIN, 0};
  return poll(&watched, 1, 0) == 0;
}

}  // namespace fairpull
