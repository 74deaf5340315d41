// The pull where money and items live in one store: one transaction.
//
//   PullService pulls(*store, catalog, seeds, SystemClock());
//   auto receipt = pulls.Pull({.id = key, .player = player,
//                              .banner = starter, .count = 10});
//   receipt->pulls[0].item;

#ifndef FAIRPULL_SERVICE_PULL_SERVICE_H_
#define FAIRPULL_SERVICE_PULL_SERVICE_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "fairpull/banner/catalog.h"
#include "fairpull/ledger/rules.h"
#include "fairpull/service/clock.h"
#include "fairpull/service/live_catalog.h"
#include "fairpull/service/pull_request.h"
#include "fairpull/service/server_seeds.h"
#include "fairpull/store/store.h"

namespace fairpull {

struct PullReceipt {
  // How the payment ended, and the balance after it. Where it is not ok there
  // are no pulls.
  Receipt payment;
  std::vector<PullRecord> pulls;  // in the order they were drawn
};

// Safe for use by several threads at once. The store must outlive it.
class PullService {
 public:
  // How many requests PullMany commits together at most.
  static constexpr std::size_t kMostTogether = 256;

  PullService(Store& store, Catalog catalog, ServerSeeds seeds, Clock clock);

  // Charges the player, draws, and records it all, or nothing of it. The same
  // request again gives the same receipt, also when the banner has closed
  // since. Fails as PricedOperation and CheckSameRequest say, or as Store
  // does; an id that the wallet knows for something else is AlreadyExists too.
  // Insufficient funds and an unknown account are outcomes of the payment.
  [[nodiscard]] absl::StatusOr<PullReceipt> Pull(const PullRequest& request);

  // What Pull answers to each request, in their order; requests of the same
  // player are carried out in that order too. Those of different players are
  // committed together, up to kMostTogether, which spares a durable store most
  // of its waiting for the disk. A refusal of one does not touch the others.
  // Where the store fails, each request that it failed with gets the error: ask
  // again under the same ids.
  [[nodiscard]] std::vector<absl::StatusOr<PullReceipt>> PullMany(
      const std::vector<PullRequest>& requests);

  // Takes the banners of `catalog` from the next call on. What was begun on a
  // version is finished on it, so that version has to stay among them.
  void Use(Catalog catalog) { catalog_.Replace(std::move(catalog)); }

 private:
  struct Question;
  struct Answer;

  [[nodiscard]] Question QuestionOf(const PullRequest& request) const;
  [[nodiscard]] Answer AnswerTo(const Question& question,
                                const Snapshot& snapshot) const;
  absl::StatusOr<PullReceipt> PullOnce(const PullRequest& request,
                                       bool optimistic);
  absl::StatusOr<PullReceipt> Replay(const PullOperation& operation);

  // The requests, which are of different players, in one transaction.
  absl::StatusOr<std::vector<absl::StatusOr<PullReceipt>>> PullTogether(
      const std::vector<PullRequest>& requests, bool optimistic);
  // As PullTogether; where others were quicker too often, or a row of one
  // request can't be kept, one by one.
  std::vector<absl::StatusOr<PullReceipt>> PullGroup(
      const std::vector<PullRequest>& requests);

  Store& store_;
  LiveCatalog catalog_;
  const ServerSeeds seeds_;
  const Clock clock_;
};

}  // namespace fairpull

#endif  // FAIRPULL_SERVICE_PULL_SERVICE_H_
