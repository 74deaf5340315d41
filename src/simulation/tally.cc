#include "fairpull/simulation/tally.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fairpull/analysis/goal.h"
#include "fairpull/base/status.h"
#include "kernel.h"

namespace fairpull {
namespace {

// Up to so many kinds of cells vectors count each kind in turn; up to so many,
// pairs are counted.
constexpr std::size_t kFewKinds = 8;
constexpr std::size_t kMaxPaired = 128;

// Counts one more draw or wait of this length.
void CountAt(std::vector<std::uint64_t>& counts, std::uint64_t length) {
  const auto place = static_cast<std::size_t>(
      std::min<std::uint64_t>(length, Tally::kMaxWait));
  if (counts.size() <= place) counts.resize(place + 1);
  ++counts[place];
}

void AddTo(std::vector<std::uint64_t>& sum,
           const std::vector<std::uint64_t>& other) {
  if (sum.size() < other.size()) sum.resize(other.size());
  for (std::size_t i = 0; i < other.size(); ++i) sum[i] += other[i];
}

}  // namespace

absl::StatusOr<StopAt> StopAt::Parse(const Simulation& simulation,
                                     absl::string_view goal,
                                     std::uint64_t copies) {
  FAIRPULL_ASSIGN_OR_RETURN(const Goal parsed,
                            Goal::Parse(simulation.banner(), goal));
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
  StopAt stop;
  stop.copies_ = copies;
  for (const Cell& cell : simulation.cells()) {
    const bool met =
        by_item ? cell.item == parsed.items().front()
                : cell.rarity == parsed.rarity() &&
                      (cell.featured || parsed.kind() == Goal::Kind::kRarity);
    stop.met_by_.push_back(met);
  }
  return stop;
}

Tally::Tally(const Simulation& simulation, TallyOptions options)
    : meaning_(simulation.cells()),
      rarity_count_(simulation.banner().rarities().size()),
      item_count_(simulation.options().cells == CellKind::kItem
                      ? simulation.banner().items().size()
                      : 0),
      draws_each_(simulation.draws()),
      options_(std::move(options)),
      cells_(meaning_.size()) {
  if (meaning_.size() > kFewKinds && meaning_.size() <= kMaxPaired) {
    pairs_.resize(kMaxPaired * kMaxPaired);
  }
  if (options_.waits) {
    waits_.resize(rarity_count_);
    last_hit_.resize(rarity_count_);
  }
}

void Tally::Add(const CellBlock& block) {
  const bool all_alike = !options_.waits && !options_.stop_at.has_value() &&
                         block.players == kLanes;
  if (all_alike && meaning_.size() <= kFewKinds) {
    draws_ += block.draws * kLanes;
    return internal::CountCells(block.cells, block.draws * kLanes,
                                meaning_.size(), cells_.data());
  }
  if (all_alike && !pairs_.empty()) return AddPairs(block);
  AddOneByOne(block);
}

void Tally::AddPairs(const CellBlock& block) {
  const std::size_t size = block.draws * kLanes;
  draws_ += size;
  paired_ += size;
  if (paired_ > std::numeric_limits<std::uint32_t>::max()) {
    FoldPairs();
    paired_ = size;
  }
  static_assert(kMaxPaired == 1 << 7);
  for (std::size_t i = 0; i < size; i += 4) {
    std::uint64_t four;
    std::memcpy(&four, block.cells + i, sizeof(four));
    // Cells have seven bits of sixteen: the second goes beside the first.
    four |= four >> 9;
    ++pairs_[four & 0x3fff];
    ++pairs_[four >> 32 & 0x3fff];
  }
}

void Tally::FoldPairs() {
  cells_ = cells();
  std::fill(pairs_.begin(), pairs_.end(), 0u);
}

void Tally::AddOneByOne(const CellBlock& block) {
  if (block.first_draw == 0) {
    met_.fill(0);
    for (auto& last : last_hit_) last.fill(0);
  }
  const StopAt* const stop =
      options_.stop_at.has_value() ? &*options_.stop_at : nullptr;
  const bool ends = block.first_draw + block.draws == draws_each_;
  for (std::size_t player = 0; player < block.players; ++player) {
    for (std::size_t n = 0; n < block.draws; ++n) {
      if (stop != nullptr && met_[player] == stop->copies()) break;
      const std::uint16_t cell = block.cells[n * kLanes + player];
      const std::uint64_t draw = block.first_draw + n + 1;
      ++cells_[cell];
      ++draws_;
      if (options_.waits) {
        const std::size_t rarity = meaning_[cell].rarity;
        std::uint64_t& last = last_hit_[rarity][player];
        CountAt(waits_[rarity], draw - last);
        last = draw;
      }
      if (stop != nullptr && stop->IsMetBy(cell) &&
          ++met_[player] == stop->copies()) {
        CountAt(draws_to_goal_, draw);
      }
    }
    if (ends && stop != nullptr && met_[player] < stop->copies()) ++not_met_;
  }
}

void Tally::Merge(const Tally& other) {
  draws_ += other.draws_;
  AddTo(cells_, other.cells());
  for (std::size_t i = 0; i < waits_.size(); ++i) {
    AddTo(waits_[i], other.waits_[i]);
  }
  AddTo(draws_to_goal_, other.draws_to_goal_);
  not_met_ += other.not_met_;
}

std::vector<std::uint64_t> Tally::cells() const {
  std::vector<std::uint64_t> counts = cells_;
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    if (pairs_[i] == 0) continue;
    counts[i % kMaxPaired] += pairs_[i];
    counts[i / kMaxPaired] += pairs_[i];
  }
  return counts;
}

template <class Place>
std::vector<std::uint64_t> Tally::CountsBy(std::size_t size,
                                           const Place& place) const {
  const std::vector<std::uint64_t> counts = cells();
  std::vector<std::uint64_t> sums(size);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (const std::optional<std::size_t> to = place(meaning_[i])) {
      sums[*to] += counts[i];
    }
  }
  return sums;
}

std::vector<std::uint64_t> Tally::rarities() const {
  return CountsBy(rarity_count_, [](const Cell& cell) {
    return std::optional<std::size_t>(cell.rarity);
  });
}

std::vector<std::uint64_t> Tally::featured() const {
  return CountsBy(rarity_count_, [](const Cell& cell) {
    return cell.featured ? std::optional<std::size_t>(cell.rarity)
                         : std::nullopt;
  });
}

std::vector<std::uint64_t> Tally::items() const {
  return CountsBy(item_count_, [this](const Cell& cell) {
    return item_count_ != 0 ? std::optional<std::size_t>(cell.item)
                            : std::nullopt;
  });
}

}  // namespace fairpull
