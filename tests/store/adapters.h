// The adapters under test.

#ifndef FAIRPULL_TESTS_STORE_ADAPTERS_H_
#define FAIRPULL_TESTS_STORE_ADAPTERS_H_

#include <atomic>
#include <memory>
#include <string>

#include "fairpull/store/memory_store.h"
#include "fairpull/store/sqlite_store.h"
#include "store/conformance.h"
#include "store/temp_folder.h"

namespace fairpull {

inline StoreAdapter MemoryAdapter() {
  return {.name = "memory",
          .make =
              [](std::int64_t lock_timeout_ms) {
                return NewMemoryStore({.lock_timeout_ms = lock_timeout_ms});
              },
          .race_seconds = 60};
}

// A file for each store, in a folder that goes with the adapter.
inline StoreAdapter SqliteAdapter() {
  struct Files {
    TempFolder folder;
    std::atomic<int> count = 0;
  };
  const auto files = std::make_shared<Files>();
  return {.name = "sqlite", .make = [files](std::int64_t lock_timeout_ms) {
            auto store = OpenSqliteStore(
                files->folder.File(std::to_string(files->count++) + ".db"),
                {.busy_timeout_ms = lock_timeout_ms});
            if (!store.ok()) {
              throw std::runtime_error(store.status().ToString());
            }
            return *std::move(store);
          }};
}

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_ADAPTERS_H_
