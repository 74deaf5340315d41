#include "fairpull/service/pull_service.h"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "fairpull/base/status.h"
#include "fairpull/service/draw_pulls.h"
#include "fairpull/store/ledger_rows.h"
#include "paid_pulls.h"
#include "retry.h"
#include "stored_pulls.h"

namespace fairpull {
namespace {

// The debit that pays for an operation, under the operation's own id.
LedgerRequest PaymentOf(const PullOperation& operation, std::int64_t now_ms) {
  return {.kind = OperationKind::kDebit,
          .id = operation.id,
          .player = operation.player,
          .currency = operation.currency,
          .amount = operation.cost,
          .counterparty = SystemAccount::Spend(operation.banner),
          .at_ms = now_ms};
}

}  // namespace

PullService::PullService(Store& store, Catalog catalog, ServerSeeds seeds,
                         Clock clock)
    : store_(store),
      catalog_(std::move(catalog)),
      seeds_(std::move(seeds)),
      clock_(std::move(clock)) {}

absl::StatusOr<PullReceipt> PullService::Pull(const PullRequest& request) {
  // What was known of the player may have been wrong, so only the first time.
  bool optimistic = true;
  return RetryAborted(
      [&] { return PullOnce(request, std::exchange(optimistic, false)); });
}

// A request with all that is known of it before its rows are read.
struct PullService::Question {
  PullRequest request;
  std::int64_t now_ms = 0;
  std::shared_ptr<const Catalog> catalog;
  absl::StatusOr<PullOperation> priced;
  LedgerRequest payment;
  ReadSet reads;
};

// What a request comes to. Where it was answered before, `stored` is that
// operation and the rest is empty; otherwise the receipt is good once `writes`
// is kept, which may be empty.
struct PullService::Answer {
  absl::StatusOr<PullReceipt> receipt = PullReceipt();
  WriteSet writes;
  std::optional<PullOperation> stored;
};

PullService::Question PullService::QuestionOf(
    const PullRequest& request) const {
  const std::int64_t now_ms = clock_();
  std::shared_ptr<const Catalog> catalog = catalog_.Now();
  // Priced before the rows are read, for it names them; but a request that was
  // answered before is answered again, whatever the banner says by now.
  Question question{
      .request = request,
      .now_ms = now_ms,
      .catalog = catalog,
      .priced = PricedOperation(*catalog, request, seeds_.current(), now_ms),
      .reads = {.player = request.player}};
  if (question.priced.ok()) {
    question.payment = PaymentOf(*question.priced, now_ms);
    AddRowsOf(question.payment, question.reads);
    question.reads.pity = {question.priced->scope};
  } else {
    question.reads.operations = {request.id};
  }
  return question;
}

PullService::Answer PullService::AnswerTo(const Question& question,
                                          const Snapshot& snapshot) const {
  const PullRequest& request = question.request;
  const Operation* known = snapshot.FindOperation(request.id);
  std::optional<PullOperation> stored;
  if (known != nullptr) stored = PaidPull(*known);
  if (stored) {
    const absl::Status same = CheckSameRequest(*stored, request);
    if (!same.ok()) return {.receipt = same};
    return {.stored = std::move(stored)};
  }
  if (!question.priced.ok()) return {.receipt = question.priced.status()};

  Decision decision =
      Decide(ViewOf(snapshot, question.payment), question.payment);
  if (decision.receipt.outcome == LedgerOutcome::kIdConflict) {
    return {.receipt = ConflictError(request.id, decision.receipt.field)};
  }
  // The wallet has seen this id, and not from here.
  if (decision.receipt.replayed) {
    return {.receipt = ConflictError(request.id, "kind")};
  }
  if (!Writes(decision)) {
    return {.receipt = PullReceipt{.payment = std::move(decision.receipt)}};
  }
  Answer answer;
  PullOperation operation = *question.priced;
  if (decision.receipt.ok()) {
    absl::StatusOr<DrawnPulls> drawn =
        DrawPulls(*question.catalog, seeds_, operation,
                  snapshot.FindPity(operation.scope), question.now_ms);
    if (!drawn.ok()) return {.receipt = drawn.status()};
    AddWritesOf(*drawn, answer.writes);
    operation.first_seq = drawn->pulls[0].seq;
    answer.receipt->pulls = std::move(drawn->pulls);
  }
  decision.operation->memo = MemoOf(operation);
  AddWritesOf(decision, answer.writes);
  answer.receipt->payment = std::move(decision.receipt);
  return answer;
}

absl::StatusOr<PullReceipt> PullService::PullOnce(const PullRequest& request,
                                                  bool optimistic) {
  Question question = QuestionOf(request);
  question.reads.optimistic = optimistic;
  FAIRPULL_ASSIGN_OR_RETURN(auto transaction, store_.Begin(question.reads));
  Answer answer = AnswerTo(question, transaction->snapshot());
  if (answer.stored) {
    transaction.reset();  // what is stored never changes
    return Replay(*answer.stored);
  }
  if (!IsEmpty(answer.writes)) {
    FAIRPULL_RETURN_IF_ERROR(transaction->Commit(answer.writes));
  } else if (transaction->unproven()) {
    return absl::AbortedError("no commit proves what was taken for known");
  }
  return std::move(answer.receipt);
}

std::vector<absl::StatusOr<PullReceipt>> PullService::PullMany(
    const std::vector<PullRequest>& requests) {
  std::vector<absl::StatusOr<PullReceipt>> receipts(requests.size());
  std::vector<std::size_t> left(requests.size());
  std::iota(left.begin(), left.end(), std::size_t{0});
  while (!left.empty()) {
    // The first request that each player has left.
    std::vector<PullRequest> group;
    std::vector<std::size_t> places;
    std::vector<std::size_t> later;
    std::set<PlayerId> players;
    for (const std::size_t i : left) {
      if (requests[i].player.empty()) {
        receipts[i] = Pull(requests[i]);
      } else if (group.size() < kMostTogether &&
                 players.insert(requests[i].player).second) {
        group.push_back(requests[i]);
        places.push_back(i);
      } else {
        later.push_back(i);
      }
    }
    if (group.empty()) break;
    std::vector<absl::StatusOr<PullReceipt>> answers = PullGroup(group);
    for (std::size_t n = 0; n < places.size(); ++n) {
      receipts[places[n]] = std::move(answers[n]);
    }
    left = std::move(later);
  }
  return receipts;
}

std::vector<absl::StatusOr<PullReceipt>> PullService::PullGroup(
    const std::vector<PullRequest>& requests) {
  bool optimistic = true;
  absl::StatusOr<std::vector<absl::StatusOr<PullReceipt>>> together =
      RetryAborted([&] {
        return PullTogether(requests, std::exchange(optimistic, false));
      });
  if (together.ok()) return *std::move(together);
  std::vector<absl::StatusOr<PullReceipt>> receipts;
  receipts.reserve(requests.size());
  const bool can_be_told_apart = absl::IsAborted(together.status()) ||
                                 absl::IsInvalidArgument(together.status());
  for (const PullRequest& request : requests) {
    if (can_be_told_apart) {
      receipts.push_back(Pull(request));
    } else {
      receipts.emplace_back(together.status());
    }
  }
  return receipts;
}

absl::StatusOr<std::vector<absl::StatusOr<PullReceipt>>>
PullService::PullTogether(const std::vector<PullRequest>& requests,
                          bool optimistic) {
  std::vector<Question> questions;
  std::vector<ReadSet> reads;
  for (const PullRequest& request : requests) {
    questions.push_back(QuestionOf(request));
    reads.push_back(questions.back().reads);
    reads.back().optimistic = optimistic;
  }
  std::vector<Answer> answers;
  {
    FAIRPULL_ASSIGN_OR_RETURN(const auto group, store_.BeginMany(reads));
    std::vector<WriteSet> writes;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      answers.push_back(AnswerTo(questions[i], group->snapshots()[i]));
      writes.push_back(std::move(answers.back().writes));
    }
    FAIRPULL_RETURN_IF_ERROR(group->Commit(writes));
  }
  std::vector<absl::StatusOr<PullReceipt>> receipts;
  receipts.reserve(answers.size());
  for (Answer& answer : answers) {
    receipts.push_back(answer.stored ? Replay(*answer.stored)
                                     : std::move(answer.receipt));
  }
  return receipts;
}

absl::StatusOr<PullReceipt> PullService::Replay(
    const PullOperation& operation) {
  const LedgerRequest payment = PaymentOf(operation, operation.created_at_ms);
  ReadSet reads{.player = operation.player};
  AddRowsOf(payment, reads);
  FAIRPULL_ASSIGN_OR_RETURN(const Snapshot snapshot, store_.Read(reads));
  PullReceipt receipt{.payment =
                          Decide(ViewOf(snapshot, payment), payment).receipt};
  FAIRPULL_ASSIGN_OR_RETURN(receipt.pulls, StoredPulls(store_, operation));
  return receipt;
}

}  // namespace fairpull
