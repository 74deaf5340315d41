#include "sqlite_connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

// After how many of its steps SQLite looks whether the time of a call is over.
constexpr int kStepsBetweenLooks = 1000;

// What went wrong in the last call, in the terms of Store's contract.
absl::Status ErrorOf(sqlite3* connection) {
  const int extended = sqlite3_extended_errcode(connection);
  const char* file = sqlite3_db_filename(connection, "main");
  const std::string where =
      absl::StrCat("SQLite file ", file == nullptr ? "" : file, ": ",
                   sqlite3_errmsg(connection));
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(absl::StrCat(
          where,
          "; another process held it for too long, nothing was changed"));
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(
          absl::StrCat(where, "; free some space, nothing was changed"));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::PermissionDeniedError(
          absl::StrCat(where, "; file and folder must be writable"));
    case SQLITE_CANTOPEN:
      return absl::PermissionDeniedError(absl::StrCat(
          where,
          "; it must be a file that this process may write, in a folder "
          "that it may write"));
    case SQLITE_NOTADB:
      return absl::DataLossError(
          absl::StrCat(where, "; it is no SQLite database"));
    case SQLITE_CORRUPT:
      return absl::DataLossError(
          absl::StrCat(where, "; restore it from a copy"));
    case SQLITE_INTERRUPT:
      return absl::UnavailableError(absl::StrCat(
          where, "; the time of the call was over, nothing was changed"));
    case SQLITE_IOERR:
      return absl::UnavailableError(absl::StrCat(
          where, " (I/O error ", extended, "); the disk or its quota failed"));
    case SQLITE_CONSTRAINT:
      // The store neither updates nor deletes operations: of its statements
      // only an insert of one that is there already sets off a trigger.
      if (extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
          extended == SQLITE_CONSTRAINT_UNIQUE ||
          extended == SQLITE_CONSTRAINT_TRIGGER) {
        return absl::AbortedError(
            absl::StrCat(where, "; the row was written by others meanwhile"));
      }
      return absl::InvalidArgumentError(where);
    default:
      return absl::InternalError(absl::StrCat(where, " (", extended, ")"));
  }
}

}  // namespace

SqliteStatement::~SqliteStatement() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

SqliteStatement& SqliteStatement::Bind(std::int64_t value) {
  sqlite3_bind_int64(statement_, ++parameter_, value);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(const std::string& text) {
  sqlite3_bind_text(statement_, ++parameter_, text.data(),
                    static_cast<int>(text.size()), SQLITE_STATIC);
  return *this;
}

absl::StatusOr<bool> SqliteStatement::Step() {
  column_ = 0;
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return ErrorOf(connection_);
  }
}

absl::Status SqliteStatement::Run() {
  bool more = true;
  while (more) {
    FAIRPULL_ASSIGN_OR_RETURN(more, Step());
  }
  return absl::OkStatus();
}

std::int64_t SqliteStatement::Int() {
  return sqlite3_column_int64(statement_, column_++);
}

std::string SqliteStatement::Text() {
  const auto* text =
      reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
  const int size = sqlite3_column_bytes(statement_, column_++);
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<std::size_t>(size));
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(
    const std::string& path, std::int64_t busy_timeout_ms, bool create) {
  std::unique_ptr<SqliteConnection> opened(new SqliteConnection());
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_EXRESCODE | (create ? SQLITE_OPEN_CREATE : 0);
  if (sqlite3_open_v2(path.c_str(), &opened->connection_, flags, nullptr) !=
      SQLITE_OK) {
    return ErrorOf(opened->connection_);
  }
  opened->busy_timeout_ms_ = busy_timeout_ms;
  sqlite3_busy_handler(opened->connection_, WaitForOthers, opened.get());
  sqlite3_progress_handler(
      opened->connection_, kStepsBetweenLooks,
      [](void*) { return CallDeadline::Passed() ? 1 : 0; }, nullptr);
  return opened;
}

// Called while another process has the file locked; 0 gives up.
int SqliteConnection::WaitForOthers(void* connection, int times_before) {
  auto& self = *static_cast<SqliteConnection*>(connection);
  const auto now = CallDeadline::Clock::now();
  if (times_before == 0) {
    self.busy_until_ = now + std::chrono::milliseconds(self.busy_timeout_ms_);
  }
  const auto limit = CallDeadline::Sooner(self.busy_until_);
  if (now >= limit) return 0;
  constexpr std::chrono::milliseconds kLongest(25);
  const std::chrono::milliseconds pause(1 + 2 * times_before);
  std::this_thread::sleep_until(
      std::min(limit, now + std::min(pause, kLongest)));
  return 1;
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

absl::Status SqliteConnection::Execute(const std::string& sql) {
  if (sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr) !=
      SQLITE_OK) {
    return ErrorOf(connection_);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SqliteStatement>> SqliteConnection::Prepare(
    const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr &&
      sqlite3_prepare_v3(connection_, sql, -1, SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK) {
    return ErrorOf(connection_);
  }
  return std::make_unique<SqliteStatement>(connection_, statement);
}

absl::StatusOr<std::int64_t> SqliteConnection::QueryInt(const char* sql) {
  FAIRPULL_ASSIGN_OR_RETURN(const auto statement, Prepare(sql));
  FAIRPULL_ASSIGN_OR_RETURN(const bool row, statement->Step());
  if (!row) return absl::InternalError(absl::StrCat("no row from: ", sql));
  return statement->Int();
}

std::int64_t SqliteConnection::changes() const {
  return sqlite3_changes64(connection_);
}

void SqliteConnection::Rollback() {
  if (sqlite3_get_autocommit(connection_) == 0) {
    sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

bool SqliteConnection::read_only() const {
  return sqlite3_db_readonly(connection_, "main") == 1;
}

}  // namespace fairpull
