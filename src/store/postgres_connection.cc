#include "postgres_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fairpull/base/status.h"
#include "fairpull/store/call_deadline.h"
#include "postgres_status.h"

namespace fairpull {
namespace {

// The type numbers of int8 and text, fixed for all servers.
constexpr unsigned kInt8 = 20;
constexpr unsigned kText = 25;
constexpr int kBinary = 1;

// What the server may take beyond the time that it was given for a statement
// before the connection counts as lost.
constexpr std::chrono::milliseconds kGrace(5000);

// How long the server is waited for once it was asked to stop.
constexpr std::chrono::milliseconds kCancelGrace(200);

// Waits until the socket can do what `events` say; false after `limit`.
bool PollUntil(int socket, short events,
               std::chrono::steady_clock::time_point limit) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        limit - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd watched{.fd = socket, .events = events, .revents = 0};
    const int ready = poll(&watched, 1, static_cast<int>(left.count()) + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR)
      return true;  // libpq will say what is wrong
  }
}

// What an option of the connection is set to, or "".
std::string SettingOf(PGconn* connection, absl::string_view keyword) {
  std::string value;
  PQconninfoOption* const options = PQconninfo(connection);
  if (options == nullptr) return value;
  for (const PQconninfoOption* option = options; option->keyword != nullptr;
       ++option) {
    if (option->keyword == keyword && option->val != nullptr) {
      value = option->val;
    }
  }
  PQconninfoFree(options);
  return value;
}

// The lines that say what went wrong, without those that say where in the
// server's code.
std::string Told(absl::string_view message) {
  std::string told;
  for (const absl::string_view line : absl::StrSplit(message, '\n')) {
    if (line.empty() || absl::StartsWith(line, "LOCATION:")) continue;
    absl::StrAppend(&told, told.empty() ? "" : "; ", line);
  }
  return told;
}

}  // namespace

std::int64_t PostgresRow::Int() {
  const auto* bytes = reinterpret_cast<const unsigned char*>(
      PQgetvalue(result_, row_, column_));
  const int length = PQgetlength(result_, row_, column_++);
  // Big-endian in two's complement, of two, four or eight bytes.
  std::uint64_t value = length > 0 && bytes[0] >= 0x80 ? ~std::uint64_t{0} : 0;
  for (int i = 0; i < length; ++i) value = value << 8 | bytes[i];
  return static_cast<std::int64_t>(value);
}

std::string PostgresRow::Text() {
  const char* text = PQgetvalue(result_, row_, column_);
  const int length = PQgetlength(result_, row_, column_++);
  return {text, static_cast<std::size_t>(length)};
}

void PostgresResult::Clear::operator()(pg_result* result) const {
  PQclear(result);
}

int PostgresResult::rows() const { return PQntuples(result_.get()); }

PostgresRow PostgresResult::Row(int row) const { return {result_.get(), row}; }

std::string PostgresResult::command() const {
  return PQcmdStatus(result_.get());
}

std::int64_t PostgresResult::changes() const {
  std::int64_t changes = 0;
  if (!absl::SimpleAtoi(PQcmdTuples(result_.get()), &changes)) return 0;
  return changes;
}

void PostgresParameters::Add(std::int64_t value) {
  std::array<char, 8>& bytes = integers_[static_cast<std::size_t>(size_)];
  auto left = static_cast<std::uint64_t>(value);
  for (std::size_t i = bytes.size(); i-- > 0; left >>= 8) {
    bytes[i] = static_cast<char>(left & 0xff);
  }
  Add(bytes.data(), bytes.size(), kInt8);
}

void PostgresParameters::Add(const std::string& text) {
  Add(text.data(), text.size(), kText);
}

void PostgresParameters::Add(const PostgresArray& array) {
  Add(array.bytes().data(), array.bytes().size(), array.type());
}

void PostgresParameters::Add(const char* value, std::size_t length,
                             unsigned type) {
  const auto place = static_cast<std::size_t>(size_++);
  types_[place] = type;
  values_[place] = value;
  lengths_[place] = static_cast<int>(length);
  formats_[place] = kBinary;
}

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Connect(
    const std::string& url, const PostgresOptions& options,
    std::atomic<std::int64_t>& round_trips) {
  const std::chrono::milliseconds patience(
      options.lock_timeout_ms + options.statement_timeout_ms + kGrace.count());
  std::unique_ptr<PostgresConnection> opened(
      new PostgresConnection(patience, round_trips));
  FAIRPULL_RETURN_IF_ERROR(opened->Start(url, options));
  FAIRPULL_RETURN_IF_ERROR(opened->SetUp(options));
  return opened;
}

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

absl::Status PostgresConnection::Start(const std::string& url,
                                       const PostgresOptions& options) {
  // What comes before the url may be set anew by it, what comes after may not.
  const std::string dead_after_ms = absl::StrCat(options.connect_timeout_ms);
  const std::array<const char*, 5> keywords = {"fallback_application_name",
                                               "tcp_user_timeout", "dbname",
                                               "client_encoding", nullptr};
  const std::array<const char*, 5> values = {"fairpull", dead_after_ms.c_str(),
                                             url.c_str(), "UTF8", nullptr};
  connection_ = PQconnectStartParams(keywords.data(), values.data(),
                                     /*expand_dbname=*/1);
  if (connection_ == nullptr) {
    return absl::ResourceExhaustedError("PostgreSQL: no memory");
  }
  PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
  // So that the server's code is part of a message, which has no other place.
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);

  std::chrono::milliseconds limit(options.connect_timeout_ms);
  if (int seconds = 0;
      absl::SimpleAtoi(SettingOf(connection_, "connect_timeout"), &seconds) &&
      seconds > 0) {
    limit = std::chrono::seconds(seconds);
  }
  const std::string hosts = SettingOf(connection_, "host");
  limit *= 1 + std::count(hosts.begin(), hosts.end(), ',');
  const absl::Status connected = FinishConnecting(limit);
  const char* host = PQhost(connection_);
  where_ = absl::StrCat("PostgreSQL database ", PQdb(connection_), " at ",
                        host == nullptr ? "" : host, ":", PQport(connection_));
  if (connected.ok()) return connected;
  const std::string message = Told(connected.message());
  // Refused by libpq itself before any server was asked.
  if (absl::StartsWith(message, "invalid ")) {
    return absl::InvalidArgumentError(
        absl::StrCat(where_, ": ", message, "; correct the url"));
  }
  return PostgresError(where_, SqlStateIn(message), message);
}

// The message of an error is libpq's.
absl::Status PostgresConnection::FinishConnecting(
    std::chrono::milliseconds limit) {
  const auto patient_until = Clock::now() + limit;
  const auto end = CallDeadline::Sooner(patient_until);
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  if (PQstatus(connection_) == CONNECTION_BAD) next = PGRES_POLLING_FAILED;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED) {
      return absl::UnavailableError(PQerrorMessage(connection_));
    }
    const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!PollUntil(PQsocket(connection_), events, end)) {
      return absl::UnavailableError(
          Clock::now() < patient_until
              ? std::string("no answer before the time of the call was over")
              : absl::StrCat("no answer within ", limit.count(), " ms"));
    }
    next = PQconnectPoll(connection_);
  }
  return absl::OkStatus();
}

absl::Status PostgresConnection::SetUp(const PostgresOptions& options) {
  PQsetErrorVerbosity(connection_, PQERRORS_DEFAULT);
  prepared_.assign(PostgresStatements().size(), false);
  if (PQsetnonblocking(connection_, 1) != 0 ||
      PQenterPipelineMode(connection_) != 1) {
    return Lost();
  }
  // For the server 0 means to wait for ever.
  const std::int64_t lock_timeout_ms =
      std::max<std::int64_t>(options.lock_timeout_ms, 1);
  Queue(PostgresQuery::kSettings, absl::StrCat(lock_timeout_ms, "ms"),
        absl::StrCat(lock_timeout_ms + options.statement_timeout_ms, "ms"),
        absl::StrCat(options.idle_transaction_timeout_ms, "ms"));
  std::vector<PostgresResult> results;
  return Run(results);
}

void PostgresConnection::Send(PostgresQuery query,
                              const PostgresParameters& parameters) {
  const PostgresStatement& statement = StatementOf(query);
  const auto place = static_cast<std::size_t>(query);
  if (!prepared_[place]) {
    // Withdrawn if the server never comes to it.
    prepared_[place] = true;
    awaited_.push_back({.query = query, .is_preparation = true});
    broken_ |= PQsendPrepare(connection_, statement.name, statement.sql,
                             parameters.size(), parameters.types()) != 1;
  }
  awaited_.push_back({.query = query, .is_preparation = false});
  broken_ |= PQsendQueryPrepared(connection_, statement.name, parameters.size(),
                                 parameters.values(), parameters.lengths(),
                                 parameters.formats(), kBinary) != 1;
}

// What goes wrong here goes wrong in Run again, which tells what the server
// said of it.
void PostgresConnection::FlushEarly() { PQflush(connection_); }

absl::Status PostgresConnection::Run(std::vector<PostgresResult>& results) {
  round_trips_ += 1;
  results.reserve(awaited_.size());
  const std::vector<Awaited> awaited = std::exchange(awaited_, {});
  if (CallDeadline::Passed()) {
    broken_ = true;
    return PostgresError(where_, "", "the time of the call is over");
  }
  if (broken_ || PQpipelineSync(connection_) != 1) return Lost();
  absl::Status first = absl::OkStatus();
  for (const Awaited& next : awaited) {
    absl::Status status = Take(next, results);
    if (first.ok()) first = std::move(status);
    if (broken_) return first;
  }
  absl::Status end = TakeEnd();
  return first.ok() ? end : first;
}

absl::Status PostgresConnection::Take(const Awaited& awaited,
                                      std::vector<PostgresResult>& results) {
  absl::Status status = absl::OkStatus();
  bool done = false;
  while (true) {
    FAIRPULL_ASSIGN_OR_RETURN(pg_result* const next, Next());
    if (next == nullptr) break;
    PostgresResult result(next);
    switch (PQresultStatus(next)) {
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
        done = true;
        if (!awaited.is_preparation) results.push_back(std::move(result));
        break;
      case PGRES_PIPELINE_ABORTED:
        break;  // left out, since an earlier one failed
      default:
        if (status.ok()) status = ErrorOf(next);
    }
    if (PQstatus(connection_) == CONNECTION_BAD) {
      broken_ = true;
      return status.ok() && !done ? Lost() : status;
    }
  }
  if (awaited.is_preparation && !done) {
    prepared_[static_cast<std::size_t>(awaited.query)] = false;
  }
  return status;
}

absl::Status PostgresConnection::TakeEnd() {
  while (true) {
    FAIRPULL_ASSIGN_OR_RETURN(pg_result* const next, Next());
    if (next == nullptr) return Lost();
    const PostgresResult result(next);
    if (PQresultStatus(next) == PGRES_PIPELINE_SYNC) return absl::OkStatus();
    if (PQstatus(connection_) == CONNECTION_BAD) {
      broken_ = true;
      return ErrorOf(next);
    }
  }
}

absl::StatusOr<pg_result*> PostgresConnection::Next() {
  while (true) {
    const int unsent = PQflush(connection_);
    if (unsent < 0 && PQstatus(connection_) == CONNECTION_BAD &&
        PQisBusy(connection_) == 0) {
      return PQgetResult(connection_);  // what the server said before it left
    }
    if (unsent < 0) return Lost();
    if (PQisBusy(connection_) == 0) return PQgetResult(connection_);
    FAIRPULL_RETURN_IF_ERROR(AwaitBytes(unsent > 0));
    if (PQconsumeInput(connection_) != 1) return PQgetResult(connection_);
  }
}

absl::Status PostgresConnection::AwaitBytes(bool also_to_send) {
  const short events = also_to_send ? POLLIN | POLLOUT : POLLIN;
  const auto patient_until = Clock::now() + patience_;
  if (PollUntil(PQsocket(connection_), events,
                cancelled_ ? Clock::now() + kCancelGrace
                           : CallDeadline::Sooner(patient_until))) {
    return absl::OkStatus();
  }
  if (!cancelled_ && Clock::now() < patient_until) {
    Cancel();
    return absl::OkStatus();
  }
  broken_ = true;
  return PostgresError(
      where_, "",
      cancelled_ ? "the time of the call was over; the connection is given up"
                 : absl::StrCat("no answer within ", patience_.count(),
                                " ms; the connection is given up"));
}

void PostgresConnection::Cancel() {
  // Asked by a connection of its own, which may hang where the server does.
  if (PGcancel* const request = PQgetCancel(connection_)) {
    std::thread([request] {
      std::array<char, 256> unused{};
      PQcancel(request, unused.data(), static_cast<int>(unused.size()));
      PQfreeCancel(request);
    }).detach();
  }
  cancelled_ = true;
}

absl::Status PostgresConnection::ErrorOf(const pg_result* result) const {
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (sqlstate == nullptr || message == nullptr) {
    return PostgresError(where_, "", Told(PQresultErrorMessage(result)));
  }
  return PostgresError(where_, sqlstate, message);
}

absl::Status PostgresConnection::Lost() {
  broken_ = true;
  const std::string message = Told(PQerrorMessage(connection_));
  return PostgresError(where_, "",
                       message.empty() ? "the connection was lost" : message);
}

absl::Status PostgresConnection::Execute(const std::string& sql) {
  round_trips_ += 1;
  if (broken_ || PQexitPipelineMode(connection_) != 1 ||
      PQsendQuery(connection_, sql.c_str()) != 1) {
    return Lost();
  }
  absl::Status status = absl::OkStatus();
  while (true) {
    FAIRPULL_ASSIGN_OR_RETURN(pg_result* const next, Next());
    if (next == nullptr) break;
    const PostgresResult result(next);
    const ExecStatusType kind = PQresultStatus(next);
    if (status.ok() && kind != PGRES_COMMAND_OK && kind != PGRES_TUPLES_OK) {
      status = ErrorOf(next);
    }
    if (PQstatus(connection_) == CONNECTION_BAD) {
      broken_ = true;
      return status.ok() ? Lost() : status;
    }
  }
  if (PQenterPipelineMode(connection_) != 1) return Lost();
  return status;
}

void PostgresConnection::Rollback() {
  if (broken_ || cancelled_ ||
      PQtransactionStatus(connection_) == PQTRANS_IDLE) {
    return;
  }
  std::vector<PostgresResult> results;
  Queue(PostgresQuery::kRollback);
  if (!Run(results).ok()) broken_ = true;
}

bool PostgresConnection::idle() const {
  // After a request to stop, which may come late and hit what follows, it is
  // not used again.
  return !broken_ && !cancelled_ && awaited_.empty() &&
         PQstatus(connection_) == CONNECTION_OK &&
         PQtransactionStatus(connection_) == PQTRANS_IDLE;
}

bool PostgresConnection::quiet() const {
  // A server that ends the session says so, or closes it.
  pollfd watched{.fd = PQsocket(connection_), .events = POLLIN, .revents = 0};
  return poll(&watched, 1, 0) == 0;
}

}  // namespace fairpull
