// A shop with one banner, a clock that is set by hand, and a fixed seed.

#ifndef FAIRPULL_TESTS_SERVICE_FIXTURES_H_
#define FAIRPULL_TESTS_SERVICE_FIXTURES_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fairpull/banner/catalog.h"
#include "fairpull/random/server_seed.h"
#include "fairpull/service/clock.h"
#include "fairpull/service/server_seeds.h"
#include "fairpull/service/verify.h"
#include "fairpull/service/wallet.h"
#include "fairpull/store/memory_store.h"

namespace fairpull {

inline const PlayerId kPlayer = PlayerId::Trusted("p1");
inline const CurrencyId kGems = CurrencyId::Trusted("gem");
inline const BannerId kShop = BannerId::Trusted("shop");
inline const ScopeId kShopScope = ScopeId::Trusted("shop");

// Gold is certain at the 5th pull without it; 160 gems a pull; open from
// 1000 ms to 9,000,000 ms.
inline constexpr char kShopJson[] = R"({
  "id": "shop",
  "opens": "1970-01-01T00:00:01Z",
  "closes": "1970-01-01T02:30:00Z",
  "price": {"currency": "gem", "amount": 160},
  "batches": [1, 10],
  "rarities": [
    {"id": "gold", "odds": "10%", "hard_pity": 5,
     "rate_up": {"featured": ["sun"], "share": "50%",
                 "after_loss": "guarantee"}},
    {"id": "tin", "odds": "rest"}
  ],
  "items": [
    {"id": "sun", "type": "hero", "rarity": "gold"},
    {"id": "moon", "type": "hero", "rarity": "gold"},
    {"id": "pot", "type": "item", "rarity": "tin"},
    {"id": "pan", "type": "item", "rarity": "tin"}
  ]
})";

inline OperationId Op(const std::string& id) {
  return OperationId::Trusted(id);
}

inline Catalog ShopCatalog(const std::string& json = kShopJson) {
  auto banner = Banner::FromJson(json, "shop.json");
  EXPECT_TRUE(banner.ok()) << banner.status();
  auto catalog = Catalog::Make({*std::move(banner)});
  EXPECT_TRUE(catalog.ok()) << catalog.status();
  return *std::move(catalog);
}

// The shop in two versions: the second opens at 6000 ms and asks 200 gems.
inline Catalog ShopCatalogWithSecondVersion() {
  std::string second(kShopJson);
  const auto put = [&second](const std::string& from, const std::string& to) {
    second.replace(second.find(from), from.size(), to);
  };
  put("1970-01-01T00:00:01Z", "1970-01-01T00:00:06Z");
  put("\"amount\": 160", "\"amount\": 200");
  auto catalog =
      Catalog::Make({Banner::FromJson(kShopJson, "shop.json").value(),
                     Banner::FromJson(second, "second.json").value()});
  EXPECT_TRUE(catalog.ok()) << catalog.status();
  return *std::move(catalog);
}

// Epochs 1 and 2, of which `current` is.
inline ServerSeeds ShopSeeds(std::int64_t current = 1) {
  auto first = ServerSeed::FromBytes(std::string(32, 'a'));
  auto second = ServerSeed::FromBytes(std::string(32, 'b'));
  EXPECT_TRUE(first.ok() && second.ok());
  auto seeds = ServerSeeds::Make({{1, *first}, {2, *second}}, current);
  EXPECT_TRUE(seeds.ok()) << seeds.status();
  return *std::move(seeds);
}

// Safe to set while others read it.
struct HandClock {
  std::shared_ptr<std::atomic<std::int64_t>> now_ms =
      std::make_shared<std::atomic<std::int64_t>>(5000);

  [[nodiscard]] Clock clock() const {
    return [now = now_ms] { return now->load(); };
  }
};

// Opens the account and credits `amount` unless it is 0.
inline void FundGems(Wallet& wallet, std::int64_t amount,
                     const std::string& id = "fund") {
  ASSERT_TRUE(wallet.OpenAccount(kPlayer, kGems).ok());
  if (amount == 0) return;
  const auto receipt =
      wallet.Grant({.id = Op(id),
                    .player = kPlayer,
                    .currency = kGems,
                    .amount = amount,
                    .counterparty = SystemAccount::Trusted("issuer:test")});
  ASSERT_TRUE(receipt.ok() && receipt->ok()) << receipt.status();
}

inline void ExpectNoViolation(Store& store) {
  const auto violations = VerifyStore(store);
  ASSERT_TRUE(violations.ok()) << violations.status();
  for (const Violation& violation : *violations) {
    ADD_FAILURE() << violation.law << ": " << violation.message;
  }
}

inline std::vector<std::string> ItemsOf(const std::vector<PullRecord>& pulls) {
  std::vector<std::string> items;
  items.reserve(pulls.size());
  for (const PullRecord& pull : pulls) items.push_back(pull.item.value());
  return items;
}

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_SERVICE_FIXTURES_H_
