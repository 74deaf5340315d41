// The other side of every transfer: an account of the house.
//
// A system account is a name in the row and never a balance row, so that two
// players' transfers share no row and players can be spread over machines.
// Its balance is the negated sum of the entries that name it.
//
//   FAIRPULL_ASSIGN_OR_RETURN(auto source,
//   SystemAccount::Parse("issuer:card")); FAIRPULL_ASSIGN_OR_RETURN(auto sink,
//   SystemAccount::Parse("spend:starter"));

#ifndef FAIRPULL_LEDGER_SYSTEM_ACCOUNT_H_
#define FAIRPULL_LEDGER_SYSTEM_ACCOUNT_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/base/id.h"

namespace fairpull {

// An immutable name of one of these accounts:
//
//   issuer:<method>  pays out what players bought by that payment method
//   promotion        pays out gifts
//   spend:<banner>   takes what pulls of that banner cost
//   expired          takes what was not used in time
//   adjustment       pays out or takes corrections by hand
//
// A default-constructed one is empty and neither a source nor a sink.
class SystemAccount {
 public:
  SystemAccount() = default;

  // The account spelled by `name`, or InvalidArgument that lists the forms.
  [[nodiscard]] static absl::StatusOr<SystemAccount> Parse(
      absl::string_view name);

  // The account that takes what pulls of `banner` cost.
  [[nodiscard]] static SystemAccount Spend(const BannerId& banner);

  // The account that takes what was not used in time.
  [[nodiscard]] static SystemAccount Expired();

  // The account spelled by `name`, unchecked: for what a store gives back.
  [[nodiscard]] static SystemAccount Trusted(std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }

  // Whether a player may be credited from it: issuer, promotion, adjustment.
  [[nodiscard]] bool is_source() const;

  // Whether a player may be debited to it: spend, expired, adjustment.
  [[nodiscard]] bool is_sink() const;

  // Whether it pays out what was bought.
  [[nodiscard]] bool is_issuer() const;
  // Whether it is for corrections, which may leave a debt.
  [[nodiscard]] bool is_adjustment() const;

  friend bool operator==(const SystemAccount&, const SystemAccount&) = default;

 private:
  explicit SystemAccount(std::string name) : name_(std::move(name)) {}

  std::string name_;
};

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_SYSTEM_ACCOUNT_H_
