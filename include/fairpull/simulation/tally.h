// What is counted of simulated draws: hits of each rarity, featured hits,
// items, waits between hits, pity at hits, and how many pulls a goal took.
//
// Tallies of one simulation add up, in any order and grouping, to the tally of
// all draws together.
//
//   Tally tally(simulation);
//   while (run.Next()) tally.Add(run.block());
//   tally.rarities();  // hits by rarity, highest first

#ifndef FAIRPULL_SIMULATION_TALLY_H_
#define FAIRPULL_SIMULATION_TALLY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fairpull/simulation/simulation.h"
#include "fairpull/simulation/stopping.h"

namespace fairpull {

// Not safe for concurrent use: give each thread its own, and merge them.
class Tally {
 public:
  // Waits and pulls to a goal from this on are counted together.
  static constexpr std::size_t kMaxWait = std::size_t{1} << 16;

  explicit Tally(const Simulation& simulation);

  // Blocks of a chunk are added in order, each once.
  void Add(const CellBlock& block);
  // How a player whose blocks were added ended, where there is a goal.
  void AddEnd(const PlayerEnd& end);
  // Adds what another one of the same simulation counted.
  void Merge(const Tally& other);

  // How many draws were counted.
  [[nodiscard]] std::uint64_t draws() const { return draws_; }
  // How often each of Simulation::cells() was drawn.
  [[nodiscard]] std::vector<std::uint64_t> cells() const;
  // Hits by rarity and featured hits by rarity, as Banner::rarities(); by item,
  // as Banner::items(), if the cells tell them.
  [[nodiscard]] std::vector<std::uint64_t> rarities() const;
  [[nodiscard]] std::vector<std::uint64_t> featured() const;
  [[nodiscard]] std::vector<std::uint64_t> items() const;

  // By rarity, with SimulationOptions::waits: entry n is how many hits came n
  // draws after the one before, or after the player's first state. Waits that
  // did not end are not counted.
  [[nodiscard]] const std::vector<std::vector<std::uint64_t>>& waits() const {
    return waits_;
  }
  // By rarity, with the same: entry n is how many hits PullsWaited says to have
  // taken n pulls. Hits of a rarity that it says nothing of are not counted.
  [[nodiscard]] const std::vector<std::vector<std::uint64_t>>& pity_at_hit()
      const {
    return pity_at_hit_;
  }
  // With a goal: entry n is how many players met it with their n-th draw, or
  // by an exchange after it.
  [[nodiscard]] const std::vector<std::uint64_t>& draws_to_goal() const {
    return draws_to_goal_;
  }
  // With a goal: how many players did not meet it; exchanges of all players.
  [[nodiscard]] std::uint64_t not_met() const { return not_met_; }
  [[nodiscard]] std::uint64_t exchanged() const { return exchanged_; }

 private:
  void AddPairs(const CellBlock& block);
  void AddOneByOne(const CellBlock& block);
  void FoldPairs();
  // The counts by where a cell belongs.
  template <class Place>
  [[nodiscard]] std::vector<std::uint64_t> CountsBy(std::size_t size,
                                                    const Place& place) const;

  std::vector<Cell> meaning_;
  std::size_t rarity_count_ = 0;
  std::size_t item_count_ = 0;

  std::uint64_t draws_ = 0;
  std::vector<std::uint64_t> cells_;
  // Pairs of cells side by side, which are half as many as cells; and how many
  // cells they are of.
  std::vector<std::uint32_t> pairs_;
  std::uint64_t paired_ = 0;
  std::vector<std::vector<std::uint64_t>> waits_;
  std::vector<std::vector<std::uint64_t>> pity_at_hit_;
  std::vector<std::uint64_t> draws_to_goal_;
  std::uint64_t not_met_ = 0;
  std::uint64_t exchanged_ = 0;

  // Of the players of the block: the draw of the last hit by rarity.
  std::vector<std::array<std::uint64_t, kLanes>> last_hit_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SIMULATION_TALLY_H_
