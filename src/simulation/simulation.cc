#include "fairpull/simulation/simulation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cell_finder.h"
#include "fairpull/analysis/pulls_to.h"
#include "fairpull/base/status.h"
#include "fairpull/engine/batch.h"
#include "fairpull/engine/outcome.h"
#include "fairpull/engine/pull.h"
#include "kernel.h"
#include "program.h"

namespace fairpull {
namespace {

// Draws of a lane in a chunk, at least: seeding its generator is little beside
// them.
constexpr std::uint64_t kLaneDraws = 4096;

// Draws of a lane in a block, at most.
constexpr std::uint64_t kBlockDraws = 256;

// With so few players the vectors are nearly empty, and one after the other is
// faster.
constexpr std::size_t kFewPlayers = 3;

// Why a batch of this size is more than so many pulls one by one; empty if it
// is not.
std::string WhyBatch(const Banner& banner, std::uint32_t batch) {
  if (batch == 1 || banner.batch_plan().size != batch) return "";
  return absl::StrCat("batches of ", batch, " have rules of their own");
}

}  // namespace

absl::StatusOr<Simulation> Simulation::Make(Banner banner,
                                            const SimulationOptions& options) {
  Simulation made;
  made.options_ = options;
  FAIRPULL_ASSIGN_OR_RETURN(made.batch_, AnalysisBatch(banner, options.batch));
  if (options.players == 0 || options.pulls == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", options.players, " players with ",
                     options.pulls, " pulls each; both must be at least 1"));
  }
  if (options.pulls % made.batch_ != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.pulls, " pulls are no whole number of batches of ",
                     made.batch_));
  }
  const std::uint64_t batches = options.pulls / made.batch_;
  const std::uint64_t per_batch = banner.DrawsOf(made.batch_);
  if (batches > kMaxDraws / per_batch ||
      options.players > kMaxDraws / (batches * per_batch)) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.players, " players with ", options.pulls,
        " pulls each make more than 2^62 draws together, which no machine "
        "ends"));
  }
  made.draws_ = batches * per_batch;
  made.players_per_chunk_ =
      kLanes * ((kLaneDraws + made.draws_ - 1) / made.draws_);
  made.chunks_ =
      (options.players + made.players_per_chunk_ - 1) / made.players_per_chunk_;

  std::vector<Cell> cells;
  for (std::size_t g = 0; g < banner.groups().size(); ++g) {
    const Group& group = banner.groups()[g];
    for (const std::uint16_t item : group.items) {
      cells.push_back({.group = static_cast<std::uint8_t>(g),
                       .rarity = group.rarity,
                       .featured = banner.items()[item].featured,
                       .item = item});
      if (options.cells == CellKind::kGroup) break;
    }
  }
  std::vector<std::uint16_t> items;
  for (const Cell& cell : cells) items.push_back(cell.item);
  made.items_ =
      std::make_shared<const std::vector<std::uint16_t>>(std::move(items));
  made.cells_ = std::make_shared<const std::vector<Cell>>(std::move(cells));

  absl::StatusOr<internal::Program> program = internal::MakeProgram(banner);
  made.why_scalar_ = WhyBatch(banner, made.batch_);
  if (options.scalar_only) {
    made.why_scalar_ = "it was asked for";
  } else if (!internal::HasKernel()) {
    made.why_scalar_ = "the machine has no vectors that it could run on";
  } else if (!program.ok()) {
    made.why_scalar_ = std::string(program.status().message());
  }
  if (made.why_scalar_.empty()) {
    made.program_ =
        std::make_shared<const internal::Program>(*std::move(program));
  }
  made.banner_ = std::make_shared<const Banner>(std::move(banner));
  return made;
}

std::uint64_t Simulation::PlayersIn(std::uint64_t chunk) const {
  return std::min(players_per_chunk_, options_.players - FirstPlayer(chunk));
}

std::string Simulation::vectors() const {
  return program_ == nullptr ? "scalar" : internal::KernelTarget();
}

void WriteItems(const Simulation& simulation, const CellBlock& block,
                std::uint16_t* rows, std::size_t stride) {
  const std::uint16_t* const items = simulation.items_->data();
  for (std::size_t p = 0; p < block.players; ++p) {
    const std::uint16_t* const cells = block.cells + p;
    std::uint16_t* const row = rows + p * stride;
    for (std::size_t n = 0; n < block.draws; ++n) {
      row[n] = items[cells[n * kLanes]];
    }
  }
}

struct ChunkRun::Lanes {
  // What drawing a cell does to the counters, and which of them is its rarity's
  // wait.
  struct Replay {
    CounterStep step;
    std::uint16_t counter = 0;
    std::uint16_t has_counter = 0;  // all ones if there is one
  };

  // The lanes' generators, and the counters where the kernel runs.
  internal::LaneBlock block;
  // The states of the players where the scalar engine does.
  std::vector<PityState> states;
  std::vector<Outcome> outcomes;               // of a batch
  std::vector<WaitedOutcome> waited_outcomes;  // with waits instead
  std::optional<internal::CellFinder> cell_of;
  bool scalar = false;
  // Where the kernel runs with waits: the counters after the draws so far, by
  // player, and what is done to them, by cell.
  std::array<LaneArray, kLanes> replayed;
  std::vector<Replay> replays;
  std::vector<std::uint16_t> cells;
  std::vector<std::uint16_t> waited;
  std::array<std::uint64_t, internal::kMaxCounted> counts;
};

ChunkRun::ChunkRun(const Simulation& simulation, std::uint64_t chunk,
                   absl::Span<const PityState> starts)
    : simulation_(&simulation),
      starts_(starts),
      first_(simulation.FirstPlayer(chunk)),
      end_(first_ + simulation.PlayersIn(chunk)),
      lanes_(std::make_unique<Lanes>()) {
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    const LaneWords words(simulation.options().seed, chunk, lane);
    for (std::size_t s = 0; s < 4; ++s) {
      lanes_->block.words[s][lane] = words.state()[s];
    }
  }
  block_.first_player = first_;
  block_.first_draw = simulation.draws();  // of nobody: players are to start
}

ChunkRun::~ChunkRun() = default;
ChunkRun::ChunkRun(ChunkRun&&) noexcept = default;
ChunkRun& ChunkRun::operator=(ChunkRun&&) noexcept = default;

void ChunkRun::StartPlayers() {
  block_.first_player += block_.players;
  block_.players = static_cast<std::size_t>(
      std::min<std::uint64_t>(kLanes, end_ - block_.first_player));
  block_.first_draw = 0;
  block_.draws = 0;
  lanes_->scalar =
      simulation_->program_ == nullptr || block_.players <= kFewPlayers;
  const auto start_of = [&](std::size_t player) -> const PityState& {
    if (starts_.empty()) return simulation_->banner().counters().Start();
    if (starts_.size() == 1) return starts_.front();
    return starts_[block_.first_player - first_ + player];
  };
  lanes_->states.assign(kLanes, PityState());
  for (std::size_t player = 0; player < block_.players; ++player) {
    lanes_->states[player] = start_of(player);
  }
  for (std::size_t player = 0; player < block_.players; ++player) {
    lanes_->replayed[player] = lanes_->states[player].value;
  }
  for (std::size_t pair = 0; pair < internal::kMaxPairs; ++pair) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes_->block.counters[pair][lane] =
          internal::PairOf(lanes_->states[lane].value, pair);
    }
  }
}

bool ChunkRun::Next() {
  block_.first_draw += block_.draws;
  block_.draws = 0;
  if (block_.first_draw >= simulation_->draws()) {
    if (block_.first_player + block_.players >= end_) return false;
    StartPlayers();
  }
  const std::uint64_t left = simulation_->draws() - block_.first_draw;
  const std::uint64_t per_batch =
      simulation_->banner().DrawsOf(simulation_->batch());
  // Whole batches, and at least one.
  const std::uint64_t most =
      std::max<std::uint64_t>(1, kBlockDraws / per_batch) * per_batch;
  block_.draws = static_cast<std::size_t>(std::min(left, most));
  lanes_->cells.resize(block_.draws * kLanes);
  block_.cells = lanes_->cells.data();
  if (simulation_->options().waits) {
    lanes_->waited.resize(block_.draws * kLanes);
    block_.waited = lanes_->waited.data();
  }
  if (lanes_->scalar) {
    block_.counts = nullptr;
    RunScalar();
  } else {
    const bool counted = simulation_->options().cells == CellKind::kGroup &&
                         simulation_->cells().size() <= internal::kMaxCounted;
    lanes_->counts.fill(0);
    block_.counts = counted ? lanes_->counts.data() : nullptr;
    internal::RunKernel(*simulation_->program_, simulation_->options().cells,
                        block_.draws, lanes_->block, lanes_->cells.data(),
                        counted ? lanes_->counts.data() : nullptr);
    if (simulation_->options().waits) ReplayWaits();
  }
  return true;
}

void ChunkRun::RunScalar() {
  const Banner& banner = simulation_->banner();
  Lanes& lanes = *lanes_;
  const std::uint32_t batch = simulation_->batch();
  if (!lanes.cell_of.has_value()) {
    lanes.outcomes.resize(banner.DrawsOf(batch));
    lanes.waited_outcomes.resize(lanes.outcomes.size());
    lanes.cell_of.emplace(*simulation_);
  }
  for (std::size_t player = 0; player < block_.players; ++player) {
    LaneWords words({lanes.block.words[0][player], lanes.block.words[1][player],
                     lanes.block.words[2][player],
                     lanes.block.words[3][player]});
    PityState& state = lanes.states[player];
    std::size_t n = 0;
    const auto put = [&](const Outcome& outcome) {
      lanes.cells[n++ * kLanes + player] = lanes.cell_of->Of(outcome);
    };
    if (simulation_->options().waits) {
      while (n < block_.draws) {
        PullBatch(banner, batch, state, words,
                  absl::MakeSpan(lanes.waited_outcomes));
        for (const WaitedOutcome& one : lanes.waited_outcomes) {
          lanes.waited[n * kLanes + player] = one.waited;
          put(one.outcome);
        }
      }
    } else if (lanes.outcomes.size() == 1) {
      PullEach(banner, block_.draws, state, words, put);
    } else {
      while (n < block_.draws) {
        PullBatch(banner, batch, state, words, absl::MakeSpan(lanes.outcomes));
        for (const Outcome& outcome : lanes.outcomes) put(outcome);
      }
    }
    for (std::size_t s = 0; s < 4; ++s) {
      lanes.block.words[s][player] = words.state()[s];
    }
  }
}

// The kernel tells what was drawn, not in which states; but drawing in vectors
// has no batches with rules, so the groups' steps alone lead from one to the
// next.
void ChunkRun::ReplayWaits() {
  if (lanes_->replays.empty()) {
    const Banner& banner = simulation_->banner();
    for (const Cell& cell : simulation_->cells()) {
      const auto counter = WaitCounter(banner, cell.rarity);
      lanes_->replays.push_back(
          {.step = banner.groups()[cell.group].step,
           .counter = static_cast<std::uint16_t>(counter.value_or(0)),
           .has_counter =
               static_cast<std::uint16_t>(counter.has_value() ? ~0 : 0)});
    }
  }
  // Players side by side: no step waits for the one before.
  const Lanes::Replay* const replays = lanes_->replays.data();
  LaneArray* const values = lanes_->replayed.data();
  for (std::size_t n = 0; n < block_.draws; ++n) {
    const std::uint16_t* const cells = lanes_->cells.data() + n * kLanes;
    std::uint16_t* const waited = lanes_->waited.data() + n * kLanes;
    for (std::size_t player = 0; player < block_.players; ++player) {
      const Lanes::Replay& replay = replays[cells[player]];
      LaneArray& value = values[player];
      waited[player] = static_cast<std::uint16_t>((value[replay.counter] + 1) &
                                                  replay.has_counter);
      value = replay.step.After(value);
    }
  }
}

PityState ChunkRun::StateAfter(std::size_t player) const {
  PityState state = lanes_->states[player];
  if (lanes_->scalar) return state;
  for (std::size_t i = 0; i < kMaxCounters; ++i) {
    state.value[i] = static_cast<std::int16_t>(
        lanes_->block.counters[i / 2][player] >> (i % 2 * 16));
  }
  return state;
}

}  // namespace fairpull
