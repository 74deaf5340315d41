// Simulations: ranges of chunks, run a little at a time, so that Python can
// answer Ctrl-C, tell how far it is, and spread them over threads and machines.

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "fairpull/banner/banner.h"
#include "fairpull/simulation/simulation.h"
#include "fairpull/simulation/stopping.h"
#include "fairpull/simulation/tally.h"
#include "register.h"

namespace fairpull::python {
namespace {

namespace py = pybind11;

using Counts = py::array_t<std::uint64_t>;
// Rows of players, columns of counters: the stored ones in their order, then
// those of pools.
using States = py::array_t<std::int16_t, py::array::c_style>;
using Items = py::array_t<std::uint16_t, py::array::c_style>;
// One row.
using Numbers = py::array_t<std::uint64_t, py::array::c_style>;

// In columns of items: the player did not make this draw.
constexpr std::uint16_t kNotDrawn = 0xffff;

Counts ToArray(const std::vector<std::uint64_t>& counts) {
  return Counts(static_cast<py::ssize_t>(counts.size()), counts.data());
}

std::vector<Counts> ToArrays(
    const std::vector<std::vector<std::uint64_t>>& rows) {
  std::vector<Counts> arrays;
  for (const std::vector<std::uint64_t>& counts : rows) {
    arrays.push_back(ToArray(counts));
  }
  return arrays;
}

// (draws, rarities, featured, items, waits and pity at hits by rarity, draws to
// the goal, how many players did not meet it, exchanges)
using Result =
    std::tuple<std::uint64_t, Counts, Counts, Counts, std::vector<Counts>,
               std::vector<Counts>, Counts, std::uint64_t, std::uint64_t>;

// What each player of some chunks begins with and ends with. Starts have a row
// for all players or one for each; all others one for each, and those that are
// written are written in place.
struct Columns {
  std::optional<States> starts;
  std::optional<Numbers> budgets;
  std::optional<Items> items;
  std::optional<States> states;
  std::optional<Numbers> drawn;
  std::optional<Numbers> got;
};

// The places of stored counters, in the order of CounterRanges.
std::vector<std::size_t> StoredCounters(const CounterSet& counters) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < counters.size(); ++i) {
    if (counters[i].life == CounterLife::kStored) places.push_back(i);
  }
  return places;
}

class StateRows {
 public:
  explicit StateRows(const Banner& banner)
      : counters_(&banner.counters()), stored_(StoredCounters(*counters_)) {}

  [[nodiscard]] std::size_t columns() const {
    return stored_.size() + counters_->pool().size();
  }

  [[nodiscard]] PityState Read(const std::int16_t* row) const {
    PityState state = counters_->Start();
    for (std::size_t i = 0; i < columns(); ++i) {
      const Counter& counter = CounterAt(i);
      if (row[i] < counter.lowest || row[i] > counter.cap) {
        ThrowIfError(absl::InvalidArgumentError(
            absl::StrCat(counter.name, " is ", row[i], "; it must be from ",
                         counter.lowest, " to ", counter.cap)));
      }
      ValueAt(state, i) = row[i];
    }
    counters_->Derive(state);
    return state;
  }

  void Write(PityState state, std::int16_t* row) const {
    for (std::size_t i = 0; i < columns(); ++i) row[i] = ValueAt(state, i);
  }

 private:
  [[nodiscard]] const Counter& CounterAt(std::size_t i) const {
    return i < stored_.size() ? (*counters_)[stored_[i]]
                              : counters_->pool()[i - stored_.size()];
  }
  std::int16_t& ValueAt(PityState& state, std::size_t i) const {
    return i < stored_.size() ? state.value[stored_[i]]
                              : state.taken[i - stored_.size()];
  }

  const CounterSet* counters_;
  std::vector<std::size_t> stored_;
};

// Chunks of a simulation from one up to another, without it. Not safe for
// concurrent use.
class SimulationRun {
 public:
  // Players stop where there is a goal or there are budgets.
  SimulationRun(const Simulation& simulation, std::uint64_t first_chunk,
                std::uint64_t last_chunk, std::optional<StopAt> stop_at,
                Columns columns)
      : simulation_(simulation),
        next_chunk_(first_chunk),
        last_chunk_(last_chunk),
        stop_at_(std::move(stop_at)),
        stops_(stop_at_.has_value() || columns.budgets.has_value()),
        tally_(simulation_),
        rows_(simulation.banner()),
        columns_(std::move(columns)) {
    if (first_chunk > last_chunk || last_chunk > simulation_.chunks()) {
      throw py::index_error("no such chunks");
    }
    first_player_ = simulation_.FirstPlayer(first_chunk);
    players_ = first_chunk == last_chunk
                   ? 0
                   : simulation_.FirstPlayer(last_chunk - 1) +
                         simulation_.PlayersIn(last_chunk - 1) - first_player_;
    if (columns_.starts.has_value()) {
      one_start_ =
          columns_.starts->ndim() == 2 && columns_.starts->shape(0) == 1;
      Check(*columns_.starts, {one_start_ ? 1 : players_, rows_.columns()},
            "starts");
      start_data_ = columns_.starts->data();
    }
    if (columns_.budgets.has_value()) {
      Check(*columns_.budgets, {players_}, "budgets");
      budget_data_ = columns_.budgets->data();
    }
    item_data_ =
        Writable(columns_.items, {players_, simulation_.draws()}, "items");
    state_data_ =
        Writable(columns_.states, {players_, rows_.columns()}, "states");
    drawn_data_ = Writable(columns_.drawn, {players_}, "drawn");
    got_data_ = Writable(columns_.got, {players_}, "got");
  }

  // Goes on for about so long; how many draws it made or left out, 0 when all
  // players are done.
  std::uint64_t Advance(double seconds) {
    const py::gil_scoped_release unlocked;
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::duration<double>(seconds);
    std::uint64_t made = 0;
    do {
      // Some blocks before the clock is asked again.
      for (int i = 0; i < 16; ++i) {
        const std::uint64_t more = stops_ ? NextOfPlayer() : NextBlock();
        if (more == 0) return made;
        made += more;
      }
    } while (std::chrono::steady_clock::now() < end);
    return made;
  }

  // What was counted so far.
  [[nodiscard]] Result Counted() const {
    return {tally_.draws(),
            ToArray(tally_.rarities()),
            ToArray(tally_.featured()),
            ToArray(tally_.items()),
            ToArrays(tally_.waits()),
            ToArrays(tally_.pity_at_hit()),
            ToArray(tally_.draws_to_goal()),
            tally_.not_met(),
            tally_.exchanged()};
  }

 private:
  static void Check(const py::array& array,
                    const std::vector<std::uint64_t>& shape, const char* name) {
    const std::vector<std::uint64_t> given(array.shape(),
                                           array.shape() + array.ndim());
    if (given != shape) {
      throw py::value_error(absl::StrCat(name, " must be of shape (",
                                         absl::StrJoin(shape, ", "), ")"));
    }
  }

  template <class T>
  static T* Writable(std::optional<py::array_t<T, py::array::c_style>>& array,
                     const std::vector<std::uint64_t>& shape,
                     const char* name) {
    if (!array.has_value()) return nullptr;
    Check(*array, shape, name);
    return array->mutable_data();
  }

  // Draws of many players side by side; how many.
  std::uint64_t NextBlock() {
    while (run_ == nullptr || !run_->Next()) {
      if (next_chunk_ == last_chunk_) return 0;
      ReadStarts();
      run_ =
          std::make_unique<ChunkRun>(simulation_, next_chunk_, chunk_starts_);
      ++next_chunk_;
    }
    const CellBlock& block = run_->block();
    tally_.Add(block);
    WriteDraws(block);
    if (block.first_draw + block.draws == simulation_.draws()) {
      const std::uint64_t first = block.first_player - first_player_;
      for (std::size_t p = 0; p < block.players; ++p) {
        WriteState(first + p, run_->StateAfter(p));
      }
    }
    return block.players * block.draws;
  }

  // Draws of one player, and those that it will not make when it has ended.
  std::uint64_t NextOfPlayer() {
    while (stopping_ == nullptr || !stopping_->Next()) {
      if (next_chunk_ == last_chunk_) return 0;
      ReadStarts();
      StoppingOptions options{.stop_at = stop_at_, .starts = chunk_starts_};
      if (budget_data_ != nullptr) {
        options.budgets = {
            budget_data_ + simulation_.FirstPlayer(next_chunk_) - first_player_,
            simulation_.PlayersIn(next_chunk_)};
      }
      stopping_ = std::make_unique<StoppingRun>(simulation_, next_chunk_,
                                                std::move(options));
      ++next_chunk_;
    }
    const CellBlock& block = stopping_->block();
    tally_.Add(block);
    WriteDraws(block);
    if (!stopping_->ended()) return block.draws;
    const PlayerEnd& end = stopping_->end();
    if (stop_at_.has_value()) tally_.AddEnd(end);
    const std::uint64_t player = block.first_player - first_player_;
    if (item_data_ != nullptr) {
      std::fill(item_data_ + player * simulation_.draws() + end.draws,
                item_data_ + (player + 1) * simulation_.draws(), kNotDrawn);
    }
    WriteState(player, end.state);
    if (drawn_data_ != nullptr) drawn_data_[player] = end.draws;
    if (got_data_ != nullptr) got_data_[player] = end.copies;
    // At least 1: whoever made the last draw of all made it in this block.
    return block.draws + (simulation_.draws() - end.draws);
  }

  void ReadStarts() {
    if (start_data_ == nullptr) return;
    if (one_start_) {
      if (chunk_starts_.empty()) chunk_starts_ = {rows_.Read(start_data_)};
      return;
    }
    const std::uint64_t first =
        simulation_.FirstPlayer(next_chunk_) - first_player_;
    chunk_starts_.clear();
    for (std::uint64_t p = 0; p < simulation_.PlayersIn(next_chunk_); ++p) {
      chunk_starts_.push_back(
          rows_.Read(start_data_ + (first + p) * rows_.columns()));
    }
  }

  void WriteDraws(const CellBlock& block) {
    if (item_data_ == nullptr) return;
    const std::uint64_t stride = simulation_.draws();
    const std::uint64_t first = block.first_player - first_player_;
    WriteItems(simulation_, block,
               item_data_ + first * stride + block.first_draw, stride);
  }

  void WriteState(std::uint64_t player, const PityState& state) {
    if (state_data_ == nullptr) return;
    rows_.Write(state, state_data_ + player * rows_.columns());
  }

  Simulation simulation_;
  std::uint64_t next_chunk_;
  std::uint64_t last_chunk_;
  std::optional<StopAt> stop_at_;
  bool stops_;
  std::uint64_t first_player_ = 0;
  std::uint64_t players_ = 0;
  Tally tally_;
  StateRows rows_;
  Columns columns_;
  bool one_start_ = false;
  const std::int16_t* start_data_ = nullptr;
  const std::uint64_t* budget_data_ = nullptr;
  std::uint16_t* item_data_ = nullptr;
  std::int16_t* state_data_ = nullptr;
  std::uint64_t* drawn_data_ = nullptr;
  std::uint64_t* got_data_ = nullptr;
  std::vector<PityState> chunk_starts_;
  std::unique_ptr<ChunkRun> run_;
  std::unique_ptr<StoppingRun> stopping_;
};

Simulation MakeSimulation(const Banner& banner, std::uint64_t seed,
                          std::uint64_t players, std::uint64_t pulls,
                          std::optional<std::uint32_t> batch, bool items,
                          bool waits, bool scalar_only) {
  const py::gil_scoped_release unlocked;
  return ValueOrThrow(Simulation::Make(
      banner, {.seed = seed,
               .players = players,
               .pulls = pulls,
               .batch = batch,
               .cells = items ? CellKind::kItem : CellKind::kGroup,
               .waits = waits,
               .scalar_only = scalar_only}));
}

ExchangeTime ExchangeTimeOf(const std::string& text) {
  if (text == "never") return ExchangeTime::kNever;
  if (text == "at once") return ExchangeTime::kAtOnce;
  if (text == "at the end") return ExchangeTime::kAtTheEnd;
  throw py::value_error(text);  // the module asks for these three only
}

std::unique_ptr<SimulationRun> MakeRun(
    const Simulation& simulation, std::uint64_t first_chunk,
    std::uint64_t last_chunk, const std::optional<std::string>& goal,
    std::uint64_t copies, const std::string& exchange,
    std::optional<States> starts, std::optional<Numbers> budgets,
    std::optional<Items> items, std::optional<States> states,
    std::optional<Numbers> drawn, std::optional<Numbers> got) {
  std::optional<StopAt> stop_at;
  if (goal.has_value()) {
    stop_at = ValueOrThrow(
        StopAt::Parse(simulation, *goal, copies, ExchangeTimeOf(exchange)));
  }
  return std::make_unique<SimulationRun>(
      simulation, first_chunk, last_chunk, std::move(stop_at),
      Columns{std::move(starts), std::move(budgets), std::move(items),
              std::move(states), std::move(drawn), std::move(got)});
}

}  // namespace

void RegisterSimulation(py::module_& module) {
  py::class_<SimulationRun>(module, "SimulationRun",
                            "Some chunks of a simulation.")
      .def("advance", &SimulationRun::Advance, py::arg("seconds"))
      .def("result", &SimulationRun::Counted);
  py::class_<Simulation>(module, "Simulation",
                         "A banner with players, in chunks.")
      .def(py::init(&MakeSimulation), py::arg("banner"), py::kw_only(),
           py::arg("seed"), py::arg("players"), py::arg("pulls"),
           py::arg("batch"), py::arg("items"), py::arg("waits"),
           py::arg("scalar_only"))
      .def_property_readonly("chunks", &Simulation::chunks)
      .def_property_readonly("draws", &Simulation::draws)
      .def_property_readonly("batch", &Simulation::batch)
      .def_property_readonly("vectors", &Simulation::vectors)
      .def_property_readonly("why_scalar", &Simulation::why_scalar)
      .def("first_player", &Simulation::FirstPlayer, py::arg("chunk"))
      .def("players_in", &Simulation::PlayersIn, py::arg("chunk"))
      .def("run", &MakeRun, py::arg("first_chunk"), py::arg("last_chunk"),
           py::kw_only(), py::arg("goal"), py::arg("copies"),
           py::arg("exchange"), py::arg("starts").noconvert(),
           py::arg("budgets").noconvert(), py::arg("items").noconvert(),
           py::arg("states").noconvert(), py::arg("drawn").noconvert(),
           py::arg("got").noconvert());
}

}  // namespace fairpull::python
