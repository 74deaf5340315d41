#include "store/random_ledger.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fairpull/store/ledger_rows.h"
#include "fairpull/store/memory_store.h"
#include "store/shop.h"

namespace fairpull {
namespace {

constexpr int kSteps = 40;

// Few ids and small amounts, so that they often meet again.
OperationId RandomId(std::mt19937& random) {
  return OperationId::Trusted(absl::StrCat("id", random() % 12));
}

LedgerRequest RandomRequest(std::mt19937& random, const PlayerId& player) {
  const auto below = [&random](std::uint32_t n) {
    return static_cast<int>(random() % n);
  };
  const auto kind = static_cast<OperationKind>(1 + below(6));
  std::optional<std::int64_t> amount = 1 + below(60);
  if (below(20) == 0) amount = 0;
  if (kind == OperationKind::kVoid || kind == OperationKind::kReverse ||
      (kind == OperationKind::kPost && below(2) == 0)) {
    amount = std::nullopt;
  }
  return Request(kind, RandomId(random).value(), amount, player);
}

PullRequest RandomPull(std::mt19937& random, const PlayerId& player) {
  return {.id = RandomId(random),
          .player = player,
          .banner = BannerId::Trusted("shop"),
          .count = random() % 3 == 0 ? 10u : 1u};
}

// A reverse names the lots of what it undoes, which never change.
void NameLots(Store& store, LedgerRequest& request) {
  if (request.kind != OperationKind::kReverse) return;
  const auto before =
      store.Read({.player = request.player, .operations = {request.id}});
  const Operation* undone = before->FindOperation(request.id);
  if (undone == nullptr) return;
  for (const LotChange& change : undone->lots) {
    request.lots.push_back(change.lot);
  }
}

void ExpectEqualAnswers(const Receipt& a, const Receipt& b) {
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.balance, b.balance);
  EXPECT_EQ(a.field, b.field);
  EXPECT_EQ(a.replayed, b.replayed);
  EXPECT_EQ(a.hold_state, b.hold_state);
}

void ExpectEqualRows(Store& a, Store& b, const PlayerId& player) {
  const auto ledger_a = ReadLedger(a, player);
  const auto ledger_b = ReadLedger(b, player);
  EXPECT_EQ(ledger_a->accounts, ledger_b->accounts);
  EXPECT_EQ(ledger_a->operations, ledger_b->operations);
  EXPECT_EQ(ledger_a->holds, ledger_b->holds);
  EXPECT_EQ(*a.Pity(player), *b.Pity(player));
  EXPECT_EQ(*a.Inventory(player), *b.Inventory(player));
  const auto pulls_a = a.History(player, std::nullopt, kMaxPage);
  const auto pulls_b = b.History(player, std::nullopt, kMaxPage);
  EXPECT_EQ(*pulls_a, *pulls_b);
}

}  // namespace

void ExpectAnswersAsInMemory(const StoreAdapter& adapter, int sequences) {
  const std::unique_ptr<Store> memory = NewMemoryStore();
  const std::unique_ptr<Store> other = adapter.make(1000);
  std::int64_t now_ms = 0;
  const Clock clock = [&now_ms] { return now_ms; };
  PullService expected_pulls = ShopService(*memory, clock);
  PullService actual_pulls = ShopService(*other, clock);
  std::vector<int> seen(kLedgerOutcomes.size(), 0);
  int pulled = 0;
  for (int sequence = 1; sequence <= sequences; ++sequence) {
    SCOPED_TRACE(absl::StrCat("sequence ", sequence));
    const PlayerId rich = PlayerId::Trusted(absl::StrCat("rich", sequence));
    const PlayerId poor = PlayerId::Trusted(absl::StrCat("poor", sequence));
    for (Store* store : {memory.get(), other.get()}) {
      Fund(*store, 200, rich);
      if (sequence % 3 != 0) Fund(*store, 0, poor);
    }
    std::mt19937 random(static_cast<std::uint32_t>(sequence));
    for (int step = 0; step < kSteps && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      const PlayerId& player = random() % 2 == 0 ? rich : poor;
      if (random() % 4 == 0) {
        ++now_ms;
        const PullRequest request = RandomPull(random, player);
        const auto expected = expected_pulls.Pull(request);
        const auto actual = actual_pulls.Pull(request);
        ASSERT_EQ(expected.status(), actual.status());
        if (!expected.ok()) continue;
        ExpectEqualAnswers(expected->payment, actual->payment);
        EXPECT_EQ(expected->pulls, actual->pulls);
        pulled += static_cast<int>(expected->pulls.size());
        seen[static_cast<std::size_t>(expected->payment.outcome)] += 1;
        continue;
      }
      LedgerRequest request = RandomRequest(random, player);
      NameLots(*memory, request);
      const auto expected = Carry(*memory, request);
      const auto actual = Carry(*other, request);
      ASSERT_TRUE(expected.ok()) << expected.status();
      ASSERT_TRUE(actual.ok()) << actual.status();
      ExpectEqualAnswers(*expected, *actual);
      seen[static_cast<std::size_t>(expected->outcome)] += 1;
    }
    for (const PlayerId& player : {rich, poor}) {
      ExpectSound(*memory, player);
      ExpectSound(*other, player);
      ExpectEqualRows(*memory, *other, player);
    }
  }
  EXPECT_GT(pulled, 5 * sequences);
  for (const LedgerOutcome outcome : kLedgerOutcomes) {
    if (outcome == LedgerOutcome::kAmountOverflow ||  // small amounts
        outcome == LedgerOutcome::kTooManyLots ||     // and few
        outcome == LedgerOutcome::kLinkedRefused) {   // one at a time
      continue;
    }
    EXPECT_GT(seen[static_cast<std::size_t>(outcome)], 0)
        << LedgerOutcomeName(outcome) << " was never reached";
  }
}

}  // namespace fairpull
