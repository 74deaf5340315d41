#include "fairpull/simulation/tally.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace fairpull {
namespace {

// Up to so many kinds of cells, pairs are counted.
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

Tally::Tally(const Simulation& simulation)
    : meaning_(simulation.cells()),
      rarity_count_(simulation.banner().rarities().size()),
      item_count_(simulation.options().cells == CellKind::kItem
                      ? simulation.banner().items().size()
                      : 0),
      cells_(meaning_.size()) {
  if (simulation.options().waits) {
    waits_.resize(rarity_count_);
    pity_at_hit_.resize(rarity_count_);
    last_hit_.resize(rarity_count_);
  }
}

void Tally::Add(const CellBlock& block) {
  const bool all_alike = waits_.empty() && block.players == kLanes;
  if (all_alike && block.counts != nullptr) {
    draws_ += block.draws * kLanes;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      cells_[i] += block.counts[i];
    }
    return;
  }
  if (all_alike && meaning_.size() <= kMaxPaired) return AddPairs(block);
  AddOneByOne(block);
}

void Tally::AddPairs(const CellBlock& block) {
  pairs_.resize(kMaxPaired * kMaxPaired);
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
    for (auto& last : last_hit_) last.fill(0);
  }
  draws_ += block.draws * block.players;
  for (std::size_t player = 0; player < block.players; ++player) {
    for (std::size_t n = 0; n < block.draws; ++n) {
      const std::size_t place = n * kLanes + player;
      const std::uint16_t cell = block.cells[place];
      ++cells_[cell];
      if (waits_.empty()) continue;
      const std::uint64_t draw = block.first_draw + n + 1;
      const std::size_t rarity = meaning_[cell].rarity;
      std::uint64_t& last = last_hit_[rarity][player];
      CountAt(waits_[rarity], draw - last);
      last = draw;
      if (const std::uint16_t waited = block.waited[place]; waited != 0) {
        CountAt(pity_at_hit_[rarity], waited);
      }
    }
  }
}

void Tally::AddEnd(const PlayerEnd& end) {
  exchanged_ += end.exchanged;
  if (end.met_at.has_value()) {
    CountAt(draws_to_goal_, *end.met_at);
  } else {
    ++not_met_;
  }
}

void Tally::Merge(const Tally& other) {
  draws_ += other.draws_;
  AddTo(cells_, other.cells());
  for (std::size_t i = 0; i < waits_.size(); ++i) {
    AddTo(waits_[i], other.waits_[i]);
    AddTo(pity_at_hit_[i], other.pity_at_hit_[i]);
  }
  AddTo(draws_to_goal_, other.draws_to_goal_);
  not_met_ += other.not_met_;
  exchanged_ += other.exchanged_;
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
