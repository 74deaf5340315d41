// A store in a PostgreSQL database, for games of more than one server.
//
// Every commit is as durable as the server's settings say (`fsync` and
// `synchronous_commit` are left as they are). Any number of processes may open
// the same database. Begin and Commit are one round trip each.
//
//   FAIRPULL_ASSIGN_OR_RETURN(
//       auto store, OpenPostgresStore("postgresql://game@db.local/game"));

#ifndef FAIRPULL_STORE_POSTGRES_STORE_H_
#define FAIRPULL_STORE_POSTGRES_STORE_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/store/store.h"

namespace fairpull {

struct PostgresOptions {
  // Whether tables that are missing or older are brought up to date. Otherwise
  // such a database is refused.
  bool migrate = true;
  // The most connections that transactions hold at once, and as many again
  // that read; 0 for four times the number of cores.
  int max_connections = 0;
  // How long a call waits for one of them to be free.
  std::int64_t connection_wait_ms = 5000;
  // How long one host of the url may take to answer a new connection, unless
  // the url has a connect_timeout.
  std::int64_t connect_timeout_ms = 5000;
  // How long Begin waits for another transaction of the same player.
  std::int64_t lock_timeout_ms = 5000;
  // How long the server may work on one statement, waiting for locks aside.
  std::int64_t statement_timeout_ms = 30'000;
  // After how long without a call the server ends an open transaction, so that
  // a caller who hangs does not lock a player out.
  std::int64_t idle_transaction_timeout_ms = 60'000;
  // A connection unused for this long is asked whether it still works before
  // it is used again.
  std::int64_t idle_check_ms = 30'000;
  // Of how many players accounts and pity are kept in mind for ReadSet's
  // `optimistic`: some kilobytes for each, more with many lots and
  // scopes. 0: of none.
  int known_players = 10'000;
};

// Opens the database at `url`, in libpq's form: postgresql://… or postgres://…
// with user, password, hosts, TLS and the like as libpq takes them there, from
// its environment variables, its service file or its password file. The tables
// are in the schema that the connection's search_path names first. One network
// address and port is asked at a time, for connect_timeout_ms each.
//
//   InvalidArgument     the url is of another form, or an option is out of
//   range NotFound            the server has no such database PermissionDenied
//   the server refused the user or the password, or the
//                       user lacks a right
//   FailedPrecondition  the database was written by a newer version of
//                       fairpull, had a migration that this version does not
//                       know in that form, has tables of another application
//                       in the way, or lacks migrations that it may not be
//                       given
//   Unavailable         no server answered in time
//
// No message repeats the url or a password.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(
    absl::string_view url, PostgresOptions options = {});

// Brings the tables of the database at `url` up to date, as OpenPostgresStore
// does, and splits them by player over the nodes of its Citus cluster: all rows
// of a player are on one node. Rows that are there go along; nobody can write
// meanwhile. Stores that were opened before must be opened anew. `url` is the
// coordinator's, with the user who owns the tables.
//
// What is distributed already is left, so it may be run again. It has to be
// after an update that adds tables, and after shards were moved or nodes added:
// it takes the owner's right to change the books again where it came back.
//
//   FailedPrecondition  the server has no Citus, or is no coordinator, and the
//                       message says what to do; nothing was changed. Or a
//                       table is distributed otherwise
//   Unavailable         others use the tables for longer than 5 s; nothing was
//                       distributed
//
// and the errors of OpenPostgresStore.
[[nodiscard]] absl::Status DistributeByPlayer(absl::string_view url);

}  // namespace fairpull

#endif  // FAIRPULL_STORE_POSTGRES_STORE_H_
