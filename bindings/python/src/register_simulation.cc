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
#include "absl/types/span.h"
#include "fairpull/banner/banner.h"
#include "fairpull/simulation/simulation.h"
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

Counts ToArray(const std::vector<std::uint64_t>& counts) {
  return Counts(static_cast<py::ssize_t>(counts.size()), counts.data());
}

// (draws, rarities, featured, items, waits by rarity, draws to the goal, how
// many players did not meet it)
using Result = std::tuple<std::uint64_t, Counts, Counts, Counts,
                          std::vector<Counts>, Counts, std::uint64_t>;

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
  // `starts` has a row for all players or one for each of these chunks; `items`
  // and `states`, if given, have a row for each and are written in place.
  SimulationRun(const Simulation& simulation, std::uint64_t first_chunk,
                std::uint64_t last_chunk, TallyOptions options,
                std::optional<States> starts, std::optional<Items> items,
                std::optional<States> states)
      : simulation_(simulation),
        next_chunk_(first_chunk),
        last_chunk_(last_chunk),
        tally_(simulation_, std::move(options)),
        rows_(simulation.banner()) {
    if (first_chunk > last_chunk || last_chunk > simulation_.chunks()) {
      throw py::index_error("no such chunks");
    }
    first_player_ = simulation_.FirstPlayer(first_chunk);
    players_ = first_chunk == last_chunk
                   ? 0
                   : simulation_.FirstPlayer(last_chunk - 1) +
                         simulation_.PlayersIn(last_chunk - 1) - first_player_;
    const auto columns = rows_.columns();
    if (starts.has_value()) {
      starts_ = *std::move(starts);
      one_start_ = starts_.ndim() == 2 && starts_.shape(0) == 1;
      Check(starts_, one_start_ ? 1 : players_, columns, "starts");
      start_data_ = starts_.data();
    }
    if (items.has_value()) {
      items_ = *std::move(items);
      Check(items_, players_, simulation_.draws(), "items");
      item_data_ = items_.mutable_data();
    }
    if (states.has_value()) {
      states_ = *std::move(states);
      Check(states_, players_, columns, "states");
      state_data_ = states_.mutable_data();
    }
  }

  // Goes on for about so long; how many draws it made, 0 when all are made.
  std::uint64_t Advance(double seconds) {
    const py::gil_scoped_release unlocked;
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::duration<double>(seconds);
    std::uint64_t made = 0;
    do {
      // Some blocks before the clock is asked again.
      for (int i = 0; i < 16; ++i) {
        if (!NextBlock()) return made;
        made += run_->block().players * run_->block().draws;
      }
    } while (std::chrono::steady_clock::now() < end);
    return made;
  }

  // What was counted so far.
  [[nodiscard]] Result Counted() const {
    std::vector<Counts> waits;
    for (const std::vector<std::uint64_t>& counts : tally_.waits()) {
      waits.push_back(ToArray(counts));
    }
    return {tally_.draws(),
            ToArray(tally_.rarities()),
            ToArray(tally_.featured()),
            ToArray(tally_.items()),
            waits,
            ToArray(tally_.draws_to_goal()),
            tally_.not_met()};
  }

 private:
  template <class T>
  static void Check(const py::array_t<T, py::array::c_style>& array,
                    std::uint64_t rows, std::uint64_t columns,
                    const char* name) {
    if (array.ndim() != 2 ||
        static_cast<std::uint64_t>(array.shape(0)) != rows ||
        static_cast<std::uint64_t>(array.shape(1)) != columns) {
      throw py::value_error(
          absl::StrCat(name, " must be of shape (", rows, ", ", columns, ")"));
    }
  }

  bool NextBlock() {
    while (run_ == nullptr || !run_->Next()) {
      if (next_chunk_ == last_chunk_) return false;
      ReadStarts();
      run_ =
          std::make_unique<ChunkRun>(simulation_, next_chunk_, chunk_starts_);
      ++next_chunk_;
    }
    tally_.Add(run_->block());
    WriteColumns();
    return true;
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

  void WriteColumns() {
    const CellBlock& block = run_->block();
    const std::uint64_t first = block.first_player - first_player_;
    if (item_data_ != nullptr) {
      const std::uint64_t stride = simulation_.draws();
      WriteItems(simulation_, block,
                 item_data_ + first * stride + block.first_draw, stride);
    }
    if (state_data_ == nullptr ||
        block.first_draw + block.draws != simulation_.draws()) {
      return;
    }
    for (std::size_t p = 0; p < block.players; ++p) {
      rows_.Write(run_->StateAfter(p),
                  state_data_ + (first + p) * rows_.columns());
    }
  }

  Simulation simulation_;
  std::uint64_t next_chunk_;
  std::uint64_t last_chunk_;
  std::uint64_t first_player_ = 0;
  std::uint64_t players_ = 0;
  Tally tally_;
  StateRows rows_;
  States starts_;
  bool one_start_ = false;
  const std::int16_t* start_data_ = nullptr;
  Items items_;
  std::uint16_t* item_data_ = nullptr;
  States states_;
  std::int16_t* state_data_ = nullptr;
  std::vector<PityState> chunk_starts_;
  std::unique_ptr<ChunkRun> run_;
};

Simulation MakeSimulation(const Banner& banner, std::uint64_t seed,
                          std::uint64_t players, std::uint64_t pulls,
                          std::optional<std::uint32_t> batch, bool items,
                          bool scalar_only) {
  const py::gil_scoped_release unlocked;
  return ValueOrThrow(Simulation::Make(
      banner, {.seed = seed,
               .players = players,
               .pulls = pulls,
               .batch = batch,
               .cells = items ? CellKind::kItem : CellKind::kGroup,
               .scalar_only = scalar_only}));
}

std::unique_ptr<SimulationRun> MakeRun(const Simulation& simulation,
                                       std::uint64_t first_chunk,
                                       std::uint64_t last_chunk, bool waits,
                                       const std::optional<std::string>& goal,
                                       std::uint64_t copies,
                                       std::optional<States> starts,
                                       std::optional<Items> items,
                                       std::optional<States> states) {
  TallyOptions options{.waits = waits};
  if (goal.has_value()) {
    options.stop_at = ValueOrThrow(StopAt::Parse(simulation, *goal, copies));
  }
  return std::make_unique<SimulationRun>(simulation, first_chunk, last_chunk,
                                         std::move(options), std::move(starts),
                                         std::move(items), std::move(states));
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
           py::arg("batch"), py::arg("items"), py::arg("scalar_only"))
      .def_property_readonly("chunks", &Simulation::chunks)
      .def_property_readonly("draws", &Simulation::draws)
      .def_property_readonly("batch", &Simulation::batch)
      .def_property_readonly("vectors", &Simulation::vectors)
      .def_property_readonly("why_scalar", &Simulation::why_scalar)
      .def("first_player", &Simulation::FirstPlayer, py::arg("chunk"))
      .def("players_in", &Simulation::PlayersIn, py::arg("chunk"))
      .def("run", &MakeRun, py::arg("first_chunk"), py::arg("last_chunk"),
           py::kw_only(), py::arg("waits"), py::arg("goal"), py::arg("copies"),
           py::arg("starts").noconvert(), py::arg("items").noconvert(),
           py::arg("states").noconvert());
}

}  // namespace fairpull::python
