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

namespace fairpull {
namespace {

// Few ids and small amounts, so that they often meet again.
LedgerRequest RandomRequest(std::mt19937& random) {
  const auto below = [&random](std::uint32_t n) {
    return static_cast<int>(random() % n);
  };
  const auto kind = static_cast<OperationKind>(1 + below(6));
  const std::string id = absl::StrCat("id", below(40));
  const PlayerId player = PlayerId::Trusted(absl::StrCat("p", below(2)));
  std::optional<std::int64_t> amount = 1 + below(60);
  if (below(20) == 0) amount = 0;
  if (kind == OperationKind::kVoid || kind == OperationKind::kReverse ||
      (kind == OperationKind::kPost && below(2) == 0)) {
    amount = std::nullopt;
  }
  return Request(kind, id, amount, player);
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

}  // namespace

void ExpectAnswersAsInMemory(const StoreAdapter& adapter) {
  std::vector<int> seen(kLedgerOutcomes.size(), 0);
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const std::unique_ptr<Store> memory = NewMemoryStore();
    const std::unique_ptr<Store> other = adapter.make(1000);
    const PlayerId rich = PlayerId::Trusted("p0");
    const PlayerId poor = PlayerId::Trusted("p1");
    for (Store* store : {memory.get(), other.get()}) {
      Fund(*store, 200, rich);
      if (seed % 3 != 0) Fund(*store, 0, poor);
    }
    std::mt19937 random(seed);
    for (int step = 0; step < 150 && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE(absl::StrCat("step ", step));
      LedgerRequest request = RandomRequest(random);
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
      const auto a = ReadLedger(*memory, player);
      const auto b = ReadLedger(*other, player);
      EXPECT_EQ(a->accounts, b->accounts);
      EXPECT_EQ(a->entries, b->entries);
      EXPECT_EQ(a->operations, b->operations);
      EXPECT_EQ(a->holds, b->holds);
    }
  }
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
