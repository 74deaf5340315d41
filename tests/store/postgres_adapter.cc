#include "store/postgres_adapter.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "fairpull/store/store_wrapper.h"
#include "store/hash_router.h"

namespace fairpull {
namespace {

constexpr std::size_t kDatabases = 4;

// `url` with the first schema of its search_path and more of libpq's options.
std::string InSchema(const std::string& url, const std::string& schema,
                     const std::string& options = "") {
  return url + (url.find('?') == std::string::npos ? "?" : "&") +
         "options=-csearch_path%3D" + schema +
         (options.empty() ? "" : "%20" + options);
}

void RunOrThrow(const std::string& url, const std::string& sql) {
  const SqlAnswer answer = PostgresServer::Sql(url, sql);
  if (!answer.error.empty()) throw std::runtime_error(answer.error);
}

// Deletes every player.
void Empty(const std::string& url) {
  RunOrThrow(
      url,
      "DO $$ DECLARE t text; BEGIN FOR t IN SELECT relname FROM pg_class c "
      "JOIN pg_attribute a ON attrelid = c.oid AND attname = 'player_id' "
      "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace "
      "LOOP EXECUTE 'DELETE FROM ' || t; END LOOP; END $$");
}

std::string CitusUrl() {
  const char* url = std::getenv("FAIRPULL_TEST_CITUS_URL");
  return url == nullptr ? "" : url;
}

// Where one store's rows are: one url, or one for each database of a router.
struct Place {
  std::vector<std::string> urls;
  std::unique_ptr<CitusSchema> schema;  // that goes with it, on a cluster
};

// Places that are emptied and used again, since making tables takes longer than
// most tests.
class Places {
 public:
  explicit Places(std::function<Place()> make) : make_(std::move(make)) {}

  Place Take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return make_();
    Place place = std::move(free_.back());
    free_.pop_back();
    for (const std::string& url : place.urls) Empty(url);
    return place;
  }

  void Return(Place place) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(place));
  }

 private:
  const std::function<Place()> make_;
  // Guards what follows.
  std::mutex mutex_;
  std::vector<Place> free_;
};

// A store that gives its place back in the end.
class StoreInPlace : public StoreWrapper {
 public:
  StoreInPlace(std::shared_ptr<Places> places, Place place,
               std::unique_ptr<Store> store)
      : StoreWrapper(*store),
        places_(std::move(places)),
        place_(std::move(place)),
        store_(std::move(store)) {}
  ~StoreInPlace() override {
    store_.reset();
    places_->Return(std::move(place_));
  }

 private:
  const std::shared_ptr<Places> places_;
  Place place_;
  std::unique_ptr<Store> store_;
};

Place NewHashedPlace() {
  static std::array<std::string, kDatabases> databases;
  static int schemas = 0;
  const std::string schema = "game" + std::to_string(schemas++);
  Place place;
  for (std::string& url : databases) {
    if (url.empty()) url = PostgresServer::OfThisProcess().NewDatabase();
    RunOrThrow(url, "CREATE SCHEMA " + schema);
    // What is on the disk is PostgresAdapter's to show; four databases would
    // wait for it four times as often.
    place.urls.push_back(InSchema(url, schema, "-csynchronous_commit%3Doff"));
  }
  return place;
}

Place NewCitusPlace() {
  Place place{.urls = {}, .schema = std::make_unique<CitusSchema>()};
  // Few shards, so that they are made quickly.
  const absl::Status distributed =
      DistributeByPlayer(place.schema->Url("-ccitus.shard_count%3D4"));
  if (!distributed.ok()) throw std::runtime_error(distributed.ToString());
  place.urls = {place.schema->Url()};
  return place;
}

}  // namespace

StoreAdapter HashedPostgresAdapter() {
  const auto places = std::make_shared<Places>(NewHashedPlace);
  return {
      .name = "hashed",
      .make =
          [places](std::int64_t lock_timeout_ms) {
            Place place = places->Take();
            std::vector<std::unique_ptr<Store>> stores;
            for (const std::string& url : place.urls) {
              stores.push_back(
                  OpenedPostgres(url, {.max_connections = 2,
                                       .connection_wait_ms = 120'000,
                                       .lock_timeout_ms = lock_timeout_ms}));
            }
            return std::make_unique<StoreInPlace>(
                places, std::move(place),
                std::make_unique<HashRouter>(std::move(stores)));
          },
      // Each of its databases is the same as the one of PostgresAdapter,
      // whose races are longer.
      .race_seconds = 1,
      .place =
          [](const PlayerId& player) { return HashPlace(player, kDatabases); }};
}

std::vector<StoreAdapter> CitusAdapters() {
  if (!CitusSchema::HasCluster()) return {};
  const auto places = std::make_shared<Places>(NewCitusPlace);
  return {{.name = "citus", .make = [places](std::int64_t lock_timeout_ms) {
             Place place = places->Take();
             auto store = OpenedPostgres(place.urls[0],
                                         {.migrate = false,
                                          .max_connections = 8,
                                          .connection_wait_ms = 120'000,
                                          .lock_timeout_ms = lock_timeout_ms});
             return std::make_unique<StoreInPlace>(places, std::move(place),
                                                   std::move(store));
           }}};
}

CitusSchema::CitusSchema() {
  static std::atomic<int> schemas = 0;
  name_ = "fairpull_test_" + std::to_string(getpid()) + "_" +
          std::to_string(schemas++);
  RunOrThrow(CitusUrl(), "CREATE SCHEMA " + name_);
}

CitusSchema::~CitusSchema() {
  PostgresServer::Sql(CitusUrl(), "DROP SCHEMA " + name_ + " CASCADE");
}

bool CitusSchema::HasCluster() { return !CitusUrl().empty(); }

std::string CitusSchema::Url(const std::string& options) const {
  return InSchema(CitusUrl(), name_, options);
}

}  // namespace fairpull
