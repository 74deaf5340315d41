#include "fairpull/ledger/system_account.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

constexpr absl::string_view kIssuer = "issuer:";
constexpr absl::string_view kSpend = "spend:";
constexpr absl::string_view kPromotion = "promotion";
constexpr absl::string_view kExpired = "expired";
constexpr absl::string_view kAdjustment = "adjustment";

}  // namespace

absl::StatusOr<SystemAccount> SystemAccount::Parse(absl::string_view name) {
  if (name == kPromotion || name == kExpired || name == kAdjustment) {
    return SystemAccount(std::string(name));
  }
  absl::string_view rest = name;
  if (absl::ConsumePrefix(&rest, kIssuer)) {
    FAIRPULL_RETURN_IF_ERROR(CheckId("payment method after issuer:", rest));
    return SystemAccount(std::string(name));
  }
  if (absl::ConsumePrefix(&rest, kSpend)) {
    FAIRPULL_RETURN_IF_ERROR(CheckId("banner id after spend:", rest));
    return SystemAccount(std::string(name));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", absl::CHexEscape(name),
      "\" is no system account; known are issuer:<method>, promotion, "
      "spend:<banner>, expired and adjustment"));
}

SystemAccount SystemAccount::Spend(const BannerId& banner) {
  return SystemAccount(absl::StrCat(kSpend, banner.value()));
}

SystemAccount SystemAccount::Expired() {
  return SystemAccount(std::string(kExpired));
}

SystemAccount SystemAccount::Trusted(std::string name) {
  return SystemAccount(std::move(name));
}

bool SystemAccount::is_issuer() const {
  return absl::StartsWith(name_, kIssuer);
}

bool SystemAccount::is_adjustment() const { return name_ == kAdjustment; }

bool SystemAccount::is_source() const {
  return is_issuer() || name_ == kPromotion || is_adjustment();
}

bool SystemAccount::is_sink() const {
  return absl::StartsWith(name_, kSpend) || name_ == kExpired ||
         is_adjustment();
}

}  // namespace fairpull
