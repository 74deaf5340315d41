#include "fairpull/banner/banner.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "fairpull/base/status.h"

namespace fairpull {
namespace {

std::string Utc(std::int64_t at_ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(at_ms),
                          absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<Banner> Banner::FromJson(absl::string_view text,
                                        absl::string_view file) {
  Problems problems{std::string(file)};
  std::optional<BannerSpec> spec = ParseBanner(text, problems);
  if (!spec.has_value()) return problems.ToStatus();
  std::optional<Banner> banner = CompileBanner(*std::move(spec), problems);
  if (!banner.has_value()) return problems.ToStatus();
  return *std::move(banner);
}

std::optional<std::size_t> Banner::FindItem(absl::string_view id) const {
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].id.value() == id) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Banner::FindRarity(absl::string_view id) const {
  for (std::size_t i = 0; i < rarities_.size(); ++i) {
    if (rarities_[i].id == id) return i;
  }
  return std::nullopt;
}

std::uint32_t Banner::DrawsOf(std::uint32_t size) const {
  const BatchSpec* batch = spec_.FindBatch(size);
  return batch == nullptr ? size : batch->draws();
}

absl::StatusOr<std::int64_t> Banner::PriceOf(std::uint32_t count) const {
  FAIRPULL_ASSIGN_OR_RETURN(const Quote quote,
                            ListQuote(count, counters_.Start()));
  return quote.amount;
}

absl::StatusOr<Quote> Banner::ListQuote(std::uint32_t count,
                                        const PityState& state) const {
  const BatchSpec* batch = spec_.FindBatch(count);
  if (batch == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(count, " pulls at once are not sold on banner \"",
                     spec_.id.value(), "\"; it sells ",
                     absl::StrJoin(spec_.batches, ", ",
                                   [](std::string* out, const BatchSpec& sold) {
                                     absl::StrAppend(out, sold.size);
                                   })));
  }
  Quote quote{.currency = spec_.price().currency,
              .amount = batch->price.value_or(spec_.price().amount * count)};
  if (spec_.step_up.has_value()) {
    const std::int16_t step = state.value[batch_plan_.step->counter];
    quote.amount =
        spec_.step_up->steps[static_cast<std::size_t>(step) - 1].price;
  }
  return quote;
}

absl::StatusOr<Quote> Banner::QuoteOf(std::uint32_t count,
                                      const PityState& state,
                                      const CurrencyId& currency) const {
  FAIRPULL_ASSIGN_OR_RETURN(Quote quote, ListQuote(count, state));
  if (!currency.empty() && currency != quote.currency) {
    for (const PriceSpec& price : spec_.prices) {
      if (price.currency != currency) continue;
      return Quote{.currency = currency, .amount = price.amount * count};
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "pulls of banner \"", spec_.id.value(), "\" are not sold for ",
        currency.value(), "; they are for ",
        absl::StrJoin(spec_.prices, ", ",
                      [](std::string* out, const PriceSpec& price) {
                        out->append(price.currency.value());
                      })));
  }
  for (std::size_t i = 0; i < spec_.discounts.size(); ++i) {
    const DiscountSpec& discount = spec_.discounts[i];
    if (discount.batch != count ||
        state.value[discount_counters_[i]] >= discount.limit) {
      continue;
    }
    quote.amount = discount.amount;
    quote.discount = i;
    break;
  }
  return quote;
}

bool Banner::Settle(LaneArray& value) const {
  for (const Milestone& milestone : milestones_) {
    if (milestone.repeat && value[milestone.counter] >= milestone.at) {
      value[milestone.counter] = 0;
    }
  }
  for (const Rarity& rarity : rarities_) {
    const RarityCounters& places = rarity.counters;
    if (places.featured_spent.has_value() &&
        value[*places.featured_spent] != 0) {
      value[*places.featured_pity] = 0;
    }
  }
  for (const BatchPlan::Frozen& frozen : batch_plan_.frozen) {
    if (frozen.due_at.has_value() && value[frozen.copy] == *frozen.due_at &&
        value[frozen.pity] == 0) {
      value[frozen.copy] = static_cast<std::int16_t>(*frozen.due_at + 1);
    }
  }
  if (!spec_.box.has_value()) return false;
  for (const Rarity& rarity : rarities_) {
    if (value[*rarity.counters.left] != 0) return false;
    if (*spec_.box == BoxReset::kPrizes) break;
  }
  for (const Rarity& rarity : rarities_) {
    const std::size_t left = *rarity.counters.left;
    value[left] = counters_[left].start;
  }
  return true;
}

absl::Status Banner::CheckOpen(std::int64_t now_ms) const {
  if (spec_.opens_at_ms.has_value() && now_ms < *spec_.opens_at_ms) {
    return absl::FailedPreconditionError(
        absl::StrCat("banner \"", spec_.id.value(), "\" opens at ",
                     Utc(*spec_.opens_at_ms)));
  }
  if (spec_.closes_at_ms.has_value() && now_ms >= *spec_.closes_at_ms) {
    return absl::FailedPreconditionError(
        absl::StrCat("banner \"", spec_.id.value(), "\" closed at ",
                     Utc(*spec_.closes_at_ms)));
  }
  return absl::OkStatus();
}

}  // namespace fairpull
