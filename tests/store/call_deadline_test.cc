#include "fairpull/store/call_deadline.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <chrono>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "fairpull/store/sqlite_store.h"
#include "store/rows.h"
#include "store/temp_folder.h"
#include "store/waiting.h"

namespace fairpull {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using Clock = CallDeadline::Clock;

TEST(CallDeadlineTest, OneInsideAnotherOnlyComesSooner) {
  const auto far = Clock::now() + hours(1);
  EXPECT_EQ(CallDeadline::Sooner(far), far);
  EXPECT_FALSE(CallDeadline::Passed());
  {
    const CallDeadline outer(milliseconds(0));
    EXPECT_TRUE(CallDeadline::Passed());
    const auto end = CallDeadline::Sooner(far);
    EXPECT_LE(end, Clock::now());
    {
      const CallDeadline inner(hours(2));
      EXPECT_EQ(CallDeadline::Sooner(far), end);
    }
    EXPECT_TRUE(CallDeadline::Passed());
  }
  EXPECT_EQ(CallDeadline::Sooner(far), far);
}

TEST(CallDeadlineTest, ItIsTheThreadsOwn) {
  const CallDeadline deadline(milliseconds(0));
  bool passed = true;
  std::thread([&] { passed = CallDeadline::Passed(); }).join();
  EXPECT_FALSE(passed);
}

class SqliteDeadlineTest : public testing::Test {
 protected:
  TempFolder folder_;
  std::string file_ = folder_.File("game.db");
  std::unique_ptr<Store> store_ =
      OpenSqliteStore(file_, {.busy_timeout_ms = 60'000}).value();
};

TEST_F(SqliteDeadlineTest, AFileThatAnotherProcessHoldsIsNotWaitedFor) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr),
            SQLITE_OK);
  const CallDeadline deadline(milliseconds(50));
  absl::Status status;
  EXPECT_LT(MsOf([&] { status = store_->Begin({.player = kPlayer}).status(); }),
            5'000);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  sqlite3_close(other);
}

TEST_F(SqliteDeadlineTest, WorkThatTakesTooLongIsTakenBack) {
  WriteSet writes;
  for (int i = 0; i < 20'000; ++i) {
    writes.inventory.push_back(
        {.player = kPlayer,
         .item = ItemId::Trusted(absl::StrCat("item-", i)),
         .count = 1});
  }
  auto transaction = store_->Begin({.player = kPlayer});
  ASSERT_TRUE(transaction.ok());
  {
    const CallDeadline deadline(milliseconds(1));
    const absl::Status status = (*transaction)->Commit(writes);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  }
  EXPECT_TRUE(store_->Players({}, 10)->empty());
  EXPECT_EQ(Write(*store_, writes), absl::OkStatus());
}

}  // namespace
}  // namespace fairpull
