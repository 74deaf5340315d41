"""Notices that a banner opens, changes or closes.

The files of the banners say when, so each process knows by its clock, and none has to
tell another; new files come to each by their folder.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from gacha.showcase import Showcase

# The clock may be set, a sleep be longer than it says, new banners come at any time.
_LONGEST_SLEEP_S = 1.0
_SHORTEST_SLEEP_S = 0.01

Shown = dict[str, dict[str, Any]]
"""Banners as clients see them, by id."""


async def watch_banners(
    showcase: Showcase, tell: Callable[[str, dict[str, Any]], None]
) -> None:
    """Tell of each change as it comes, the kind and the banner, until cancelled."""
    before = _shown(showcase)
    while True:
        await asyncio.sleep(_seconds_to_change(showcase))
        now = _shown(showcase)
        for kind, banner in changes(before, now):
            tell(kind, banner)
        before = now


def changes(before: Shown, now: Shown) -> list[tuple[str, dict[str, Any]]]:
    """Return what happened between two looks at the banners."""
    found = []
    for banner_id, banner in now.items():
        known = before.get(banner_id)
        if known is None:
            found.append(
                ("banner_opened" if banner["open"] else "banner_changed", banner)
            )
        elif banner["open"] != known["open"]:
            kind = "banner_opened" if banner["open"] else "banner_closed"
            found.append((kind, banner))
        elif banner != known:
            found.append(("banner_changed", banner))
    return found


def _shown(showcase: Showcase) -> Shown:
    return {banner["id"]: banner for banner in showcase.shown()}


def _seconds_to_change(showcase: Showcase) -> float:
    next_ms = showcase.next_change_ms()
    if next_ms is None:
        return _LONGEST_SLEEP_S
    wait_s = next_ms / 1000 - time.time()
    return min(max(wait_s, _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S)
