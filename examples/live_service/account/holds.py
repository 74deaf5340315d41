"""`/internal/holds`: what the gacha service asks for while a pull goes on.

Each call may be repeated, and none takes time into account: a hold ends by a post or
by a void and by nothing else.
"""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint
from pydantic import Field

import fairpull
from shared_http.crash_points import CrashPoints
from shared_http.json_body import (
    Amount,
    Identifier,
    StrictBody,
    check_identifier,
    read_body,
)
from shared_http.problems import Problem, malformed
from shared_http.service_token import require_service_token
from shared_http.tracing import span

MOST_POSTS_AT_ONCE = 100


class HoldRequest(StrictBody):
    """What to set aside, under which id, and where it goes when posted."""

    hold_id: Identifier
    player_id: Identifier
    currency: Identifier
    amount: Amount
    sink: Identifier


class HoldOwner(StrictBody):
    """Whose hold the path names."""

    player_id: Identifier


class Post(StrictBody):
    """A hold to post."""

    hold_id: Identifier
    player_id: Identifier


class PostBatch(StrictBody):
    """Holds to post, of any players."""

    posts: Annotated[list[Post], Field(max_length=MOST_POSTS_AT_ONCE)]


def hold_routes(
    *,
    wallet: fairpull.Wallet,
    ask_after_ms: int,
    service_token: str,
    crash_points: CrashPoints,
) -> Blueprint:
    """Return the routes; only callers with the service's credential get in."""
    routes = Blueprint("holds", __name__, url_prefix="/internal/holds")
    require_service_token(routes, service_token)

    @routes.post("")
    def hold() -> tuple[dict[str, Any], int]:
        wanted = read_body(HoldRequest)
        crash_points.reach("account:before_hold")
        answer = _hold(wallet, wanted, ask_after_ms)
        crash_points.reach("account:after_hold")
        return answer

    @routes.post("/<hold_id>/post")
    def post(hold_id: str) -> dict[str, str]:
        check_identifier(hold_id)
        owner = read_body(HoldOwner)
        outcome = _post(wallet, hold_id, owner.player_id)
        if outcome == "hold_unknown":
            raise Problem(404, "unknown-hold", "Unknown hold", f"no hold {hold_id}")
        if outcome == "hold_voided":
            raise _voided(hold_id)
        return {"outcome": outcome}

    @routes.post("/post")
    def post_batch() -> dict[str, list[dict[str, str]]]:
        wanted = read_body(PostBatch)
        crash_points.reach("account:before_post")
        with span("commit posts", posts=len(wanted.posts)):
            results = [
                {
                    "holdId": each.hold_id,
                    "playerId": each.player_id,
                    "outcome": _post(wallet, each.hold_id, each.player_id),
                }
                for each in wanted.posts
            ]
        crash_points.reach("account:after_post")
        return {"results": results}

    @routes.post("/<hold_id>/void")
    def void(hold_id: str) -> dict[str, str]:
        check_identifier(hold_id)
        owner = read_body(HoldOwner)
        crash_points.reach("account:before_void")
        try:
            wallet.void(hold_id, player=owner.player_id)
        except fairpull.HoldAlreadyPosted:
            raise Problem(
                409, "hold-posted", "Hold posted", f"{hold_id} was posted"
            ) from None
        crash_points.reach("account:after_void")
        return {"outcome": "voided"}

    return routes


def _hold(
    wallet: fairpull.Wallet, wanted: HoldRequest, ask_after_ms: int
) -> tuple[dict[str, Any], int]:
    """201 when placed, 200 when it was before, then with the balance of that time."""
    try:
        with span("commit hold"):
            receipt = wallet.hold(
                wanted.hold_id,
                player=wanted.player_id,
                currency=wanted.currency,
                amount=wanted.amount,
                sink=wanted.sink,
                ask_after_ms=ask_after_ms,
            )
    except fairpull.InsufficientFunds as error:
        raise Problem(
            402,
            "insufficient-funds",
            "Insufficient funds",
            f"the hold is of {wanted.amount} and the balance is {error.available}",
            # What is owed is no balance: nothing can be spent.
            balance=max(error.available, 0),
        ) from None
    except fairpull.HoldAlreadyVoided:
        raise _voided(wanted.hold_id) from None
    except fairpull.UnknownAccount:
        raise Problem(
            404, "unknown-account", "Unknown account", f"no account {wanted.player_id}"
        ) from None
    except (fairpull.MalformedOperation, fairpull.InvalidArgumentError) as error:
        raise malformed(str(error), where="body") from None
    except fairpull.IdConflict as error:
        raise Problem(
            409,
            "id-conflict",
            "Id conflict",
            f"{wanted.hold_id} was used with another {error.field}",
        ) from None
    if receipt.hold_state == "voided":
        raise _voided(wanted.hold_id)
    answer = {
        "holdId": wanted.hold_id,
        "state": receipt.hold_state,
        "available": receipt.available,
    }
    return answer, 200 if receipt.replayed else 201


def _post(wallet: fairpull.Wallet, hold_id: str, player: str) -> str:
    """Post the whole hold; "posted", "hold_unknown" or "hold_voided"."""
    try:
        wallet.post(hold_id, player=player)
    except (fairpull.UnknownHold, fairpull.UnknownAccount, fairpull.IdAlreadyFailed):
        return "hold_unknown"
    except fairpull.HoldAlreadyVoided:
        return "hold_voided"
    return "posted"


def _voided(hold_id: str) -> Problem:
    return Problem(410, "hold-voided", "Hold voided", f"{hold_id} was voided")
