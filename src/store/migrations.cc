#include "migrations.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "fairpull/base/digest.h"

namespace fairpull {

AppliedMigration AppliedAs(absl::Span<const Migration> known,
                           std::int64_t version) {
  const Migration& migration = known[static_cast<std::size_t>(version) - 1];
  return {.version = version,
          .name = migration.name,
          .checksum = HexSha256(migration.sql)};
}

absl::Status CheckMigration(absl::Span<const Migration> known,
                            const AppliedMigration& applied) {
  if (applied.version < 1 ||
      applied.version > static_cast<std::int64_t>(known.size())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the database has migration ", applied.version, " (", applied.name,
        "), this version of fairpull knows ", known.size(),
        ": it was written by a newer version, use that one or later"));
  }
  const AppliedMigration expected = AppliedAs(known, applied.version);
  if (applied.name != expected.name || applied.checksum != expected.checksum) {
    return absl::FailedPreconditionError(absl::StrCat(
        "migration ", applied.version, " of the database (", applied.name, ", ",
        applied.checksum, ") is not the one of this version of fairpull (",
        expected.name, ", ", expected.checksum,
        "): use the version that made the database"));
  }
  return absl::OkStatus();
}

}  // namespace fairpull
