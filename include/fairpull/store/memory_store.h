// A store in memory: for tests, tools and games that need no tomorrow.
//
// It keeps everything that the contract of Store promises except durability.
// Transactions of different players run side by side.
//
//   std::unique_ptr<Store> store = NewMemoryStore();

#ifndef FAIRPULL_STORE_MEMORY_STORE_H_
#define FAIRPULL_STORE_MEMORY_STORE_H_

#include <cstdint>
#include <memory>

#include "fairpull/store/store.h"

namespace fairpull {

struct MemoryOptions {
  // How long Begin waits for another transaction of the same player.
  std::int64_t lock_timeout_ms = 5000;
};

// A new, empty store.
[[nodiscard]] std::unique_ptr<Store> NewMemoryStore(MemoryOptions options = {});

}  // namespace fairpull

#endif  // FAIRPULL_STORE_MEMORY_STORE_H_
