#include "fairpull/store/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/ledger/verify.h"
#include "fairpull/service/verify.h"
#include "fairpull/store/ledger_rows.h"
#include "store/conformance.h"
#include "store/shop.h"
#include "store/temp_folder.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;

// Runs `sql` on the file; returns SQLite's error message, or "".
std::string Raw(const std::string& file, const std::string& sql) {
  sqlite3* connection = nullptr;
  std::string message;
  char* error = nullptr;
  if (sqlite3_open(file.c_str(), &connection) != SQLITE_OK ||
      sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, &error) !=
          SQLITE_OK) {
    message = error != nullptr ? error : sqlite3_errmsg(connection);
    sqlite3_free(error);
  }
  sqlite3_close(connection);
  return message;
}

std::string Bytes(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class SqliteStoreTest : public testing::Test {
 protected:
  [[nodiscard]] absl::StatusOr<std::unique_ptr<Store>> Open(
      SqliteOptions options = {}) const {
    return OpenSqliteStore(file_, options);
  }

  // Expects Open to fail so and to leave the file as it is.
  void ExpectRefused(absl::StatusCode code, const std::string& reason) const {
    const std::string before = Bytes(file_);
    const auto store = Open();
    EXPECT_EQ(store.status().code(), code) << store.status();
    EXPECT_THAT(std::string(store.status().message()), HasSubstr(reason));
    EXPECT_THAT(std::string(store.status().message()), HasSubstr(file_));
    EXPECT_EQ(Bytes(file_), before);
  }

  TempFolder folder_;
  std::string file_ = folder_.File("game.db");
};

TEST_F(SqliteStoreTest, ReopenedItHasEverything) {
  {
    const auto store = Open();
    Fund(**store, 100);
    ASSERT_TRUE(Carry(**store, Request(OperationKind::kHold, "h", 40))->ok());
  }
  for (int i = 0; i < 3; ++i) {
    const auto store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ(BalanceOf(**store).held, 40);
    EXPECT_TRUE(
        Carry(**store, Request(OperationKind::kHold, "h", 40))->replayed);
    ExpectSound(**store);
  }
}

TEST_F(SqliteStoreTest, TwoStoresMayShareAFile) {
  const auto first = Open();
  const auto second = Open();
  ASSERT_TRUE(second.ok()) << second.status();
  Fund(**first, 100);
  RunTogether(8, [&](int i) {
    Store& store = i % 2 == 0 ? **first : **second;
    for (int n = 0; n < 10; ++n) {
      const auto receipt = Carry(
          store, Request(OperationKind::kDebit, absl::StrCat(i, "-", n), 1));
      ASSERT_TRUE(receipt.ok()) << receipt.status();
    }
  });
  EXPECT_EQ(BalanceOf(**first).posted, 20);
  ExpectSound(**second);
}

TEST_F(SqliteStoreTest, AFileThatAnotherWriterHoldsIsUnavailable) {
  const auto store = Open({.busy_timeout_ms = 20});
  Fund(**store, 100);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_EQ(
      Carry(**store, Request(OperationKind::kDebit, "d", 1)).status().code(),
      absl::StatusCode::kUnavailable);
  EXPECT_EQ(BalanceOf(**store).posted, 100) << "reading goes on";
  sqlite3_close(other);
  EXPECT_TRUE(Carry(**store, Request(OperationKind::kDebit, "d", 1))->ok());
}

TEST_F(SqliteStoreTest, OperationsAreNeverUpdatedDeletedOrReplaced) {
  {
    Fund(**Open(), 100);
  }
  const auto row = [](const std::string& id) {
    return "operations VALUES ('p1','" + id +
           "',1,'gems',1,'promotion',0,1,0,1,1,1,'','','',1,'" +
           std::string(64, 'a') + "')";
  };
  for (const std::string& sql : {
           std::string("UPDATE operations SET amount = 200"),
           std::string("UPDATE OR REPLACE operations SET amount = 200"),
           std::string("DELETE FROM operations"),
           "INSERT INTO " + row("fund") +
               " ON CONFLICT DO UPDATE SET amount = 200",
           "INSERT OR REPLACE INTO " + row("fund"),
           "REPLACE INTO " + row("fund"),
           "INSERT OR IGNORE INTO " + row("fund"),
           // By the seq in the account, which another id has.
           "INSERT OR REPLACE INTO " + row("other"),
           "REPLACE INTO " + row("other"),
       }) {
    EXPECT_EQ(Raw(file_, sql), "operations are append-only") << sql;
  }
  const auto store = Open();
  EXPECT_EQ(BalanceOf(**store).posted, 100);
  ExpectSound(**store);
}

TEST_F(SqliteStoreTest, TheColumnsThemselvesRefuseWhatCannotBe) {
  {
    Fund(**Open(), 100);
  }
  EXPECT_THAT(Raw(file_, "UPDATE balances SET held = 101"), HasSubstr("CHECK"));
  EXPECT_THAT(Raw(file_, "UPDATE balances SET posted = -1"),
              HasSubstr("CHECK"));
  EXPECT_THAT(Raw(file_, "UPDATE balances SET posted = 'many'"),
              HasSubstr("cannot store TEXT"));
  EXPECT_THAT(Raw(file_, "INSERT INTO inventory VALUES ('p1', 'sword', 0)"),
              HasSubstr("CHECK"));
}

TEST_F(SqliteStoreTest, AChangedBalanceIsFoundByVerify) {
  {
    Fund(**Open(), 100);
  }
  ASSERT_EQ(Raw(file_, "UPDATE balances SET posted = 999"), "");
  const auto store = Open();
  const auto rows = ReadLedger(**store, kPlayer);
  ASSERT_TRUE(rows.ok()) << rows.status();
  const std::vector<Violation> violations = VerifyLedger(*rows);
  ASSERT_FALSE(violations.empty());
  EXPECT_EQ(violations[0].law, "L2");
}

TEST_F(SqliteStoreTest, ChangedDrawsAreFoundByMakingThemAgain) {
  const auto store = Open();
  for (const char* name : {"p1", "p2"}) {
    const PlayerId player = PlayerId::Trusted(name);
    Fund(**store, 100, player);
    PullService pulls = ShopService(**store);
    const auto receipt = pulls.Pull({.id = OperationId::Trusted("k"),
                                     .player = player,
                                     .banner = BannerId::Trusted("shop"),
                                     .count = 10});
    ASSERT_TRUE(receipt.ok() && receipt->payment.ok()) << receipt.status();
  }
  const auto found = [&] {
    const auto violations = VerifyAllDraws(**store, ShopCatalog(), ShopSeeds());
    EXPECT_TRUE(violations.ok()) << violations.status();
    return violations.value_or(std::vector<Violation>());
  };
  EXPECT_TRUE(found().empty());
  // Each edit leaves counts and sums as they are: the rows still agree.
  const std::string second = " WHERE player_id = 'p2'";
  const struct {
    std::string edit;
    std::string undo;
  } kEdits[] = {
      {"UPDATE pulls SET rarity = 'gold_' || rarity" + second,
       "UPDATE pulls SET rarity = substr(rarity, 6)" + second},
      {"UPDATE pulls SET pity = pity + 1" + second + " AND seq = 7",
       "UPDATE pulls SET pity = pity - 1" + second + " AND seq = 7"},
      {"UPDATE pity SET state = state || ' '" + second,
       "UPDATE pity SET state = rtrim(state)" + second},
  };
  for (const auto& [edit, undo] : kEdits) {
    ASSERT_EQ(Raw(file_, edit), "");
    EXPECT_TRUE(VerifyStore(**store)->empty()) << edit;
    const std::vector<Violation> violations = found();
    EXPECT_FALSE(violations.empty()) << edit;
    for (const Violation& violation : violations) {
      EXPECT_EQ(violation.law, "G4");
      EXPECT_EQ(violation.player, PlayerId::Trusted("p2"));
    }
    ASSERT_EQ(Raw(file_, undo), "");
  }
  EXPECT_TRUE(found().empty());
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream(file_) << std::string(5000, 'x');
  ExpectRefused(absl::StatusCode::kDataLoss, "no SQLite database");
}

TEST_F(SqliteStoreTest, ADamagedFileIsRefused) {
  {
    Fund(**Open(), 100);
  }
  std::string bytes = Bytes(file_);
  // The first page's table of tables, past the file's header.
  for (std::size_t i = 100; i < 2000; ++i) bytes[i] = '\x55';
  std::ofstream(file_, std::ios::binary) << bytes;
  ExpectRefused(absl::StatusCode::kDataLoss, "restore it from a copy");
}

TEST_F(SqliteStoreTest, ADatabaseOfAnotherApplicationIsRefused) {
  ASSERT_EQ(Raw(file_, "CREATE TABLE recipes (name TEXT)"), "");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "another application");
}

TEST_F(SqliteStoreTest, ADatabaseOfANewerVersionIsRefused) {
  {
    Fund(**Open(), 100);
  }
  ASSERT_EQ(Raw(file_, "INSERT INTO migrations VALUES (99, '0099_x', 'c')"),
            "");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "newer version");
}

TEST_F(SqliteStoreTest, AnEditedMigrationIsRefused) {
  {
    Fund(**Open(), 100);
  }
  ASSERT_EQ(Raw(file_, "UPDATE migrations SET checksum = 'other'"), "");
  ExpectRefused(absl::StatusCode::kFailedPrecondition,
                "is not the one of this version");
}

TEST_F(SqliteStoreTest, AMissingFolderIsNamed) {
  const auto store = OpenSqliteStore(folder_.File("no/such/game.db"));
  EXPECT_EQ(store.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(store.status().message()),
              HasSubstr("/no/such/ does not exist"));
  EXPECT_FALSE(std::filesystem::exists(folder_.File("no")));
}

TEST_F(SqliteStoreTest, AFolderIsNoFile) {
  EXPECT_EQ(OpenSqliteStore(folder_.path()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenSqliteStore("").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SqliteStoreTest, AFullFileKeepsWhatWasAcknowledged) {
  const auto store = Open({.max_bytes = 256 * 1024});
  ASSERT_TRUE(store.ok()) << store.status();
  Fund(**store, 1'000'000);
  int acknowledged = 0;
  absl::Status failure;
  // 128 letters in each id: the file is full after some 600 operations.
  while (failure.ok() && acknowledged < 10'000) {
    const std::string id = absl::StrCat(std::string(120, 'x'), acknowledged);
    const auto receipt = Carry(**store, Request(OperationKind::kDebit, id, 1));
    failure = receipt.status();
    if (failure.ok()) ++acknowledged;
  }
  EXPECT_EQ(failure.code(), absl::StatusCode::kResourceExhausted) << failure;
  EXPECT_THAT(std::string(failure.message()), HasSubstr("full"));
  EXPECT_GT(acknowledged, 100);
  EXPECT_EQ(BalanceOf(**store).posted, 1'000'000 - acknowledged);
  ExpectSound(**store);
  // With room again, the same store goes on.
  const auto roomy = Open();
  EXPECT_TRUE(Carry(**roomy, Request(OperationKind::kDebit, "more", 1))->ok());
}

}  // namespace
}  // namespace fairpull
