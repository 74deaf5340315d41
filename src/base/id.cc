#include "fairpull/base/id.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace fairpull {

absl::Status CheckId(absl::string_view what, absl::string_view text) {
  if (text.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " is empty; it must have 1 to ", kMaxIdLength, " characters"));
  }
  if (text.size() > kMaxIdLength) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " has ", text.size(), " characters; at most ",
                     kMaxIdLength, " are allowed"));
  }
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' &&
        c != '_' && c != ':' && c != '-') {
      return absl::InvalidArgumentError(absl::StrCat(
          what, " \"", absl::CHexEscape(text), "\" holds the character '",
          absl::CHexEscape(absl::string_view(&c, 1)),
          "'; allowed are letters, digits and . _ : -"));
    }
  }
  return absl::OkStatus();
}

}  // namespace fairpull
