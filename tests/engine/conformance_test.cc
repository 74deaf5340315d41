// What holds for every banner that ships: the suite that a new banner joins by
// being put into examples/banners/.

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "banner/files.h"
#include "fairpull/engine/batch.h"
#include "fairpull/engine/pull.h"
#include "fairpull/random/pcg_source.h"

namespace fairpull {
namespace {

class ConformanceTest : public ::testing::TestWithParam<std::string> {
 protected:
  ConformanceTest() : banner_(testing::LoadShipped(GetParam())) {}

  void AppendPulls(std::string& text) const;
  // The batch that the transcript shows: one that is more than single pulls.
  [[nodiscard]] std::uint32_t ShownBatch() const;
  void AppendBatches(std::uint32_t size, std::string& text) const;
  void AppendDraw(int n, const Outcome& outcome, std::string& text) const {
    absl::StrAppend(&text, n, " ", banner_.rarities()[outcome.rarity].id, " ",
                    banner_.items()[outcome.item].id.value());
  }
  void AppendState(const PityState& state, std::string& text) const {
    const std::string counters = banner_.counters().Text(state);
    absl::StrAppend(&text, counters.empty() ? "" : " ", counters, "\n");
  }

  Banner banner_;
};

// numpy.random.PCG64(7), from which the reference draws.
constexpr PcgState kNumpySeed7 = {.state_high = 0x9d0aecc4e7b18891u,
                                  .state_low = 0x9ae2415a6b292038u,
                                  .increment_high = 0xc4751896ce8acebfu,
                                  .increment_low = 0x66887f5ac070d959u};

void ConformanceTest::AppendPulls(std::string& text) const {
  PcgSource bits(kNumpySeed7);
  PityState state = banner_.counters().Start();
  for (int n = 1; n <= 200; ++n) {
    AppendDraw(n, Pull(banner_, state, bits), text);
    AppendState(state, text);
  }
}

std::uint32_t ConformanceTest::ShownBatch() const {
  const BatchPlan& plan = banner_.batch_plan();
  if (plan.size != 0) return plan.size;
  const bool alone = banner_.spec().FindBatch(1) != nullptr;
  if (alone && plan.frozen.empty()) return 0;
  std::uint32_t largest = 0;
  for (const BatchSpec& batch : banner_.spec().batches) {
    largest = std::max(largest, batch.size);
  }
  return largest;
}

void ConformanceTest::AppendBatches(std::uint32_t size,
                                    std::string& text) const {
  PcgSource bits(kNumpySeed7);
  PityState state = banner_.counters().Start();
  absl::StrAppend(&text, "batch ", size, "\n");
  for (int round = 0; round < 20; ++round) {
    std::vector<Outcome> draws(banner_.DrawsOf(size));
    PullBatch(banner_, size, state, bits, absl::MakeSpan(draws));
    for (std::size_t i = 0; i < draws.size(); ++i) {
      AppendDraw(static_cast<int>(i) + 1, draws[i], text);
      text += "\n";
    }
    text += "state";
    AppendState(state, text);
  }
}

// golden/<banner>.txt is written by golden/reference.py, a second
// implementation that shares no code with this one.
TEST_P(ConformanceTest, DrawsTheGoldenTranscript) {
  std::string transcript =
      absl::StrCat("odds_version ", banner_.odds_version(), "\n");
  if (banner_.spec().FindBatch(1) != nullptr) AppendPulls(transcript);
  if (const std::uint32_t size = ShownBatch()) AppendBatches(size, transcript);
  EXPECT_EQ(transcript,
            testing::ReadFile(testing::SourceDir() / "tests/engine/golden" /
                              (GetParam() + ".txt")));
}

TEST_P(ConformanceTest, EveryWheelIsFull) {
  const WheelTable& wheels = banner_.wheels();
  for (std::uint32_t row = 0; row < wheels.rows(); ++row) {
    std::uint64_t sum = 0;
    for (std::uint32_t g = 0; g < wheels.outcomes(); ++g) {
      sum += wheels.Weight(wheels.RowAt(row), g);
    }
    EXPECT_EQ(sum, wheels.size(wheels.RowAt(row)));
  }
}

TEST_P(ConformanceTest, EveryItemDropsAndNoCounterPassesItsCap) {
  PcgSource bits = PcgSource::Seeded(3);
  PityState state = banner_.counters().Start();
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 300'000; ++i) {
    const Outcome outcome = Pull(banner_, state, bits);
    seen.insert(outcome.item);
    ASSERT_EQ(banner_.items()[outcome.item].rarity, outcome.rarity);
    for (std::size_t c = 0; c < kMaxCounters; ++c) {
      const int cap =
          c < banner_.counters().size() ? banner_.counters()[c].cap : 0;
      ASSERT_LE(state.value[c], cap);
    }
  }
  EXPECT_EQ(seen.size(), banner_.items().size());
}

TEST_P(ConformanceTest, NoWaitIsLongerThanAHardPityThatNothingDisplaces) {
  const std::optional<std::size_t> pity = banner_.rarities()[0].counters.pity;
  if (!pity.has_value()) GTEST_SKIP() << "the highest rarity has no pity";
  if (!banner_.batch_plan().pities.empty()) {
    GTEST_SKIP() << "the pity counts batches";
  }
  const std::uint32_t hard = banner_.counters()[*pity].cap + 1u;
  PcgSource bits = PcgSource::Seeded(4);
  PityState state = banner_.counters().Start();
  std::uint32_t wait = 0;
  std::uint32_t longest = 0;
  for (int i = 0; i < 300'000; ++i) {
    const PityState before = state;
    const Outcome outcome = Pull(banner_, state, bits);
    ++wait;
    if (outcome.rarity != 0) continue;
    ASSERT_EQ(PullsWaited(banner_, before, outcome), wait);
    longest = std::max(longest, wait);
    wait = 0;
  }
  EXPECT_LE(longest, hard);
  EXPECT_GT(longest, hard / 2);
}

TEST_P(ConformanceTest, ABatchEqualsSinglePulls) {
  const BatchPlan& plan = banner_.batch_plan();
  if (plan.size == 10 || plan.touches_single_pulls()) {
    GTEST_SKIP() << "a batch of ten has rules of its own";
  }
  PcgSource one = PcgSource::Seeded(5);
  PcgSource many = PcgSource::Seeded(5);
  PityState state_one = banner_.counters().Start();
  PityState state_many = state_one;
  for (int round = 0; round < 100; ++round) {
    std::vector<Outcome> batch(10);
    PullBatch(banner_, 10, state_many, many, absl::MakeSpan(batch));
    for (const Outcome& outcome : batch) {
      ASSERT_EQ(Pull(banner_, state_one, one), outcome);
    }
    ASSERT_EQ(state_one, state_many);
  }
}

TEST_P(ConformanceTest, ManyPullsEqualSinglePulls) {
  PcgSource one = PcgSource::Seeded(7);
  PcgSource many = PcgSource::Seeded(7);
  PityState state_one = banner_.counters().Start();
  PityState state_many = state_one;
  for (const std::uint64_t count : {0, 1, 2, 1000}) {
    std::vector<Outcome> seen;
    PullEach(banner_, count, state_many, many,
             [&](const Outcome& outcome) { seen.push_back(outcome); });
    ASSERT_EQ(seen.size(), count);
    for (const Outcome& outcome : seen) {
      ASSERT_EQ(Pull(banner_, state_one, one), outcome);
    }
    ASSERT_EQ(state_one, state_many);
    ASSERT_EQ(one.state(), many.state());
  }
}

TEST_P(ConformanceTest, AStoredStateGoesOnAsTheLiveOne) {
  PcgSource live_bits = PcgSource::Seeded(6);
  PcgSource stored_bits = PcgSource::Seeded(6);
  PityState live = banner_.counters().Start();
  PityState stored = live;
  for (int i = 0; i < 2000; ++i) {
    const Outcome outcome = Pull(banner_, live, live_bits);
    stored = *banner_.counters().Parse(banner_.counters().Serialize(stored));
    ASSERT_EQ(Pull(banner_, stored, stored_bits), outcome);
  }
}

INSTANTIATE_TEST_SUITE_P(Shipped, ConformanceTest,
                         ::testing::ValuesIn(testing::ShippedNames()),
                         [](const auto& shipped) {
                           std::string name = shipped.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace fairpull
