#include "fairpull/service/draw_pulls.h"

#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"
#include "fairpull/engine/pull.h"
#include "fairpull/random/fair_source.h"

namespace fairpull {
namespace {

absl::StatusOr<PityState> StateOf(const Banner& banner,
                                  const PityRecord* pity) {
  if (pity == nullptr) return banner.counters().Start();
  absl::StatusOr<PityState> state = banner.counters().Parse(pity->state);
  if (state.ok()) return state;
  return absl::DataLossError(
      absl::StrCat("pity of player ", pity->player.value(), " in ",
                   pity->scope.value(), " does not fit banner ",
                   banner.id().value(), ": ", state.status().message()));
}

// The part of `cost` that falls to the draw at `index` of `count`.
std::int64_t CostShare(std::int64_t cost, std::int64_t index,
                       std::int64_t count) {
  const std::int64_t even = cost / count;
  const std::int64_t remainder = cost % count;
  return even + (index >= count - remainder ? 1 : 0);
}

}  // namespace

absl::StatusOr<DrawnPulls> DrawPulls(const Catalog& catalog,
                                     const ServerSeeds& seeds,
                                     const PullOperation& operation,
                                     const PityRecord* pity,
                                     std::int64_t now_ms) {
  FAIRPULL_ASSIGN_OR_RETURN(
      const std::shared_ptr<const Banner> kept,
      catalog.Version(operation.banner, operation.odds_version));
  const Banner& banner = *kept;
  FAIRPULL_ASSIGN_OR_RETURN(const ServerSeed* seed,
                            seeds.Find(operation.seed_epoch));
  FAIRPULL_ASSIGN_OR_RETURN(PityState state, StateOf(banner, pity));
  const std::int64_t last_seq = pity == nullptr ? 0 : pity->seq;
  DrawnPulls drawn;
  std::map<ItemId, std::int64_t> counts;
  for (std::int64_t i = 0; i < operation.count; ++i) {
    const std::int64_t seq = last_seq + 1 + i;
    FairSource bits(*seed, {.player = operation.player.value(),
                            .scope = operation.scope.value(),
                            .sequence = static_cast<std::uint64_t>(seq)});
    if (i == 0) {
      BeginBatch(banner, static_cast<std::uint32_t>(operation.count), state,
                 bits);
    }
    const PityState before = state;
    const Outcome outcome = Draw(banner, state, bits);
    const ItemId& item = banner.items()[outcome.item].id;
    counts[item] += 1;
    drawn.pulls.push_back(
        {.player = operation.player,
         .scope = operation.scope,
         .seq = seq,
         .pull_id = operation.id,
         .draw_index = i,
         .banner = operation.banner,
         .odds_version = operation.odds_version,
         .seed_epoch = operation.seed_epoch,
         .item = item,
         .rarity = banner.rarities()[outcome.rarity].id,
         .featured = banner.groups()[outcome.group].pool == Pool::kFeatured,
         .pity = PullsWaited(banner, before, outcome),
         .cost = CostShare(operation.cost, i, operation.count),
         .at_ms = now_ms});
  }
  EndBatch(banner, state);
  drawn.pity = {.player = operation.player,
                .scope = operation.scope,
                .seq = last_seq + operation.count,
                // Counters that only another version has are carried along.
                .state = banner.counters().Serialize(
                    state, pity == nullptr ? "" : pity->state)};
  for (const auto& [item, count] : counts) {
    drawn.inventory.push_back(
        {.player = operation.player, .item = item, .count = count});
  }
  return drawn;
}

void AddWritesOf(const DrawnPulls& drawn, WriteSet& writes) {
  writes.pulls.insert(writes.pulls.end(), drawn.pulls.begin(),
                      drawn.pulls.end());
  writes.pity.push_back(drawn.pity);
  writes.inventory.insert(writes.inventory.end(), drawn.inventory.begin(),
                          drawn.inventory.end());
}

}  // namespace fairpull
