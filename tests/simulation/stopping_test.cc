#include "fairpull/simulation/stopping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "banner/files.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/analysis/pulls_to.h"
#include "simulation/states.h"

namespace fairpull {
namespace {

using ::testing::Each;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

Simulation Make(const Banner& banner, SimulationOptions options) {
  return Simulation::Make(banner, options).value();
}

Banner Small() {
  return Banner::FromJson(testing::kSmallBanner, "small.json").value();
}

struct Played {
  std::vector<std::uint16_t> cells;
  PlayerEnd end;
};

// All players of a chunk.
std::vector<Played> Play(const Simulation& simulation, std::uint64_t chunk,
                         const StoppingOptions& options) {
  std::vector<Played> players(1);
  StoppingRun run(simulation, chunk, options);
  while (run.Next()) {
    const CellBlock& block = run.block();
    EXPECT_EQ(block.first_draw, players.back().cells.size());
    EXPECT_EQ(block.first_player,
              simulation.FirstPlayer(chunk) + players.size() - 1);
    for (std::size_t n = 0; n < block.draws; ++n) {
      players.back().cells.push_back(block.cells[n * kLanes]);
    }
    if (!run.ended()) continue;
    players.back().end = run.end();
    players.emplace_back();
  }
  players.pop_back();
  return players;
}

// The first `copies` cells of a goal in what a player would draw end it.
TEST(StoppingRunTest, PlayersStopWithTheDrawThatMeetsTheirGoal) {
  const Simulation simulation =
      Make(Small(), {.seed = 3, .players = kLanes, .pulls = 600});
  const StopAt stop = StopAt::Parse(simulation, "featured:gold", 2).value();
  const std::vector<Played> free = Play(simulation, 0, {});
  const std::vector<Played> stopped = Play(simulation, 0, {.stop_at = stop});
  ASSERT_EQ(stopped.size(), kLanes);
  for (std::size_t p = 0; p < kLanes; ++p) {
    std::size_t n = 0;
    for (std::uint64_t met = 0; met < 2; ++n) {
      met += stop.IsMetBy(free[p].cells[n]) ? 1 : 0;
    }
    EXPECT_EQ(stopped[p].end.met_at, n);
    EXPECT_EQ(stopped[p].end.draws, n);
    EXPECT_EQ(stopped[p].end.copies, 2u);
    EXPECT_EQ(stopped[p].cells,
              std::vector<std::uint16_t>(
                  free[p].cells.begin(),
                  free[p].cells.begin() + static_cast<std::ptrdiff_t>(n)));
    // Featured gold was the last: its pity is at the start again.
    EXPECT_EQ(stopped[p].end.state.value[0], 0);
  }
}

TEST(StoppingRunTest, WithoutAGoalItDrawsWhatAChunkDoes) {
  for (const char* name : {"genshin-character", "arknights-limited",
                           "stepup-asteria", "box-300"}) {
    const Banner banner = testing::LoadShipped(name);
    const std::uint64_t batch = banner.spec().batches.front().size;
    const Simulation simulation =
        Make(banner, {.seed = 5, .players = 300, .pulls = 30 * batch});
    const std::vector<PityState> starts =
        testing::RandomStates(banner, simulation.PlayersIn(0), 9);
    const std::vector<Played> players = Play(simulation, 0, {.starts = starts});
    ASSERT_EQ(players.size(), simulation.PlayersIn(0));
    ChunkRun run(simulation, 0, starts);
    while (run.Next()) {
      const CellBlock& block = run.block();
      const bool ends = block.first_draw + block.draws == simulation.draws();
      for (std::size_t p = 0; p < block.players; ++p) {
        const Played& player = players[block.first_player + p];
        for (std::size_t n = 0; n < block.draws; ++n) {
          ASSERT_EQ(player.cells[block.first_draw + n],
                    block.cells[n * kLanes + p])
              << name;
        }
        if (ends) {
          ASSERT_EQ(player.end.state, run.StateAfter(p)) << name;
        }
      }
    }
  }
}

TEST(StoppingRunTest, NobodySpendsMoreThanTheBudgetAndNoHalfBatch) {
  const Simulation simulation = Make(testing::LoadShipped("granblue-gala"),
                                     {.players = 4, .pulls = 40, .batch = 10});
  const std::vector<std::uint64_t> budgets = {0, 9, 25, 40};
  const std::vector<Played> players = Play(simulation, 0, {.budgets = budgets});
  std::vector<std::uint64_t> draws;
  for (const Played& player : players) {
    draws.push_back(player.end.draws);
    EXPECT_EQ(player.cells.size(), player.end.draws);
    EXPECT_FALSE(player.end.met_at.has_value());
  }
  EXPECT_THAT(draws, ElementsAreArray({0u, 0u, 20u, 40u}));
}

TEST(StoppingRunTest, ABatchThatMeetsTheGoalIsDrawnToItsEnd) {
  const Simulation simulation = Make(
      testing::LoadShipped("granblue-gala"),
      {.players = 2000, .pulls = 300, .batch = 10, .cells = CellKind::kGroup});
  const StopAt stop = StopAt::Parse(simulation, "rarity:ssr").value();
  for (const Played& player : Play(simulation, 0, {.stop_at = stop})) {
    EXPECT_EQ(player.end.draws % 10, 0u);
    if (!player.end.met_at.has_value()) continue;
    EXPECT_EQ((*player.end.met_at + 9) / 10 * 10, player.end.draws);
    EXPECT_TRUE(stop.IsMetBy(player.cells[*player.end.met_at - 1]));
  }
}

// 200 points buy the featured character of bluearchive-pickup.
TEST(StoppingRunTest, PointsAreExchangedAtOnceOrAtTheEnd) {
  const Banner banner = testing::LoadShipped("bluearchive-pickup");
  const Simulation simulation =
      Make(banner, {.seed = 1, .players = 500, .pulls = 500});
  const std::size_t points = *banner.spark_counter();
  const auto play = [&](ExchangeTime time, std::uint64_t copies) {
    return Play(
        simulation, 0,
        {.stop_at =
             StopAt::Parse(simulation, "item:mashiro", copies, time).value()});
  };
  bool exchanged = false;
  for (const Played& player : play(ExchangeTime::kAtOnce, 1)) {
    EXPECT_LE(player.end.draws, 200u);
    EXPECT_EQ(player.end.copies, 1u);
    if (player.end.exchanged == 0) continue;
    exchanged = true;
    EXPECT_EQ(player.end.met_at, 200u);
    EXPECT_EQ(player.end.state.value[points], 0);
  }
  EXPECT_TRUE(exchanged);
  // Five copies: whoever has fewer after 500 pulls has points for two more.
  for (const Played& player : play(ExchangeTime::kAtTheEnd, 5)) {
    const std::uint64_t drawn = player.end.copies - player.end.exchanged;
    const std::uint64_t missing = 5 - std::min<std::uint64_t>(5, drawn);
    EXPECT_EQ(player.end.exchanged,
              player.end.draws < 500 ? 0 : std::min<std::uint64_t>(2, missing));
    EXPECT_EQ(player.end.met_at.has_value(), player.end.copies == 5);
    if (player.end.exchanged > 0 && player.end.met_at.has_value()) {
      EXPECT_EQ(player.end.met_at, 500u);
    }
  }
  for (const Played& player : play(ExchangeTime::kNever, 2)) {
    EXPECT_EQ(player.end.exchanged, 0u);
  }
}

// The analysis counts an exchange as soon as the points suffice.
TEST(StoppingRunTest, ExchangesAtOnceAreThoseOfTheAnalysis) {
  const Banner banner = testing::LoadShipped("bluearchive-pickup");
  constexpr std::uint64_t kPlayers = 40'000;
  const Simulation simulation =
      Make(banner, {.seed = 77, .players = kPlayers, .pulls = 200});
  const StopAt stop =
      StopAt::Parse(simulation, "item:mashiro", 1, ExchangeTime::kAtOnce)
          .value();
  double sum = 0;
  for (std::uint64_t c = 0; c < simulation.chunks(); ++c) {
    for (const Played& player : Play(simulation, c, {.stop_at = stop})) {
      sum += static_cast<double>(*player.end.met_at);
    }
  }
  const Distribution exact =
      PullsTo(banner, *Goal::Parse(banner, "item:mashiro"), {}).value();
  // 6.4 standard errors: a false alarm in 2e-10 of all seeds.
  const double error = std::sqrt(exact.variance() / kPlayers);
  EXPECT_NEAR(sum / kPlayers, exact.mean(), 6.4 * error);
}

TEST(StopAtTest, SaysWhatPlayersCanStopAt) {
  const auto error = [](const Simulation& simulation, const std::string& goal,
                        std::uint64_t copies = 1,
                        ExchangeTime exchange = ExchangeTime::kNever) {
    return std::string(
        StopAt::Parse(simulation, goal, copies, exchange).status().message());
  };
  const Simulation items = Make(Small(), {});
  EXPECT_THAT(error(items, "all:g1,g2"), HasSubstr("rarity:R, featured:R"));
  EXPECT_THAT(error(items, "rarity:bronze"), HasSubstr("bronze"));
  EXPECT_THAT(error(items, "rarity:gold", 0), HasSubstr("copies is 0"));
  EXPECT_THAT(error(Make(Small(), {.cells = CellKind::kGroup}), "item:g1"),
              HasSubstr("items are not drawn"));
  EXPECT_THAT(error(items, "featured:gold", 1, ExchangeTime::kAtOnce),
              HasSubstr("not sold for points on banner \"small\""));
}

}  // namespace
}  // namespace fairpull
