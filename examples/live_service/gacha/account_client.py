"""What the gacha service asks of the account service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import fairpull
import structlog
from structlog.typing import FilteringBoundLogger

from shared_http.service_calls import NoAnswer, ServiceCalls

log: FilteringBoundLogger = structlog.get_logger()

MOST_POSTS_AT_ONCE = 100


@dataclass(frozen=True)
class HoldAnswer:
    """How a hold ended, in the words of the pull's state machine.

    `balance` is what the player could spend right after it (or when it was refused);
    None where the account service did not say.
    """

    answer: Literal[
        "hold_placed",
        "hold_was_posted",
        "hold_voided",
        "insufficient_funds",
        "no_answer",
    ]
    balance: int | None = None


class AccountClient:
    """The account service's `/internal/holds`. Every call may be repeated."""

    def __init__(self, calls: ServiceCalls) -> None:
        self._calls = calls

    def place_hold(
        self, operation: fairpull.PullOperation, *, within_s: float
    ) -> HoldAnswer:
        """Set the cost of a pull aside, trying again for `within_s` seconds."""
        body = {
            "holdId": operation.pull_id,
            "playerId": operation.player,
            "currency": operation.currency,
            "amount": operation.cost,
            "sink": f"spend:{operation.banner}",
        }
        try:
            answer = self._calls.post_within(within_s, "/internal/holds", body)
        except NoAnswer as error:
            log.warning("hold not answered", error=str(error))
            return HoldAnswer("no_answer")
        match answer.status_code:
            case 200 | 201:
                told = answer.json()
                was_posted = told["state"] == "posted"
                return HoldAnswer(
                    "hold_was_posted" if was_posted else "hold_placed",
                    told["available"],
                )
            case 402:
                return HoldAnswer("insufficient_funds", answer.json()["balance"])
            case 404:
                # No account, so nothing to pay with.
                return HoldAnswer("insufficient_funds", 0)
            case 410:
                return HoldAnswer("hold_voided")
        log.error("hold refused", status=answer.status_code, answer=answer.text)
        return HoldAnswer("no_answer")

    def void_hold(
        self, operation: fairpull.PullOperation
    ) -> Literal["voided", "hold_was_posted", "no_answer"]:
        """Release what was set aside for a pull, or see to it that it never is."""
        try:
            answer = self._calls.post(
                f"/internal/holds/{operation.pull_id}/void",
                {"playerId": operation.player},
            )
        except NoAnswer as error:
            log.warning("void not answered", error=str(error))
            return "no_answer"
        if answer.status_code == 409:
            return "hold_was_posted"
        if answer.status_code == 200:
            return "voided"
        log.error("void refused", status=answer.status_code, answer=answer.text)
        return "no_answer"

    def post_holds(
        self, operations: Sequence[fairpull.PullOperation]
    ) -> list[Literal["posted", "hold_unknown", "hold_voided", "no_answer"]]:
        """Take what was set aside for each of these pulls, in one call."""
        posts = [
            {"holdId": operation.pull_id, "playerId": operation.player}
            for operation in operations
        ]
        try:
            answer = self._calls.post("/internal/holds/post", {"posts": posts})
        except NoAnswer as error:
            log.warning("posts not answered", error=str(error), posts=len(posts))
            return ["no_answer"] * len(posts)
        if answer.status_code != 200:
            log.error("posts refused", status=answer.status_code, answer=answer.text)
            return ["no_answer"] * len(posts)
        return [result["outcome"] for result in answer.json()["results"]]
