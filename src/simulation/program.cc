#include "program.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fairpull/base/status.h"
#include "fairpull/odds/alias_table.h"

namespace fairpull::internal {
namespace {

// Indices into a table are sums of products of 16 bits.
constexpr std::uint64_t kMaxTable = std::numeric_limits<std::int16_t>::max();

absl::Status CantHold(absl::string_view what) {
  return absl::UnimplementedError(what);
}

// The first rule found for which Banner::pulls_are_plain() is false.
absl::string_view WhyNotPlain(const Banner& banner) {
  const BannerSpec& spec = banner.spec();
  if (spec.box.has_value()) return "its box is drawn without replacement";
  if (spec.frozen_odds != FrozenOdds::kNo) {
    return "its odds are frozen in a batch";
  }
  if (spec.step_up.has_value()) return "its batches go step by step";
  for (const Group& group : banner.groups()) {
    if (group.remembers) return "its duplicates are protected";
  }
  for (const Milestone& milestone : banner.milestones()) {
    if (milestone.repeat) return "its milestone repeats";
  }
  for (const Rarity& rarity : banner.rarities()) {
    if (rarity.counters.featured_spent.has_value()) {
      return "its longest wait for a featured item holds once";
    }
  }
  if (!banner.wheels().one_size()) return "its wheels are of several sizes";
  return "its counters change with each batch";
}

// The inverse of an odd number modulo 2^32, by Newton's iteration.
std::uint32_t InverseOf(std::uint32_t odd) {
  std::uint32_t inverse = odd;  // right in the lowest three bits
  for (int i = 0; i < 4; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}

// A counter that steers wheels: `values` places from `first` on.
struct Digit {
  std::size_t counter = 0;
  std::uint32_t stride = 0;  // in wheels
  std::uint32_t values = 1;
};

// The wheels of a banner in terms of its tiers.
class Wheels {
 public:
  explicit Wheels(const Banner& banner) : banner_(banner) {
    const WheelTable& wheels = banner.wheels();
    for (std::size_t i = 0; i < banner.counters().size(); ++i) {
      // Counters of a batch are 0 where pulls are made one by one.
      if (banner.RowStride(i) == 0 ||
          banner.counters()[i].life == CounterLife::kBatch) {
        continue;
      }
      const int values = banner.counters()[i].cap - banner.AlikeUpTo(i) + 1;
      digits_.push_back(
          {.counter = i,
           .stride = static_cast<std::uint32_t>(banner.RowStride(i)) /
                     wheels.outcomes(),
           .values = static_cast<std::uint32_t>(values)});
    }
    for (std::uint32_t g = 0; g < wheels.outcomes(); ++g) {
      if (g == 0 ||
          banner.groups()[g].rarity != banner.groups()[g - 1].rarity) {
        first_groups_.push_back(g);
      }
    }
    first_groups_.push_back(wheels.outcomes());
    rows_ = {0};
    for (const Digit& digit : digits_) {
      const std::size_t before = rows_.size();
      for (std::uint32_t v = 1; v < digit.values; ++v) {
        for (std::size_t i = 0; i < before; ++i) {
          rows_.push_back(rows_[i] + v * digit.stride);
        }
      }
    }
  }

  [[nodiscard]] const std::vector<Digit>& digits() const { return digits_; }
  [[nodiscard]] std::size_t tiers() const { return first_groups_.size() - 1; }
  [[nodiscard]] std::uint32_t FirstGroup(std::size_t tier) const {
    return first_groups_[tier];
  }
  // Those that pulls come to.
  [[nodiscard]] const std::vector<std::uint32_t>& rows() const { return rows_; }

  [[nodiscard]] std::uint32_t DigitOf(std::uint32_t row,
                                      const Digit& digit) const {
    return row / digit.stride % digit.values;
  }
  // The weight of the groups from `first` up to `last`, without it.
  [[nodiscard]] std::uint32_t Weight(std::uint32_t row, std::uint32_t first,
                                     std::uint32_t last) const {
    const WheelTable& wheels = banner_.wheels();
    std::uint32_t weight = 0;
    for (std::uint32_t g = first; g < last; ++g) {
      weight += wheels.Weight(wheels.RowAt(row), g);
    }
    return weight;
  }
  [[nodiscard]] std::uint32_t TierWeight(std::uint32_t row,
                                         std::size_t tier) const {
    return Weight(row, first_groups_[tier], first_groups_[tier + 1]);
  }
  // What earlier tiers leave.
  [[nodiscard]] std::uint32_t Left(std::uint32_t row, std::size_t tier) const {
    return Weight(row, first_groups_[tier], first_groups_.back());
  }

 private:
  const Banner& banner_;
  std::vector<Digit> digits_;
  std::vector<std::uint32_t> first_groups_;
  std::vector<std::uint32_t> rows_;
};

// Values by some of the digits.
class Factor {
 public:
  // `value_in(row)` is the value in a wheel, or nothing where any would do.
  // Which digits it depends on is seen by changing one at a time; nothing is
  // given back if that does not explain all wheels or the table is too long.
  template <class ValueIn, class Fits>
  static std::optional<Factor> Find(const Wheels& wheels,
                                    const ValueIn& value_in, const Fits& fits) {
    Factor factor;
    std::uint64_t size = 1;
    for (const Digit& digit : wheels.digits()) {
      bool matters = false;
      for (std::uint32_t v = 1; v < digit.values && !matters; ++v) {
        matters = !fits(value_in(0), v * digit.stride);
      }
      if (!matters) continue;
      factor.digits_.push_back(digit);
      factor.strides_.push_back(static_cast<std::uint32_t>(size));
      size *= digit.values;
      if (size > kMaxTable) return std::nullopt;
    }
    factor.values_.resize(size);
    for (std::uint32_t i = 0; i < size; ++i) {
      std::uint32_t row = 0;
      for (std::size_t d = 0; d < factor.digits_.size(); ++d) {
        const Digit& digit = factor.digits_[d];
        row += i / factor.strides_[d] % digit.values * digit.stride;
      }
      factor.values_[i] = value_in(row).value_or(0);
    }
    for (const std::uint32_t row : wheels.rows()) {
      std::uint32_t i = 0;
      for (std::size_t d = 0; d < factor.digits_.size(); ++d) {
        i += wheels.DigitOf(row, factor.digits_[d]) * factor.strides_[d];
      }
      if (!fits(factor.values_[i], row)) return std::nullopt;
    }
    return factor;
  }

  [[nodiscard]] const std::vector<std::uint32_t>& values() const {
    return values_;
  }
  // The counter that they depend on alone, if it is one that has two values.
  [[nodiscard]] std::optional<std::size_t> Flag() const {
    if (digits_.size() != 1 || values_.size() != 2) return std::nullopt;
    return digits_.front().counter;
  }
  [[nodiscard]] Index ToIndex() const {
    Index index;
    if (digits_.empty()) return index;
    for (std::size_t d = 0; d < digits_.size(); ++d) {
      const std::size_t counter = digits_[d].counter;
      index.strides[counter / 2] |= strides_[d] << (counter % 2 * 16);
    }
    index.pair = digits_.front().counter / 2;
    index.kind = digits_.size() > 1                 ? Index::Kind::kSum
                 : digits_.front().counter % 2 == 0 ? Index::Kind::kLow
                                                    : Index::Kind::kHigh;
    return index;
  }

 private:
  std::vector<Digit> digits_;
  std::vector<std::uint32_t> strides_;
  std::vector<std::uint32_t> values_;
};

Shape ShapeOf(const Program& program) {
  if (program.tiers.size() != 3 || program.pairs != 2 ||
      program.groups > kFewGroups || !program.tiers[2].edges.empty()) {
    return Shape::kAny;
  }
  constexpr std::size_t kCurves[] = {32, kShortCurve};
  bool at_half = true;
  for (std::size_t t = 0; t < 2; ++t) {
    const Tier& tier = program.tiers[t];
    if (tier.index.kind != Index::Kind::kLow || tier.index.pair != t ||
        tier.weight.size > kCurves[t] || program.steps[t].goes_back) {
      return Shape::kAny;
    }
    for (const Edge& edge : tier.edges) {
      if (edge.guarantee == 0 || edge.index.pair != t) return Shape::kAny;
      at_half = at_half && edge.factor_without == 1;
    }
  }
  return at_half ? Shape::kTwoPitiesAtHalf : Shape::kTwoPities;
}

class ProgramMaker {
 public:
  explicit ProgramMaker(const Banner& banner)
      : banner_(banner), wheels_(banner) {}

  absl::StatusOr<Program> Run() {
    FAIRPULL_RETURN_IF_ERROR(MakeFirstWord());
    for (std::size_t i = 0; i < wheels_.tiers(); ++i) {
      FAIRPULL_RETURN_IF_ERROR(MakeTier(i));
    }
    FAIRPULL_RETURN_IF_ERROR(MakeSteps());
    MakeTally();
    FAIRPULL_RETURN_IF_ERROR(MakeItems());
    if (program_.tiers.size() > kMaxTiers) {
      return CantHold(absl::StrCat("it has ", program_.tiers.size(),
                                   " rarities; up to ", kMaxTiers, " fit"));
    }
    program_.shape = ShapeOf(program_);
    return std::move(program_);
  }

 private:
  Table Add(absl::Span<const std::uint32_t> values) {
    const Table table{
        .first = static_cast<std::uint32_t>(program_.words.size()),
        .size = static_cast<std::uint32_t>(values.size())};
    program_.words.insert(program_.words.end(), values.begin(), values.end());
    constexpr std::size_t kPad = 16;
    program_.words.resize((program_.words.size() + kPad - 1) / kPad * kPad);
    return table;
  }

  absl::Status MakeFirstWord() {
    if (!banner_.pulls_are_plain()) {
      return CantHold(
          absl::StrCat("a pull is more than one draw: ", WhyNotPlain(banner_)));
    }
    const WheelTable& wheels = banner_.wheels();
    const std::uint64_t size = wheels.size(0);
    scale_ = (std::uint64_t{1} << 32) / size;
    if (std::has_single_bit(size)) {
      return CantHold(absl::StrCat(
          "the wheel has ", size,
          " parts, a power of two, which need all 2^32 words and one more"));
    }
    program_.full_words = static_cast<std::uint32_t>(size * scale_);
    program_.last_word = program_.full_words - 1;
    program_.groups = wheels.outcomes();
    return absl::OkStatus();
  }

  [[nodiscard]] std::uint32_t ToWords(std::uint64_t weight) const {
    return static_cast<std::uint32_t>(weight * scale_);
  }

  absl::Status MakeTier(std::size_t index) {
    Tier tier;
    if (index + 1 < wheels_.tiers()) {
      const std::optional<Factor> weight = Factor::Find(
          wheels_,
          [&](std::uint32_t row) {
            return std::optional(wheels_.TierWeight(row, index));
          },
          [&](std::optional<std::uint32_t> value, std::uint32_t row) {
            return wheels_.TierWeight(row, index) ==
                   std::min(*value, wheels_.Left(row, index));
          });
      if (!weight.has_value()) return CantFactor(index);
      std::vector<std::uint32_t> words;
      for (const std::uint32_t value : weight->values()) {
        words.push_back(ToWords(value));
      }
      tier.weight = Add(words);
      tier.index = weight->ToIndex();
    }
    FAIRPULL_RETURN_IF_ERROR(MakeSplit(index, tier));
    program_.tiers.push_back(std::move(tier));
    return absl::OkStatus();
  }

  absl::Status CantFactor(std::size_t tier) const {
    const std::size_t rarity =
        banner_.groups()[wheels_.FirstGroup(tier)].rarity;
    return CantHold(absl::StrCat(
        "the odds of rarity \"", banner_.rarities()[rarity].id,
        "\" depend on more counters at once than a table has room for"));
  }

  // Every part of a tier is a multiple of one in banner.shares(); which one, is
  // a function of the rate-up's counters. Dividing exactly is multiplying by
  // the inverse of the odd factor.
  absl::Status MakeSplit(std::size_t index, Tier& tier) {
    const std::uint32_t first = wheels_.FirstGroup(index);
    const std::uint32_t last = wheels_.FirstGroup(index + 1);
    const std::uint32_t shares = banner_.shares();
    tier.shift = static_cast<std::uint32_t>(std::countr_zero(shares));
    const std::uint32_t inverse = InverseOf(shares >> tier.shift);
    // One list of digits for all edges: the parts up to each, side by side.
    const auto part_in = [&](std::uint32_t row, std::uint32_t edge) {
      const std::uint64_t weight = wheels_.TierWeight(row, index);
      return weight == 0 ? std::optional<std::uint32_t>()
                         : std::optional(static_cast<std::uint32_t>(
                               std::uint64_t{wheels_.Weight(row, first, edge)} *
                               shares / weight));
    };
    for (std::uint32_t edge = first + 1; edge < last; ++edge) {
      const std::optional<Factor> parts = Factor::Find(
          wheels_, [&](std::uint32_t row) { return part_in(row, edge); },
          [&](std::optional<std::uint32_t> value, std::uint32_t row) {
            const std::uint64_t weight = wheels_.TierWeight(row, index);
            return weight == 0 ||
                   (value.has_value() && weight % shares == 0 &&
                    weight * *value ==
                        std::uint64_t{wheels_.Weight(row, first, edge)} *
                            shares);
          });
      if (!parts.has_value()) return CantFactor(index);
      std::vector<std::uint32_t> factors;
      for (const std::uint32_t part : parts->values()) {
        factors.push_back(part * inverse);
      }
      Edge made{.factor = Add(factors), .index = parts->ToIndex()};
      const std::optional<std::size_t> flag = parts->Flag();
      if (flag.has_value() && banner_.AlikeUpTo(*flag) == 0 &&
          parts->values()[1] == shares) {
        made.guarantee = Pair{1} << (*flag % 2 * 16);
        made.factor_without = factors[0];
      }
      tier.edges.push_back(made);
    }
    return absl::OkStatus();
  }

  absl::Status MakeSteps() {
    const std::size_t counters = banner_.counters().size();
    program_.pairs = std::max<std::size_t>(1, (counters + 1) / 2);
    LaneArray start{};
    for (std::size_t i = 0; i < counters; ++i) start[i] = banner_.AlikeUpTo(i);
    const std::vector<Group>& groups = banner_.groups();
    for (const Group& group : groups) {
      if (group.step.cap != groups.front().step.cap) {
        return CantHold(
            "its counters have caps that differ from group to group");
      }
    }
    for (std::size_t pair = 0; pair < program_.pairs; ++pair) {
      program_.start[pair] = PairOf(start, pair);
      PairStep& step = program_.steps[pair];
      step.cap = PairOf(groups.front().step.cap, pair);
      std::vector<std::uint32_t> back;
      std::vector<std::uint32_t> keep;
      std::vector<std::uint32_t> add;
      for (const Group& group : groups) {
        back.push_back(PairOf(group.step.back, pair));
        keep.push_back(PairOf(group.step.keep, pair));
        add.push_back(PairOf(group.step.add, pair));
      }
      step.goes_back =
          std::any_of(back.begin(), back.end(), [](auto b) { return b != 0; });
      step.back = Add(back);
      step.keep = Add(keep);
      step.add = Add(add);
    }
    return absl::OkStatus();
  }

  void MakeTally() {
    if (program_.groups > kMaxCounted) return;
    const std::uint32_t counted = std::max(program_.groups, 2u) - 1;
    program_.tally_bits = std::min(32u / counted, 16u);
    std::vector<std::uint32_t> tally(program_.groups);
    for (std::uint32_t g = 0; g + 1 < program_.groups; ++g) {
      tally[g] = 1u << (g * program_.tally_bits);
    }
    program_.tally = Add(tally);
  }

  absl::Status MakeItems() {
    std::vector<std::uint32_t> last_words;
    std::vector<std::uint32_t> columns;
    std::vector<std::uint32_t> column_words;
    std::vector<std::uint32_t> first_column;
    std::vector<std::uint32_t> cuts;
    std::vector<std::uint32_t> own_and_alias;
    for (const Group& group : banner_.groups()) {
      std::vector<std::uint32_t> weights;
      for (const std::uint16_t i : group.items) {
        weights.push_back(banner_.items()[i].weight);
      }
      FAIRPULL_ASSIGN_OR_RETURN(
          const AliasColumns built,
          BuildAliasColumns(weights, AliasTable::kMaxSize));
      const auto count = static_cast<std::uint32_t>(built.columns.size());
      // What the kernel's division needs: see ColumnsOf there.
      if (std::uint64_t{count} * built.wheel_size >= std::uint64_t{1} << 30) {
        return CantHold(absl::StrCat("a pool of ", count,
                                     " items needs a wheel of ",
                                     built.wheel_size, " parts"));
      }
      const std::uint64_t scale = (std::uint64_t{1} << 32) / built.wheel_size;
      const std::uint64_t width = built.wheel_size / count;
      const auto first = static_cast<std::uint32_t>(cuts.size());
      last_words.push_back(
          static_cast<std::uint32_t>(scale * built.wheel_size - 1));
      columns.push_back(count);
      column_words.push_back(static_cast<std::uint32_t>(scale * width - 1));
      first_column.push_back(first);
      for (std::uint32_t i = 0; i < count; ++i) {
        const AliasColumn& column = built.columns[i];
        // A column that is all alias is one that is all its own.
        const bool whole = column.cut == width || column.cut == 0;
        const std::uint32_t own = column.cut == 0 ? column.alias : i;
        program_.weighted = program_.weighted || !whole || own != i;
        cuts.push_back(static_cast<std::uint32_t>(
            scale * (whole ? width : column.cut) - 1));
        own_and_alias.push_back((first + own) | (first + column.alias) << 16);
      }
    }
    if (cuts.size() > kMaxCells) {
      return CantHold(absl::StrCat("its pools hold ", cuts.size(),
                                   " items together; up to ", kMaxCells,
                                   " fit"));
    }
    program_.least_last_item_word =
        *std::min_element(last_words.begin(), last_words.end());
    program_.last_item_word = Add(last_words);
    program_.columns = Add(columns);
    program_.last_in_column = Add(column_words);
    program_.first_column = Add(first_column);
    program_.last_own = Add(cuts);
    program_.own_and_alias = Add(own_and_alias);
    return absl::OkStatus();
  }

  const Banner& banner_;
  Wheels wheels_;
  std::uint64_t scale_ = 1;
  Program program_;
};

}  // namespace

absl::StatusOr<Program> MakeProgram(const Banner& banner) {
  return ProgramMaker(banner).Run();
}

}  // namespace fairpull::internal
