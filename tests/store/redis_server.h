// A Redis server of the test's own, on a free port of loopback.
//
//   RedisServer server;
//   auto cache = OpenRedisCache(server.Url());

#ifndef FAIRPULL_TESTS_STORE_REDIS_SERVER_H_
#define FAIRPULL_TESTS_STORE_REDIS_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "store/temp_folder.h"

namespace fairpull {

// Started when made, ended when destroyed. Throws std::runtime_error with what
// is to be installed if there is no server.
class RedisServer {
 public:
  // `settings` are words of its command line: {"--maxmemory", "2mb"}.
  explicit RedisServer(std::vector<std::string> settings = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // The url, with "user:password@" or ":password@" if that is given.
  [[nodiscard]] std::string Url(const std::string& login = "") const;
  [[nodiscard]] int port() const { return port_; }

  // Sends a command and gives its reply as text: numbers in digits, arrays with
  // a line for each part, an error as Redis spells it. `login` as in Url.
  std::string Ask(const std::vector<std::string>& command,
                  const std::string& login = "") const;

  // Ends it as kill -9 does.
  void Kill();
  // Starts it again on the same port, empty, and waits until it answers.
  void Start();
  // Stops and continues it, as a machine that hangs.
  void Freeze() const;
  void Thaw() const;

 private:
  // Whether it answers; false if it ended by itself.
  bool TryStart();

  TempFolder folder_;
  std::vector<std::string> settings_;
  int port_ = 0;
  pid_t process_ = -1;
};

// Three servers that are one Redis Cluster without replicas.
class RedisCluster {
 public:
  RedisCluster();

  RedisServer& node(int i) { return *nodes_[static_cast<std::size_t>(i)]; }
  // The node, 0 to 2, that has a slot at first.
  static int NodeOf(int slot) { return slot * 3 / 16384; }

 private:
  std::vector<std::unique_ptr<RedisServer>> nodes_;
};

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_REDIS_SERVER_H_
