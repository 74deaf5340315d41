#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "fairpull/store/store.h"
#include "store/conformance.h"
#include "store/temp_folder.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(OpenTest, MemoryIsNewEachTime) {
  const auto first = Store::Open("memory:");
  ASSERT_TRUE(first.ok()) << first.status();
  Fund(**first, 10);
  const auto second = Store::Open("memory:");
  EXPECT_TRUE((*second)->Players({}, 10)->empty());
}

TEST(OpenTest, AFileByItsAbsolutePathIsKept) {
  const TempFolder folder;
  const std::string url = "sqlite:///" + folder.File("game.db");
  {
    const auto store = Store::Open(url);
    ASSERT_TRUE(store.ok()) << store.status();
    Fund(**store, 10);
  }
  const auto store = Store::Open(url);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(BalanceOf(**store).posted, 10);
}

TEST(OpenTest, ThreeSlashesAreRelativeToTheWorkingFolder) {
  const TempFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const auto store = Store::Open("sqlite:///game.db");
  std::filesystem::current_path(before);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE(std::filesystem::exists(folder.File("game.db")));
}

TEST(OpenTest, SqlitesNamesForWhatIsNoFileAreRefused) {
  const TempFolder folder;
  for (const std::string& url :
       {std::string("sqlite:///:memory:"),
        "sqlite:///" + folder.File(":memory:"),
        std::string("sqlite:///file::memory:?cache=shared"),
        std::string("sqlite:///file:game.db?mode=memory")}) {
    const auto store = Store::Open(url);
    EXPECT_EQ(store.status().code(), absl::StatusCode::kInvalidArgument)
        << url << ": " << store.status();
    EXPECT_THAT(std::string(store.status().message()),
                HasSubstr("\"memory:\""));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(OpenTest, APathIsNotCutAtANulByte) {
  const TempFolder folder;
  const std::string nul(1, '\0');
  for (const std::string& path :
       {folder.File("game.db") + nul, folder.File("game.db") + nul + "/x",
        nul + folder.File("game.db")}) {
    const auto store = Store::Open("sqlite:///" + path);
    EXPECT_EQ(store.status().code(), absl::StatusCode::kInvalidArgument)
        << store.status();
    EXPECT_THAT(std::string(store.status().message()), HasSubstr("NUL"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(OpenTest, AnotherUrlNamesTheKnownForms) {
  for (const std::string url :
       {"", "memory", "memory://", "sqlite:", "sqlite://x", "sqlite:///",
        "mysql://user:secret@host/db"}) {
    const auto store = Store::Open(url);
    EXPECT_EQ(store.status().code(), absl::StatusCode::kInvalidArgument) << url;
    EXPECT_THAT(std::string(store.status().message()),
                HasSubstr("sqlite:////absolute/path"));
    EXPECT_THAT(std::string(store.status().message()),
                Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace fairpull
