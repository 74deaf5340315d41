#include <gtest/gtest.h>

#include "store/conformance.h"
#include "store/postgres_adapter.h"
#include "store/random_ledger.h"

namespace fairpull {
namespace {

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformanceTest,
                         testing::Values(PostgresAdapter()), AdapterName);
INSTANTIATE_TEST_SUITE_P(HashRouter, StoreConformanceTest,
                         testing::Values(HashedPostgresAdapter()), AdapterName);
INSTANTIATE_TEST_SUITE_P(Citus, StoreConformanceTest,
                         testing::ValuesIn(CitusAdapters()), AdapterName);

TEST(PostgresRandomLedgerTest, MemoryAndPostgresAgree) {
  ExpectAnswersAsInMemory(PostgresAdapter(), 60);
}

TEST(CitusRandomLedgerTest, MemoryAndCitusAgree) {
  if (!CitusSchema::HasCluster()) {
    GTEST_SKIP() << "set FAIRPULL_TEST_CITUS_URL to a Citus cluster's url";
  }
  ExpectAnswersAsInMemory(CitusAdapters()[0], 60);
}

}  // namespace
}  // namespace fairpull
