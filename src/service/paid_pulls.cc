#include "paid_pulls.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace fairpull {
namespace {

constexpr absl::string_view kPull = "pull";

}  // namespace

std::string MemoOf(const PullOperation& operation) {
  return absl::StrCat(kPull, " ", operation.count, " ", operation.scope.value(),
                      " ", operation.first_seq, " ", operation.seed_epoch, " ",
                      operation.odds_version);
}

std::optional<PullOperation> PaidPull(const Operation& debit) {
  const std::vector<absl::string_view> words = absl::StrSplit(debit.memo, ' ');
  absl::string_view banner = debit.counterparty.name();
  PullOperation operation{.player = debit.player,
                          .id = debit.id,
                          .currency = debit.currency,
                          .cost = debit.amount,
                          .state = debit.outcome == LedgerOutcome::kOk
                                       ? PullState::kDone
                                       : PullState::kRejected,
                          .settled = true,
                          .created_at_ms = debit.at_ms};
  if (debit.kind != OperationKind::kDebit || words.size() != 6 ||
      words[0] != kPull || !absl::ConsumePrefix(&banner, "spend:") ||
      !absl::SimpleAtoi(words[1], &operation.count) ||
      !absl::SimpleAtoi(words[3], &operation.first_seq) ||
      !absl::SimpleAtoi(words[4], &operation.seed_epoch)) {
    return std::nullopt;
  }
  operation.banner = BannerId::Trusted(std::string(banner));
  operation.scope = ScopeId::Trusted(std::string(words[2]));
  operation.odds_version = std::string(words[5]);
  return operation;
}

}  // namespace fairpull
