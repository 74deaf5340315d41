// How a Redis server is reached, and what is counted about it: for the cache
// (redis_cache.h) and the bus (redis_bus.h).
//
// The url is redis://[user[:password]@]host[:port][,host[:port]…][/database];
// characters like @ : / % in a name or password are percent-encoded. The port
// is 6379 and the database 0 unless said. More than one host are nodes of one
// Redis Cluster, any of which tells the others. A host that is not an address
// is looked up anew for each connection, which no limit below covers: let a
// name be one that the machine itself can answer.

#ifndef FAIRPULL_STORE_REDIS_OPTIONS_H_
#define FAIRPULL_STORE_REDIS_OPTIONS_H_

#include <cstdint>

namespace fairpull {

struct RedisOptions {
  // The most connections to each server.
  int max_connections = 8;
  // How long a new connection, and how long one command, may take. A caller
  // waits at most that long for a connection to be free, too.
  std::int64_t connect_timeout_ms = 10;
  std::int64_t command_timeout_ms = 10;
  // A server that failed or was too slow is not asked for so long; then one
  // caller tries it again while the others still don't.
  std::int64_t skip_ms = 1000;
};

// Since the beginning, but for the last two.
struct RedisCounters {
  std::int64_t hits = 0;     // found in the cache
  std::int64_t misses = 0;   // Redis answered that it is not there
  std::int64_t errors = 0;   // no answer, or one that is an error
  std::int64_t skipped = 0;  // not asked, since the server is being skipped
  std::int64_t opened = 0;   // how often a server began to be skipped
  std::int64_t servers = 0;  // known now: one, or the nodes met of a cluster
  std::int64_t servers_skipped = 0;  // of these, not asked now
};

}  // namespace fairpull

#endif  // FAIRPULL_STORE_REDIS_OPTIONS_H_
