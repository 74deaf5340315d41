"""What the gacha service asks of the account service."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from structlog.typing import FilteringBoundLogger

import fairpull
from shared_http.service_calls import NoAnswer, ServiceAnswer, ServiceCalls

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
        self._lock = threading.Lock()
        # What this process's predecessor was told is not known.
        self._silent = True
        self._came_back = False

    def came_back(self) -> bool:
        """Whether it answers again, having been silent, since this was last asked."""
        with self._lock:
            came_back, self._came_back = self._came_back, False
        return came_back

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
            answer = self._ask(
                lambda: self._calls.post_within(within_s, "/internal/holds", body)
            )
        except NoAnswer as error:
            log.warning("hold not answered", error=str(error))
            return HoldAnswer("no_answer")
        match answer.status, answer.body:
            case 200 | 201, {"state": "posted", "available": int(balance)}:
                return HoldAnswer("hold_was_posted", balance)
            case 200 | 201, {"state": "pending", "available": int(balance)}:
                return HoldAnswer("hold_placed", balance)
            case 402, {"balance": int(balance)}:
                return HoldAnswer("insufficient_funds", balance)
            case 404, {"type": "/problems/unknown-account"}:
                # No account, so nothing to pay with.
                return HoldAnswer("insufficient_funds", 0)
            case 410, {"type": "/problems/hold-voided"}:
                return HoldAnswer("hold_voided")
        log.error("hold not understood", status=answer.status, answer=answer.body)
        return HoldAnswer("no_answer")

    def void_hold(
        self, operation: fairpull.PullOperation
    ) -> Literal["voided", "hold_was_posted", "no_answer"]:
        """Release what was set aside for a pull, or see to it that it never is."""
        try:
            answer = self._ask(
                lambda: self._calls.post(
                    f"/internal/holds/{operation.pull_id}/void",
                    {"playerId": operation.player},
                )
            )
        except NoAnswer as error:
            log.warning("void not answered", error=str(error))
            return "no_answer"
        match answer.status, answer.body:
            case 200, {"outcome": "voided"}:
                return "voided"
            case 409, {"type": "/problems/hold-posted"}:
                return "hold_was_posted"
        log.error("void not understood", status=answer.status, answer=answer.body)
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
            answer = self._ask(
                lambda: self._calls.post("/internal/holds/post", {"posts": posts})
            )
        except NoAnswer as error:
            log.warning("posts not answered", error=str(error), posts=len(posts))
            return ["no_answer"] * len(posts)
        match answer.status, answer.body:
            case 200, {"results": list(results)} if len(results) == len(posts):
                return [result["outcome"] for result in results]
        log.error("posts not understood", status=answer.status, answer=answer.body)
        return ["no_answer"] * len(posts)

    def _ask(self, call: Callable[[], ServiceAnswer]) -> ServiceAnswer:
        try:
            answer = call()
        except NoAnswer:
            with self._lock:
                self._silent = True
            raise
        with self._lock:
            self._came_back |= self._silent
            self._silent = False
        return answer
