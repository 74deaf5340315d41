// The kernel at the edges of wheels, where one word more is another outcome:
// words that chance would give once in years are made by hand.

#include "simulation/kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "banner/files.h"
#include "fairpull/engine/pull.h"
#include "fairpull/random/pcg_source.h"
#include "simulation/states.h"
#include "simulation/vectors.h"

namespace fairpull::internal {
namespace {

// A generator whose next two words are these.
LaneWords::State StateBefore(std::uint32_t first, std::uint32_t second,
                             std::uint32_t any) {
  const std::uint32_t s0 = std::rotr(second, 18);
  const std::uint32_t s3 = std::rotr(first - s0, 7) - s0;
  return {s0, s0 ^ s3, any, s3};
}

class EdgeMaker {
 public:
  explicit EdgeMaker(const Banner& banner) : banner_(banner) {}

  // A word next to an edge of the state's wheel: the last one below or the
  // first one above it.
  std::uint32_t FirstWord(const PityState& state) {
    const WheelTable& wheels = banner_.wheels();
    const std::uint32_t row = banner_.Row(state.value);
    const Uniform<std::uint32_t> wheel(wheels.size(row));
    std::uint32_t part = 0;
    for (std::uint32_t g = Below(wheels.outcomes() + 1); g-- > 0;) {
      part += wheels.Weight(row, g);
    }
    return static_cast<std::uint32_t>(wheel.Threshold(part)) - Below(2);
  }

  // One next to the edge of a part of some group's wheel of items.
  std::uint32_t SecondWord() {
    const std::vector<Group>& groups = banner_.groups();
    const AliasTable& table =
        groups[Below(static_cast<std::uint32_t>(groups.size()))].table;
    const Uniform<std::uint32_t> wheel(table.wheel_size());
    const std::uint32_t part = Below(table.wheel_size() + 1);
    return static_cast<std::uint32_t>(wheel.Threshold(part)) - Below(2);
  }

  std::uint32_t Any() { return bits_.Next(); }

 private:
  std::uint32_t Below(std::uint32_t bound) {
    const Uniform<std::uint32_t> range(bound);
    return range.Value(range.Accept(bits_));
  }

  const Banner& banner_;
  PcgSource bits_ = PcgSource::Seeded(64);
};

// How many of 64 pulls from crafted words differ from those of Pull.
int Differences(const Banner& banner, const Program& program,
                const std::vector<PityState>& starts, EdgeMaker& edges) {
  LaneBlock block{};
  std::vector<LaneWords> words;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    words.emplace_back(StateBefore(edges.FirstWord(starts[lane]),
                                   edges.SecondWord(), edges.Any()));
    for (std::size_t s = 0; s < 4; ++s) {
      block.words[s][lane] = words.back().state()[s];
    }
    for (std::size_t pair = 0; pair < kMaxPairs; ++pair) {
      block.counters[pair][lane] = PairOf(starts[lane].value, pair);
    }
  }
  std::vector<std::uint16_t> cells(kLanes);
  RunKernel(program, CellKind::kItem, 1, block, cells.data(), nullptr);
  int differences = 0;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    PityState state = starts[lane];
    const Outcome outcome = Pull(banner, state, words[lane]);
    std::size_t cell = 0;
    for (std::size_t g = 0; g < outcome.group; ++g) {
      cell += banner.groups()[g].items.size();
    }
    const std::vector<std::uint16_t>& items =
        banner.groups()[outcome.group].items;
    cell += static_cast<std::size_t>(
        std::find(items.begin(), items.end(), outcome.item) - items.begin());
    differences += cells[lane] == cell ? 0 : 1;
    for (std::size_t s = 0; s < 4; ++s) {
      differences += block.words[s][lane] == words[lane].state()[s] ? 0 : 1;
    }
    for (std::size_t pair = 0; pair < program.pairs; ++pair) {
      differences +=
          block.counters[pair][lane] == PairOf(state.value, pair) ? 0 : 1;
    }
  }
  return differences;
}

TEST(KernelTest, MakesTheWordsThatAreAskedFor) {
  LaneWords words(StateBefore(123, 456, 789));
  EXPECT_EQ(words.Next(), 123u);
  EXPECT_EQ(words.Next(), 456u);
}

// Bit for bit the same, but faster: a banner that loses its shape should be
// noticed.
TEST(KernelTest, KnowsTheShapesOfShippedBanners) {
  const auto shape_of = [](const std::string& name) {
    return MakeProgram(testing::LoadShipped(name)).value().shape;
  };
  EXPECT_EQ(shape_of("genshin-character"), Shape::kTwoPitiesAtHalf);
  EXPECT_EQ(shape_of("wuwa-character"), Shape::kTwoPitiesAtHalf);
  EXPECT_EQ(shape_of("hsr-lightcone"), Shape::kTwoPities);
  EXPECT_EQ(shape_of("zzz-agent"), Shape::kTwoPities);
  EXPECT_EQ(shape_of("genshin-weapon-path1"), Shape::kAny);
  EXPECT_EQ(shape_of("arknights-standard"), Shape::kAny);
}

TEST(KernelTest, PicksAsPullDoesOnBothSidesOfEachEdge) {
  int programs = 0;
  for (const std::string& name : testing::ShippedNames()) {
    const Banner banner = testing::LoadShipped(name);
    const absl::StatusOr<Program> program = MakeProgram(banner);
    if (!program.ok()) continue;
    ++programs;
    for (const std::int64_t target : testing::Vectors()) {
      const testing::OnlyVectors only(target);
      EdgeMaker edges(banner);
      int differences = 0;
      for (std::size_t round = 0; round < 200; ++round) {
        differences +=
            Differences(banner, *program,
                        testing::RandomStates(banner, kLanes, round), edges);
      }
      EXPECT_EQ(differences, 0) << name << " on " << hwy::TargetName(target);
    }
  }
  EXPECT_GT(programs, 10);
}

}  // namespace
}  // namespace fairpull::internal
