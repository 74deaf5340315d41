#include "fairpull/service/unused_paid.h"

#include <utility>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "all_players.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

// A paid lot as the operations up to the time leave it.
struct PaidLot {
  LotTerms terms;
  std::int64_t granted = 0;
  std::int64_t left = 0;
};

using Lots = std::map<std::pair<CurrencyId, OperationId>, PaidLot>;

absl::StatusOr<Lots> LotsOf(Store& store, const PlayerId& player,
                            std::int64_t as_of_ms) {
  Lots lots;
  OperationId after;
  while (true) {
    FAIRPULL_ASSIGN_OR_RETURN(const std::vector<Operation> page,
                              store.Operations(player, after, kMaxPage));
    for (const Operation& operation : page) {
      if (operation.at_ms > as_of_ms) continue;
      for (const LotChange& change : operation.lots) {
        lots[{operation.currency, change.lot}].left += change.posted;
      }
      if (operation.kind != OperationKind::kCredit ||
          !operation.terms.has_value()) {
        continue;
      }
      PaidLot& lot =
          lots[{operation.currency, LotOf(operation.id, *operation.terms)}];
      lot.terms = *operation.terms;
      lot.granted = operation.amount;
    }
    if (page.size() < static_cast<std::size_t>(kMaxPage)) return lots;
    after = page.back().id;
  }
}

absl::Status AddTo(std::int64_t& sum, std::int64_t amount) {
  if (!__builtin_add_overflow(sum, amount, &sum)) return absl::OkStatus();
  return absl::OutOfRangeError("a sum of the report passes 63 bits");
}

// The part of the lot's price that what is left of it was.
std::int64_t WorthOf(const PaidLot& lot) {
  return static_cast<std::int64_t>(absl::int128(lot.terms.price) * lot.left /
                                   lot.granted);
}

// Adds what one player has.
absl::Status AddPlayer(Store& store, const PlayerId& player,
                       std::int64_t as_of_ms,
                       std::map<CurrencyId, UnusedPaidLine>& lines) {
  FAIRPULL_ASSIGN_OR_RETURN(const Lots lots, LotsOf(store, player, as_of_ms));
  const CurrencyId* counted = nullptr;
  for (const auto& [key, lot] : lots) {
    if (lot.terms.funding != Funding::kPaid || lot.left <= 0) continue;
    UnusedPaidLine& line = lines[key.first];
    line.currency = key.first;
    if (counted == nullptr || *counted != key.first) line.players += 1;
    counted = &key.first;
    FAIRPULL_RETURN_IF_ERROR(AddTo(line.amount, lot.left));
    FAIRPULL_RETURN_IF_ERROR(
        lot.terms.price == 0
            ? AddTo(line.unpriced, lot.left)
            : AddTo(line.worth[lot.terms.price_currency], WorthOf(lot)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<UnusedPaidLine>> UnusedPaid(Store& store,
                                                       std::int64_t as_of_ms) {
  std::map<CurrencyId, UnusedPaidLine> lines;
  FAIRPULL_RETURN_IF_ERROR(ForAllPlayers(store, [&](const PlayerId& player) {
    return AddPlayer(store, player, as_of_ms, lines);
  }));
  std::vector<UnusedPaidLine> report;
  for (auto& [currency, line] : lines) report.push_back(std::move(line));
  return report;
}

}  // namespace fairpull
