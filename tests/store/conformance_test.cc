#include "store/conformance.h"

#include <gtest/gtest.h>

#include "store/adapters.h"

namespace fairpull {
namespace {

INSTANTIATE_TEST_SUITE_P(Adapters, StoreConformanceTest,
                         testing::Values(MemoryAdapter(), SqliteAdapter()),
                         AdapterName);

}  // namespace
}  // namespace fairpull
