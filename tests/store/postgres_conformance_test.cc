#include <gtest/gtest.h>

#include "store/conformance.h"
#include "store/postgres_adapter.h"

namespace fairpull {
namespace {

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformanceTest,
                         testing::Values(PostgresAdapter()), AdapterName);

}  // namespace
}  // namespace fairpull
