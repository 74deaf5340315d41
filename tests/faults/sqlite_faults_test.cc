// SQLite on a disk that loses power or fails at any call: what was acknowledged
// is there, what was not is there as a whole or not at all, and the books are
// sound.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/service/pull_service.h"
#include "fairpull/store/sqlite_store.h"
#include "faults/disk.h"
#include "service/fixtures.h"
#include "store/temp_folder.h"

namespace fairpull {
namespace {

bool Full() {
  const char* full = std::getenv("FAIRPULL_FULL");
  return full != nullptr && std::string(full) == "1";
}

// Carries random purchases, pulls, ten-pulls, spends and refunds out on a
// store, and remembers which were answered.
class Load {
 public:
  Load(Store& store, std::uint64_t seed)
      : wallet_(store, time_.clock()),
        pulls_(store, ShopCatalog(), ShopSeeds(), time_.clock()),
        random_(seed) {}

  // False once the store failed.
  bool Step() {
    const std::string id = absl::StrCat("op", ++steps_);
    switch (random_() % 5) {
      case 0:
        return Answered(id, wallet_.Grant(Transfer(id, 1600, "issuer:card")));
      case 1:
        return Pulled(id, 1);
      case 2:
        return Pulled(id, 10);
      case 3:
        return Answered(id, wallet_.Spend(Transfer(id, 10, "spend:shop")));
      default:
        if (steps_ < 3) return true;
        return Answered(
            absl::StrCat("op", steps_ - 2, "/reverse"),
            wallet_.Reverse(kPlayer, Op(absl::StrCat("op", steps_ - 2))));
    }
  }

  // Ids of what was answered and kept.
  [[nodiscard]] const std::vector<std::string>& answered() const {
    return answered_;
  }

 private:
  static TransferRequest Transfer(const std::string& id, std::int64_t amount,
                                  const std::string& counterparty) {
    return {.id = Op(id),
            .player = kPlayer,
            .currency = kGems,
            .amount = amount,
            .counterparty = SystemAccount::Trusted(counterparty)};
  }

  bool Answered(const std::string& id, const absl::StatusOr<Receipt>& receipt) {
    if (!receipt.ok()) return false;
    if (receipt->ok()) answered_.push_back(id);
    return true;
  }

  bool Pulled(const std::string& id, std::uint32_t count) {
    const auto receipt = pulls_.Pull(
        {.id = Op(id), .player = kPlayer, .banner = kShop, .count = count});
    if (!receipt.ok()) return false;
    if (receipt->payment.ok()) answered_.push_back(id);
    return true;
  }

  HandClock time_;
  Wallet wallet_;
  PullService pulls_;
  std::mt19937_64 random_;
  int steps_ = 0;
  std::vector<std::string> answered_;
};

// What is wrong with a database file, by SQLite itself.
std::string IntegrityOf(const std::string& path) {
  sqlite3* database = nullptr;
  std::string answer = "not opened";
  if (sqlite3_open(path.c_str(), &database) == SQLITE_OK) {
    sqlite3_exec(
        database, "PRAGMA integrity_check",
        [](void* to, int, char** values, char**) {
          *static_cast<std::string*>(to) = values[0];
          return 0;
        },
        &answer, nullptr);
  }
  sqlite3_close(database);
  return answer;
}

// The first thing that is wrong with a file, given what was answered; "" if
// nothing is.
std::string Wrong(const std::string& path,
                  const std::vector<std::string>& answered) {
  if (const std::string found = IntegrityOf(path); found != "ok") {
    return absl::StrCat("integrity_check: ", found);
  }
  const auto store = OpenSqliteStore(path);
  if (!store.ok()) return store.status().ToString();
  const auto violations = VerifyStore(**store);
  if (!violations.ok()) return violations.status().ToString();
  if (!violations->empty()) {
    return absl::StrCat((*violations)[0].law, " ", (*violations)[0].message);
  }
  ReadSet reads{.player = kPlayer};
  for (const std::string& id : answered) reads.operations.push_back(Op(id));
  const auto rows = (*store)->Read(reads);
  if (!rows.ok()) return rows.status().ToString();
  if (rows->operations.size() != answered.size()) {
    return absl::StrCat(rows->operations.size(), " of ", answered.size(),
                        " answered operations are there");
  }
  const auto draws = VerifyAllDraws(**store, ShopCatalog(), ShopSeeds());
  if (!draws.ok()) return draws.status().ToString();
  return draws->empty() ? "" : (*draws)[0].message;
}

// The disk at the moment that the power went, and what was answered by then.
struct PowerLoss {
  DiskImage image;
  std::vector<std::string> answered;
};

// Runs a load and cuts the power now and then; the disk goes on.
std::vector<PowerLoss> CutPower(std::uint64_t seed, int cuts, bool lies) {
  const TempFolder folder;
  Disk disk;
  disk.lies = lies;
  const auto store = OpenSqliteStore(folder.File("game.db"));
  EXPECT_TRUE(store.ok()) << store.status();
  Wallet wallet(**store, SystemClock());
  FundGems(wallet, 20'000);
  Load load(**store, seed);
  std::mt19937_64 random(seed);
  std::vector<PowerLoss> losses;
  disk.before_call = [&](std::int64_t) {
    if (random() % 20 != 0 || static_cast<int>(losses.size()) == cuts) return;
    losses.push_back(
        {.image = disk.AfterPowerLoss(random()), .answered = load.answered()});
  };
  while (static_cast<int>(losses.size()) < cuts) {
    EXPECT_TRUE(load.Step());
  }
  disk.before_call = nullptr;
  return losses;
}

TEST(SqliteFaultsTest, NothingAnsweredIsLostWhenThePowerGoes) {
  const int seeds = Full() ? 100 : 10;
  int in_between = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    for (const PowerLoss& loss : CutPower(seed, 40, false)) {
      const TempFolder folder;
      WriteImage(loss.image, folder.path());
      ASSERT_EQ(Wrong(folder.File("game.db"), loss.answered), "")
          << "seed " << seed << " after " << loss.answered.size() << " answers";
      in_between += loss.answered.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(in_between, seeds * 30);
}

TEST(SqliteFaultsTest, ADiskThatLiesAboutSyncsIsFoundOut) {
  int found = 0;
  for (int seed = 1; seed <= 5; ++seed) {
    for (const PowerLoss& loss : CutPower(seed, 10, true)) {
      const TempFolder folder;
      WriteImage(loss.image, folder.path());
      found += Wrong(folder.File("game.db"), loss.answered).empty() ? 0 : 1;
    }
  }
  EXPECT_GT(found, 20) << "of 50: what must be caught is caught";
}

TEST(SqliteFaultsTest, WhicheverCallFailsNothingAnsweredIsLost) {
  // How many calls a short load makes on a disk that is fine.
  const auto run = [](std::optional<std::int64_t> fail_at, std::int64_t& calls,
                      PowerLoss& end) {
    const TempFolder folder;
    const std::string path = folder.File("game.db");
    {
      const auto store = OpenSqliteStore(path);
      Wallet wallet(**store, SystemClock());
      FundGems(wallet, 20'000);
    }
    {
      Disk disk;
      disk.fail_at = fail_at;
      const auto store = OpenSqliteStore(path);
      if (store.ok()) {
        Load load(**store, 7);
        // The call that fails may be one of cleaning up, that nobody misses.
        for (int step = 0; step < 8; ++step) load.Step();
        end.answered = load.answered();
      }
      calls = disk.calls();
    }
    return Wrong(path, end.answered);
  };
  std::int64_t calls = 0;
  PowerLoss end;
  ASSERT_EQ(run(std::nullopt, calls, end), "");
  ASSERT_GE(end.answered.size(), 5u);
  ASSERT_GT(calls, 20);
  for (std::int64_t k = 1; k <= calls; ++k) {
    std::int64_t ignored = 0;
    PowerLoss after;
    ASSERT_EQ(run(k, ignored, after), "") << "call " << k << " of " << calls;
  }
}

// The allocation that fails next, counted down; none below 0.
std::int64_t allocations_left = -1;
sqlite3_mem_methods real_memory;

bool Fails() { return allocations_left > 0 && --allocations_left == 0; }

// SQLite's own allocator, but for the one call that fails. Once a process.
void WrapAllocator() {
  static const bool wrapped = [] {
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
    sqlite3_mem_methods methods = real_memory;
    methods.xMalloc = [](int size) {
      return Fails() ? nullptr : real_memory.xMalloc(size);
    };
    methods.xRealloc = [](void* at, int size) {
      return Fails() ? nullptr : real_memory.xRealloc(at, size);
    };
    sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
    return true;
  }();
  (void)wrapped;
}

TEST(SqliteFaultsTest, WhicheverAllocationFailsNothingAnsweredIsLost) {
  WrapAllocator();
  const TempFolder folder;
  const std::string path = folder.File("game.db");
  {
    const auto store = OpenSqliteStore(path);
    ASSERT_TRUE(store.ok()) << store.status();
    Wallet wallet(**store, SystemClock());
    FundGems(wallet, 2'000'000'000);
  }
  // Each time the next allocation of a pull, until none of them fails.
  const auto store = OpenSqliteStore(path);
  PullService pulls(**store, ShopCatalog(), ShopSeeds(), HandClock().clock());
  std::vector<std::string> answered;
  int failed = 0;
  for (int k = 1; k <= 3000; ++k) {
    const std::string id = absl::StrCat("pull", k);
    allocations_left = k;
    const auto receipt = pulls.Pull(
        {.id = Op(id), .player = kPlayer, .banner = kShop, .count = 1});
    const bool reached = allocations_left == 0;
    allocations_left = -1;
    if (receipt.ok()) {
      answered.push_back(id);
    } else {
      ++failed;
    }
    if (!reached) break;
    ASSERT_LT(k, 3000);
  }
  EXPECT_GT(failed, 5);
  EXPECT_EQ(Wrong(path, answered), "");
}

}  // namespace
}  // namespace fairpull
