#include "store/redis_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "redis_connection.h"
#include "redis_url.h"

namespace fairpull {
namespace {

// The highest port whose companion for a cluster's own talk, 10000 above, is a
// port as well.
constexpr int kHighestPort = 55535;

// Whether nothing listens on this port of loopback; 0 asks for any.
int BindFree(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool bound =
      bind(fd, any, size) == 0 && getsockname(fd, any, &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : -1;
}

int FreePort() {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const int port = BindFree(0);
    if (port > 0 && port <= kHighestPort && BindFree(port + 10'000) > 0) {
      return port;
    }
  }
  throw std::runtime_error("no free port on loopback");
}

std::string Content(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string AsText(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
  if (reply.type != REDIS_REPLY_ARRAY) return std::string(TextOf(reply));
  std::string lines;
  for (const redisReply* part : PartsOf(reply)) {
    absl::StrAppend(&lines, AsText(*part), "\n");
  }
  return lines;
}

}  // namespace

RedisServer::RedisServer(std::vector<std::string> settings)
    : settings_(std::move(settings)) {
  // Another process may take the port before the server does.
  for (int attempt = 0; attempt < 10; ++attempt) {
    port_ = FreePort();
    if (TryStart()) return;
  }
  throw std::runtime_error(
      "no Redis server could be started (apt-get install redis-server):\n" +
      Content(folder_.File("log")));
}

RedisServer::~RedisServer() { Kill(); }

std::string RedisServer::Url(const std::string& login) const {
  return absl::StrCat("redis://", login, "127.0.0.1:", port_);
}

std::string RedisServer::Ask(const std::vector<std::string>& command,
                             const std::string& login) const {
  const RedisUrl url = *ParseRedisUrl(Url(login));
  const RedisDeadline deadline = RedisDeadlineIn(20'000);
  auto connection = RedisConnection::Connect(
      url.hosts[0], {.user = url.user, .password = url.password}, deadline);
  if (!connection.ok()) return std::string(connection.status().message());
  const std::vector<absl::string_view> words(command.begin(), command.end());
  const RedisConnection::Words one = words;
  const auto reply = (*connection)->Call({one}, deadline);
  return reply.ok() ? AsText(**reply) : std::string(reply.status().message());
}

void RedisServer::Kill() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void RedisServer::Start() {
  if (!TryStart()) {
    throw std::runtime_error("Redis did not start again:\n" +
                             Content(folder_.File("log")));
  }
}

bool RedisServer::TryStart() {
  const std::string port = std::to_string(port_);
  std::vector<std::string> command = {"redis-server",
                                      "--port",
                                      port,
                                      "--bind",
                                      "127.0.0.1",
                                      "--save",
                                      "",
                                      "--appendonly",
                                      "no",
                                      "--dir",
                                      folder_.path(),
                                      "--logfile",
                                      folder_.File("log")};
  command.insert(command.end(), settings_.begin(), settings_.end());
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = fork();
  if (process_ == 0) {
    // A group of its own: a Ctrl-C is for the test. And never left behind.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(arguments[0], arguments.data());
    _exit(122);
  }
  const auto limit =
      std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < limit) {
    if (waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return false;
    }
    const std::string answer = Ask({"PING"});
    if (answer == "PONG" || absl::StartsWith(answer, "NOAUTH")) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  Kill();
  return false;
}

void RedisServer::Freeze() const {
  kill(process_, SIGSTOP);
  waitpid(process_, nullptr, WUNTRACED);
}

void RedisServer::Thaw() const { kill(process_, SIGCONT); }

RedisCluster::RedisCluster() {
  for (int i = 0; i < 3; ++i) {
    nodes_.push_back(std::make_unique<RedisServer>(std::vector<std::string>{
        "--cluster-enabled", "yes", "--cluster-config-file",
        absl::StrCat("nodes-", i, ".conf")}));
  }
  for (int i = 0; i < 3; ++i) {
    std::vector<std::string> command = {"CLUSTER", "ADDSLOTS"};
    for (int slot = 0; slot < 16384; ++slot) {
      if (NodeOf(slot) == i) command.push_back(std::to_string(slot));
    }
    (void)node(i).Ask(command);
    (void)node(i).Ask({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
  }
  for (int i = 1; i < 3; ++i) {
    (void)node(0).Ask(
        {"CLUSTER", "MEET", "127.0.0.1", std::to_string(node(i).port())});
  }
  const auto limit =
      std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (int i = 0; i < 3; ++i) {
    while (!absl::StrContains(node(i).Ask({"CLUSTER", "INFO"}),
                              "cluster_state:ok")) {
      if (std::chrono::steady_clock::now() > limit) {
        throw std::runtime_error("the Redis Cluster did not come up: " +
                                 node(i).Ask({"CLUSTER", "INFO"}));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

}  // namespace fairpull
