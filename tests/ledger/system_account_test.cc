#include "fairpull/ledger/system_account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fairpull {
namespace {

using ::testing::HasSubstr;

struct Side {
  const char* name;
  bool is_source;
  bool is_sink;
};

TEST(SystemAccountTest, EachKindPaysOutOrTakesInOrBoth) {
  for (const Side& side :
       {Side{"issuer:card", true, false}, Side{"promotion", true, false},
        Side{"spend:starter", false, true}, Side{"expired", false, true},
        Side{"adjustment", true, true}}) {
    const auto account = SystemAccount::Parse(side.name);
    ASSERT_TRUE(account.ok()) << account.status();
    EXPECT_EQ(account->name(), side.name);
    EXPECT_EQ(account->is_source(), side.is_source) << side.name;
    EXPECT_EQ(account->is_sink(), side.is_sink) << side.name;
  }
}

TEST(SystemAccountTest, TheEmptyOneIsNeither) {
  EXPECT_FALSE(SystemAccount().is_source());
  EXPECT_FALSE(SystemAccount().is_sink());
}

TEST(SystemAccountTest, SpendNamesTheBanner) {
  EXPECT_EQ(SystemAccount::Spend(BannerId::Trusted("starter")),
            *SystemAccount::Parse("spend:starter"));
}

TEST(SystemAccountTest, AnythingElseIsRefusedWithTheForms) {
  for (const std::string name :
       {"", "issuer", "issuer:", "spend:", "Promotion", "promotion:x", "bank",
        "spend:a b", "issuer:a/b"}) {
    const auto account = SystemAccount::Parse(name);
    EXPECT_EQ(account.status().code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_THAT(std::string(SystemAccount::Parse("bank").status().message()),
              HasSubstr("known are issuer:<method>, promotion, "
                        "spend:<banner>, expired and adjustment"));
}

}  // namespace
}  // namespace fairpull
