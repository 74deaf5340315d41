#include "fairpull/odds/odds.h"

#include <cstddef>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

// Digits enough for any odds on a wheel, few enough that nothing overflows.
constexpr std::size_t kMaxDigits = 15;

absl::Status Malformed(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", absl::CHexEscape(text.substr(0, 40)),
      "\" is not odds; write a percentage (\"0.6%\"), a decimal (\"0.006\") or "
      "a fraction (\"3/500\") from 0 to 1"));
}

// Reads `text`, all digits, into `value`; false if it is empty, too long or
// holds anything else.
bool ReadDigits(absl::string_view text, std::uint64_t& value) {
  if (text.empty() || text.size() > kMaxDigits) return false;
  value = 0;
  for (const char c : text) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

// Reads "12", "12.5" or ".5" as numerator over a power of ten.
bool ReadDecimal(absl::string_view text, std::uint64_t& numerator,
                 std::uint64_t& denominator) {
  denominator = 1;
  const std::size_t point = text.find('.');
  if (point == absl::string_view::npos) return ReadDigits(text, numerator);
  const absl::string_view whole = text.substr(0, point);
  const absl::string_view part = text.substr(point + 1);
  if (whole.size() + part.size() > kMaxDigits) return false;
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  if (!whole.empty() && !ReadDigits(whole, before)) return false;
  if (!ReadDigits(part, after)) return false;
  for (std::size_t i = 0; i < part.size(); ++i) denominator *= 10;
  numerator = before * denominator + after;
  return true;
}

}  // namespace

absl::StatusOr<Odds> Odds::FromFraction(std::uint64_t numerator,
                                        std::uint64_t denominator) {
  if (denominator == 0) {
    return absl::InvalidArgumentError("odds have the denominator 0");
  }
  if (numerator > denominator) {
    return absl::InvalidArgumentError(absl::StrCat(
        "odds of ", numerator, "/", denominator, " are above 1 (100%)"));
  }
  const std::uint64_t common = std::gcd(numerator, denominator);
  numerator /= common;
  denominator /= common;
  if (denominator > kMaxWheelSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("odds of ", numerator, "/", denominator,
                     " are finer than the finest wheel, 1/", kMaxWheelSize));
  }
  return Odds(static_cast<std::uint32_t>(numerator),
              static_cast<std::uint32_t>(denominator));
}

absl::StatusOr<Odds> Odds::Parse(absl::string_view text) {
  std::uint64_t numerator = 0;
  std::uint64_t denominator = 1;
  const std::size_t slash = text.find('/');
  if (slash != absl::string_view::npos) {
    if (!ReadDigits(text.substr(0, slash), numerator) ||
        !ReadDigits(text.substr(slash + 1), denominator)) {
      return Malformed(text);
    }
  } else if (absl::EndsWith(text, "%")) {
    if (!ReadDecimal(text.substr(0, text.size() - 1), numerator, denominator)) {
      return Malformed(text);
    }
    denominator *= 100;
  } else if (!ReadDecimal(text, numerator, denominator)) {
    return Malformed(text);
  } else if (numerator > denominator && numerator <= 100 * denominator) {
    return absl::InvalidArgumentError(
        absl::StrCat("odds of ", text, " are above 1 (100%); write \"", text,
                     "%\" if a percentage is meant"));
  }
  return FromFraction(numerator, denominator);
}

absl::StatusOr<Odds> Odds::PlusSteps(Odds step, std::uint32_t times) const {
  // Denominators are below 2^25 and `times` below 2^32: no sum overflows once
  // the step alone is known to stay below 1.
  const std::uint64_t steps = std::uint64_t{step.numerator_} * times;
  if (steps >= step.denominator_) return Certain();
  const std::uint64_t denominator =
      std::lcm(std::uint64_t{denominator_}, std::uint64_t{step.denominator_});
  const std::uint64_t sum = denominator / denominator_ * numerator_ +
                            denominator / step.denominator_ * steps;
  if (sum >= denominator) return Certain();
  return FromFraction(sum, denominator);
}

std::string Odds::ToString() const {
  if (denominator_ == 1) return absl::StrCat(numerator_);
  return absl::StrCat(numerator_, "/", denominator_);
}

}  // namespace fairpull
