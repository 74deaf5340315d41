// One pull as one transaction: charged, drawn, recorded.

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/ledger/amount.h"
#include "fairpull/service/grouped_pulls.h"
#include "fairpull/service/pull_service.h"
#include "fairpull/service/wallet.h"
#include "fairpull/store/memory_store.h"
#include "fairpull/store/store.h"
#include "shipped_banner.h"

namespace fairpull {
namespace {

Catalog LoadStarter() {
  return Catalog::Make({LoadShipped("starter")}).value();
}

PlayerId Player(int i) { return PlayerId::Trusted(absl::StrCat("p", i)); }

bool Fund(Store& store, const PlayerId& player) {
  const CurrencyId currency = CurrencyId::Trusted("crystal");
  Wallet wallet(store, SystemClock());
  return wallet.OpenAccount(player, currency).ok() &&
         wallet
             .Grant({.id = OperationId::Trusted("g"),
                     .player = player,
                     .currency = currency,
                     .amount = kMaxAmount,
                     .counterparty = *SystemAccount::Parse("issuer:test")})
             ->ok();
}

PullService ServiceOf(Store& store) {
  return {
      store, LoadStarter(),
      ServerSeeds::Make({{1, *ServerSeed::FromBytes(std::string(32, 'x'))}}, 1)
          .value(),
      SystemClock()};
}

void PullFrom(benchmark::State& run, Store& store) {
  PullService service = ServiceOf(store);
  if (!Fund(store, Player(0))) {
    run.SkipWithError("no funds");
    return;
  }
  std::uint64_t n = 0;
  for (auto _ : run) {
    const auto receipt =
        service.Pull({.id = OperationId::Trusted(absl::StrCat("q", ++n)),
                      .player = Player(0),
                      .banner = BannerId::Trusted("starter")});
    if (!receipt.ok() || !receipt->payment.ok()) {
      run.SkipWithError("no pull");
      return;
    }
  }
  run.SetItemsProcessed(run.iterations());
}

// A hundred players in one commit; the time is that of one pull.
void PullManyFrom(benchmark::State& run, Store& store) {
  constexpr int kTogether = 100;
  PullService service = ServiceOf(store);
  for (int i = 0; i < kTogether; ++i) {
    if (!Fund(store, Player(i))) {
      run.SkipWithError("no funds");
      return;
    }
  }
  std::uint64_t n = 0;
  while (run.KeepRunningBatch(kTogether)) {
    std::vector<PullRequest> requests;
    for (int i = 0; i < kTogether; ++i) {
      requests.push_back({.id = OperationId::Trusted(absl::StrCat("q", ++n)),
                          .player = Player(i),
                          .banner = BannerId::Trusted("starter")});
    }
    for (const auto& receipt : service.PullMany(requests)) {
      if (!receipt.ok() || !receipt->payment.ok()) {
        run.SkipWithError("no pull");
        return;
      }
    }
  }
  run.SetItemsProcessed(run.iterations());
}

void BM_PullMemory(benchmark::State& run) { PullFrom(run, *NewMemoryStore()); }
BENCHMARK(BM_PullMemory);

void BM_PullManyMemory(benchmark::State& run) {
  PullManyFrom(run, *NewMemoryStore());
}
BENCHMARK(BM_PullManyMemory);

// So many threads that pull at once, each for a player of its own; the time is
// that of one pull.
template <class Pulls>
void PullFromThreads(benchmark::State& run, Store& store, Pulls& pulls) {
  const auto threads = static_cast<int>(run.range(0));
  constexpr int kEach = 50;
  for (int t = 0; t < threads; ++t) {
    if (!Fund(store, Player(t))) return run.SkipWithError("no funds");
  }
  std::atomic<std::uint64_t> n = 0;
  std::atomic<bool> failed = false;
  while (run.KeepRunningBatch(threads * kEach)) {
    std::vector<std::thread> callers;
    for (int t = 0; t < threads; ++t) {
      callers.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const auto receipt =
              pulls.Pull({.id = OperationId::Trusted(absl::StrCat("q", ++n)),
                          .player = Player(t),
                          .banner = BannerId::Trusted("starter")});
          if (!receipt.ok() || !receipt->payment.ok()) failed = true;
        }
      });
    }
    for (std::thread& caller : callers) caller.join();
  }
  if (failed) return run.SkipWithError("no pull");
  run.SetItemsProcessed(run.iterations());
}

template <class Body>
void WithSqlite(const Body& body) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "fairpull_store_benchmark";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  {
    const auto store =
        Store::Open(absl::StrCat("sqlite:///", (folder / "game.db").string()));
    body(**store);
  }
  std::filesystem::remove_all(folder);
}

void BM_PullSqlite(benchmark::State& run) {
  WithSqlite([&run](Store& store) { PullFrom(run, store); });
}
BENCHMARK(BM_PullSqlite)->UseRealTime();

void BM_PullManySqlite(benchmark::State& run) {
  WithSqlite([&run](Store& store) { PullManyFrom(run, store); });
}
BENCHMARK(BM_PullManySqlite)->UseRealTime();

void BM_PullSqliteThreads(benchmark::State& run) {
  WithSqlite([&run](Store& store) {
    PullService service = ServiceOf(store);
    PullFromThreads(run, store, service);
  });
}
BENCHMARK(BM_PullSqliteThreads)->Arg(32)->UseRealTime();

void BM_PullSqliteGrouped(benchmark::State& run) {
  WithSqlite([&run](Store& store) {
    PullService service = ServiceOf(store);
    GroupedPulls grouped(service);
    PullFromThreads(run, store, grouped);
  });
}
BENCHMARK(BM_PullSqliteGrouped)->Arg(32)->UseRealTime();

}  // namespace
}  // namespace fairpull
