"""What a player may spend, and how much that still is."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from account.purchases import Purchases
from account.spending_limits import Allowance, SpendingLimits, Window
from account.users import Users
from shared_http.clock import ClockMs, rfc3339
from shared_http.player_tokens import PlayerTokenChecker
from shared_http.problems import Problem


class Spending:
    """Looks a player's limits up. Safe to use from several threads."""

    def __init__(
        self, users: Users, limits: SpendingLimits, *, clock_ms: ClockMs
    ) -> None:
        self._users = users
        self._limits = limits
        self._clock_ms = clock_ms

    @property
    def zone(self) -> str:
        """The time zone of days and months."""
        return self._limits.zone

    def allowance(self, player: str) -> Allowance:
        """Return what the player may spend now."""
        return self._limits.allowance(self._users.birth_date(player), self._clock_ms())


def spending_routes(
    *,
    spending: Spending,
    purchases: Purchases,
    price_currency: str,
    tokens: PlayerTokenChecker,
) -> Blueprint:
    """Return the route by which a player sees the limits and what was spent."""
    routes = Blueprint("spending", __name__, url_prefix="/account")

    @routes.get("/spending")
    def show() -> dict[str, Any]:
        player = tokens.authenticated_player()
        allowance = spending.allowance(player)
        told: dict[str, Any] = {
            "userId": player,
            "ageBand": allowance.band.name,
            "priceCurrency": price_currency,
            "timeZone": spending.zone,
        }
        for window in allowance.windows:
            spent = purchases.spent(player, price_currency, window)
            told[window.period] = {
                "spent": spent,
                "limit": window.limit,
                "resetsAt": rfc3339(window.ends_ms),
            }
        return told

    return routes


def over_the_limit(
    window: Window, *, spent: int, price: int, price_currency: str, zone: str
) -> Problem:
    """Return the 403 for a purchase that is too much for the day or the month."""
    resets_at = rfc3339(window.ends_ms)
    return Problem(
        403,
        "spending-limit",
        "Spending limit",
        f"the limit of this {window.period} is {window.limit} {price_currency} in its "
        f"smallest unit, {spent} of it are spent, and this costs {price}; the next "
        f"{window.period} begins at {resets_at}",
        spendingLimit={
            "period": window.period,
            "limit": window.limit,
            "spent": spent,
            "price": price,
            "priceCurrency": price_currency,
            "resetsAt": resets_at,
            "timeZone": zone,
        },
    )
