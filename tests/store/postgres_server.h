// A PostgreSQL server of the test's own, in a temporary folder, without a
// network port.
//
//   PostgresServer& server = PostgresServer::OfThisProcess();
//   const std::string url = server.NewDatabase();

#ifndef FAIRPULL_TESTS_STORE_POSTGRES_SERVER_H_
#define FAIRPULL_TESTS_STORE_POSTGRES_SERVER_H_

#include <sys/types.h>

#include <atomic>
#include <string>
#include <vector>

#include "store/temp_folder.h"

namespace fairpull {

// What a statement gave: its rows as text, or why it failed.
struct SqlAnswer {
  std::vector<std::vector<std::string>> rows;
  std::string error;
};

// Started when made, ended when destroyed. Throws std::runtime_error with what
// is to be installed if there is no server. NewDatabase and Sql may be called
// by several threads at once.
class PostgresServer {
 public:
  // `settings` are lines of its configuration file.
  explicit PostgresServer(const std::string& settings = "");
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The one that tests share which do it no harm; ends with the process.
  static PostgresServer& OfThisProcess();

  // Makes an empty database and returns its url, for a user with every right.
  std::string NewDatabase();

  // The url of a database; the user "guarded" must give a password.
  [[nodiscard]] std::string Url(const std::string& database,
                                const std::string& user = "admin") const;

  // Runs `sql` on the database of a url.
  static SqlAnswer Sql(const std::string& url, const std::string& sql);

  // Ends the server as kill -9 does.
  void Kill();
  // Starts it again after Kill or Stop and waits until it answers.
  void Start();
  // Ends it in order.
  void Stop();
  // Stops and continues all of its processes, as a machine that hangs.
  void Freeze();
  void Thaw();

 private:
  void End(int signal);

  TempFolder folder_;
  std::string programs_;
  pid_t postmaster_ = -1;
  std::atomic<int> databases_ = 0;
};

// The name of the database in a url of PostgresServer.
std::string DatabaseIn(const std::string& url);

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_POSTGRES_SERVER_H_
