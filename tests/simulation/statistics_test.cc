// Simulated frequencies against the exact analysis: two programs that share the
// banner and nothing else.
//
// FAIRPULL_TEST_PULLS sets how many pulls each banner makes, 2,000,000 unless
// it is set; 1e9 takes some minutes.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <regex>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "banner/files.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/analysis/pulls_to.h"
#include "fairpull/simulation/simulation.h"
#include "fairpull/simulation/stopping.h"

namespace fairpull {
namespace {

double PullsOfEachBanner() {
  double pulls = 2e6;
  if (const char* text = std::getenv("FAIRPULL_TEST_PULLS")) {
    EXPECT_TRUE(absl::SimpleAtod(text, &pulls) && pulls >= 1)
        << "FAIRPULL_TEST_PULLS is \"" << text << "\"; it must be a number";
  }
  return pulls;
}

// How many standard deviations of a normal variable are as rare as this
// chi-square (Wilson and Hilferty, 1931): within 0.1 at the far end used here.
double Deviations(double chi_square, double freedom) {
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(chi_square / freedom) - (1 - spread)) / std::sqrt(spread);
}

struct Fit {
  double chi_square = 0;
  double freedom = -1;

  // A bin of `seen` where `expected` were.
  void Add(double seen, double expected) {
    chi_square += (seen - expected) * (seen - expected) / expected;
    freedom += 1;
  }
};

// Counts against probabilities, entry by entry; entries next to each other are
// put together until 25 are expected.
Fit FitOf(const std::vector<std::uint64_t>& counts,
          const std::vector<double>& odds, double total) {
  Fit fit;
  double seen = 0;
  double expected = 0;
  double seen_before = 0;
  double expected_before = 0;
  for (std::size_t i = 0; i < std::max(counts.size(), odds.size()); ++i) {
    seen += i < counts.size() ? static_cast<double>(counts[i]) : 0;
    expected += i < odds.size() ? odds[i] * total : 0;
    if (expected < 25) continue;
    fit.Add(seen, expected);
    seen_before += seen;
    expected_before += expected;
    seen = expected = 0;
  }
  // What is left over, with those who did not get there.
  seen = total - seen_before;
  expected = total - expected_before;
  if (expected >= 5) fit.Add(seen, expected);
  return fit;
}

// Entry n: how many players met the goal with their n-th draw. Whoever met it
// draws on, as in vectors all do.
std::vector<std::uint64_t> PullsToMeet(const Simulation& simulation,
                                       const StopAt& stop, std::size_t most) {
  std::vector<std::uint64_t> met_at(std::max<std::size_t>(
      most, static_cast<std::size_t>(simulation.draws()) + 1));
  std::array<std::uint64_t, kLanes> copies{};
  for (std::uint64_t c = 0; c < simulation.chunks(); ++c) {
    ChunkRun run(simulation, c);
    while (run.Next()) {
      const CellBlock& block = run.block();
      if (block.first_draw == 0) copies.fill(0);
      for (std::size_t n = 0; n < block.draws; ++n) {
        for (std::size_t p = 0; p < block.players; ++p) {
          if (stop.IsMetBy(block.cells[n * kLanes + p]) &&
              ++copies[p] == stop.copies()) {
            ++met_at[block.first_draw + n + 1];
          }
        }
      }
    }
  }
  return met_at;
}

class StatisticsTest : public ::testing::TestWithParam<std::string> {};

// Without the draws that a milestone gives: the analysis counts them, and here
// players make those alone that they pay for.
Banner LoadWithoutGivenDraws(const std::string& name) {
  const std::string file = name + ".json";
  std::string text = testing::ReadFile(testing::ShippedFolder() / file);
  for (const char* pattern : {R"( *"milestones": \[\{[^\n]*"draws"[^\n]*\n)",
                              R"(,\n *"milestone:1": \{[^\n]*\})"}) {
    text = std::regex_replace(text, std::regex(pattern), "");
  }
  return Banner::FromJson(text, file).value();
}

TEST_P(StatisticsTest, PullsToAHitAreAsTheAnalysisSays) {
  const Banner banner = LoadWithoutGivenDraws(GetParam());
  for (const Milestone& milestone : banner.milestones()) {
    ASSERT_FALSE(std::holds_alternative<DrawsGift>(milestone.gives));
  }
  int goals = 0;
  for (const Rarity& rarity : banner.rarities()) {
    for (const std::string kind : {"rarity:", "featured:"}) {
      const absl::StatusOr<Goal> goal = Goal::Parse(banner, kind + rarity.id);
      // Only draws meet a goal here, exchanges are left aside.
      if (!goal.ok() || goal->IsExchangeable(banner)) continue;
      std::uint32_t batch = banner.spec().batches.front().size;
      for (const BatchSpec& sold : banner.spec().batches) {
        batch = std::min(batch, sold.size);
      }
      const auto exact = PullsTo(banner, *goal, {.copies = 2, .batch = batch});
      ASSERT_TRUE(exact.ok()) << exact.status();
      std::vector<double> pmf(exact->pmf().begin(), exact->pmf().end());
      // Each player has pulls for nearly all of the distribution.
      std::uint64_t pulls = 1;
      for (double left = 1; pulls < pmf.size() && left > 1e-3; ++pulls) {
        left -= pmf[pulls];
      }
      pulls = (pulls + batch - 1) / batch * batch;
      const auto players =
          static_cast<std::uint64_t>(PullsOfEachBanner() /
                                     static_cast<double>(pulls)) +
          1;
      const Simulation simulation =
          Simulation::Make(banner, {.seed = 1931,
                                    .players = players,
                                    .pulls = pulls,
                                    .batch = batch})
              .value();
      const StopAt stop = StopAt::Parse(simulation, goal->text(), 2).value();
      const std::vector<std::uint64_t> met_at =
          PullsToMeet(simulation, stop, pmf.size());
      pmf.resize(std::min<std::size_t>(pmf.size(), pulls + 1));
      const Fit fit = FitOf(met_at, pmf, static_cast<double>(players));
      if (fit.freedom < 1) continue;
      ++goals;
      // Odds of a false alarm: 1e-10 for each of some hundred goals.
      EXPECT_LT(Deviations(fit.chi_square, fit.freedom), 6.5)
          << goal->text() << ": chi-square " << fit.chi_square << " with "
          << fit.freedom << " degrees of freedom, " << players << " players";
    }
  }
  EXPECT_GT(goals, 0);
}

INSTANTIATE_TEST_SUITE_P(AllBanners, StatisticsTest,
                         ::testing::ValuesIn(testing::ShippedNames()),
                         [](const auto& banner) {
                           std::string name = banner.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace fairpull
