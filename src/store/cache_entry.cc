#include "cache_entry.h"

#include <cstdint>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "row_columns.h"

namespace fairpull {
namespace {

// The form below. A new one gets a new number, so that servers of two versions
// can share a cache while one replaces the other.
constexpr absl::string_view kForm = "1";

// Columns one after the other, each with its length before it: "3:abc".
class ColumnWriter {
 public:
  void Add(absl::string_view text) {
    absl::StrAppend(&text_, text.size(), ":", text);
  }
  void Add(std::int64_t value) { Add(absl::StrCat(value)); }

  template <class Row>
  void AddRows(const std::vector<Row>& rows) {
    Add(static_cast<std::int64_t>(rows.size()));
    for (const Row& row : rows) {
      std::apply([this](const auto&... columns) { (Add(columns), ...); },
                 ColumnsOf(row));
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

// Reads them again. What can't be read is empty or 0, and ok() is false after.
class ColumnReader {
 public:
  explicit ColumnReader(absl::string_view text) : rest_(text) {}

  std::string Text() {
    const std::size_t colon = rest_.find(':');
    std::size_t length = 0;
    if (colon == absl::string_view::npos ||
        !absl::SimpleAtoi(rest_.substr(0, colon), &length) ||
        length > rest_.size() - colon - 1) {
      Fail();
      return "";
    }
    std::string text(rest_.substr(colon + 1, length));
    rest_.remove_prefix(colon + 1 + length);
    return text;
  }
  std::int64_t Int() {
    std::int64_t value = 0;
    if (!absl::SimpleAtoi(Text(), &value)) Fail();
    return value;
  }

  // Every row takes some text, so that a false count ends with the text.
  template <class Row>
  absl::Status ReadRows(absl::StatusOr<Row> (*read)(ColumnReader&),
                        std::vector<Row>& rows) {
    const std::int64_t count = Int();
    for (std::int64_t i = 0; i < count && ok_; ++i) {
      FAIRPULL_ASSIGN_OR_RETURN(Row row, read(*this));
      rows.push_back(std::move(row));
    }
    return ok_ ? absl::OkStatus() : Damaged();
  }

  // DataLoss unless everything was read, and the text is all used.
  [[nodiscard]] absl::Status End() const {
    return ok_ && rest_.empty() ? absl::OkStatus() : Damaged();
  }

 private:
  void Fail() {
    ok_ = false;
    rest_ = "";
  }
  static absl::Status Damaged() {
    return absl::DataLossError("a cached entry is not in this version's form");
  }

  absl::string_view rest_;
  bool ok_ = true;
};

template <class Key>
void AddKeys(const std::vector<Key>& keys, ColumnWriter& field) {
  field.Add(static_cast<std::int64_t>(keys.size()));
  for (const Key& key : keys) field.Add(key.value());
}

absl::Status ReadForm(ColumnReader& reader) {
  if (reader.Text() == kForm) return absl::OkStatus();
  return absl::DataLossError("a cached entry has another version's form");
}

}  // namespace

std::string FieldOfRead(const ReadSet& reads) {
  ColumnWriter field;
  AddKeys(reads.accounts, field);
  AddKeys(reads.pity, field);
  return absl::StrCat("read ", kForm, " ", field.Take());
}

std::string FieldOfHistory(int limit) {
  return absl::StrCat("history ", kForm, " ", limit);
}

std::string EncodeSnapshot(const Snapshot& snapshot) {
  ColumnWriter writer;
  writer.Add(kForm);
  writer.AddRows(snapshot.accounts);
  writer.AddRows(snapshot.pity);
  return writer.Take();
}

std::string EncodePulls(const std::vector<PullRecord>& pulls) {
  ColumnWriter writer;
  writer.Add(kForm);
  writer.AddRows(pulls);
  return writer.Take();
}

absl::StatusOr<Snapshot> DecodeSnapshot(absl::string_view text) {
  ColumnReader reader(text);
  Snapshot snapshot;
  FAIRPULL_RETURN_IF_ERROR(ReadForm(reader));
  FAIRPULL_RETURN_IF_ERROR(
      reader.ReadRows<Account>(ReadAccount, snapshot.accounts));
  FAIRPULL_RETURN_IF_ERROR(
      reader.ReadRows<PityRecord>(ReadPity, snapshot.pity));
  FAIRPULL_RETURN_IF_ERROR(reader.End());
  return snapshot;
}

absl::StatusOr<std::vector<PullRecord>> DecodePulls(absl::string_view text) {
  ColumnReader reader(text);
  std::vector<PullRecord> pulls;
  FAIRPULL_RETURN_IF_ERROR(ReadForm(reader));
  FAIRPULL_RETURN_IF_ERROR(reader.ReadRows<PullRecord>(ReadPull, pulls));
  FAIRPULL_RETURN_IF_ERROR(reader.End());
  return pulls;
}

}  // namespace fairpull
