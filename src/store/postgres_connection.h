// One connection to a PostgreSQL server, used in pipelines: what is queued goes
// out and comes back as one round trip.

#ifndef FAIRPULL_SRC_STORE_POSTGRES_CONNECTION_H_
#define FAIRPULL_SRC_STORE_POSTGRES_CONNECTION_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fairpull/base/id.h"
#include "fairpull/store/postgres_store.h"
#include "postgres_arrays.h"
#include "postgres_statements.h"

struct pg_conn;
struct pg_result;

namespace fairpull {

// One row of a result; its columns are read in their order.
class PostgresRow {
 public:
  PostgresRow(const pg_result* result, int row) : result_(result), row_(row) {}

  std::int64_t Int();
  std::string Text();

 private:
  const pg_result* const result_;
  const int row_;
  int column_ = 0;
};

// What one statement gave.
class PostgresResult {
 public:
  explicit PostgresResult(pg_result* result) : result_(result) {}

  [[nodiscard]] int rows() const;
  [[nodiscard]] PostgresRow Row(int row) const;
  // What the server says it did: "COMMIT", "INSERT 0 1" …
  [[nodiscard]] std::string command() const;
  // How many rows the statement wrote.
  [[nodiscard]] std::int64_t changes() const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

// The parameters of one statement, in binary form: text of any bytes keeps its
// length. What is added must live until the statement is queued.
class PostgresParameters {
 public:
  static constexpr std::size_t kMost = 17;

  void Add(std::int64_t value);
  void Add(int value) { Add(std::int64_t{value}); }
  void Add(const std::string& text);
  void Add(const PostgresArray& array);
  template <class Tag>
  void Add(const Id<Tag>& id) {
    Add(id.value());
  }

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] const unsigned* types() const { return types_.data(); }
  [[nodiscard]] const char* const* values() const { return values_.data(); }
  [[nodiscard]] const int* lengths() const { return lengths_.data(); }
  [[nodiscard]] const int* formats() const { return formats_.data(); }

 private:
  void Add(const char* value, std::size_t length, unsigned type);

  int size_ = 0;
  std::array<unsigned, kMost> types_;
  std::array<const char*, kMost> values_;
  std::array<int, kMost> lengths_;
  std::array<int, kMost> formats_;
  std::array<std::array<char, 8>, kMost> integers_;
};

// Not thread-safe: the pool gives it to one thread at a time.
class PostgresConnection {
 public:
  // Connects as `url` says, within the time that the options set, and sets the
  // session up. Each round trip from then on is counted in `round_trips`.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Connect(
      const std::string& url, const PostgresOptions& options,
      std::atomic<std::int64_t>& round_trips);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // Adds a statement to what Run sends; it is prepared at its first use.
  template <class... Values>
  void Queue(PostgresQuery query, const Values&... values) {
    static_assert(sizeof...(values) <= PostgresParameters::kMost);
    PostgresParameters parameters;
    (parameters.Add(values), ...);
    Send(query, parameters);
  }
  template <std::size_t kColumns>
  void QueueColumns(PostgresQuery query,
                    const PostgresColumns<kColumns>& columns) {
    static_assert(kColumns <= PostgresParameters::kMost);
    PostgresParameters parameters;
    for (const PostgresArray& array : columns.arrays()) parameters.Add(array);
    Send(query, parameters);
    FlushEarly();
  }

  // Sends what is queued and waits for the answers. The server stops at the
  // first error, which is returned; `results` has what came before it. After a
  // lost connection or too long a silence the error is Unavailable, and the
  // connection is of no use any more.
  absl::Status Run(std::vector<PostgresResult>& results);

  // Runs `sql`, which may be several statements, and ignores its rows. Nothing
  // may be queued.
  absl::Status Execute(const std::string& sql);

  // Ends an open transaction, if there is one, without its changes.
  void Rollback();

  // Whether it can be used for a new transaction, as far as is known here.
  [[nodiscard]] bool idle() const;

  // Whether the server has said or done nothing to it while it was idle. Looks,
  // does not ask.
  [[nodiscard]] bool quiet() const;

  // Its place among those of its pool in the order in which they were opened.
  [[nodiscard]] std::int64_t number() const { return number_; }
  void set_number(std::int64_t number) { number_ = number; }

  // "PostgreSQL database game at db.local:5432".
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  // Lets the server begin with what is queued while the rest is made.
  void FlushEarly();

  using Clock = std::chrono::steady_clock;

  // What an answer is awaited for.
  struct Awaited {
    PostgresQuery query;
    bool is_preparation;
  };

  PostgresConnection(std::chrono::milliseconds patience,
                     std::atomic<std::int64_t>& round_trips)
      : patience_(patience), round_trips_(round_trips) {}

  absl::Status Start(const std::string& url, const PostgresOptions& options);
  absl::Status FinishConnecting(std::chrono::milliseconds limit);
  absl::Status SetUp(const PostgresOptions& options);

  void Send(PostgresQuery query, const PostgresParameters& parameters);

  // The next result, or null where one statement's results end. Unavailable if
  // nothing comes.
  absl::StatusOr<pg_result*> Next();
  absl::Status AwaitBytes(bool also_to_send);
  // Asks the server to stop what it works on.
  void Cancel();

  // Takes the results of one statement; OK, or the error among them.
  absl::Status Take(const Awaited& awaited,
                    std::vector<PostgresResult>& results);
  // Takes what marks the end of the pipeline.
  absl::Status TakeEnd();
  absl::Status ErrorOf(const pg_result* result) const;
  absl::Status Lost();

  pg_conn* connection_ = nullptr;
  const std::chrono::milliseconds patience_;
  std::atomic<std::int64_t>& round_trips_;
  std::string where_ = "PostgreSQL";
  std::int64_t number_ = 0;
  bool broken_ = false;
  bool cancelled_ = false;
  std::vector<Awaited> awaited_;
  // By PostgresQuery: whether the server has it prepared, or is about to.
  std::vector<bool> prepared_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_POSTGRES_CONNECTION_H_
