"""`POST /gacha/pull`: the client's side of a pull."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Blueprint
from pydantic import BeforeValidator

import fairpull
from gacha.account_client import HoldAnswer
from gacha.pull_progress import PullProgress
from gacha.showcase import COUNTS, DEFAULT_BANNER, Showcase, optional_rfc3339
from shared_http.crash_points import CrashPoints
from shared_http.idempotency import (
    RunningRequests,
    idempotency_key,
    key_reused,
)
from shared_http.json_body import Amount, Identifier, StrictBody, read_body
from shared_http.player_tokens import PlayerTokenChecker
from shared_http.problems import Problem, malformed
from shared_http.rate_limits import RateLimit, RateLimiter
from shared_http.tracing import span

# How the stored fields of a pull are called in the body.
_BODY_FIELD = {"banner": "bannerId", "count": "count", "expected_cost": "currencySpent"}


def _one_or_ten(value: object) -> object:
    if type(value) is not int or value not in COUNTS:
        raise ValueError("must be 1 or 10")
    return value


class PullRequest(StrictBody):
    """The body of a pull."""

    currency_spent: Amount
    banner_id: Identifier = DEFAULT_BANNER
    count: Annotated[int, BeforeValidator(_one_or_ten)] = 1


def pull_routes(
    *,
    desk: fairpull.SplitPullService,
    progress: PullProgress,
    showcase: Showcase,
    running: RunningRequests,
    tokens: PlayerTokenChecker,
    rate_limiter: RateLimiter,
    limit: RateLimit,
    crash_points: CrashPoints,
) -> Blueprint:
    """Return the route by which a player spends currency."""
    routes = Blueprint("pulls", __name__, url_prefix="/gacha")

    @routes.post("/pull")
    def pull() -> dict[str, Any]:
        player = tokens.authenticated_player()
        key = idempotency_key()
        rate_limiter.check(limit, player)
        wanted = read_body(PullRequest)
        pull_id = f"pull:{key}"
        with running.alone(player, pull_id):
            crash_points.reach("gacha:before_intent")
            step = begin(player, pull_id, wanted)
            crash_points.reach("gacha:after_intent")
            step, hold = draw(step, key)
            crash_points.reach("gacha:after_draw")
        progress.finish_later(step)
        return answer(step, hold, key)

    def begin(player: str, pull_id: str, wanted: PullRequest) -> fairpull.PullStep:
        try:
            with span("commit intent"):
                return desk.begin(
                    pull_id,
                    player=player,
                    banner=wanted.banner_id,
                    count=wanted.count,
                    expected_cost=wanted.currency_spent,
                )
        except fairpull.IdConflict as error:
            raise key_reused(_BODY_FIELD.get(error.field, error.field)) from None
        except fairpull.UnknownBanner:
            raise showcase.unknown_banner(wanted.banner_id) from None
        except fairpull.BannerClosed:
            raise _banner_closed(
                showcase.banner(wanted.banner_id), showcase.time_zone
            ) from None
        except fairpull.WrongPrice as error:
            raise _wrong_price(wanted, error.price) from None
        except fairpull.InvalidArgumentError:
            # All else was checked: it is the count that the banner doesn't sell.
            counts = showcase.banner(wanted.banner_id).batches
            raise malformed(
                f"must be {' or '.join(map(str, counts))} for {wanted.banner_id}",
                where="body",
                name="/count",
            ) from None

    def draw(step: fairpull.PullStep, key: str) -> tuple[fairpull.PullStep, HoldAnswer]:
        """Return the pull as far as it gets now, and what its hold left of the balance.

        A repeated request asks for its hold as well: the account service gives the
        stored answer again, and with it the balance as the first answer told it.
        """
        if step.state == "aborted":
            raise _abandoned()
        hold = progress.ask_for_hold(step.operation)
        if hold is None:
            raise _undecided(key, "too many pulls wait for the account service")
        crash_points.reach("gacha:before_draw")
        return progress.advance(step.operation, hold.answer), hold

    def answer(step: fairpull.PullStep, hold: HoldAnswer, key: str) -> dict[str, Any]:
        operation = step.operation
        if step.state == "aborted":
            raise _abandoned()
        if step.state == "intent" or hold.balance is None:
            raise _undecided(key, "the account service did not answer")
        if step.state == "rejected":
            raise _insufficient_funds(operation.cost, hold.balance)
        return {
            "message": "Pull successful",
            "item": showcase.item(showcase.rarest(step.pulls)),
            "newCurrencyBalance": hold.balance,
            "items": [showcase.item(row) for row in step.pulls],
            "pullId": operation.pull_id,
            "bannerId": operation.banner,
        }

    return routes


def _banner_closed(banner: fairpull.Banner, time_zone: str) -> Problem:
    opens_at = optional_rfc3339(banner.opens_at_ms)
    closes_at = optional_rfc3339(banner.closes_at_ms)
    times = " and ".join(
        f"{verb} at {time}"
        for verb, time in (("opens", opens_at), ("closes", closes_at))
        if time is not None
    )
    return Problem(
        409,
        "banner-closed",
        "Banner closed",
        f"{banner.id} is not open now; it {times}",
        opensAt=opens_at,
        closesAt=closes_at,
        timeZone=time_zone,
    )


def _wrong_price(wanted: PullRequest, price: int) -> Problem:
    return Problem(
        400,
        "wrong-price",
        "Wrong price",
        f"{wanted.count} of {wanted.banner_id} cost {price}, "
        f"not {wanted.currency_spent}",
        price=price,
    )


def _insufficient_funds(price: int, balance: int) -> Problem:
    return Problem(
        402,
        "insufficient-funds",
        "Insufficient funds",
        f"the pull costs {price} and the balance is {balance}; "
        "buy currency and pull under a new Idempotency-Key",
        balance=balance,
        price=price,
    )


def _abandoned() -> Problem:
    return Problem(
        409,
        "pull-abandoned",
        "Pull abandoned",
        "the pull was given up and nothing was charged; send it under a new "
        "Idempotency-Key",
    )


def _undecided(key: str, reason: str) -> Problem:
    return Problem(
        503,
        "pull-undecided",
        "Pull undecided",
        f"{reason}; send the pull again with the same Idempotency-Key to learn what "
        "became of it",
        headers={"Retry-After": "2"},
        idempotencyKey=key,
    )
