#include "postgres_status.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace fairpull {
namespace {

using enum absl::StatusCode;

struct Meaning {
  // A whole code, or the beginning that a class of codes has in common.
  absl::string_view sqlstate;
  absl::StatusCode code;
  absl::string_view advice;
};

constexpr absl::string_view kAskAgain = "asking again may help";
constexpr absl::string_view kMigrate =
    "its tables are missing or older than this version of fairpull: run "
    "\"fairpull migrate\", or open it once with PostgresOptions::migrate, by a "
    "user who may create tables";

// The first row that fits counts.
constexpr std::array kMeanings = {
    // No parameter is ever NULL: a NULL is a guard that did not hold.
    Meaning{"23502", kAborted, "a row was written by others meanwhile"},
    Meaning{"23505", kAborted, "the row was written by others meanwhile"},
    Meaning{"23", kInvalidArgument, "nothing was changed"},
    Meaning{"22", kInvalidArgument, "nothing was changed"},
    Meaning{"40003", kUnavailable, "read again before believing either"},
    Meaning{"40", kAborted, "others were quicker; begin again"},
    Meaning{"08", kUnavailable, kAskAgain},
    Meaning{"25006", kPermissionDenied,
            "the database is read-only; give the url of one that may be "
            "written"},
    Meaning{"25P03", kUnavailable,
            "the transaction was left open for too long; begin again"},
    Meaning{"28", kPermissionDenied,
            "check user and password, and the server's pg_hba.conf"},
    Meaning{"3D000", kNotFound, "create the database, or correct its name"},
    Meaning{"3F000", kFailedPrecondition,
            "create the schema that the search_path names"},
    Meaning{"42501", kPermissionDenied, "grant the user this right"},
    Meaning{"42P01", kFailedPrecondition, kMigrate},
    Meaning{"42703", kFailedPrecondition, kMigrate},
    Meaning{"42P07", kFailedPrecondition,
            "another application's table has this name: give fairpull a schema "
            "or a database of its own"},
    Meaning{"42710", kFailedPrecondition,
            "another application's type has this name: give fairpull a schema "
            "or a database of its own"},
    Meaning{"53100", kResourceExhausted,
            "the server's disk is full: free some space; nothing was changed"},
    Meaning{"53300", kUnavailable,
            "the server has no connection left: raise its max_connections, or "
            "lower PostgresOptions::max_connections"},
    Meaning{"53", kResourceExhausted, "the server lacks room"},
    Meaning{"54", kInvalidArgument, "nothing was changed"},
    Meaning{"55P03", kUnavailable,
            "others held the rows for too long; nothing was changed"},
    Meaning{"55", kUnavailable, kAskAgain},
    Meaning{"57014", kUnavailable,
            "the server took too long and gave up; nothing was changed"},
    Meaning{"57P04", kNotFound, "the database was dropped"},
    Meaning{"57", kUnavailable, kAskAgain},
    Meaning{"58", kUnavailable, "the server's disk or system failed"},
    Meaning{"XX001", kDataLoss, "restore the database from a copy"},
    Meaning{"XX002", kDataLoss, "rebuild the index, or restore a copy"},
};

}  // namespace

absl::Status PostgresError(absl::string_view where, absl::string_view sqlstate,
                           absl::string_view message) {
  const absl::string_view what = absl::StripAsciiWhitespace(message);
  if (sqlstate.empty()) {
    return absl::UnavailableError(
        absl::StrCat(where, ": ", what, "; ", kAskAgain));
  }
  const auto* meaning =
      std::find_if(kMeanings.begin(), kMeanings.end(), [&](const Meaning& row) {
        return absl::StartsWith(sqlstate, row.sqlstate);
      });
  if (meaning == kMeanings.end()) {
    return absl::InternalError(
        absl::StrCat(where, ": ", what, " (SQLSTATE ", sqlstate, ")"));
  }
  return absl::Status(meaning->code,
                      absl::StrCat(where, ": ", what, " (SQLSTATE ", sqlstate,
                                   "); ", meaning->advice));
}

std::string SqlStateIn(absl::string_view message) {
  // "FATAL:  28P01: password authentication failed", the first word in the
  // server's language.
  constexpr std::size_t kLength = 5;
  std::size_t from = message.find(":  ");
  while (from != absl::string_view::npos) {
    const absl::string_view code = message.substr(from + 3, kLength);
    const bool is_code =
        code.size() == kLength &&
        message.substr(from + 3 + kLength, 2) == ": " &&
        std::all_of(code.begin(), code.end(), [](char c) {
          return absl::ascii_isupper(c) || absl::ascii_isdigit(c);
        });
    if (is_code) return std::string(code);
    from = message.find(":  ", from + 1);
  }
  return "";
}

}  // namespace fairpull
