// What every store must do, whatever it is made of.
//
// An adapter's test instantiates the suite:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, StoreConformanceTest,
//                            testing::Values(MemoryAdapter()), AdapterName);

#ifndef FAIRPULL_TESTS_STORE_CONFORMANCE_H_
#define FAIRPULL_TESTS_STORE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "fairpull/ledger/rules.h"
#include "fairpull/store/store.h"

namespace fairpull {

struct StoreAdapter {
  std::string name;
  // A new, empty store whose Begin waits at most so long.
  std::function<std::unique_ptr<Store>(std::int64_t lock_timeout_ms)> make;
  // A race is repeated 200 times, or for so long if that is less; but 20 times
  // at least, however slow the machine. With FAIRPULL_FULL=1 in the environment
  // it is 200 times in any case.
  std::int64_t race_seconds = 10;
  // On which of its databases a player is: a group within one of them is all or
  // nothing in every store. One database, unless it says otherwise.
  std::function<std::size_t(const PlayerId& player)> place =
      [](const PlayerId&) { return std::size_t{0}; };

  friend std::ostream& operator<<(std::ostream& out,
                                  const StoreAdapter& adapter) {
    return out << adapter.name;
  }
};

class StoreConformanceTest : public testing::TestWithParam<StoreAdapter> {
 protected:
  // Waits longer than any test runs, so that only a deadlock can end it.
  [[nodiscard]] std::unique_ptr<Store> MakeStore() const {
    return GetParam().make(120'000);
  }
};

inline std::string AdapterName(
    const testing::TestParamInfo<StoreAdapter>& info) {
  return info.param.name;
}

inline const PlayerId kPlayer = PlayerId::Trusted("p1");
inline const CurrencyId kGems = CurrencyId::Trusted("gems");
inline const ScopeId kScope = ScopeId::Trusted("starter");

// A credit from issuer:card, or a debit or hold to spend:starter, in gems.
LedgerRequest Request(OperationKind kind, const std::string& id,
                      std::optional<std::int64_t> amount = std::nullopt,
                      const PlayerId& player = kPlayer);

// Carries `request` out in one transaction.
absl::StatusOr<Receipt> Carry(Store& store, const LedgerRequest& request);

// Opens the player's account and, unless 0, credits `amount` under "fund".
void Fund(Store& store, std::int64_t amount, const PlayerId& player = kPlayer);

// The player's account in gems; fails the test if there is none.
Balance BalanceOf(Store& store, const PlayerId& player = kPlayer);

// Fails the test for each law that the player's ledger breaks.
void ExpectSound(Store& store, const PlayerId& player = kPlayer);

// Runs `body(0)` to `body(count - 1)` on a thread each, started together.
void RunTogether(int count, const std::function<void(int)>& body);

// Repeats `round` as StoreAdapter::race_seconds says, until one fails. Fails
// the test if there were fewer rounds than said there.
void RepeatRace(const StoreAdapter& adapter,
                const std::function<void(int)>& round);

}  // namespace fairpull

#endif  // FAIRPULL_TESTS_STORE_CONFORMANCE_H_
