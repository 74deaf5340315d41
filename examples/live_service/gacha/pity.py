"""`GET /gacha/pity`: where a player stands with a banner's counters."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

import fairpull
from gacha.analyst import Analyst
from gacha.showcase import DEFAULT_BANNER, Showcase
from shared_http.player_tokens import PlayerTokenChecker


class PityDesk:
    """Tells players of their counters, in figures and in words. Thread-safe."""

    def __init__(
        self, desk: fairpull.SplitPullService, showcase: Showcase, analyst: Analyst
    ) -> None:
        self._desk = desk
        self._showcase = showcase
        self._analyst = analyst

    def standing(self, player: str, banner_id: str) -> dict[str, Any]:
        """Return the counters, and the odds of the next pull that follow from them."""
        banner = self._showcase.banner(banner_id)
        state = self._desk.pity(player, banner.id)
        return {
            "bannerId": banner.id,
            "oddsVersion": banner.odds_version,
            "counters": [
                {
                    "name": name,
                    "value": state.get(name, range_.start),
                    "lowest": range_.lowest,
                    "highest": range_.highest,
                    "text": _in_words(banner, name, state.get(name, range_.start)),
                }
                for name, range_ in banner.counters.items()
            ],
            "nextPull": self._analyst.answer(
                ("next pull", banner.odds_version, *sorted(state.items())),
                lambda: _next_pull(banner, state),
            ),
        }


def pity_routes(pity: PityDesk, tokens: PlayerTokenChecker) -> Blueprint:
    """Return the route."""
    routes = Blueprint("pity", __name__, url_prefix="/gacha")

    @routes.get("/pity")
    def standing() -> dict[str, Any]:
        player = tokens.authenticated_player()
        banner_id = request.args.get("banner", DEFAULT_BANNER)
        return {"userId": player, **pity.standing(player, banner_id)}

    return routes


def _next_pull(banner: fairpull.Banner, state: dict[str, int]) -> list[dict[str, Any]]:
    """The odds of one pull are how often each rarity comes up in it on average."""
    batch = min(banner.batches)
    draws = banner.draws_of(batch)
    return [
        {
            "id": rarity.id,
            "percent": 100
            * banner.hits_in(draws, f"rarity:{rarity.id}", state, batch=batch).mean
            / draws,
        }
        for rarity in banner.rarities
    ]


def _in_words(banner: fairpull.Banner, name: str, value: int) -> str:
    """Return what the counter says to a player."""
    kind, _, rarity_id = name.partition(":")
    rarity = next((each for each in banner.rarities if each.id == rarity_id), None)
    if rarity is None:
        return f"{name} is {value}"
    if kind == "guarantee":
        if value:
            return f"the next {rarity.name} is a featured one for certain"
        return f"the next {rarity.name} may be one that is not featured"
    if kind != "pity":
        return f"{kind} of {rarity.name} is {value}"
    since = f"{value} pull{'' if value == 1 else 's'} since the last {rarity.name}"
    if rarity.hard_pity is None:
        return since
    left = max(1, rarity.hard_pity - value)
    # What is certain by its own pity still yields to a higher rarity.
    higher = " or a higher rarity" if rarity is not banner.rarities[0] else ""
    if left == 1:
        return f"{since}; the next pull gives one{higher} for certain"
    return f"{since}; one{higher} is certain within {left} pulls"
