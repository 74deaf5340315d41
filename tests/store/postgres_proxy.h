// A line to a PostgreSQL server that can be cut at the worst moment.

#ifndef FAIRPULL_TESTS_STORE_POSTGRES_PROXY_H_
#define FAIRPULL_TESTS_STORE_POSTGRES_PROXY_H_

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/temp_folder.h"

namespace fairpull {

enum class Cut {
  kNone,
  // The next request does not arrive.
  kBeforeRequest,
  // The next request arrives and is carried out, the answer does not come back.
  kAfterRequest,
};

// Passes on what clients and the server say. Clients must be gone before it is.
class PostgresProxy {
 public:
  // `target_folder` is the folder with the server's socket.
  explicit PostgresProxy(std::string target_folder);
  ~PostgresProxy();
  PostgresProxy(const PostgresProxy&) = delete;
  PostgresProxy& operator=(const PostgresProxy&) = delete;

  // The folder to connect to instead.
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }

  // Cuts the line at the next request of any client, once.
  void CutNext(Cut cut) { cut_ = cut; }

 private:
  void Accept();
  void Serve(int client);

  const TempFolder folder_;
  const std::string target_folder_;
  int listener_ = -1;
  std::atomic<Cut> cut_ = Cut::kNone;
  std::mutex mutex_;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_POSTGRES_PROXY_H_
