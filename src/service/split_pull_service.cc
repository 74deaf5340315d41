#include "fairpull/service/split_pull_service.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "fairpull/service/draw_pulls.h"
#include "retry.h"
#include "stored_pulls.h"

namespace fairpull {
namespace {

// The wait after the n-th try without an answer, from 0 on.
std::int64_t BackoffMs(const SplitPullOptions& options, std::int64_t attempts) {
  std::int64_t wait_ms = options.first_backoff_ms;
  for (std::int64_t i = 0; i < attempts; ++i) {
    if (wait_ms >= options.longest_backoff_ms) break;
    wait_ms *= 2;
  }
  return std::min(wait_ms, options.longest_backoff_ms);
}

// Sets when the operation is due again. Whoever takes a step is given time to
// carry its action out before the recovery worker takes the next.
void SetDue(const SplitPullOptions& options, const PullTransition& transition,
            bool changed, std::int64_t now_ms, PullOperation& operation) {
  if (operation.settled) return;
  if (changed) operation.attempts = 0;
  operation.next_due_ms = now_ms + BackoffMs(options, operation.attempts);
  if (transition.action == PullAction::kRetryLater) operation.attempts += 1;
}

absl::Status Unknown(const PlayerId& player, const OperationId& pull_id) {
  return absl::NotFoundError(absl::StrCat(
      "player ", player.value(), " never asked for a pull ", pull_id.value()));
}

}  // namespace

SplitPullService::SplitPullService(Store& store, Catalog catalog,
                                   ServerSeeds seeds, Clock clock,
                                   SplitPullOptions options)
    : store_(store),
      catalog_(std::move(catalog)),
      seeds_(std::move(seeds)),
      clock_(std::move(clock)),
      options_(options) {}

absl::StatusOr<PullStep> SplitPullService::StepOf(
    PullOperation operation, PullTransition transition) const {
  PullStep step{.operation = std::move(operation),
                .action = transition.action,
                .alarm = transition.alarm};
  FAIRPULL_ASSIGN_OR_RETURN(step.pulls, StoredPulls(store_, step.operation));
  return step;
}

absl::StatusOr<PullStep> SplitPullService::Begin(const PullRequest& request) {
  return RetryAborted([&] { return BeginOnce(request); });
}

absl::StatusOr<PullStep> SplitPullService::BeginOnce(
    const PullRequest& request) {
  const std::int64_t now_ms = clock_();
  absl::StatusOr<PullOperation> priced =
      PricedOperation(*catalog_.Now(), request, seeds_.current(), now_ms);
  FAIRPULL_ASSIGN_OR_RETURN(const auto transaction,
                            store_.Begin({.player = request.player,
                                          .pull_operations = {request.id}}));
  if (const PullOperation* stored =
          transaction->snapshot().FindPullOperation(request.id)) {
    FAIRPULL_RETURN_IF_ERROR(CheckSameRequest(*stored, request));
    return StepOf(*stored, NextPullStep(PhaseOf(*stored), PullAnswer::kResume));
  }
  if (!priced.ok()) return priced.status();
  const PullTransition transition =
      NextPullStep(PullPhase::kIntent, PullAnswer::kResume);
  SetDue(options_, transition, /*changed=*/true, now_ms, *priced);
  WriteSet writes;
  writes.pull_operations.push_back(*priced);
  FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
  return StepOf(*std::move(priced), transition);
}

absl::StatusOr<PullStep> SplitPullService::Advance(const PlayerId& player,
                                                   const OperationId& pull_id,
                                                   PullAnswer answer) {
  // Read without a lock for its scope, which never changes; the scope's pity
  // row is then locked together with it.
  FAIRPULL_ASSIGN_OR_RETURN(
      const Snapshot snapshot,
      store_.Read({.player = player, .pull_operations = {pull_id}}));
  const PullOperation* known = snapshot.FindPullOperation(pull_id);
  if (known == nullptr) return Unknown(player, pull_id);
  return RetryAborted([&] { return AdvanceOnce(*known, answer); });
}

absl::StatusOr<PullStep> SplitPullService::AdvanceOnce(
    const PullOperation& known, PullAnswer answer) {
  const std::int64_t now_ms = clock_();
  FAIRPULL_ASSIGN_OR_RETURN(const auto transaction,
                            store_.Begin({.player = known.player,
                                          .pity = {known.scope},
                                          .pull_operations = {known.id}}));
  const PullOperation* stored =
      transaction->snapshot().FindPullOperation(known.id);
  if (stored == nullptr) return Unknown(known.player, known.id);
  const PullPhase phase = PhaseOf(*stored);
  if (phase == PullPhase::kIntent &&
      (answer == PullAnswer::kResume || answer == PullAnswer::kNoAnswer) &&
      now_ms - stored->created_at_ms >= options_.give_up_after_ms) {
    answer = PullAnswer::kGivenUp;
  }
  const PullTransition transition = NextPullStep(phase, answer);
  PullOperation operation = *stored;
  SetPhase(transition.phase, operation);
  SetDue(options_, transition, transition.phase != phase, now_ms, operation);
  WriteSet writes;
  if (transition.draws) {
    if (operation.count == 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          "pull ", operation.id.value(), " of player ",
          operation.player.value(),
          " was fenced off before it was asked for, yet its hold was posted: "
          "there is nothing to draw, give the amount back by hand"));
    }
    FAIRPULL_ASSIGN_OR_RETURN(
        const DrawnPulls drawn,
        DrawPulls(*catalog_.Now(), seeds_, operation,
                  transaction->snapshot().FindPity(operation.scope), now_ms));
    operation.first_seq = drawn.pulls[0].seq;
    AddWritesOf(drawn, writes);
  }
  if (operation != *stored) {
    writes.pull_operations.push_back(operation);
    FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
  }
  if (!transition.draws) return StepOf(std::move(operation), transition);
  return PullStep{.operation = std::move(operation),
                  .pulls = std::move(writes.pulls),
                  .action = transition.action,
                  .drew = true,
                  .alarm = transition.alarm};
}

absl::StatusOr<HoldVerdict> SplitPullService::Inquire(
    const PlayerId& player, const OperationId& pull_id) {
  return RetryAborted([&] { return InquireOnce(player, pull_id); });
}

absl::StatusOr<HoldVerdict> SplitPullService::InquireOnce(
    const PlayerId& player, const OperationId& pull_id) {
  const std::int64_t now_ms = clock_();
  FAIRPULL_ASSIGN_OR_RETURN(
      const auto transaction,
      store_.Begin({.player = player, .pull_operations = {pull_id}}));
  const PullOperation* stored =
      transaction->snapshot().FindPullOperation(pull_id);
  PullOperation fenced;
  if (stored == nullptr) {
    fenced = {.player = player, .id = pull_id, .created_at_ms = now_ms};
    // Whoever asks voids the hold; if it does not, it asks again.
    SetPhase(PullPhase::kAborted, fenced);
  } else {
    fenced = *stored;
    switch (PhaseOf(fenced)) {
      case PullPhase::kDrawn:
      case PullPhase::kDone:
        return HoldVerdict::kPost;
      case PullPhase::kRejected:
      case PullPhase::kAborting:
      case PullPhase::kAborted:
        return HoldVerdict::kVoid;
      case PullPhase::kIntent:
        break;
    }
    const PullTransition transition =
        NextPullStep(PullPhase::kIntent, PullAnswer::kGivenUp);
    SetPhase(transition.phase, fenced);
    SetDue(options_, transition, /*changed=*/true, now_ms, fenced);
  }
  WriteSet writes;
  writes.pull_operations.push_back(std::move(fenced));
  FAIRPULL_RETURN_IF_ERROR(transaction->Commit(writes));
  return HoldVerdict::kVoid;
}

absl::StatusOr<std::vector<PullOperation>> SplitPullService::Unsettled(
    std::int64_t due_ms, int limit) const {
  return store_.UnsettledPulls(due_ms, limit);
}

absl::StatusOr<HistoryPage> SplitPullService::History(
    const PlayerId& player, int limit,
    const std::optional<PullCursor>& cursor) const {
  // One more than asked for tells whether this page is the last.
  FAIRPULL_ASSIGN_OR_RETURN(
      std::vector<PullRecord> pulls,
      store_.History(player, cursor,
                     limit > 0 && limit < kMaxPage ? limit + 1 : limit));
  HistoryPage page{.pulls = std::move(pulls)};
  const auto size = static_cast<std::size_t>(limit);
  if (page.pulls.size() > size || page.pulls.size() == kMaxPage) {
    page.pulls.resize(size);
    page.next = PullCursor::Of(page.pulls.back());
  }
  return page;
}

absl::StatusOr<std::vector<InventoryRecord>> SplitPullService::Inventory(
    const PlayerId& player) const {
  return store_.Inventory(player);
}

absl::StatusOr<std::vector<std::pair<std::string, std::int64_t>>>
SplitPullService::Pity(const PlayerId& player, const BannerId& banner) const {
  const std::shared_ptr<const Catalog> catalog = catalog_.Now();
  absl::StatusOr<std::shared_ptr<const Banner>> shown =
      CurrentBanner(*catalog, banner, clock_());
  // A closed banner's counters can still be looked at.
  for (const std::shared_ptr<const Banner>& known : catalog->banners()) {
    if (!shown.ok() && known->id() == banner) shown = known;
  }
  FAIRPULL_RETURN_IF_ERROR(shown.status());
  const ScopeId& scope = (*shown)->scope();
  FAIRPULL_ASSIGN_OR_RETURN(const Snapshot snapshot,
                            store_.Read({.player = player, .pity = {scope}}));
  const CounterSet& counters = (*shown)->counters();
  PityState state = counters.Start();
  if (const PityRecord* record = snapshot.FindPity(scope)) {
    FAIRPULL_ASSIGN_OR_RETURN(state, counters.Parse(record->state));
  }
  return counters.Values(state);
}

}  // namespace fairpull
