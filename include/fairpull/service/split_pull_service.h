// The gacha service's half of the pull that spans two services: everything
// that it must do in a transaction of its own store. What it says to do next
// (place, post or void a hold) is for the caller to ask of the account service.
//
//   SplitPullService desk(*store, catalog, seeds, SystemClock());
//   auto step = desk.Begin({.id = key, .player = player, .banner = starter});
//   // step->action == kPlaceHold: ask for it, then tell what came back:
//   step = desk.Advance(player, key, PullAnswer::kHoldPlaced);
//   // step->pulls are drawn and stored; step->action == kPostHold
//
// See pull_protocol.h for the states and the table of transitions.

#ifndef FAIRPULL_SERVICE_SPLIT_PULL_SERVICE_H_
#define FAIRPULL_SERVICE_SPLIT_PULL_SERVICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/catalog.h"
#include "fairpull/service/clock.h"
#include "fairpull/service/live_catalog.h"
#include "fairpull/service/pull_protocol.h"
#include "fairpull/service/pull_request.h"
#include "fairpull/service/server_seeds.h"
#include "fairpull/store/store.h"

namespace fairpull {

struct SplitPullOptions {
  // An intent that is this old is given up when it is looked at next.
  std::int64_t give_up_after_ms = 30'000;
  // How long to wait before an unanswered operation is due again: this, then
  // twice that, and so on up to the longest.
  std::int64_t first_backoff_ms = 500;
  std::int64_t longest_backoff_ms = 30'000;
};

// Where a pull stands after a step, all of it committed.
struct PullStep {
  PullOperation operation;
  std::vector<PullRecord> pulls;  // when drawn or done
  PullAction action = PullAction::kNone;
  bool drew = false;   // by this very call, and not by one before it
  bool alarm = false;  // see PullTransition
};

// What to do with a hold that the account service asks about.
enum class HoldVerdict { kPost, kVoid };

// A page of a player's history, newest first.
struct HistoryPage {
  std::vector<PullRecord> pulls;
  std::optional<PullCursor> next;  // absent on the last page
};

// Safe for use by several threads and processes at once: whichever commits
// first, the others see. The store must outlive it. Each call fails as Store
// does, on top of what is said over it.
class SplitPullService {
 public:
  SplitPullService(Store& store, Catalog catalog, ServerSeeds seeds,
                   Clock clock, SplitPullOptions options = {});

  // Writes down that the pull was asked for, or finds it written down before
  // and tells where it stands. Fails as PricedOperation and CheckSameRequest
  // say. The state of a pull that was given up is kAborted: it needs a new id.
  [[nodiscard]] absl::StatusOr<PullStep> Begin(const PullRequest& request);

  // Carries out the transition for `answer` in one commit. Of several calls
  // that would draw, one draws and the others find it drawn. An intent past
  // its time takes kResume and kNoAnswer as kGivenUp. NotFound for a pull that
  // was never begun, or whose odds version or seed is kept no more (it stays
  // as it is).
  [[nodiscard]] absl::StatusOr<PullStep> Advance(const PlayerId& player,
                                                 const OperationId& pull_id,
                                                 PullAnswer answer);

  // What shall become of the hold under this id. An intent, and an id that was
  // never seen, is first written down as aborted, so that no later draw can
  // contradict the answer.
  [[nodiscard]] absl::StatusOr<HoldVerdict> Inquire(const PlayerId& player,
                                                    const OperationId& pull_id);

  // Operations of all players that something is left to do for and that are
  // due by `due_ms`, the longest due first.
  [[nodiscard]] absl::StatusOr<std::vector<PullOperation>> Unsettled(
      std::int64_t due_ms, int limit) const;

  // The player's pulls, newest first, from `cursor` on.
  [[nodiscard]] absl::StatusOr<HistoryPage> History(
      const PlayerId& player, int limit,
      const std::optional<PullCursor>& cursor = std::nullopt) const;

  // What the player has drawn, by item.
  [[nodiscard]] absl::StatusOr<std::vector<InventoryRecord>> Inventory(
      const PlayerId& player) const;

  // The counters of a banner for the player, by name and value; NotFound, with
  // BannerRefusalIn, if there is no such banner.
  [[nodiscard]] absl::StatusOr<
      std::vector<std::pair<std::string, std::int64_t>>>
  Pity(const PlayerId& player, const BannerId& banner) const;

  // Takes the banners of `catalog` from the next call on. What was begun on a
  // version is finished on it, so that version has to stay among them.
  void Use(Catalog catalog) { catalog_.Replace(std::move(catalog)); }

 private:
  absl::StatusOr<PullStep> BeginOnce(const PullRequest& request);
  absl::StatusOr<PullStep> AdvanceOnce(const PullOperation& known,
                                       PullAnswer answer);
  absl::StatusOr<HoldVerdict> InquireOnce(const PlayerId& player,
                                          const OperationId& pull_id);
  absl::StatusOr<PullStep> StepOf(PullOperation operation,
                                  PullTransition transition) const;

  Store& store_;
  LiveCatalog catalog_;
  const ServerSeeds seeds_;
  const Clock clock_;
  const SplitPullOptions options_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_SPLIT_PULL_SERVICE_H_
