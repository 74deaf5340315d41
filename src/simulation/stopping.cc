#include "fairpull/simulation/stopping.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cell_finder.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/base/status.h"
#include "fairpull/engine/actions.h"
#include "fairpull/engine/batch.h"
#include "fairpull/engine/outcome.h"
#include "fairpull/engine/pull.h"

namespace fairpull {
namespace {

// Draws of a block, at most, but for a batch that has more.
constexpr std::uint64_t kBlockDraws = 256;

}  // namespace

absl::StatusOr<StopAt> StopAt::Parse(const Simulation& simulation,
                                     absl::string_view goal,
                                     std::uint64_t copies,
                                     ExchangeTime exchange) {
  const Banner& banner = simulation.banner();
  FAIRPULL_ASSIGN_OR_RETURN(const Goal parsed, Goal::Parse(banner, goal));
  if (copies == 0) {
    return absl::InvalidArgumentError("copies is 0; it must be at least 1");
  }
  const bool by_item = parsed.kind() == Goal::Kind::kItem;
  if (!by_item && parsed.kind() != Goal::Kind::kRarity &&
      parsed.kind() != Goal::Kind::kFeatured) {
    return absl::InvalidArgumentError(
        absl::StrCat("players can't stop at \"", std::string(goal),
                     "\"; they can at rarity:R, featured:R and item:ID"));
  }
  if (by_item && simulation.options().cells == CellKind::kGroup) {
    return absl::InvalidArgumentError(
        absl::StrCat("players can't stop at \"", std::string(goal),
                     "\" where items are not drawn"));
  }
  if (exchange != ExchangeTime::kNever && !parsed.IsExchangeable(banner)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", std::string(goal),
                     "\" is not sold for points on "
                     "banner \"",
                     banner.id().value(), "\": players can exchange never"));
  }
  StopAt stop;
  stop.copies_ = copies;
  stop.exchange_ = exchange;
  for (const Cell& cell : simulation.cells()) {
    const bool met =
        by_item ? cell.item == parsed.items().front()
                : cell.rarity == parsed.rarity() &&
                      (cell.featured || parsed.kind() == Goal::Kind::kRarity);
    stop.met_by_.push_back(met);
  }
  return stop;
}

struct StoppingRun::Work {
  std::vector<LaneWords> words;
  internal::CellFinder cell_of;
  std::vector<Outcome> outcomes;               // of a batch
  std::vector<WaitedOutcome> waited_outcomes;  // with waits instead
  std::vector<std::uint16_t> cells;
  std::vector<std::uint16_t> waited;
};

StoppingRun::StoppingRun(const Simulation& simulation, std::uint64_t chunk,
                         StoppingOptions options)
    : simulation_(&simulation),
      options_(std::move(options)),
      first_(simulation.FirstPlayer(chunk)),
      last_(first_ + simulation.PlayersIn(chunk)),
      next_(first_),
      work_(new Work{.words = {},
                     .cell_of = internal::CellFinder(simulation),
                     .outcomes = {},
                     .waited_outcomes = {},
                     .cells = {},
                     .waited = {}}) {
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    work_->words.emplace_back(simulation.options().seed, chunk, lane);
  }
  const std::size_t batch = simulation.banner().DrawsOf(simulation.batch());
  work_->outcomes.resize(batch);
  work_->cells.resize(std::max<std::uint64_t>(kBlockDraws, batch) * kLanes);
  block_.players = 1;
  block_.cells = work_->cells.data();
  if (simulation.options().waits) {
    work_->waited_outcomes.resize(batch);
    work_->waited.resize(work_->cells.size());
    block_.waited = work_->waited.data();
  }
}

StoppingRun::~StoppingRun() = default;
StoppingRun::StoppingRun(StoppingRun&&) noexcept = default;
StoppingRun& StoppingRun::operator=(StoppingRun&&) noexcept = default;

bool StoppingRun::IsMet() const {
  return options_.stop_at.has_value() &&
         player_.copies >= options_.stop_at->copies();
}

void StoppingRun::StartPlayer() {
  const std::size_t place = next_ - first_;
  player_ = PlayerEnd{};
  if (options_.starts.empty()) {
    player_.state = simulation_->banner().counters().Start();
  } else {
    player_.state = options_.starts[options_.starts.size() == 1 ? 0 : place];
  }
  const std::uint64_t pulls = options_.budgets.empty()
                                  ? simulation_->options().pulls
                                  : options_.budgets[place];
  affordable_ = pulls / simulation_->batch() * work_->outcomes.size();
  block_.first_player = next_++;
}

void StoppingRun::DrawBatch() {
  const Banner& banner = simulation_->banner();
  // As where nobody stops: players come kLanes at a time.
  LaneWords& words = work_->words[(block_.first_player - first_) % kLanes];
  if (simulation_->options().waits) {
    PullBatch(banner, simulation_->batch(), player_.state, words,
              absl::MakeSpan(work_->waited_outcomes));
    for (std::size_t i = 0; i < work_->outcomes.size(); ++i) {
      work_->outcomes[i] = work_->waited_outcomes[i].outcome;
      work_->waited[(block_.draws + i) * kLanes] =
          work_->waited_outcomes[i].waited;
    }
  } else if (work_->outcomes.size() == 1) {
    work_->outcomes.front() = Pull(banner, player_.state, words);
  } else {
    PullBatch(banner, simulation_->batch(), player_.state, words,
              absl::MakeSpan(work_->outcomes));
  }
  for (const Outcome& outcome : work_->outcomes) {
    const std::uint16_t cell = work_->cell_of.Of(outcome);
    work_->cells[block_.draws++ * kLanes] = cell;
    ++player_.draws;
    if (options_.stop_at.has_value() && options_.stop_at->IsMetBy(cell) &&
        ++player_.copies == options_.stop_at->copies()) {
      player_.met_at = player_.draws;
    }
  }
}

void StoppingRun::Exchange() {
  const Banner& banner = simulation_->banner();
  while (!IsMet() && CanExchangeSpark(banner, player_.state)) {
    // Whichever item it is, it takes the same points.
    player_.state = ExchangeSpark(banner, player_.state,
                                  banner.spec().spark->choose.front())
                        .value();
    ++player_.exchanged;
    if (++player_.copies == options_.stop_at->copies()) {
      player_.met_at = player_.draws;
    }
  }
}

bool StoppingRun::Next() {
  if (ended_) {
    if (next_ == last_) return false;
    StartPlayer();
    ended_ = false;
  }
  block_.first_draw = player_.draws;
  block_.draws = 0;
  const std::size_t batch = work_->outcomes.size();
  const ExchangeTime exchange = options_.stop_at.has_value()
                                    ? options_.stop_at->exchange()
                                    : ExchangeTime::kNever;
  const auto look = [&] {
    if (exchange == ExchangeTime::kAtOnce) Exchange();
    ended_ = IsMet() || player_.draws >= affordable_;
  };
  look();
  while (!ended_ && (block_.draws + batch) * kLanes <= work_->cells.size()) {
    DrawBatch();
    look();
  }
  if (ended_ && exchange == ExchangeTime::kAtTheEnd) Exchange();
  return true;
}

}  // namespace fairpull
