// One connection to an SQLite file, with its prepared statements.

#ifndef FAIRPULL_SRC_STORE_SQLITE_CONNECTION_H_
#define FAIRPULL_SRC_STORE_SQLITE_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/store/call_deadline.h"

struct sqlite3;
struct sqlite3_stmt;

namespace fairpull {

// A prepared statement, reset and ready. Parameters are bound and columns are
// read in their order. Not thread-safe.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  SqliteStatement& Bind(std::int64_t value);
  // The text must live until the statement is through.
  SqliteStatement& Bind(const std::string& text);

  // True at a row, false at the end.
  absl::StatusOr<bool> Step();

  // Runs it to its end.
  absl::Status Run();

  // The next column of the row.
  std::int64_t Int();
  std::string Text();

 private:
  sqlite3* const connection_;
  sqlite3_stmt* const statement_;
  int parameter_ = 0;
  int column_ = 0;
};

// Not thread-safe: the store gives it to one thread at a time.
class SqliteConnection {
 public:
  // Opens the file at `path`; makes it if `create`.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(
      const std::string& path, std::int64_t busy_timeout_ms, bool create);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Runs `sql`, which may be several statements, and ignores its rows.
  absl::Status Execute(const std::string& sql);

  // The statement for `sql`, prepared at its first use and kept. `sql` must be
  // a constant; one such statement is in use at a time.
  absl::StatusOr<std::unique_ptr<SqliteStatement>> Prepare(const char* sql);

  // The one integer that `sql` gives.
  absl::StatusOr<std::int64_t> QueryInt(const char* sql);

  // How many rows the last statement changed.
  std::int64_t changes() const;

  // Takes back an open transaction, if there is one.
  void Rollback();

  // Whether the file may not be written.
  bool read_only() const;

 private:
  SqliteConnection() = default;

  static int WaitForOthers(void* connection, int times_before);

  sqlite3* connection_ = nullptr;
  std::int64_t busy_timeout_ms_ = 0;
  CallDeadline::Clock::time_point busy_until_;
  absl::flat_hash_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_SQLITE_CONNECTION_H_
