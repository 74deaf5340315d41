#include "store/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace fairpull {
namespace {

namespace fs = std::filesystem;

// The folder with initdb and postgres: the newest that Debian has, or one on
// the PATH.
std::string FindPrograms() {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& version :
       fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    found.push_back((version.path() / "bin").string());
  }
  std::sort(found.rbegin(), found.rend());
  const char* path = std::getenv("PATH");
  std::string rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    found.push_back(rest.substr(0, colon));
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  for (const std::string& folder : found) {
    if (fs::exists(folder + "/initdb") && fs::exists(folder + "/postgres")) {
      return folder;
    }
  }
  throw std::runtime_error(
      "no PostgreSQL server is installed (initdb and postgres were not found): "
      "apt-get install postgresql");
}

// Whom the server runs as: it refuses to be root's.
const passwd* ServerUser() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) user = getpwnam("nobody");
  if (user == nullptr) throw std::runtime_error("no user postgres or nobody");
  return user;
}

// Starts a program as the server's user, its output in the file `log`. It does
// not outlive the thread that starts it.
pid_t Spawn(const std::vector<std::string>& command, const std::string& log) {
  const passwd* user = ServerUser();
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) _exit(120);
  // A group of its own: a Ctrl-C is for the test.
  setpgid(0, 0);
  if (user != nullptr &&
      (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 ||
       setuid(user->pw_uid) != 0)) {
    _exit(121);
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  execv(arguments[0], arguments.data());
  _exit(122);
}

std::string Content(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

PostgresServer::PostgresServer(const std::string& settings)
    : programs_(FindPrograms()) {
  const std::string data = folder_.File("data");
  const std::string log = folder_.File("log");
  if (const passwd* user = ServerUser(); user != nullptr) {
    if (chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
      throw std::runtime_error("chown of " + folder_.path() + " failed");
    }
  }
  const pid_t initdb =
      Spawn({programs_ + "/initdb", "--pgdata=" + data, "--username=admin",
             "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"},
            log);
  int status = 0;
  if (waitpid(initdb, &status, 0) != initdb || status != 0) {
    throw std::runtime_error("initdb failed:\n" + Content(log));
  }
  std::ofstream(data + "/postgresql.conf", std::ios::app)
      << "listen_addresses = ''\n"
      << "unix_socket_directories = '" << folder_.path() << "'\n"
      << "fsync = on\n"
      << "synchronous_commit = on\n"
      << "max_connections = 100\n"
      << "deadlock_timeout = 100ms\n"
      << settings << "\n";
  std::ofstream(data + "/pg_hba.conf") << "local all guarded scram-sha-256\n"
                                       << "local all refused reject\n"
                                       << "local all all trust\n";
  Start();
}

// Nothing of it is needed any more: without writing down what it has in memory.
PostgresServer::~PostgresServer() { End(SIGQUIT); }

PostgresServer& PostgresServer::OfThisProcess() {
  static PostgresServer server;
  return server;
}

std::string PostgresServer::Url(const std::string& database,
                                const std::string& user) const {
  return "postgresql://" + user + "@/" + database + "?host=" + folder_.path();
}

std::string PostgresServer::NewDatabase() {
  const std::string name = "game" + std::to_string(databases_++);
  const SqlAnswer made = Sql(Url("postgres"), "CREATE DATABASE " + name);
  if (!made.error.empty()) throw std::runtime_error(made.error);
  return Url(name);
}

SqlAnswer PostgresServer::Sql(const std::string& url, const std::string& sql) {
  SqlAnswer answer;
  PGconn* connection = PQconnectdb(url.c_str());
  PQsetNoticeProcessor(connection, [](void*, const char*) {}, nullptr);
  if (PQstatus(connection) != CONNECTION_OK) {
    answer.error = PQerrorMessage(connection);
  } else {
    PGresult* result = PQexec(connection, sql.c_str());
    answer.error = PQresultErrorMessage(result);
    for (int row = 0; row < PQntuples(result); ++row) {
      answer.rows.emplace_back();
      for (int column = 0; column < PQnfields(result); ++column) {
        answer.rows.back().emplace_back(PQgetvalue(result, row, column));
      }
    }
    PQclear(result);
  }
  PQfinish(connection);
  return answer;
}

void PostgresServer::Start() {
  const auto limit =
      std::chrono::steady_clock::now() + std::chrono::seconds(60);
  const std::string log = folder_.File("log");
  while (std::chrono::steady_clock::now() < limit) {
    // After a kill the memory that its children share is in use until the last
    // of them has noticed; until then a new one ends at once.
    if (postmaster_ < 0) {
      postmaster_ =
          Spawn({programs_ + "/postgres", "-D", folder_.File("data")}, log);
    }
    if (waitpid(postmaster_, nullptr, WNOHANG) == postmaster_) postmaster_ = -1;
    if (postmaster_ > 0 && PQping(Url("postgres").c_str()) == PQPING_OK) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("PostgreSQL did not start:\n" + Content(log));
}

void PostgresServer::Kill() { End(SIGKILL); }

void PostgresServer::Stop() { End(SIGINT); }

void PostgresServer::End(int signal) {
  if (postmaster_ < 0) return;
  kill(postmaster_, signal);
  waitpid(postmaster_, nullptr, 0);
  postmaster_ = -1;
}

void PostgresServer::Freeze() {
  for (const auto& row :
       Sql(Url("postgres"), "SELECT pid FROM pg_stat_activity").rows) {
    kill(std::atoi(row[0].c_str()), SIGSTOP);
  }
  kill(postmaster_, SIGSTOP);
}

void PostgresServer::Thaw() {
  kill(postmaster_, SIGCONT);
  // Its children are those whose parent it is.
  for (const auto& process : fs::directory_iterator("/proc")) {
    const std::string name = process.path().filename().string();
    if (std::atoi(name.c_str()) == 0) continue;
    const std::string stat = Content((process.path() / "stat").string());
    const std::size_t name_end = stat.rfind(") ");
    if (name_end == std::string::npos) continue;
    // After the name: the state, then the parent's id.
    if (std::atoi(stat.c_str() + name_end + 4) == postmaster_) {
      kill(std::atoi(name.c_str()), SIGCONT);
    }
  }
}

std::string DatabaseIn(const std::string& url) {
  const std::size_t begin = url.find("@/") + 2;
  return url.substr(begin, url.find('?') - begin);
}

}  // namespace fairpull
