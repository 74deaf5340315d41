// Players who stop: at a goal, or when their budget is spent.
//
// They draw as Pull does, one player after the other, by the scalar engine: no
// draw is made that nobody pays for. A chunk is a pure function of banner,
// options, budgets and stop, as it is where nobody stops.
//
//   FAIRPULL_ASSIGN_OR_RETURN(
//       StopAt stop, StopAt::Parse(simulation, "featured:5-star"));
//   StoppingRun run(simulation, chunk, {.stop_at = stop});
//   while (run.Next()) {
//     tally.Add(run.block());
//     if (run.ended()) tally.AddEnd(run.end());
//   }

#ifndef FAIRPULL_SIMULATION_STOPPING_H_
#define FAIRPULL_SIMULATION_STOPPING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fairpull/simulation/simulation.h"

namespace fairpull {

// When players exchange their spark points for what they pull for.
enum class ExchangeTime : std::uint8_t {
  kNever,
  kAtOnce,    // as soon as the points suffice
  kAtTheEnd,  // when the budget is spent and the goal is not met
};

// What players stop at: so many of one thing.
class StopAt {
 public:
  // "rarity:R", "featured:R" or "item:ID", as in analysis/goal.h.
  // InvalidArgument for other goals, for 0 copies, for an item where only
  // groups are drawn, and for exchanges that the banner does not offer.
  [[nodiscard]] static absl::StatusOr<StopAt> Parse(
      const Simulation& simulation, absl::string_view goal,
      std::uint64_t copies = 1, ExchangeTime exchange = ExchangeTime::kNever);

  // Whether a draw of this cell is one that counts.
  [[nodiscard]] bool IsMetBy(std::size_t cell) const { return met_by_[cell]; }
  [[nodiscard]] std::uint64_t copies() const { return copies_; }
  [[nodiscard]] ExchangeTime exchange() const { return exchange_; }

 private:
  std::vector<bool> met_by_;
  std::uint64_t copies_ = 1;
  ExchangeTime exchange_ = ExchangeTime::kNever;
};

// How a player ended.
struct PlayerEnd {
  PityState state;
  std::uint64_t draws = 0;      // whole batches
  std::uint64_t copies = 0;     // of the goal, with those exchanged
  std::uint64_t exchanged = 0;  // how often
  // The draw that met the goal, or after which an exchange did.
  std::optional<std::uint64_t> met_at;
};

struct StoppingOptions {
  // Without one players stop when their budget is spent.
  std::optional<StopAt> stop_at;
  // One state for each player of the chunk, one for all, or the banner's own
  // start if there is none.
  absl::Span<const PityState> starts;
  // How many pulls each player of the chunk can pay for, at most
  // SimulationOptions::pulls; that many each if there is none. What is no whole
  // batch is not spent.
  absl::Span<const std::uint64_t> budgets;
};

// One chunk, player by player. Not safe for concurrent use; the simulation and
// what the options name must outlive it.
class StoppingRun {
 public:
  StoppingRun(const Simulation& simulation, std::uint64_t chunk,
              StoppingOptions options);
  ~StoppingRun();
  StoppingRun(StoppingRun&&) noexcept;
  StoppingRun& operator=(StoppingRun&&) noexcept;

  // Makes the next draws of a player, at most about 256; none, where the player
  // can't pay for any. False when all players of the chunk have ended.
  bool Next();
  // Of one player.
  [[nodiscard]] const CellBlock& block() const { return block_; }
  // Whether the player of the block makes no more draws; and how it ended.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const PlayerEnd& end() const { return player_; }

 private:
  struct Work;

  void StartPlayer();
  void DrawBatch();
  [[nodiscard]] bool IsMet() const;
  void Exchange();

  const Simulation* simulation_;
  StoppingOptions options_;
  std::uint64_t first_ = 0;  // the chunk's first player
  std::uint64_t last_ = 0;   // behind its last one
  std::uint64_t next_ = 0;
  std::uint64_t affordable_ = 0;  // draws of the player
  bool ended_ = true;
  PlayerEnd player_;
  CellBlock block_;
  std::unique_ptr<Work> work_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SIMULATION_STOPPING_H_
