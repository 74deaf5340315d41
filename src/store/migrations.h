// What the migrations of every SQL store have in common.

#ifndef FAIRPULL_SRC_STORE_MIGRATIONS_H_
#define FAIRPULL_SRC_STORE_MIGRATIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace fairpull {

struct Migration {
  const char* name;
  const char* sql;
};

// What a database says was applied to it.
struct AppliedMigration {
  std::int64_t version;
  std::string name;
  std::string checksum;
};

// The row that stands for the migration `version`, which counts from 1 on.
AppliedMigration AppliedAs(absl::Span<const Migration> known,
                           std::int64_t version);

// OK if `known` has `applied` in that very form; otherwise FailedPrecondition:
// it is newer, or was edited.
absl::Status CheckMigration(absl::Span<const Migration> known,
                            const AppliedMigration& applied);

}  // namespace fairpull

#endif  // FAIRPULL_SRC_STORE_MIGRATIONS_H_
