// What is left of an SQLite store when its process is killed, runs into a limit
// or lacks the rights.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/store/sqlite_store.h"
#include "store/conformance.h"
#include "store/temp_folder.h"

namespace fairpull {
namespace {

using ::testing::AnyOf;

// Debits 1 under ids from "<first>" on for ever, and acknowledges each on the
// pipe once it is committed.
[[noreturn]] void SpendAndAcknowledge(const std::string& file, int first,
                                      int pipe) {
  const auto store = OpenSqliteStore(file);
  if (!store.ok()) _exit(2);
  for (int n = first;; ++n) {
    const auto receipt =
        Carry(**store, Request(OperationKind::kDebit, absl::StrCat("d", n), 1));
    if (!receipt.ok() || !receipt->ok()) _exit(3);
    if (write(pipe, &n, sizeof n) != sizeof n) _exit(4);
  }
}

// Starts the spender, kills it after `acknowledged` answers while it goes on,
// and returns the last id that it acknowledged.
int KillWhileSpending(const std::string& file, int first, int acknowledged) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    SpendAndAcknowledge(file, first, ends[1]);
  }
  close(ends[1]);
  int last = first - 1;
  for (int i = 0; i < acknowledged; ++i) {
    EXPECT_EQ(read(ends[0], &last, sizeof last),
              static_cast<ssize_t>(sizeof last));
  }
  EXPECT_EQ(kill(child, SIGKILL), 0);
  // What it had acknowledged before the signal came counts too.
  while (read(ends[0], &last, sizeof last) ==
         static_cast<ssize_t>(sizeof last)) {
  }
  close(ends[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  return last;
}

TEST(SqliteCrashTest, KilledWhileCommittingNothingAcknowledgedIsLost) {
  const TempFolder folder;
  const std::string file = folder.File("game.db");
  {
    Fund(**OpenSqliteStore(file), 1'000'000);
  }
  int next = 0;
  for (int round = 0; round < 20; ++round) {
    const int last = KillWhileSpending(file, next, 1 + round);
    const auto store = OpenSqliteStore(file);
    ASSERT_TRUE(store.ok()) << store.status();
    ExpectSound(**store);
    // At most the one that was under way is there beyond the last answer.
    const std::int64_t debits = BalanceOf(**store).seq - 1;
    ASSERT_THAT(debits, AnyOf(last + 1, last + 2));
    ASSERT_EQ(BalanceOf(**store).posted, 1'000'000 - debits);
    for (int n = 0; n <= last; ++n) {
      ASSERT_TRUE(Carry(**store,
                        Request(OperationKind::kDebit, absl::StrCat("d", n), 1))
                      ->replayed)
          << n;
    }
    next = static_cast<int>(debits);
  }
}

// Runs `body` in a child process; returns the status that it ended with.
template <class Body>
int ExitStatusOf(const Body& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(SqliteCrashTest, AWriteThatFailsLosesNothing) {
  const TempFolder folder;
  const std::string file = folder.File("game.db");
  {
    Fund(**OpenSqliteStore(file), 1'000'000);
  }
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int status = ExitStatusOf([&] {
    // From 300,000 bytes on every write to a file fails.
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 300'000, .rlim_max = 300'000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 10;
    const auto store = OpenSqliteStore(file);
    if (!store.ok()) return 11;
    for (int n = 0; n < 100'000; ++n) {
      const auto receipt = Carry(
          **store, Request(OperationKind::kDebit, absl::StrCat("d", n), 1));
      if (!receipt.ok()) {
        return absl::IsUnavailable(receipt.status()) ||
                       absl::IsResourceExhausted(receipt.status())
                   ? 0
                   : 12;
      }
      if (write(ends[1], &n, sizeof n) != sizeof n) return 13;
    }
    return 14;
  });
  EXPECT_EQ(status, 0);
  close(ends[1]);
  int last = -1;
  while (read(ends[0], &last, sizeof last) ==
         static_cast<ssize_t>(sizeof last)) {
  }
  close(ends[0]);
  EXPECT_GT(last, 5);
  const auto store = OpenSqliteStore(file);
  ASSERT_TRUE(store.ok()) << store.status();
  ExpectSound(**store);
  EXPECT_THAT(BalanceOf(**store).seq - 1, AnyOf(last + 1, last + 2));
}

TEST(SqliteCrashTest, ProcessesThatMakeTheSameFileAtOnceAllGetIt) {
  for (int round = 0; round < 5; ++round) {
    const TempFolder folder;
    const std::string file = folder.File("game.db");
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      const pid_t child = fork();
      if (child == 0) {
        const auto store = OpenSqliteStore(file, {.busy_timeout_ms = 60'000});
        if (!store.ok()) _exit(1);
        Fund(**store, 10, PlayerId::Trusted(absl::StrCat("p", i)));
        _exit(testing::Test::HasFailure() ? 2 : 0);
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = -1;
      EXPECT_EQ(waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
    const auto store = OpenSqliteStore(file);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Players({}, 100)->size(), 6u);
  }
}

// As a user without special rights, for whom the rights of files count.
bool DropRights() { return geteuid() != 0 || setuid(65534) == 0; }

TEST(SqliteCrashTest, AReadOnlyFileOrFolderIsRefused) {
  const TempFolder folder;
  const std::string file = folder.File("game.db");
  {
    Fund(**OpenSqliteStore(file), 100);
  }
  ASSERT_EQ(chmod(file.c_str(), 0444), 0);
  ASSERT_EQ(chmod(folder.path().c_str(), 0555), 0);
  const auto code_of = [](const std::string& path) {
    return ExitStatusOf([&path] {
      if (!DropRights()) return 100;
      return static_cast<int>(OpenSqliteStore(path).status().code());
    });
  };
  const int denied = static_cast<int>(absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code_of(file), denied);
  EXPECT_EQ(code_of(folder.File("new.db")), denied);
  ASSERT_EQ(chmod(file.c_str(), 0666), 0);
  EXPECT_EQ(code_of(file), denied) << "the log beside it can't be written";
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
  EXPECT_EQ(BalanceOf(**OpenSqliteStore(file)).posted, 100);
}

}  // namespace
}  // namespace fairpull
