// A shop with one banner, for tests that pull from a store.

#ifndef FAIRPULL_TESTS_STORE_SHOP_H_
#define FAIRPULL_TESTS_STORE_SHOP_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fairpull/banner/catalog.h"
#include "fairpull/random/server_seed.h"
#include "fairpull/service/pull_service.h"
#include "fairpull/service/server_seeds.h"

namespace fairpull {

// Gold one time in ten, and for certain at the fifth pull without it.
inline Catalog ShopCatalog() {
  auto banner = Banner::FromJson(R"({
    "id": "shop",
    "price": {"currency": "gems", "amount": 1},
    "batches": [1, 10],
    "rarities": [{"id": "gold", "odds": "10%", "hard_pity": 5},
                 {"id": "tin", "odds": "rest"}],
    "items": [{"id": "sun", "type": "hero", "rarity": "gold"},
              {"id": "pot", "type": "item", "rarity": "tin"}]
  })",
                                 "shop.json");
  EXPECT_TRUE(banner.ok()) << banner.status();
  return *Catalog::Make({*std::move(banner)});
}

inline ServerSeeds ShopSeeds() {
  return *ServerSeeds::Make({{1, *ServerSeed::FromBytes(std::string(32, 'a'))}},
                            1);
}

inline PullService ShopService(Store& store, Clock clock = SystemClock()) {
  return {store, ShopCatalog(), ShopSeeds(), std::move(clock)};
}

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_SHOP_H_
