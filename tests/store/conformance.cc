#include "store/conformance.h"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "fairpull/base/status.h"
#include "fairpull/store/ledger_rows.h"

namespace fairpull {

LedgerRequest Request(OperationKind kind, const std::string& id,
                      std::optional<std::int64_t> amount,
                      const PlayerId& player) {
  LedgerRequest request{.kind = kind,
                        .id = OperationId::Trusted(id),
                        .player = player,
                        .amount = amount,
                        .at_ms = 1000,
                        .ask_at_ms = 61'000};
  if (kind == OperationKind::kPost || kind == OperationKind::kVoid) {
    return request;
  }
  request.currency = kGems;
  if (kind == OperationKind::kReverse) return request;
  request.counterparty = SystemAccount::Trusted(
      kind == OperationKind::kCredit ? "issuer:card" : "spend:starter");
  return request;
}

absl::StatusOr<Receipt> Carry(Store& store, const LedgerRequest& request) {
  ReadSet reads{.player = request.player};
  AddRowsOf(request, reads);
  FAIRPULL_ASSIGN_OR_RETURN(const auto transaction, store.Begin(reads));
  const Decision decision =
      Decide(ViewOf(transaction->snapshot(), request), request);
  if (!Writes(decision)) return decision.receipt;
  WriteSet writes;
  AddWritesOf(decision, writes);
  FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
  return decision.receipt;
}

void Fund(Store& store, std::int64_t amount, const PlayerId& player) {
  auto transaction = store.Begin({.player = player});
  ASSERT_TRUE(transaction.ok()) << transaction.status();
  WriteSet writes;
  writes.accounts.push_back(NewAccount(player, kGems));
  ASSERT_TRUE((*transaction)->Commit(writes).ok());
  transaction->reset();
  if (amount == 0) return;
  const auto receipt =
      Carry(store, Request(OperationKind::kCredit, "fund", amount, player));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  ASSERT_TRUE(receipt->ok());
}

Balance BalanceOf(Store& store, const PlayerId& player) {
  const auto snapshot = store.Read({.player = player, .accounts = {kGems}});
  if (!snapshot.ok() || snapshot->FindAccount(kGems) == nullptr) {
    ADD_FAILURE() << "no account: " << snapshot.status();
    return {};
  }
  return snapshot->FindAccount(kGems)->balance;
}

void ExpectSound(Store& store, const PlayerId& player) {
  const auto rows = ReadLedger(store, player);
  ASSERT_TRUE(rows.ok()) << rows.status();
  for (const Violation& violation : VerifyLedger(*rows)) {
    ADD_FAILURE() << violation.law << ": " << violation.message;
  }
}

void RunTogether(int count, const std::function<void(int)>& body) {
  std::mutex mutex;
  std::condition_variable changed;
  bool started = false;
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      {
        std::unique_lock<std::mutex> lock(mutex);
        changed.wait(lock, [&started] { return started; });
      }
      body(i);
    });
  }
  {
    const std::lock_guard<std::mutex> lock(mutex);
    started = true;
  }
  changed.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void RepeatRace(const StoreAdapter& adapter,
                const std::function<void(int)>& round) {
  constexpr int kFullRounds = 200;
  constexpr int kLeastRounds = 20;
  const char* full = std::getenv("FAIRPULL_FULL");
  const bool limited = full == nullptr || std::string(full) != "1";
  const int least = limited ? kLeastRounds : kFullRounds;
  const auto limit = std::chrono::steady_clock::now() +
                     std::chrono::seconds(adapter.race_seconds);
  int rounds = 0;
  while (rounds < kFullRounds && !testing::Test::HasFailure() &&
         (rounds < least || std::chrono::steady_clock::now() < limit)) {
    round(rounds++);
  }
  testing::Test::RecordProperty("rounds", rounds);
  if (!testing::Test::HasFailure()) {
    EXPECT_GE(rounds, least);
  }
}

}  // namespace fairpull
