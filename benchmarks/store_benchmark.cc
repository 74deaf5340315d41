// One pull as one transaction: charged, drawn, recorded.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fairpull/ledger/amount.h"
#include "fairpull/service/pull_service.h"
#include "fairpull/service/wallet.h"
#include "fairpull/store/memory_store.h"
#include "fairpull/store/store.h"

namespace fairpull {
namespace {

Catalog LoadStarter() {
  std::ifstream in(std::string(FAIRPULL_SOURCE_DIR) +
                   "/examples/banners/starter.json");
  std::stringstream text;
  text << in.rdbuf();
  return Catalog::Make({Banner::FromJson(text.str(), "starter.json").value()})
      .value();
}

void PullFrom(benchmark::State& run, Store& store) {
  const PlayerId player = PlayerId::Trusted("p");
  const CurrencyId currency = CurrencyId::Trusted("crystal");
  Wallet wallet(store, SystemClock());
  PullService service(
      store, LoadStarter(),
      ServerSeeds::Make({{1, *ServerSeed::FromBytes(std::string(32, 'x'))}}, 1)
          .value(),
      SystemClock());
  if (!wallet.OpenAccount(player, currency).ok() ||
      !wallet
           .Grant({.id = OperationId::Trusted("g"),
                   .player = player,
                   .currency = currency,
                   .amount = kMaxAmount,
                   .counterparty = *SystemAccount::Parse("issuer:test")})
           ->ok()) {
    run.SkipWithError("no funds");
    return;
  }
  std::uint64_t n = 0;
  for (auto _ : run) {
    const auto receipt =
        service.Pull({.id = OperationId::Trusted(absl::StrCat("q", ++n)),
                      .player = player,
                      .banner = BannerId::Trusted("starter")});
    if (!receipt.ok() || !receipt->payment.ok()) {
      run.SkipWithError("no pull");
      return;
    }
  }
  run.SetItemsProcessed(run.iterations());
}

void BM_PullMemory(benchmark::State& run) { PullFrom(run, *NewMemoryStore()); }
BENCHMARK(BM_PullMemory);

void BM_PullSqlite(benchmark::State& run) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "fairpull_store_benchmark";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  {
    const auto store =
        Store::Open(absl::StrCat("sqlite:///", (folder / "game.db").string()));
    PullFrom(run, **store);
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(BM_PullSqlite)->UseRealTime();

}  // namespace
}  // namespace fairpull
