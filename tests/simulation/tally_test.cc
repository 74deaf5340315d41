#include "fairpull/simulation/tally.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "banner/files.h"
#include "simulation/vectors.h"

namespace fairpull {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Gold g1 (featured) and g2, silver s1 and s2, tin t1: cells 0 to 4.
Simulation SmallSimulation(std::uint64_t players, std::uint64_t pulls,
                           CellKind cells = CellKind::kItem,
                           bool waits = false) {
  return Simulation::Make(
             Banner::FromJson(testing::kSmallBanner, "small.json").value(),
             {.players = players,
              .pulls = pulls,
              .cells = cells,
              .waits = waits})
      .value();
}

// A block in which each player draws one line; each draw of it took as long as
// the cell's number says.
class Block {
 public:
  explicit Block(const std::vector<std::vector<std::uint16_t>>& players)
      : cells_(players.front().size() * kLanes) {
    block_ = {.players = players.size(),
              .draws = players.front().size(),
              .cells = cells_.data(),
              .waited = cells_.data()};
    for (std::size_t p = 0; p < players.size(); ++p) {
      for (std::size_t n = 0; n < players[p].size(); ++n) {
        cells_[n * kLanes + p] = players[p][n];
      }
    }
  }
  [[nodiscard]] CellBlock From(std::uint64_t first_draw) const {
    CellBlock block = block_;
    block.first_draw = first_draw;
    return block;
  }

 private:
  std::vector<std::uint16_t> cells_;
  CellBlock block_;
};

Tally RunAll(const Simulation& simulation) {
  Tally tally(simulation);
  for (std::uint64_t c = 0; c < simulation.chunks(); ++c) {
    ChunkRun run(simulation, c);
    while (run.Next()) tally.Add(run.block());
  }
  return tally;
}

TEST(TallyTest, CountsRaritiesFeaturedHitsAndItems) {
  Tally tally(SmallSimulation(2, 4));
  tally.Add(Block({{4, 0, 4, 2}, {1, 3, 4, 0}}).From(0));
  EXPECT_EQ(tally.draws(), 8u);
  EXPECT_THAT(tally.rarities(), ElementsAre(3, 2, 3));
  EXPECT_THAT(tally.featured(), ElementsAre(2, 0, 0));
  EXPECT_THAT(tally.items(), ElementsAre(2, 1, 1, 1, 3));
}

TEST(TallyTest, WaitsGoOnFromBlockToBlockAndEndWithThePlayer) {
  Tally tally(SmallSimulation(2, 4, CellKind::kItem, true));
  tally.Add(Block({{4, 4}, {0, 4}}).From(0));
  tally.Add(Block({{0, 1}, {4, 2}}).From(2));
  // Gold: 3 and 1 of the first player, 1 of the second. Silver: 4 of the
  // second. Tin: 1, 1 and 2, 1.
  EXPECT_THAT(tally.waits()[0], ElementsAre(0, 2, 0, 1));
  EXPECT_THAT(tally.waits()[1], ElementsAre(0, 0, 0, 0, 1));
  EXPECT_THAT(tally.waits()[2], ElementsAre(0, 3, 1));
  // The next players begin anew.
  tally.Add(Block({{0, 4}, {4, 4}}).From(0));
  EXPECT_THAT(tally.waits()[0], ElementsAre(0, 3, 0, 1));
}

TEST(TallyTest, CountsThePityOfHitsByRarity) {
  Tally tally(SmallSimulation(2, 4, CellKind::kItem, true));
  tally.Add(Block({{4, 0, 4, 2}, {1, 3, 3, 1}}).From(0));
  // What a banner says nothing of, 0, is left out.
  EXPECT_THAT(tally.pity_at_hit()[0], ElementsAre(0, 2));
  EXPECT_THAT(tally.pity_at_hit()[1], ElementsAre(0, 0, 1, 2));
  EXPECT_THAT(tally.pity_at_hit()[2], ElementsAre(0, 0, 0, 0, 2));
}

TEST(TallyTest, CountsHowPlayersEnded) {
  Tally tally(SmallSimulation(3, 4));
  tally.AddEnd({.draws = 4, .copies = 2, .met_at = 3});
  tally.AddEnd({.draws = 4, .copies = 2, .exchanged = 1, .met_at = 4});
  tally.AddEnd({.draws = 4, .copies = 1, .exchanged = 1});
  EXPECT_THAT(tally.draws_to_goal(), ElementsAre(0, 0, 0, 1, 1));
  EXPECT_EQ(tally.not_met(), 1u);
  EXPECT_EQ(tally.exchanged(), 2u);
}

TEST(TallyTest, AMergedTallyIsThatOfAllDraws) {
  const Simulation simulation =
      SmallSimulation(10'000, 30, CellKind::kItem, true);
  ASSERT_GT(simulation.chunks(), 1u);
  const StopAt stop = StopAt::Parse(simulation, "item:g2").value();
  const auto add = [&](std::uint64_t chunk, Tally& tally) {
    StoppingRun run(simulation, chunk, {.stop_at = stop});
    while (run.Next()) {
      tally.Add(run.block());
      if (run.ended()) tally.AddEnd(run.end());
    }
  };
  Tally all(simulation);
  for (std::uint64_t c = 0; c < simulation.chunks(); ++c) add(c, all);
  Tally merged(simulation);
  for (std::uint64_t c = simulation.chunks(); c-- > 0;) {
    Tally one(simulation);
    add(c, one);
    merged.Merge(one);
  }
  EXPECT_EQ(merged.draws(), all.draws());
  EXPECT_EQ(merged.cells(), all.cells());
  EXPECT_EQ(merged.waits(), all.waits());
  EXPECT_EQ(merged.pity_at_hit(), all.pity_at_hit());
  EXPECT_EQ(merged.draws_to_goal(), all.draws_to_goal());
  EXPECT_EQ(merged.not_met(), all.not_met());
  EXPECT_GT(all.not_met(), 0u);
}

// The ways of counting: groups while they are drawn, pairs of cells, one by
// one.
TEST(TallyTest, CountsTheSameWhicheverWay) {
  for (const char* name : {"starter", "genshin-character", "hsr-character",
                           "genshin-weapon-path2", "cs2-case", "fgo-single"}) {
    const Banner banner = testing::LoadShipped(name);
    for (const CellKind cells : {CellKind::kGroup, CellKind::kItem}) {
      const auto run_all = [&](bool waits) {
        return RunAll(
            Simulation::Make(
                banner,
                {.players = 640, .pulls = 700, .cells = cells, .waits = waits})
                .value());
      };
      const Tally one_by_one = run_all(true);
      for (const std::int64_t target : testing::Vectors()) {
        const testing::OnlyVectors only(target);
        const Tally quick = run_all(false);
        EXPECT_EQ(quick.cells(), one_by_one.cells())
            << name << " on " << hwy::TargetName(target);
        EXPECT_EQ(quick.draws(), one_by_one.draws());
        const std::vector<std::uint64_t> counts = quick.cells();
        EXPECT_EQ(
            std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}),
            640u * 700u);
      }
    }
  }
}

TEST(TallyTest, GroupsAndItemsGiveTheSameRarities) {
  const Tally by_item = RunAll(SmallSimulation(1'000, 500));
  const Tally by_group = RunAll(SmallSimulation(1'000, 500, CellKind::kGroup));
  EXPECT_EQ(by_item.rarities(), by_group.rarities());
  EXPECT_EQ(by_item.featured(), by_group.featured());
  EXPECT_TRUE(by_group.items().empty());
}

}  // namespace
}  // namespace fairpull
