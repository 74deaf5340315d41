#include "direct.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pack.h"

namespace fairpull::internal {
namespace {

// Entries of the result that are worked out together: as many packs as leave
// registers for their operands, and enough that no addition waits for another.
constexpr std::size_t kPacks = 8;
constexpr std::size_t kBlock = kPacks * kPackSize;

// The kBlock sums over i in [begin, end) of a[i] * b[j - i], j from 0.
void AddUpBlock(const double* a, const double* b, std::size_t begin,
                std::size_t end, double* out) {
  Pack sum[kPacks] = {};
  for (std::size_t i = begin; i < end; ++i) {
    const double* const at = b - i;
    Unrolled<kPacks>(
        [&](auto p) { sum[p] += a[i] * LoadPack(at + p * kPackSize); });
  }
  Unrolled<kPacks>([&](auto p) { StorePack(sum[p], out + p * kPackSize); });
}

}  // namespace

Trimmed Trim(absl::Span<const double> pmf) {
  std::size_t begin = 0;
  std::size_t end = pmf.size();
  while (begin < end && pmf[begin] == 0) ++begin;
  while (end > begin && pmf[end - 1] == 0) --end;
  return {begin, pmf.subspan(begin, end - begin)};
}

std::vector<double> DirectConvolve(absl::Span<const double> a,
                                   absl::Span<const double> b,
                                   std::size_t limit) {
  if (a.empty() || b.empty()) return {};
  const std::size_t size = std::min(a.size() + b.size() - 1, limit);
  Trimmed x = Trim(a);
  Trimmed y = Trim(b);
  std::vector<double> out(size);
  const std::size_t begin = x.begin + y.begin;
  if (x.entries.empty() || y.entries.empty() || begin >= size) return out;
  if (x.entries.size() > y.entries.size()) std::swap(x, y);

  // Zeros around the longer list, so that blocks need no edges.
  std::vector<double> padded(y.entries.size() + 2 * (kBlock - 1));
  std::copy(y.entries.begin(), y.entries.end(), padded.begin() + kBlock - 1);
  const std::size_t last = y.entries.size() - 1;
  const std::size_t end =
      std::min(size - begin, x.entries.size() + y.entries.size() - 1);
  for (std::size_t n = 0; n < end; n += kBlock) {
    double block[kBlock];
    AddUpBlock(x.entries.data(), padded.data() + kBlock - 1 + n,
               n > last ? n - last : 0, std::min(x.entries.size(), n + kBlock),
               block);
    std::copy(block, block + std::min(kBlock, end - n),
              out.begin() + static_cast<std::ptrdiff_t>(begin + n));
  }
  return out;
}

std::vector<double> DirectPower(absl::Span<const double> pmf, std::uint64_t n,
                                std::size_t limit) {
  pmf = pmf.subspan(0, std::min(pmf.size(), limit));
  std::vector<double> power(pmf.begin(), pmf.end());
  for (int bit = static_cast<int>(std::bit_width(n)) - 2; bit >= 0; --bit) {
    power = DirectConvolve(power, power, limit);
    if ((n >> bit & 1) != 0) power = DirectConvolve(power, pmf, limit);
  }
  return power;
}

void AddScaled(double factor, absl::Span<const double> from, double* to) {
  std::size_t i = 0;
  for (; i + kPackSize <= from.size(); i += kPackSize) {
    StorePack(LoadPack(to + i) + factor * LoadPack(from.data() + i), to + i);
  }
  for (; i < from.size(); ++i) to[i] += factor * from[i];
}

absl::Status CheckEntries(absl::Span<const double> pmf,
                          absl::string_view name) {
  if (pmf.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is empty"));
  }
  for (std::size_t n = 0; n < pmf.size(); ++n) {
    if (pmf[n] >= 0 && std::isfinite(pmf[n])) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(name, "[", n, "] is ", pmf[n]));
  }
  return absl::OkStatus();
}

}  // namespace fairpull::internal
