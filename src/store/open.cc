#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fairpull/store/memory_store.h"
#include "fairpull/store/store.h"
#ifdef FAIRPULL_WITH_POSTGRES
#include "fairpull/store/postgres_store.h"
#endif
#ifdef FAIRPULL_WITH_SQLITE
#include "fairpull/store/sqlite_store.h"
#endif

namespace fairpull {

absl::StatusOr<std::unique_ptr<Store>> Store::Open(absl::string_view url) {
  if (url == "memory:") return NewMemoryStore();
  std::string known = "memory:";
#ifdef FAIRPULL_WITH_SQLITE
  absl::string_view path = url;
  if (absl::ConsumePrefix(&path, "sqlite:///") && !path.empty()) {
    return OpenSqliteStore(path);
  }
  known += ", sqlite:///relative/path, sqlite:////absolute/path";
#endif
#ifdef FAIRPULL_WITH_POSTGRES
  if (absl::StartsWith(url, "postgresql://") ||
      absl::StartsWith(url, "postgres://")) {
    return OpenPostgresStore(url);
  }
  known += ", postgresql://user@host/database";
#endif
  // The url itself may carry a password: only its scheme is repeated.
  const std::size_t colon = url.find(':');
  return absl::InvalidArgumentError(
      absl::StrCat("no store at a url of scheme \"",
                   colon == absl::string_view::npos ? "" : url.substr(0, colon),
                   "\" and this form; known are ", known));
}

}  // namespace fairpull
