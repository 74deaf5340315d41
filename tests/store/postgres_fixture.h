// A database of its own on the server of this process, stores on it whose round
// trips are counted, and pulls from its shop.

#ifndef FAIRPULL_TESTS_STORE_POSTGRES_FIXTURE_H_
#define FAIRPULL_TESTS_STORE_POSTGRES_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "fairpull/service/pull_request.h"
#include "fairpull/store/postgres_store.h"
#include "postgres_open.h"
#include "store/postgres_server.h"
#include "store/rows.h"
#include "store/shop.h"

namespace fairpull {

class PostgresFixture : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Store> Open(PostgresOptions options = {}) {
    auto store = OpenCountedPostgresStore(url_, options, round_trips_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  [[nodiscard]] std::string Sql(const std::string& sql) const {
    const SqlAnswer answer = PostgresServer::Sql(url_, sql);
    return answer.error.empty() && !answer.rows.empty() ? answer.rows[0][0]
                                                        : answer.error;
  }
  // How many round trips `work` takes.
  template <class Work>
  [[nodiscard]] std::int64_t RoundTripsOf(const Work& work) {
    const std::int64_t before = *round_trips_;
    work();
    return *round_trips_ - before;
  }

  PostgresServer& server_ = PostgresServer::OfThisProcess();
  std::string url_ = server_.NewDatabase();
  std::shared_ptr<std::atomic<std::int64_t>> round_trips_ =
      std::make_shared<std::atomic<std::int64_t>>(0);
};

inline PullRequest Ask(const std::string& id, std::uint32_t count = 1) {
  return {.id = OperationId::Trusted(id),
          .player = kPlayer,
          .banner = BannerId::Trusted("shop"),
          .count = count};
}

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_POSTGRES_FIXTURE_H_
