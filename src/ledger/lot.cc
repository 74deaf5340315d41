#include "fairpull/ledger/lot.h"

#include <limits>
#include <tuple>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

// Ids, amounts and currencies hold neither of these.
constexpr char kField = ',';
constexpr char kRow = ';';

std::int64_t ExpiryOf(const Lot& lot) {
  return lot.terms.expires_at_ms.value_or(
      std::numeric_limits<std::int64_t>::max());
}

void AppendTerms(const LotTerms& terms, std::string& text) {
  absl::StrAppend(&text, static_cast<int>(terms.funding), ",");
  if (terms.expires_at_ms.has_value()) {
    absl::StrAppend(&text, *terms.expires_at_ms);
  }
  absl::StrAppend(&text, ",", terms.price, ",", terms.price_currency);
}

// Reads the fields of one row, one after the other.
class Fields {
 public:
  explicit Fields(absl::string_view row)
      : parts_(absl::StrSplit(row, kField)) {}

  [[nodiscard]] std::string Text() { return std::string(Next()); }
  [[nodiscard]] std::int64_t Int() {
    std::int64_t value = 0;
    fine_ = absl::SimpleAtoi(Next(), &value) && fine_;
    return value;
  }
  [[nodiscard]] LotTerms Terms() {
    LotTerms terms;
    const std::int64_t funding = Int();
    fine_ = fine_ && (funding == 1 || funding == 2);
    terms.funding = static_cast<Funding>(funding);
    const absl::string_view expires = Next();
    if (!expires.empty()) {
      std::int64_t at = 0;
      fine_ = absl::SimpleAtoi(expires, &at) && fine_;
      terms.expires_at_ms = at;
    }
    terms.price = Int();
    terms.price_currency = Text();
    return terms;
  }
  // Whether every field was there and could be read, and no more are left.
  [[nodiscard]] bool fine() const { return fine_ && next_ == parts_.size(); }

 private:
  absl::string_view Next() {
    if (next_ == parts_.size()) {
      fine_ = false;
      return "";
    }
    return parts_[next_++];
  }

  std::vector<absl::string_view> parts_;
  std::size_t next_ = 0;
  bool fine_ = true;
};

absl::Status Damaged(absl::string_view what, absl::string_view text) {
  return absl::DataLossError(
      absl::StrCat("\"", text, "\" are no ", what, " of a ledger row"));
}

// The rows of `text`, each read by `read`.
template <class Row, class Read>
absl::StatusOr<std::vector<Row>> ReadRows(absl::string_view text,
                                          absl::string_view what,
                                          const Read& read) {
  std::vector<Row> rows;
  if (text.empty()) return rows;
  for (const absl::string_view row : absl::StrSplit(text, kRow)) {
    Fields fields(row);
    rows.push_back(read(fields));
    if (!fields.fine()) return Damaged(what, text);
  }
  return rows;
}

}  // namespace

const OperationId& SharedLot() {
  static const auto& id = *new OperationId(OperationId::Trusted("/free"));
  return id;
}

OperationId LotOf(const OperationId& id, const LotTerms& terms) {
  return terms == LotTerms() ? SharedLot() : id;
}

bool UsedBefore(const Lot& a, const Lot& b, LotOrder order) {
  const auto key = [order](const Lot& lot) {
    const bool paid = lot.terms.funding == Funding::kPaid;
    return std::make_tuple(ExpiryOf(lot),
                           paid == (order == LotOrder::kFreeFirst), lot.id);
  };
  return key(a) < key(b);
}

std::string LotsText(const std::vector<Lot>& lots) {
  return absl::StrJoin(lots, ";", [](std::string* out, const Lot& lot) {
    absl::StrAppend(out, lot.id.value(), ",", lot.granted, ",", lot.remaining,
                    ",", lot.held, ",");
    AppendTerms(lot.terms, *out);
  });
}

std::string ChangesText(const std::vector<LotChange>& changes) {
  return absl::StrJoin(changes, ";", [](std::string* out, const LotChange& c) {
    absl::StrAppend(out, c.lot.value(), ",", c.posted, ",", c.held);
  });
}

std::string TermsText(const std::optional<LotTerms>& terms) {
  std::string text;
  if (terms.has_value()) AppendTerms(*terms, text);
  return text;
}

absl::StatusOr<std::vector<Lot>> ReadLots(absl::string_view text) {
  return ReadRows<Lot>(text, "lots", [](Fields& fields) {
    Lot lot;
    lot.id = OperationId::Trusted(fields.Text());
    lot.granted = fields.Int();
    lot.remaining = fields.Int();
    lot.held = fields.Int();
    lot.terms = fields.Terms();
    return lot;
  });
}

absl::StatusOr<std::vector<LotChange>> ReadChanges(absl::string_view text) {
  return ReadRows<LotChange>(text, "changes of lots", [](Fields& fields) {
    LotChange change;
    change.lot = OperationId::Trusted(fields.Text());
    change.posted = fields.Int();
    change.held = fields.Int();
    return change;
  });
}

absl::StatusOr<std::optional<LotTerms>> ReadTerms(absl::string_view text) {
  if (text.empty()) return std::optional<LotTerms>();
  Fields fields(text);
  std::optional<LotTerms> terms = fields.Terms();
  if (!fields.fine()) return Damaged("terms", text);
  return terms;
}

}  // namespace fairpull
