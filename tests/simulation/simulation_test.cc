#include "fairpull/simulation/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "banner/files.h"
#include "fairpull/engine/batch.h"
#include "fairpull/engine/pull.h"
#include "simulation/states.h"
#include "simulation/vectors.h"

namespace fairpull {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Banner Make(const std::string& text) {
  return Banner::FromJson(text, "test.json").value();
}

// Pulls of one player by the scalar engine, as its lane's words have it.
class Player {
 public:
  Player(const Simulation& simulation, std::uint64_t chunk, std::size_t lane)
      : simulation_(&simulation),
        words_(simulation.options().seed, chunk,
               static_cast<std::uint32_t>(lane)),
        drawn_(simulation.banner().DrawsOf(simulation.batch())) {}

  void Start(const PityState& state) { state_ = state; }

  // The next `draws` outcomes, a whole number of batches.
  std::vector<Outcome> Draw(std::size_t draws) {
    std::vector<Outcome> outcomes;
    while (outcomes.size() < draws) {
      if (simulation_->batch() == 1 && drawn_.size() == 1) {
        drawn_[0] = Pull(simulation_->banner(), state_, words_);
      } else {
        PullBatch(simulation_->banner(), simulation_->batch(), state_, words_,
                  absl::MakeSpan(drawn_));
      }
      outcomes.insert(outcomes.end(), drawn_.begin(), drawn_.end());
    }
    return outcomes;
  }
  [[nodiscard]] const PityState& state() const { return state_; }

 private:
  const Simulation* simulation_;
  LaneWords words_;
  PityState state_;
  std::vector<Outcome> drawn_;
};

// How many kinds of cells were not counted as often as they are in the block.
std::size_t WrongCounts(const CellBlock& block, std::size_t kinds) {
  if (block.counts == nullptr) return 0;
  std::vector<std::uint64_t> counts(kinds);
  for (std::size_t i = 0; i < block.draws * kLanes; ++i) {
    ++counts[block.cells[i]];
  }
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kinds; ++i) {
    wrong += counts[i] == block.counts[i] ? 0 : 1;
  }
  return wrong;
}

// How many outcomes, states and counts of a chunk are not those of the scalar
// engine.
std::size_t Differences(const Simulation& simulation, std::uint64_t chunk,
                        const std::vector<PityState>& starts = {}) {
  std::vector<Player> players;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    players.emplace_back(simulation, chunk, lane);
  }
  std::size_t differences = 0;
  const bool by_item = simulation.options().cells == CellKind::kItem;
  ChunkRun run(simulation, chunk, starts);
  while (run.Next()) {
    const CellBlock& block = run.block();
    differences += WrongCounts(block, simulation.cells().size());
    for (std::size_t p = 0; p < block.players; ++p) {
      if (block.first_draw == 0) {
        const std::uint64_t n =
            block.first_player + p - simulation.FirstPlayer(chunk);
        players[p].Start(starts.empty() ? simulation.banner().counters().Start()
                                        : starts[n % starts.size()]);
      }
      const std::vector<Outcome> expected = players[p].Draw(block.draws);
      for (std::size_t n = 0; n < block.draws; ++n) {
        const Cell& cell = simulation.cells()[block.cells[n * kLanes + p]];
        const bool alike = cell.group == expected[n].group &&
                           cell.rarity == expected[n].rarity &&
                           (!by_item || cell.item == expected[n].item);
        differences += alike ? 0 : 1;
      }
      differences += run.StateAfter(p) == players[p].state() ? 0 : 1;
    }
  }
  return differences;
}

class ShippedSimulationTest : public ::testing::TestWithParam<std::string> {};

// A million draws of each banner on each kind of vectors.
TEST_P(ShippedSimulationTest, DrawsAsPullDoesOnAnyVectors) {
  const Banner banner = testing::LoadShipped(GetParam());
  for (const std::int64_t target : testing::Vectors()) {
    const testing::OnlyVectors only(target);
    SCOPED_TRACE(hwy::TargetName(target));
    for (const CellKind cells : {CellKind::kItem, CellKind::kGroup}) {
      // Pulls of a batch of whatever size is sold.
      const Simulation simulation =
          Simulation::Make(
              banner,
              {.seed = 20, .players = 64, .pulls = 8'000, .cells = cells})
              .value();
      EXPECT_EQ(Differences(simulation, 0), 0u);
    }
  }
}

TEST_P(ShippedSimulationTest, GoesOnFromAnyState) {
  const Banner banner = testing::LoadShipped(GetParam());
  const Simulation simulation =
      Simulation::Make(banner, {.seed = 3, .players = 500, .pulls = 200})
          .value();
  ASSERT_EQ(simulation.chunks(), 1u);
  EXPECT_EQ(Differences(simulation, 0, testing::RandomStates(banner, 500, 1)),
            0u);
}

TEST_P(ShippedSimulationTest, TellsHowLongEachRarityTook) {
  const Banner banner = testing::LoadShipped(GetParam());
  const std::vector<PityState> starts = testing::RandomStates(banner, 100, 2);
  const auto simulation = Simulation::Make(
      banner,
      {.seed = 4, .players = 100, .pulls = 600, .batch = 1, .waits = true});
  if (!simulation.ok()) GTEST_SKIP() << "single pulls are not sold";
  const std::uint64_t draws = banner.DrawsOf(1);
  ChunkRun run(*simulation, 0, starts);
  std::vector<LaneWords> words;
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    words.emplace_back(4, 0, lane);
  }
  std::vector<PityState> states = starts;
  std::size_t differences = 0;
  while (run.Next()) {
    const CellBlock& block = run.block();
    for (std::size_t p = 0; p < block.players; ++p) {
      PityState& state = states[block.first_player + p];
      for (std::size_t n = 0; n < block.draws; ++n) {
        const PityState before = state;
        if (n % draws == 0) BeginBatch(banner, 1, state, words[p]);
        const Outcome outcome = Draw(banner, state, words[p]);
        if ((n + 1) % draws == 0) EndBatch(banner, state);
        const bool alike = block.waited[n * kLanes + p] ==
                           PullsWaited(banner, before, outcome);
        differences += alike ? 0 : 1;
      }
    }
  }
  EXPECT_EQ(differences, 0u);
}

INSTANTIATE_TEST_SUITE_P(AllBanners, ShippedSimulationTest,
                         ::testing::ValuesIn(testing::ShippedNames()),
                         [](const auto& banner) {
                           std::string name = banner.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(SimulationTest, MostShippedBannersRunInVectors) {
  if (testing::Vectors().empty()) GTEST_SKIP() << "no vectors here";
  std::vector<std::string> scalar;
  for (const std::string& name : testing::ShippedNames()) {
    const Simulation simulation =
        Simulation::Make(testing::LoadShipped(name), {.pulls = 100}).value();
    if (simulation.vectors() != "scalar") continue;
    scalar.push_back(name);
    EXPECT_THAT(simulation.why_scalar(), Not(IsEmpty())) << name;
  }
  EXPECT_THAT(scalar, ::testing::ElementsAre("box-300", "dragalia",
                                             "endfield-character", "feh-focus",
                                             "fgo-single", "hearthstone-pack",
                                             "stepup-asteria"));
}

// Banners for what the shipped ones seldom or never come to.
class RareCaseTest : public ::testing::TestWithParam<const char*> {};

TEST_P(RareCaseTest, DrawsAsPullDoesOnAnyVectors) {
  const Banner banner = Make(GetParam());
  for (const std::int64_t target : testing::Vectors()) {
    const testing::OnlyVectors only(target);
    for (const CellKind cells : {CellKind::kItem, CellKind::kGroup}) {
      const Simulation simulation =
          Simulation::Make(banner,
                           {.players = 64, .pulls = 4'000, .cells = cells})
              .value();
      ASSERT_THAT(simulation.why_scalar(), IsEmpty());
      EXPECT_EQ(Differences(simulation, 0), 0u) << hwy::TargetName(target);
    }
  }
}

std::string WithOdds(const std::string& gold, const std::string& silver) {
  std::string text = testing::Edited("\"1%\"", absl::StrCat("\"", gold, "\""));
  const std::string old = "\"10%\"";
  return text.replace(text.find(old), old.size(),
                      absl::StrCat("\"", silver, "\""));
}

// The wheel has 5,000,000 parts, so that 4,967,296 words of 2^32 are rejected:
// one in 865, or one of 64 lanes in each 14th step.
const std::string kFineWheel = WithOdds("1/625000", "1/16");
// The silver items' wheel has 16,000,002 parts, so that one word in 616 is
// rejected where silver is drawn.
const std::string kFineItems = [] {
  std::string text = testing::Edited("\"weight\": 2", "\"weight\": 4000002");
  const std::string old =
      "{\"id\": \"s2\", \"type\": \"hero\", \"rarity\": \"silver\"}";
  return text.replace(text.find(old), old.size(),
                      "{\"id\": \"s2\", \"type\": \"hero\", \"rarity\": "
                      "\"silver\", \"weight\": 3999999}");
}();
const std::string kWeighted = [] {
  std::string text = testing::kSmallBanner;
  const std::string old =
      "{\"id\": \"t1\", \"type\": \"item\", \"rarity\": \"tin\"}";
  return text.replace(text.find(old), old.size(), R"(
    {"id": "t1", "type": "item", "rarity": "tin", "weight": 7},
    {"id": "t2", "type": "item", "rarity": "tin", "weight": 1},
    {"id": "t3", "type": "item", "rarity": "tin", "weight": 19},
    {"id": "t4", "type": "item", "rarity": "tin", "weight": 3})");
}();

// A flag with which a part of a rarity has nothing instead of all.
constexpr const char* kLossStreak = R"({
  "id": "streak", "price": {"currency": "gem", "amount": 1}, "batches": [1],
  "rarities": [
    {"id": "gold", "odds": "20%", "rate_up": {
      "featured": ["a"], "share": "50%", "after_loss": "same_odds",
      "loss_streak": {"start": 0, "certain_at": 1, "then": 0}}},
    {"id": "tin", "odds": "rest"}],
  "items": [{"id": "a", "type": "hero", "rarity": "gold"},
            {"id": "b", "type": "hero", "rarity": "gold"},
            {"id": "t", "type": "hero", "rarity": "tin"}]
})";
// Nine groups, of which the first is drawn more often in a row than a lane can
// count.
constexpr const char* kMostlyFirst = R"({
  "id": "mostly", "price": {"currency": "gem", "amount": 1}, "batches": [1],
  "rarities": [
    {"id": "r1", "odds": "95%", "rate_up": {"featured": ["a1"],
      "share": "99%", "after_loss": "same_odds"}},
    {"id": "r2", "odds": "1%", "rate_up": {"featured": ["a2"],
      "share": "50%", "after_loss": "same_odds"}},
    {"id": "r3", "odds": "1%", "rate_up": {"featured": ["a3"],
      "share": "50%", "after_loss": "same_odds"}},
    {"id": "r4", "odds": "1%", "rate_up": {"featured": ["a4"],
      "share": "50%", "after_loss": "same_odds"}},
    {"id": "r5", "odds": "rest"}],
  "items": [{"id": "a1", "type": "hero", "rarity": "r1"},
            {"id": "b1", "type": "hero", "rarity": "r1"},
            {"id": "a2", "type": "hero", "rarity": "r2"},
            {"id": "b2", "type": "hero", "rarity": "r2"},
            {"id": "a3", "type": "hero", "rarity": "r3"},
            {"id": "b3", "type": "hero", "rarity": "r3"},
            {"id": "a4", "type": "hero", "rarity": "r4"},
            {"id": "b4", "type": "hero", "rarity": "r4"},
            {"id": "c", "type": "hero", "rarity": "r5"}]
})";

INSTANTIATE_TEST_SUITE_P(Banners, RareCaseTest,
                         ::testing::Values(testing::kSmallBanner,
                                           kFineWheel.c_str(),
                                           kFineItems.c_str(),
                                           kWeighted.c_str(), kLossStreak,
                                           kMostlyFirst));

TEST(SimulationTest, AWheelOfAPowerOfTwoRunsScalarAndSaysWhy) {
  const Banner banner = Make(R"({
    "id": "coin", "price": {"currency": "gem", "amount": 1},
    "rarities": [{"id": "heads", "odds": "50%"}, {"id": "tails", "odds": "rest"}],
    "items": [{"id": "h", "type": "side", "rarity": "heads"},
              {"id": "t", "type": "side", "rarity": "tails"}]
  })");
  const Simulation simulation =
      Simulation::Make(banner, {.players = 64, .pulls = 100}).value();
  EXPECT_EQ(simulation.vectors(), "scalar");
  EXPECT_THAT(simulation.why_scalar(), HasSubstr("2 parts, a power of two"));
  EXPECT_EQ(Differences(simulation, 0), 0u);
}

TEST(SimulationTest, BatchesWithRulesRunScalarAndAreDrawnWhole) {
  const Banner banner = testing::LoadShipped("bluearchive-pickup");
  const Simulation simulation =
      Simulation::Make(banner, {.players = 64, .pulls = 1'000, .batch = 10})
          .value();
  EXPECT_THAT(simulation.why_scalar(), HasSubstr("batches of 10"));
  EXPECT_EQ(Differences(simulation, 0), 0u);
}

TEST(SimulationTest, AChunkDoesNotDependOnHowManyPlayersThereAre) {
  // Two players are drawn for one after the other, a thousand side by side.
  const Banner banner = testing::LoadShipped("starter");
  const auto cells_of = [&](std::uint64_t players) {
    const Simulation simulation =
        Simulation::Make(banner,
                         {.seed = 4, .players = players, .pulls = 5'000})
            .value();
    std::vector<std::uint16_t> cells;
    ChunkRun run(simulation, 0);
    while (run.Next()) {
      for (std::size_t n = 0; n < run.block().draws; ++n) {
        const std::uint16_t* at = run.block().cells + n * kLanes;
        cells.insert(cells.end(), at, at + 2);
      }
    }
    return cells;
  };
  EXPECT_EQ(cells_of(2), cells_of(1'000));
}

TEST(SimulationTest, ChunksCoverEachPlayerOnceWithAllDraws) {
  const Banner banner = testing::LoadShipped("starter");
  for (const auto& [players, pulls] :
       std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {1, 1}, {65, 300}, {1'000, 90}, {70'000, 7}, {130, 5'000}}) {
    const Simulation simulation =
        Simulation::Make(banner, {.players = players, .pulls = pulls}).value();
    std::vector<std::uint64_t> draws(players);
    for (std::uint64_t c = 0; c < simulation.chunks(); ++c) {
      ChunkRun run(simulation, c);
      while (run.Next()) {
        for (std::size_t p = 0; p < run.block().players; ++p) {
          std::uint64_t& made = draws.at(run.block().first_player + p);
          EXPECT_EQ(made, run.block().first_draw);
          made += run.block().draws;
        }
      }
    }
    EXPECT_EQ(draws, std::vector<std::uint64_t>(players, pulls));
  }
}

TEST(SimulationTest, SaysWhatIsWrongWithItsOptions) {
  const Banner banner = testing::LoadShipped("bluearchive-pickup");
  const auto error = [&](const SimulationOptions& options) {
    return std::string(Simulation::Make(banner, options).status().message());
  };
  EXPECT_THAT(error({.players = 0}), HasSubstr("0 players"));
  EXPECT_THAT(error({.pulls = 0}), HasSubstr("0 pulls each"));
  EXPECT_THAT(error({.pulls = 15, .batch = 10}),
              HasSubstr("15 pulls are no whole number of batches of 10"));
  EXPECT_THAT(error({.batch = 3}), HasSubstr("it sells 1, 10"));
  EXPECT_THAT(error({.players = 1ull << 40, .pulls = 1ull << 40}),
              HasSubstr("more than 2^62"));
  EXPECT_THAT(error({.players = ~0ull, .pulls = ~0ull}),
              HasSubstr("more than 2^62"));
}

}  // namespace
}  // namespace fairpull
