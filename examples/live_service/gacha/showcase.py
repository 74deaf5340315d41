"""The banners as clients see them: read off the very objects that draw."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import fairpull
from shared_http.clock import rfc3339 as rfc3339
from shared_http.problems import Problem
from shared_http.settings import SettingError

DEFAULT_BANNER = "starter"
RARITIES = ("ultra_rare", "super_rare", "rare")
"""The game's rarities, rarest first."""
COUNTS = (1, 10)
"""How many pulls the game sells at once."""


class Shown(NamedTuple):
    """What a showcase shows, ready to be shown."""

    versions: dict[str, list[fairpull.Banner]]
    items: dict[str, dict[str, str]]


class Showcase:
    """The banners of the game, and their items by id. Safe to use from several threads.

    Of a banner that comes in several versions, the one that counts now is shown.

    Parameters
    ----------
    banners
        All of their versions.
    currency
        What players have.
    time_zone
        The one (IANA) that clients show times of banners in; they are told in UTC.
    """

    def __init__(
        self,
        banners: Iterable[fairpull.Banner],
        *,
        currency: str,
        time_zone: str = "UTC",
    ) -> None:
        self._currency = currency
        self.time_zone = time_zone
        self._shown = self.prepare(banners)

    def prepare(self, banners: Iterable[fairpull.Banner]) -> Shown:
        """Return what `show` takes; a `SettingError` if the game can't show one."""
        shown = Shown({}, {})
        for banner in banners:
            _check_fits_game(banner, self._currency)
            shown.versions.setdefault(banner.id, []).append(banner)
            for item in banner.items:
                shown.items[item.id] = _item(item)
        return shown

    def show(self, shown: Shown) -> None:
        """Show these banners from now on, and no others."""
        self._shown = shown

    @property
    def banners(self) -> list[fairpull.Banner]:
        """The banners, ordered by id."""
        return [self.banner(banner_id) for banner_id in sorted(self._shown.versions)]

    def banner(self, banner_id: str) -> fairpull.Banner:
        """Return the banner of that id; a 404 `Problem` if there is none."""
        versions = self._shown.versions.get(banner_id)
        if versions is None:
            raise self.unknown_banner(banner_id)
        return max(versions, key=lambda each: (is_open(each), each.opens_at_ms or 0))

    def unknown_banner(self, banner_id: str) -> Problem:
        """Return the 404 that names the banners there are."""
        return Problem(
            404,
            "unknown-banner",
            "Unknown banner",
            f"no banner is called {banner_id[:128]!r}; there are "
            + ", ".join(sorted(self._shown.versions)),
        )

    def shown(self) -> list[dict[str, Any]]:
        """Return what is told of each banner, ordered by id."""
        return [self.shown_banner(banner) for banner in self.banners]

    def shown_banner(self, banner: fairpull.Banner) -> dict[str, Any]:
        """Return what is told of a banner: its price, its times, which odds it has."""
        return {
            "id": banner.id,
            "name": banner.name,
            "currency": banner.price_currency,
            "price": banner.price_amount,
            "counts": list(banner.batches),
            "open": is_open(banner),
            "opensAt": optional_rfc3339(banner.opens_at_ms),
            "closesAt": optional_rfc3339(banner.closes_at_ms),
            "timeZone": self.time_zone,
            "oddsVersion": banner.odds_version,
        }

    def next_change_ms(self) -> int | None:
        """When the next banner opens or closes; None if none will."""
        times = (
            time_ms
            for versions in self._shown.versions.values()
            for banner in versions
            for time_ms in (banner.opens_at_ms, banner.closes_at_ms)
        )
        now_ms = time.time_ns() // 1_000_000
        return min(
            (each for each in times if each is not None and each > now_ms), default=None
        )

    def items_of(self, banner: fairpull.Banner) -> list[dict[str, str]]:
        """Return what the banner can give, rarest first."""
        items = sorted(banner.items, key=lambda item: RARITIES.index(item.rarity))
        return [_item(item) for item in items]

    def item(self, row: fairpull.PullRecord) -> dict[str, str]:
        """Return the item that a pull gave."""
        known = self._shown.items.get(row.item)
        if known is not None:
            return known
        # Of a banner that is not shown any more: the row still says what it was.
        return {
            "id": row.item,
            "name": row.item,
            "type": "item",
            "rarity": spoken_rarity(row.rarity),
        }

    def rarest(self, rows: Iterable[fairpull.PullRecord]) -> fairpull.PullRecord:
        """Return the rarest of `rows`; of equals the first."""
        return min(rows, key=lambda row: RARITIES.index(row.rarity))


def load_banners(folder: Path | None) -> list[fairpull.Banner]:
    """Return the banner that ships with fairpull, and those of the folder.

    A copy of the one that ships is no second version of it and is left out.
    """
    shipped = fairpull.Banner.load(DEFAULT_BANNER)
    if folder is None:
        return [shipped]
    if not folder.is_dir():
        raise SettingError(f"BANNER_PATH: {folder} is not a folder")
    given = [fairpull.Banner.load(str(file)) for file in sorted(folder.glob("*.json"))]
    return [shipped, *(each for each in given if not same_banner(each, shipped))]


def same_banner(one: fairpull.Banner, other: fairpull.Banner) -> bool:
    """Whether there is no difference between the two, whatever file they are from."""
    return banner_essence(one) == banner_essence(other)


def banner_essence(banner: fairpull.Banner) -> tuple[object, ...]:
    """Return all that players would notice a change of."""
    return (
        banner.id,
        banner.name,
        banner.canonical_json,
        banner.opens_at_ms,
        banner.closes_at_ms,
        banner.price_currency,
        banner.price_amount,
        banner.batches,
    )


def spoken_rarity(rarity: str) -> str:
    """`ultra_rare` as the game says it: `ultra rare`."""
    return rarity.replace("_", " ")


def is_open(banner: fairpull.Banner) -> bool:
    """Whether the banner can be pulled now."""
    now_ms = time.time_ns() // 1_000_000
    opens, closes = banner.opens_at_ms, banner.closes_at_ms
    return (opens is None or opens <= now_ms) and (closes is None or now_ms < closes)


def optional_rfc3339(at_ms: int | None) -> str | None:
    """As `rfc3339`, None for None."""
    return None if at_ms is None else rfc3339(at_ms)


def _item(item: fairpull.Item) -> dict[str, str]:
    return {
        "id": item.id,
        "name": item.name,
        "type": item.type,
        "rarity": spoken_rarity(item.rarity),
    }


def _check_fits_game(banner: fairpull.Banner, currency: str) -> None:
    if banner.price_currency != currency:
        raise SettingError(
            f"banner {banner.id!r} costs {banner.price_currency}; players of this "
            f"game have {currency}"
        )
    try:
        banner.check_servable()
    except fairpull.FailedPreconditionError as error:
        raise SettingError(str(error)) from error
    if not set(banner.batches) <= set(COUNTS):
        raise SettingError(
            f"banner {banner.id!r} is sold by {banner.batches}; this game sells "
            f"{' or '.join(map(str, COUNTS))} pulls at once"
        )
    for item in banner.items:
        if item.rarity not in RARITIES or item.type not in ("hero", "item"):
            raise SettingError(
                f"banner {banner.id!r}: item {item.id!r} is a {item.rarity} "
                f"{item.type}; the game shows heroes and items that are "
                + ", ".join(RARITIES)
            )
