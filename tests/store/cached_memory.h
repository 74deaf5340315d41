// A store in memory behind a cache in memory: for the conformance suite.

#ifndef FAIRPULL_TESTS_STORE_CACHED_MEMORY_H_
#define FAIRPULL_TESTS_STORE_CACHED_MEMORY_H_

#include <memory>

#include "fairpull/store/cached_store.h"
#include "fairpull/store/memory_store.h"
#include "store/cache_in_memory.h"
#include "store/conformance.h"

namespace fairpull {

inline StoreAdapter CachedMemoryAdapter() {
  return {.name = "cached",
          .make =
              [](std::int64_t lock_timeout_ms) {
                return NewCachedStore(
                    NewMemoryStore({.lock_timeout_ms = lock_timeout_ms}),
                    std::make_shared<CacheInMemory>());
              },
          .race_seconds = 2};
}

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_CACHED_MEMORY_H_
