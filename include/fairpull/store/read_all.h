// All rows of what a store gives page by page.
//
//   std::vector<Operation> operations;
//   FAIRPULL_RETURN_IF_ERROR(ReadAll<Operation>(
//       [&](const Operation* last) {
//         return store.Operations(
//             player, last == nullptr ? OperationId() : last->id, kMaxPage);
//       },
//       operations));

#ifndef FAIRPULL_STORE_READ_ALL_H_
#define FAIRPULL_STORE_READ_ALL_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fairpull/base/status.h"
#include "fairpull/store/store.h"

namespace fairpull {

// Appends every row to `rows`. `page(last)` gives up to kMaxPage rows that come
// after the row `last`, which is null at the start. Fails as `page` does.
template <class Row, class Page>
absl::Status ReadAll(const Page& page, std::vector<Row>& rows) {
  const Row* last = nullptr;
  while (true) {
    FAIRPULL_ASSIGN_OR_RETURN(std::vector<Row> more, page(last));
    const bool complete = more.size() < static_cast<std::size_t>(kMaxPage);
    for (Row& row : more) rows.push_back(std::move(row));
    if (complete) return absl::OkStatus();
    last = &rows.back();
  }
}

}  // namespace fairpull

#endif  // FAIRPULL_STORE_READ_ALL_H_
