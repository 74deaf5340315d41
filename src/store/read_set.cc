#include "fairpull/store/read_set.h"

#include <algorithm>

namespace fairpull {
namespace {

template <class Row, class Match>
const Row* Find(const std::vector<Row>& rows, const Match& match) {
  const auto found = std::find_if(rows.begin(), rows.end(), match);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

const Operation* Snapshot::FindOperation(const OperationId& id) const {
  return Find(operations, [&id](const Operation& row) { return row.id == id; });
}

const Hold* Snapshot::FindHold(const OperationId& id) const {
  return Find(holds, [&id](const Hold& row) { return row.id == id; });
}

const Account* Snapshot::FindAccount(const CurrencyId& currency) const {
  return Find(accounts, [&currency](const Account& row) {
    return row.currency == currency;
  });
}

const PityRecord* Snapshot::FindPity(const ScopeId& scope) const {
  return Find(pity,
              [&scope](const PityRecord& row) { return row.scope == scope; });
}

const PullOperation* Snapshot::FindPullOperation(const OperationId& id) const {
  return Find(pull_operations,
              [&id](const PullOperation& row) { return row.id == id; });
}

}  // namespace fairpull
