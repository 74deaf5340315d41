#include <gtest/gtest.h>

#include "store/conformance.h"
#include "store/postgres_adapter.h"
#include "store/random_ledger.h"

namespace fairpull {
namespace {

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformanceTest,
                         testing::Values(PostgresAdapter()), AdapterName);

TEST(PostgresRandomLedgerTest, MemoryAndPostgresAgree) {
  ExpectAnswersAsInMemory(PostgresAdapter(), 60);
}

}  // namespace
}  // namespace fairpull
