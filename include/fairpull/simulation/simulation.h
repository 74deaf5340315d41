// Monte Carlo: many players pull from a banner side by side, as Pull does, from
// words that depend on seed, chunk and lane only.
//
// Players are taken in chunks of a few hundred thousand pulls. Each chunk is a
// pure function of banner, options and its number, so chunks can be run in any
// order, on any thread or machine, once or twice, and give the same outcomes;
// tallies of them (simulation/tally.h) add up in any order. A banner whose
// pulls are plain runs in vectors of the best kind that the machine has; any
// other runs on the scalar engine, and why_scalar() says why.
//
//   FAIRPULL_ASSIGN_OR_RETURN(
//       Simulation simulation,
//       Simulation::Make(banner, {.seed = 7, .players = 1000, .pulls = 180}));
//   Tally tally(simulation);
//   for (std::uint64_t c = 0; c < simulation.chunks(); ++c) {
//     ChunkRun run(simulation, c);
//     while (run.Next()) tally.Add(run.block());
//   }

#ifndef FAIRPULL_SIMULATION_SIMULATION_H_
#define FAIRPULL_SIMULATION_SIMULATION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fairpull/banner/banner.h"
#include "fairpull/pity/counter.h"
#include "fairpull/simulation/lane_words.h"

namespace fairpull {

namespace internal {
struct Program;
}  // namespace internal

// What a cell says of a pull.
enum class CellKind : std::uint8_t {
  kGroup,  // only the group: rarity, and whether it is featured
  kItem,   // the group and the item
};

struct SimulationOptions {
  std::uint64_t seed = 0;
  std::uint64_t players = 1;
  // How many pulls each player pays for: a multiple of `batch`.
  std::uint64_t pulls = 1;
  // How many are bought at once; nothing: 1 if that is sold, else the fewest
  // that are.
  std::optional<std::uint32_t> batch;
  CellKind cells = CellKind::kItem;
  // Blocks tell how long each draw's rarity took, and a Tally counts waits:
  // that takes longer than drawing.
  bool waits = false;
  // Runs every banner on the scalar engine: for tests, and for comparisons.
  bool scalar_only = false;
};

// What a cell stands for.
struct Cell {
  std::uint8_t group = 0;   // into Banner::groups()
  std::uint8_t rarity = 0;  // into Banner::rarities()
  bool featured = false;
  std::uint16_t item = 0;  // into Banner::items(), with CellKind::kItem
};

struct CellBlock;

// Immutable; safe to share between threads. Cheap to copy.
class Simulation {
 public:
  // InvalidArgument, saying what would be right: no players or no pulls, a
  // batch that is not sold or does not divide the pulls, more than kMaxDraws
  // draws together.
  [[nodiscard]] static absl::StatusOr<Simulation> Make(
      Banner banner, const SimulationOptions& options);

  static constexpr std::uint64_t kMaxDraws = std::uint64_t{1} << 62;

  [[nodiscard]] const Banner& banner() const { return *banner_; }
  [[nodiscard]] const SimulationOptions& options() const { return options_; }
  // How many draws each player makes: those on top of a batch included.
  [[nodiscard]] std::uint64_t draws() const { return draws_; }
  [[nodiscard]] std::uint32_t batch() const { return batch_; }

  [[nodiscard]] std::uint64_t chunks() const { return chunks_; }
  // The players of a chunk: the first one's number, and how many.
  [[nodiscard]] std::uint64_t FirstPlayer(std::uint64_t chunk) const {
    return chunk * players_per_chunk_;
  }
  [[nodiscard]] std::uint64_t PlayersIn(std::uint64_t chunk) const;

  // The vectors that it runs on, as "AVX3" (AVX-512), "AVX2" or "SSE4";
  // "scalar" without any.
  [[nodiscard]] std::string vectors() const;
  // Why the scalar engine is needed; empty where it is not.
  [[nodiscard]] const std::string& why_scalar() const { return why_scalar_; }

  // What the cells stand for, in their order.
  [[nodiscard]] const std::vector<Cell>& cells() const { return *cells_; }

 private:
  friend class ChunkRun;
  friend void WriteItems(const Simulation&, const CellBlock&, std::uint16_t*,
                         std::size_t);

  Simulation() = default;

  std::shared_ptr<const Banner> banner_;
  std::shared_ptr<const internal::Program> program_;  // null: scalar
  std::shared_ptr<const std::vector<Cell>> cells_;
  std::shared_ptr<const std::vector<std::uint16_t>> items_;  // by cell
  std::string why_scalar_;
  SimulationOptions options_;
  std::uint32_t batch_ = 1;
  std::uint64_t draws_ = 0;
  std::uint64_t chunks_ = 0;
  std::uint64_t players_per_chunk_ = kLanes;
};

// Some draws of up to kLanes players in a row.
struct CellBlock {
  std::uint64_t first_player = 0;
  std::size_t players = 0;
  std::uint64_t first_draw = 0;  // of each of them
  std::size_t draws = 0;
  // The n-th draw of the p-th player is cells[n * kLanes + p], into
  // Simulation::cells().
  const std::uint16_t* cells = nullptr;
  // With SimulationOptions::waits: PullsWaited of each of them.
  const std::uint16_t* waited = nullptr;
  // How often each of Simulation::cells() was drawn by all kLanes lanes, those
  // that no player is in included; null where it was not counted on the way.
  const std::uint64_t* counts = nullptr;
};

// Writes the items of a block, as places in Banner::items(), in rows of
// players: draw n of player p of the block to `rows[p * stride + n]`. The cells
// are those of items.
void WriteItems(const Simulation& simulation, const CellBlock& block,
                std::uint16_t* rows, std::size_t stride);

// One chunk, from its first draw to its last. Not safe for concurrent use; the
// simulation must outlive it.
class ChunkRun {
 public:
  // Players start in `starts`: one state for each player of the chunk, one for
  // all, or the banner's own start if there is none. States are of the
  // banner's counters().
  ChunkRun(const Simulation& simulation, std::uint64_t chunk,
           absl::Span<const PityState> starts = {});
  ~ChunkRun();
  ChunkRun(ChunkRun&&) noexcept;
  ChunkRun& operator=(ChunkRun&&) noexcept;

  // Makes the next block of at most about 16,000 draws, which lasts until the
  // next call; false when all draws of the chunk are made. Players come
  // kLanes at a time, each of them with all draws.
  bool Next();
  [[nodiscard]] const CellBlock& block() const { return block_; }

  // The state of the p-th player of the block after its last draw.
  [[nodiscard]] PityState StateAfter(std::size_t player) const;

 private:
  struct Lanes;

  void StartPlayers();
  void RunScalar();
  void ReplayWaits();

  const Simulation* simulation_;
  absl::Span<const PityState> starts_;
  std::uint64_t first_ = 0;  // the chunk's first player
  std::uint64_t end_ = 0;    // behind its last one
  std::unique_ptr<Lanes> lanes_;
  CellBlock block_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SIMULATION_SIMULATION_H_
