// Amounts of a currency: whole numbers from 1 to 2^53 - 1, so that a JSON
// reader which keeps numbers as doubles still reads every one exactly.
//
// Sums are kept in the range 0 to 2^53 - 1 and never wrap.
//
//   if (std::optional<std::int64_t> sum = CheckedAdd(posted, amount)) {…}

#ifndef FAIRPULL_LEDGER_AMOUNT_H_
#define FAIRPULL_LEDGER_AMOUNT_H_

#include <cstdint>
#include <optional>

namespace fairpull {

inline constexpr std::int64_t kMinAmount = 1;
inline constexpr std::int64_t kMaxAmount = (std::int64_t{1} << 53) - 1;

// Whether `amount` may be moved or held: 1 to 2^53 - 1.
[[nodiscard]] constexpr bool IsAmount(std::int64_t amount) {
  return amount >= kMinAmount && amount <= kMaxAmount;
}

// a + b, or nothing if the sum is below 0 or above 2^53 - 1. Any two values
// may be given.
[[nodiscard]] constexpr std::optional<std::int64_t> CheckedAdd(std::int64_t a,
                                                               std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum) || sum < 0 || sum > kMaxAmount) {
    return std::nullopt;
  }
  return sum;
}

// a - b, or nothing if the difference is below 0 or above 2^53 - 1. Any two
// values may be given.
[[nodiscard]] constexpr std::optional<std::int64_t> CheckedSubtract(
    std::int64_t a, std::int64_t b) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a, b, &difference) || difference < 0 ||
      difference > kMaxAmount) {
    return std::nullopt;
  }
  return difference;
}

// a + b, or nothing if the sum is below -(2^53 - 1) or above 2^53 - 1: for
// balances, which may be debt.
[[nodiscard]] constexpr std::optional<std::int64_t> CheckedAddSigned(
    std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum) || sum < -kMaxAmount ||
      sum > kMaxAmount) {
    return std::nullopt;
  }
  return sum;
}

}  // namespace fairpull

#endif  // FAIRPULL_LEDGER_AMOUNT_H_
