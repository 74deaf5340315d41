// What changes a player's counters besides pulls: choosing a featured item,
// buying one with spark points, using a discount, and the end of a banner; and
// what pulls give beside their items. Pure functions, as Pull is.
//
//   FAIRPULL_ASSIGN_OR_RETURN(state, ChooseItem(banner, state, "wolf-fang"));
//   FAIRPULL_ASSIGN_OR_RETURN(state, ExchangeSpark(banner, state, "wren"));

#ifndef FAIRPULL_ENGINE_ACTIONS_H_
#define FAIRPULL_ENGINE_ACTIONS_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fairpull/banner/banner.h"
#include "fairpull/pity/counter.h"

namespace fairpull {

// The state in which `item` is the chosen one of its rarity. Choosing another
// one than before clears the fate points. InvalidArgument if no rate-up with
// fate points features it.
[[nodiscard]] absl::StatusOr<PityState> ChooseItem(const Banner& banner,
                                                   const PityState& state,
                                                   absl::string_view item);

// Whether the points suffice for an exchange.
[[nodiscard]] bool CanExchangeSpark(const Banner& banner,
                                    const PityState& state);

// The state after `item` is bought with spark points. InvalidArgument if the
// banner does not sell it for points; FailedPrecondition, with both numbers,
// if the points do not suffice.
[[nodiscard]] absl::StatusOr<PityState> ExchangeSpark(const Banner& banner,
                                                      const PityState& state,
                                                      absl::string_view item);

// The state after a batch was paid for as quoted: its discount counts as used.
[[nodiscard]] PityState AfterPaying(const Banner& banner,
                                    const PityState& state, const Quote& quote);

// An amount of a currency.
struct CurrencyAmount {
  CurrencyId currency;
  std::int64_t amount = 0;

  friend bool operator==(const CurrencyAmount&,
                         const CurrencyAmount&) = default;
};

// What is left when the banner ends.
struct BannerEnd {
  PityState state;
  std::vector<CurrencyAmount> gives;  // by currency, in order of its name
};

// The end of the banner: counters that end with it start again, and those that
// convert give their currency for each point.
[[nodiscard]] BannerEnd EndBanner(const Banner& banner, const PityState& state);

// What the milestones that a draw reached give: `before` is the state that the
// draw was made in. In order of the milestones.
[[nodiscard]] std::vector<Gift> GiftsOf(const Banner& banner,
                                        const PityState& before);

// What the collections give that become whole by owning one more of `item`;
// `owned` says how many of an item (an index) the player had before.
[[nodiscard]] std::vector<Gift> GiftsOfCollections(
    const Banner& banner, std::uint16_t item,
    absl::FunctionRef<std::int64_t(std::uint16_t)> owned);

// What a copy of an item gives to a player who had `owned` of it before, if
// the file says that duplicates give something.
[[nodiscard]] std::vector<CurrencyAmount> DuplicateGives(const Banner& banner,
                                                         std::uint16_t item,
                                                         std::int64_t owned);

}  // namespace fairpull

#endif  // FAIRPULL_ENGINE_ACTIONS_H_
