#include "fairpull/service/verify.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "all_players.h"
#include "fairpull/base/status.h"
#include "fairpull/service/draw_pulls.h"
#include "fairpull/store/ledger_rows.h"
#include "fairpull/store/read_all.h"
#include "paid_pulls.h"

namespace fairpull {
namespace {

// Collects what is wrong with one player's pulls.
class PullChecker {
 public:
  explicit PullChecker(PullRows rows) : rows_(std::move(rows)) {
    std::sort(rows_.pulls.begin(), rows_.pulls.end(),
              [](const PullRecord& a, const PullRecord& b) {
                return std::tie(a.scope, a.seq) < std::tie(b.scope, b.seq);
              });
  }

  std::vector<Violation> Run() {
    CheckScopes();
    CheckInventory();
    CheckOperations();
    return std::move(violations_);
  }

 private:
  template <class... Parts>
  void Report(const char* law, const Parts&... parts) {
    violations_.push_back({.law = law,
                           .player = rows_.player,
                           .message = absl::StrCat(parts...)});
  }

  void CheckScopes() {
    std::map<ScopeId, std::int64_t> last;
    for (const PullRecord& pull : rows_.pulls) {
      std::int64_t& seq = last[pull.scope];
      if (pull.seq != seq + 1) {
        Report("G1", "pull ", pull.seq, " in ", pull.scope.value(),
               " stands where ", seq + 1, " should");
      }
      seq = pull.seq;
    }
    for (const PityRecord& pity : rows_.pity) {
      const auto found = last.find(pity.scope);
      const std::int64_t seq = found == last.end() ? 0 : found->second;
      if (pity.seq != seq) {
        Report("G1", "pity in ", pity.scope.value(), " stands at ", pity.seq,
               "; the last pull there is ", seq);
      }
      if (found != last.end()) last.erase(found);
    }
    for (const auto& [scope, seq] : last) {
      Report("G1", "there are ", seq, " pulls in ", scope.value(),
             " and no pity row");
    }
  }

  void CheckInventory() {
    std::map<ItemId, std::int64_t> counts;
    for (const PullRecord& pull : rows_.pulls) counts[pull.item] += 1;
    for (const InventoryRecord& row : rows_.inventory) {
      const auto found = counts.find(row.item);
      const std::int64_t count = found == counts.end() ? 0 : found->second;
      if (row.count != count) {
        Report("G2", "inventory has ", row.count, " of ", row.item.value(),
               "; the pulls drew ", count);
      }
      if (found != counts.end()) counts.erase(found);
    }
    for (const auto& [item, count] : counts) {
      Report("G2", "inventory lacks ", item.value(), "; the pulls drew ",
             count);
    }
  }

  void CheckOperations() {
    std::map<OperationId, std::vector<const PullRecord*>> by_operation;
    for (const PullRecord& pull : rows_.pulls) {
      by_operation[pull.pull_id].push_back(&pull);
    }
    for (const PullOperation& operation : rows_.operations) {
      CheckOperation(operation, by_operation[operation.id]);
      by_operation.erase(operation.id);
    }
    for (const auto& [id, pulls] : by_operation) {
      Report("G3", pulls.size(), " pulls belong to operation ", id.value(),
             ", which is not there");
    }
  }

  void CheckOperation(const PullOperation& operation,
                      const std::vector<const PullRecord*>& pulls) {
    const bool drawn = operation.state == PullState::kDrawn ||
                       operation.state == PullState::kDone;
    const std::int64_t expected = drawn ? operation.count : 0;
    if (static_cast<std::int64_t>(pulls.size()) != expected) {
      Report("G3", "operation ", operation.id.value(), " (",
             PullStateName(operation.state), ") has ", pulls.size(),
             " pulls instead of ", expected);
      return;
    }
    std::int64_t cost = 0;
    for (std::size_t i = 0; i < pulls.size(); ++i) {
      const auto index = static_cast<std::int64_t>(i);
      const PullRecord& pull = *pulls[i];
      if (pull.draw_index != index || pull.scope != operation.scope ||
          pull.seq != operation.first_seq + index ||
          pull.banner != operation.banner ||
          pull.odds_version != operation.odds_version ||
          pull.seed_epoch != operation.seed_epoch) {
        Report("G3", "pull ", pull.seq, " in ", pull.scope.value(),
               " does not fit its operation ", operation.id.value());
      }
      cost += pull.cost;
    }
    if (drawn && cost != operation.cost) {
      Report("G3", "operation ", operation.id.value(), " cost ", operation.cost,
             "; its pulls cost ", cost);
    }
  }

  PullRows rows_;
  std::vector<Violation> violations_;
};

void Append(std::vector<Violation> more, std::vector<Violation>& violations) {
  violations.insert(violations.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
}

// What `verify` finds for each player in the store.
template <class Verify>
absl::StatusOr<std::vector<Violation>> OfAllPlayers(Store& store,
                                                    const Verify& verify) {
  std::vector<Violation> violations;
  const absl::Status status =
      ForAllPlayers(store, [&](const PlayerId& player) -> absl::Status {
        FAIRPULL_ASSIGN_OR_RETURN(std::vector<Violation> more, verify(player));
        Append(std::move(more), violations);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return violations;
}

}  // namespace

std::vector<Violation> VerifyPulls(PullRows rows) {
  return PullChecker(std::move(rows)).Run();
}

absl::StatusOr<PullRows> ReadPulls(Store& store, const PlayerId& player) {
  PullRows rows{.player = player};
  FAIRPULL_RETURN_IF_ERROR(ReadAll<PullRecord>(
      [&](const PullRecord* last) {
        std::optional<PullCursor> before;
        if (last != nullptr) before = PullCursor::Of(*last);
        return store.History(player, before, kMaxPage);
      },
      rows.pulls));
  FAIRPULL_ASSIGN_OR_RETURN(rows.pity, store.Pity(player));
  FAIRPULL_ASSIGN_OR_RETURN(rows.inventory, store.Inventory(player));
  const auto id_of = [](const auto* last) {
    return last == nullptr ? OperationId() : last->id;
  };
  FAIRPULL_RETURN_IF_ERROR(ReadAll<PullOperation>(
      [&](const PullOperation* last) {
        return store.PullOperations(player, id_of(last), kMaxPage);
      },
      rows.operations));
  std::vector<Operation> paid;
  FAIRPULL_RETURN_IF_ERROR(ReadAll<Operation>(
      [&](const Operation* last) {
        return store.Operations(player, id_of(last), kMaxPage);
      },
      paid));
  for (const Operation& operation : paid) {
    if (std::optional<PullOperation> pull = PaidPull(operation)) {
      rows.operations.push_back(*std::move(pull));
    }
  }
  return rows;
}

absl::StatusOr<std::vector<Violation>> VerifyPlayer(Store& store,
                                                    const PlayerId& player) {
  FAIRPULL_ASSIGN_OR_RETURN(LedgerRows ledger, ReadLedger(store, player));
  std::vector<Violation> violations = VerifyLedger(std::move(ledger));
  FAIRPULL_ASSIGN_OR_RETURN(PullRows pulls, ReadPulls(store, player));
  Append(VerifyPulls(std::move(pulls)), violations);
  return violations;
}

absl::StatusOr<std::vector<Violation>> VerifyStore(Store& store) {
  return OfAllPlayers(store, [&store](const PlayerId& player) {
    return VerifyPlayer(store, player);
  });
}

absl::StatusOr<std::vector<Violation>> VerifyDraws(Store& store,
                                                   const Catalog& catalog,
                                                   const ServerSeeds& seeds,
                                                   const PlayerId& player) {
  FAIRPULL_ASSIGN_OR_RETURN(PullRows rows, ReadPulls(store, player));
  // In the order in which the operations drew.
  std::sort(rows.operations.begin(), rows.operations.end(),
            [](const PullOperation& a, const PullOperation& b) {
              return std::tie(a.scope, a.first_seq) <
                     std::tie(b.scope, b.first_seq);
            });
  std::map<std::pair<ScopeId, std::int64_t>, const PullRecord*> stored;
  for (const PullRecord& pull : rows.pulls) {
    stored.emplace(std::make_pair(pull.scope, pull.seq), &pull);
  }
  std::map<ScopeId, PityRecord> states;
  std::vector<Violation> violations;
  const auto report = [&](std::string message) {
    violations.push_back(
        {.law = "G4", .player = player, .message = std::move(message)});
  };
  for (const PullOperation& operation : rows.operations) {
    if (operation.first_seq == 0) continue;
    const auto before = states.find(operation.scope);
    FAIRPULL_ASSIGN_OR_RETURN(
        const DrawnPulls drawn,
        DrawPulls(catalog, seeds, operation,
                  before == states.end() ? nullptr : &before->second, 0));
    for (const PullRecord& pull : drawn.pulls) {
      const auto row = stored.find({pull.scope, pull.seq});
      if (row == stored.end() || row->second->item != pull.item ||
          row->second->rarity != pull.rarity ||
          row->second->featured != pull.featured ||
          row->second->pity != pull.pity) {
        report(absl::StrCat(
            "pull ", pull.seq, " in ", pull.scope.value(), " draws ",
            pull.item.value(), " when made again; stored is ",
            row == stored.end() ? "nothing" : row->second->item.value()));
      }
    }
    states[operation.scope] = drawn.pity;
  }
  for (const PityRecord& pity : rows.pity) {
    const auto made = states.find(pity.scope);
    if (made == states.end() || made->second.state != pity.state) {
      report(absl::StrCat("pity in ", pity.scope.value(), " is \"", pity.state,
                          "\"; made again it is \"",
                          made == states.end() ? "" : made->second.state,
                          "\""));
    }
  }
  return violations;
}

absl::StatusOr<std::vector<Violation>> VerifyAllDraws(
    Store& store, const Catalog& catalog, const ServerSeeds& seeds) {
  return OfAllPlayers(store, [&](const PlayerId& player) {
    return VerifyDraws(store, catalog, seeds, player);
  });
}

}  // namespace fairpull
