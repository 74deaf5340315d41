#include "lot_mover.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace fairpull::internal {

std::vector<std::size_t> LotMover::InOrder(LotOrder order) const {
  std::vector<std::size_t> places(account_.lots.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) {
    return UsedBefore(account_.lots[a], account_.lots[b], order);
  });
  return places;
}

void LotMover::Move(std::size_t at, std::int64_t posted, std::int64_t held) {
  if (posted == 0 && held == 0) return;
  Lot& lot = account_.lots[at];
  lot.remaining += posted;
  lot.held += held;
  account_.balance.posted += posted;
  account_.balance.held += held;
  for (LotChange& change : changes_) {
    if (change.lot != lot.id) continue;
    change.posted += posted;
    change.held += held;
    return;
  }
  changes_.push_back({.lot = lot.id, .posted = posted, .held = held});
}

void LotMover::Add(const OperationId& id, const LotTerms& terms,
                   std::int64_t granted, std::int64_t amount) {
  const auto place =
      std::lower_bound(account_.lots.begin(), account_.lots.end(), id,
                       [](const Lot& lot, const OperationId& wanted) {
                         return lot.id < wanted;
                       });
  const auto at = static_cast<std::size_t>(place - account_.lots.begin());
  if (place == account_.lots.end() || place->id != id) {
    account_.lots.insert(place, {.id = id, .terms = terms, .granted = granted});
  }
  Move(at, amount, 0);
}

std::int64_t LotMover::TakeFrom(const OperationId& id, std::int64_t amount) {
  for (std::size_t i = 0; i < account_.lots.size(); ++i) {
    if (account_.lots[i].id != id) continue;
    const std::int64_t taken = std::min(amount, account_.lots[i].unheld());
    Move(i, -taken, 0);
    return taken;
  }
  return 0;
}

std::int64_t LotMover::Take(std::int64_t amount, LotOrder order,
                            std::optional<std::int64_t> now_ms) {
  std::int64_t left = amount;
  for (const std::size_t i : InOrder(order)) {
    if (now_ms.has_value() && account_.lots[i].expired(*now_ms)) continue;
    const std::int64_t taken = std::min(left, account_.lots[i].unheld());
    Move(i, -taken, 0);
    left -= taken;
  }
  return amount - left;
}

void LotMover::Hold(std::int64_t amount, LotOrder order, std::int64_t now_ms) {
  for (const std::size_t i : InOrder(order)) {
    if (account_.lots[i].expired(now_ms)) continue;
    const std::int64_t part = std::min(amount, account_.lots[i].unheld());
    Move(i, 0, part);
    amount -= part;
  }
}

void LotMover::Release(const std::vector<LotChange>& held, std::int64_t amount,
                       LotOrder order) {
  for (const std::size_t i : InOrder(order)) {
    for (const LotChange& part : held) {
      if (part.lot != account_.lots[i].id) continue;
      const std::int64_t taken = std::min(amount, part.held);
      Move(i, -taken, -part.held);
      amount -= taken;
    }
  }
}

void LotMover::AddDebt(std::int64_t amount) {
  account_.debt += amount;
  account_.balance.posted -= amount;
}

void LotMover::Finish(LotOrder order) {
  if (account_.debt > 0) {
    // What is taken from lots is owed no more: the balance stays.
    AddDebt(-Take(account_.debt, order));
  }
  std::erase_if(account_.lots,
                [](const Lot& lot) { return lot.remaining == 0; });
}

std::vector<LotChange> LotMover::changes() const {
  std::vector<LotChange> changes = changes_;
  std::erase_if(changes, [](const LotChange& change) {
    return change.posted == 0 && change.held == 0;
  });
  std::sort(
      changes.begin(), changes.end(),
      [](const LotChange& a, const LotChange& b) { return a.lot < b.lot; });
  return changes;
}

}  // namespace fairpull::internal
