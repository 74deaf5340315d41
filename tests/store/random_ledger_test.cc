#include "store/random_ledger.h"

#include <gtest/gtest.h>

#include "store/adapters.h"

namespace fairpull {
namespace {

TEST(RandomLedgerTest, MemoryAndSqliteAgree) {
  ExpectAnswersAsInMemory(SqliteAdapter(), 300);
}

}  // namespace
}  // namespace fairpull
