// Weighted choice among many items with one word and one comparison (Walker's
// alias method, Vose's construction), exact because all of it is integers.
//
// With n items whose reduced weights sum to S, the table has n columns and the
// wheel W = lcm(n, S): r in [0, W) falls in column r / (W/n); below the
// column's cut it is the column's own item, above it the column's alias. With
// equal weights every column is one wide and r is the index of the item.
// Columns are filled in order of index, which makes the table, and so every
// draw, a frozen function of the weights.
//
//   FAIRPULL_ASSIGN_OR_RETURN(AliasTable table, AliasTable::Make({1, 1, 2}));
//   std::uint32_t index = table.Pick(bits);

#ifndef FAIRPULL_ODDS_ALIAS_TABLE_H_
#define FAIRPULL_ODDS_ALIAS_TABLE_H_

#include <concepts>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fairpull/random/uniform.h"

namespace fairpull {

// A column of a table, before words come in: `cut` of the W/n places belong to
// the column's own item, the others to `alias`.
struct AliasColumn {
  std::uint32_t cut = 0;
  std::uint32_t alias = 0;
};

struct AliasColumns {
  std::uint32_t wheel_size = 1;  // W
  std::vector<AliasColumn> columns;
};

// The columns for these weights. InvalidArgument if there are none, if all are
// 0, or if W would pass `max_wheel_size`.
[[nodiscard]] absl::StatusOr<AliasColumns> BuildAliasColumns(
    absl::Span<const std::uint32_t> weights, std::uint32_t max_wheel_size);

// Immutable; safe to share between threads.
template <std::unsigned_integral Word>
class BasicAliasTable {
 public:
  // 2^24 for words of 32 bits, and so that few words are rejected for others.
  static constexpr std::uint32_t kMaxSize = std::uint32_t{1}
                                            << (6 * sizeof(Word));

  // One item, certain.
  BasicAliasTable()
      : BasicAliasTable(
            AliasColumns{.wheel_size = 1, .columns = {{.cut = 1, .alias = 0}}},
            {}) {}

  // The table for these weights, or InvalidArgument as above. A pick gives the
  // item's index, or `labels[index]` if there are labels, one for each weight.
  [[nodiscard]] static absl::StatusOr<BasicAliasTable> Make(
      absl::Span<const std::uint32_t> weights,
      absl::Span<const std::uint16_t> labels = {}) {
    absl::StatusOr<AliasColumns> built = BuildAliasColumns(weights, kMaxSize);
    if (!built.ok()) return built.status();
    return BasicAliasTable(*built, labels);
  }

  // The item that the next accepted word of `bits` stands for.
  template <BitSource Bits>
  [[nodiscard]] std::uint32_t Pick(Bits& bits) const {
    return At(uniform_.Accept(bits));
  }

  // The item that an accepted word stands for.
  [[nodiscard]] std::uint32_t At(Word accepted) const {
    const auto column = static_cast<std::uint32_t>(
        absl::Uint128High64(absl::uint128(reciprocal_) * accepted));
    const std::uint64_t place = accepted - column * column_words_;
    const Entry& entry = entries_[column];
    return entry.item[place < entry.cut_words ? 0 : 1];
  }

  [[nodiscard]] bool IsAccepted(Word word) const {
    return uniform_.IsAccepted(word);
  }

  // W, and the number of items.
  [[nodiscard]] std::uint32_t wheel_size() const { return size_; }
  [[nodiscard]] std::uint32_t items() const {
    return static_cast<std::uint32_t>(entries_.size());
  }

 private:
  struct Entry {
    std::uint64_t cut_words;
    std::uint32_t item[2];  // the column's own, its alias
  };

  BasicAliasTable(const AliasColumns& built,
                  absl::Span<const std::uint16_t> labels)
      : uniform_(built.wheel_size),
        size_(built.wheel_size),
        column_words_(uniform_.scale() *
                      (built.wheel_size / built.columns.size())),
        // Division by an invariant: the quotient is exact for every 32-bit
        // word (Lemire, Kaser and Kurz, "Faster remainder by direct
        // computation", 2019, theorem 1).
        reciprocal_(~std::uint64_t{0} / column_words_ + 1) {
    for (std::uint32_t i = 0; i < built.columns.size(); ++i) {
      const AliasColumn& column = built.columns[i];
      Entry entry{uniform_.Threshold(column.cut), {i, column.alias}};
      if (!labels.empty()) {
        for (std::uint32_t& item : entry.item) item = labels[item];
      }
      entries_.push_back(entry);
    }
  }

  Uniform<Word> uniform_;
  std::uint32_t size_;
  std::uint64_t column_words_;
  std::uint64_t reciprocal_;
  std::vector<Entry> entries_;
};

using AliasTable = BasicAliasTable<std::uint32_t>;

}  // namespace fairpull

#endif  // FAIRPULL_ODDS_ALIAS_TABLE_H_
