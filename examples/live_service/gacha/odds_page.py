"""What anyone may see before pulling: banners, items and odds."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from flask import Blueprint, request

import fairpull
from gacha.analyst import Analyst
from gacha.showcase import DEFAULT_BANNER, Showcase


class OddsPage:
    """The odds sheets of the banners, each worked out once. Thread-safe."""

    def __init__(self, showcase: Showcase, analyst: Analyst) -> None:
        self._showcase = showcase
        self._analyst = analyst

    def sheet(self, banner_id: str) -> dict[str, Any]:
        """Return the sheet of the banner as it is now."""
        banner = self._showcase.banner(banner_id)
        key = ("odds", banner.id, banner.odds_version)
        return self._analyst.answer(key, lambda: odds_sheet(banner))


def odds_page_routes(showcase: Showcase, odds: OddsPage) -> Blueprint:
    """Return the routes that need no token."""
    routes = Blueprint("odds_page", __name__, url_prefix="/gacha")

    def chosen() -> str:
        return request.args.get("banner", DEFAULT_BANNER)

    @routes.get("/banners")
    def banners() -> dict[str, Any]:
        return {"banners": showcase.shown()}

    @routes.get("/items")
    def items() -> dict[str, Any]:
        return {"items": showcase.items_of(showcase.banner(chosen()))}

    @routes.get("/rarity-chances")
    def rarity_chances() -> dict[str, Any]:
        return odds.sheet(chosen())

    return routes


def odds_sheet(banner: fairpull.Banner) -> dict[str, Any]:
    """Return the odds that the draw uses: exact, and in percent to read.

    Base odds are those of a first pull; those with pity are how often something comes
    in the long run.
    """
    odds = banner.odds()
    return {
        "chances": {
            rarity.id: float(rarity.base * 100) for rarity in reversed(odds.rarities)
        },
        "odds": {
            "bannerId": banner.id,
            "oddsVersion": banner.odds_version,
            "rarities": [
                {
                    "id": rarity.id,
                    "base": _spelled(rarity.base),
                    "percentWithPity": rarity.consolidated * 100,
                    "hardPity": banner_rarity.hard_pity,
                }
                for rarity, banner_rarity in zip(
                    odds.rarities, banner.rarities, strict=True
                )
            ],
            "items": [
                {
                    "id": item.id,
                    "rarity": item.rarity,
                    "featured": item.featured,
                    "base": _spelled(item.base),
                    "percentWithPity": item.consolidated * 100,
                }
                for item in odds.items
            ],
            "rules": [rule.text for rule in banner.rules],
        },
    }


def _spelled(odds: Fraction) -> str:
    return str(odds)
