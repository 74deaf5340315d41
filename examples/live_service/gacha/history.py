"""`GET /gacha/history`: the player's own pulls, newest first."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

import fairpull
from gacha.showcase import Showcase, rfc3339
from shared_http.player_tokens import PlayerTokenChecker
from shared_http.problems import malformed

_DEFAULT_LIMIT = 20
_HIGHEST_LIMIT = 100
_LONGEST_CURSOR = 512


def history_routes(
    *,
    desk: fairpull.SplitPullService,
    showcase: Showcase,
    tokens: PlayerTokenChecker,
) -> Blueprint:
    """Return the route by which a player looks back."""
    routes = Blueprint("history", __name__, url_prefix="/gacha")

    @routes.get("/history")
    def history() -> dict[str, Any]:
        player = tokens.authenticated_player()
        limit, cursor = _limit(), request.args.get("cursor")
        if cursor is not None and not 1 <= len(cursor) <= _LONGEST_CURSOR:
            raise _bad_cursor()
        try:
            rows, next_cursor = desk.history(player, limit=limit, cursor=cursor)
        except ValueError:
            raise _bad_cursor() from None
        return {
            "userId": player,
            "pulls": [_historic_pull(row, showcase) for row in rows],
            "nextCursor": next_cursor,
        }

    return routes


def _historic_pull(row: fairpull.PullRecord, showcase: Showcase) -> dict[str, Any]:
    return {
        "pullId": row.pull_id,
        "position": row.draw_index + 1,
        "bannerId": row.banner,
        "item": showcase.item(row),
        "pulledAt": rfc3339(row.at_ms),
        "currencySpent": row.cost,
    }


def _limit() -> int:
    given = request.args.get("limit", str(_DEFAULT_LIMIT))
    # Three digits at most, so that no number is too long to read.
    if given.isascii() and given.isdigit() and len(given) <= 3:
        limit = int(given)
        if 1 <= limit <= _HIGHEST_LIMIT:
            return limit
    raise malformed(
        f"must be a whole number from 1 to {_HIGHEST_LIMIT}",
        where="query",
        name="limit",
    )


def _bad_cursor() -> Exception:
    return malformed(
        "must be the nextCursor of the page before", where="query", name="cursor"
    )
