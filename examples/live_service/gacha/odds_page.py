"""What anyone may see before pulling: banners, items and odds."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

from flask import Blueprint, request

import fairpull
from gacha.showcase import (
    DEFAULT_BANNER,
    Showcase,
    is_open,
    optional_rfc3339,
)


def odds_page_routes(showcase: Showcase) -> Blueprint:
    """Return the routes that need no token."""
    routes = Blueprint("odds_page", __name__, url_prefix="/gacha")
    # A banner never changes, and its long-run odds take a while to work out.
    sheet_of = cache(odds_sheet)

    def chosen_banner() -> fairpull.Banner:
        return showcase.banner(request.args.get("banner", DEFAULT_BANNER))

    @routes.get("/banners")
    def banners() -> dict[str, Any]:
        return {"banners": [_banner(banner) for banner in showcase.banners]}

    @routes.get("/items")
    def items() -> dict[str, Any]:
        return {"items": showcase.items_of(chosen_banner())}

    @routes.get("/rarity-chances")
    def rarity_chances() -> dict[str, Any]:
        return sheet_of(chosen_banner())

    return routes


def odds_sheet(banner: fairpull.Banner) -> dict[str, Any]:
    """Return the base odds that the draw uses: exact, and in percent to read."""
    odds = banner.odds()
    return {
        "chances": {
            rarity.id: float(rarity.base * 100) for rarity in reversed(odds.rarities)
        },
        "odds": {
            "bannerId": banner.id,
            "oddsVersion": banner.odds_version,
            "rarities": [
                {"id": rarity.id, "base": _spelled(rarity.base)}
                for rarity in odds.rarities
            ],
            "items": [
                {"id": item.id, "rarity": item.rarity, "base": _spelled(item.base)}
                for item in odds.items
            ],
        },
    }


def _spelled(odds: Fraction) -> str:
    return str(odds)


def _banner(banner: fairpull.Banner) -> dict[str, Any]:
    return {
        "id": banner.id,
        "name": banner.name,
        "currency": banner.price_currency,
        "price": banner.price_amount,
        "counts": list(banner.batches),
        "open": is_open(banner),
        "opensAt": optional_rfc3339(banner.opens_at_ms),
        "closesAt": optional_rfc3339(banner.closes_at_ms),
        "oddsVersion": banner.odds_version,
    }
