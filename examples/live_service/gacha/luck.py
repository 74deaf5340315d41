"""`GET /gacha/luck`: how often the rarest came, against the exact distribution.

The distribution is that of a player who begins at the start and pulls as often under
the same odds. Where a player's pulls are not like that, no figure is given but the
reason why not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Blueprint, request

import fairpull
from gacha.analyst import Analyst
from gacha.showcase import DEFAULT_BANNER, Showcase
from shared_http.player_tokens import PlayerTokenChecker

MOST_PULLS = 10_000
_PAGE = 1000
_MOST_POINTS = 1000
# What is left out at either end of the list.
_TAIL = 1e-4
_SAME_WITHIN = 1e-12


class LuckDesk:
    """Tells players how lucky they were. Thread-safe."""

    def __init__(
        self, desk: fairpull.SplitPullService, showcase: Showcase, analyst: Analyst
    ) -> None:
        self._desk = desk
        self._showcase = showcase
        self._analyst = analyst

    def luck(self, player: str, banner_id: str) -> dict[str, Any]:
        """Return pulls, hits, and the distribution or why there is none."""
        banner = self._showcase.banner(banner_id)
        rarest = banner.rarities[0]
        pulls = self._pulls_of(player, banner.scope)
        hits = sum(pull.rarity == rarest.id for pull in pulls)
        reason = self._why_not(pulls, banner)
        distribution = None
        if reason is None:
            batch = self._batch(pulls, banner)
            key = ("luck", banner.odds_version, len(pulls), batch)
            law = self._analyst.answer(
                key,
                lambda: banner.hits_in(len(pulls), f"rarity:{rarest.id}", batch=batch),
            )
            distribution = _shown(law, hits)
        return {
            "bannerId": banner.id,
            "oddsVersion": banner.odds_version,
            "rarity": rarest.id,
            "pulls": len(pulls),
            "hits": hits,
            "distribution": distribution,
            "reason": reason,
        }

    def _pulls_of(self, player: str, scope: str) -> list[fairpull.PullRecord]:
        """Return the latest pulls that share the banner's counters, one too many."""
        found: list[fairpull.PullRecord] = []
        cursor = None
        for _ in range(MOST_PULLS // _PAGE + 1):
            page, cursor = self._desk.history(player, limit=_PAGE, cursor=cursor)
            found += [pull for pull in page if pull.scope == scope]
            if cursor is None:
                break
        return found

    def _why_not(
        self, pulls: Sequence[fairpull.PullRecord], banner: fairpull.Banner
    ) -> str | None:
        if len(pulls) > MOST_PULLS:
            return f"only players of up to {MOST_PULLS} pulls are compared"
        if any(pull.odds_version != banner.odds_version for pull in pulls):
            return "some of the pulls were made under other odds"
        if self._batch_matters(banner) and len(_batches(pulls)) > 1:
            return "pulls that were bought one by one and at once have other odds"
        return None

    def _batch(
        self, pulls: Sequence[fairpull.PullRecord], banner: fairpull.Banner
    ) -> int | None:
        if not pulls or not self._batch_matters(banner):
            return None
        (batch,) = _batches(pulls)
        return batch

    def _batch_matters(self, banner: fairpull.Banner) -> bool:
        """Whether ten pulls at once are something else than ten in a row."""
        sold = banner.batches
        if len(sold) == 1:
            return False
        goal = f"rarity:{banner.rarities[0].id}"

        def compare() -> bool:
            # Of as many pulls as all batches fit into.
            laws = [banner.hits_in(100, goal, batch=each) for each in sold]
            first = laws[0].probabilities
            return not all(
                np.allclose(law.probabilities, first, rtol=0, atol=_SAME_WITHIN)
                for law in laws
            )

        return self._analyst.answer(("batches", banner.odds_version), compare)


def luck_routes(luck: LuckDesk, tokens: PlayerTokenChecker) -> Blueprint:
    """Return the route."""
    routes = Blueprint("luck", __name__, url_prefix="/gacha")

    @routes.get("/luck")
    def luck_of_player() -> dict[str, Any]:
        player = tokens.authenticated_player()
        banner_id = request.args.get("banner", DEFAULT_BANNER)
        return {"userId": player, **luck.luck(player, banner_id)}

    return routes


def _batches(pulls: Sequence[fairpull.PullRecord]) -> set[int]:
    return set(Counter(pull.pull_id for pull in pulls).values())


def _shown(law: fairpull.Distribution, hits: int) -> dict[str, Any]:
    """The part of the list that has all but the tails, and where `hits` are in it."""
    first = min(int(law.icdf(_TAIL)), hits)
    last = min(max(int(law.icdf(1 - _TAIL)), hits), first + _MOST_POINTS - 1)
    return {
        "mean": law.mean,
        "atMost": float(law.cdf(hits)),
        "atLeast": float(law.ccdf(hits - 1)),
        "luck": float(law.luck(hits)),
        "first": first,
        "probabilities": [float(law.pmf(count)) for count in range(first, last + 1)],
    }
