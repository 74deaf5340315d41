"""What sockets are told of the game, read off the same parts that serve requests."""

from __future__ import annotations

from typing import Any

import fairpull
from gacha.odds_page import OddsPage
from gacha.pity import PityDesk
from gacha.showcase import Showcase, rfc3339
from gacha.sockets.hub import LookAtBanner, SocketHub


class PullAnnouncer:
    """Tells players of their pulls, whoever made them. Thread-safe."""

    def __init__(self, hub: SocketHub, showcase: Showcase) -> None:
        self._hub = hub
        self._showcase = showcase

    def announce(self, step: fairpull.PullStep) -> None:
        """Tell of a pull that was drawn; returns at once."""
        operation, rows = step.operation, step.pulls
        self._hub.tell_player(
            operation.player,
            "pulled",
            {
                "pullId": operation.pull_id,
                "bannerId": operation.banner,
                "item": self._showcase.item(self._showcase.rarest(rows)),
                "items": [self._showcase.item(row) for row in rows],
                "pulledAt": rfc3339(rows[0].at_ms),
                "currencySpent": operation.cost,
            },
        )


def look_at_banner(showcase: Showcase, odds: OddsPage, pity: PityDesk) -> LookAtBanner:
    """Return what shows a player a banner that the player has chosen."""

    def look(player: str, banner_id: str) -> dict[str, Any]:
        banner = showcase.banner(banner_id)
        return {
            "banner": showcase.shown_banner(banner),
            "items": showcase.items_of(banner),
            **odds.sheet(banner_id),
            "pity": pity.standing(player, banner_id),
        }

    return look
