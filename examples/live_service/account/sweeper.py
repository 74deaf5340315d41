"""Asks the gacha service about holds that nobody resolved for a while.

The age of a hold is a reason to ask and never to decide: while the gacha service does
not answer, the hold stays, and after some time it is worth an alarm.
"""

from __future__ import annotations

import time
from typing import Literal

import structlog
from structlog.typing import FilteringBoundLogger

import fairpull
from shared_http.crash_points import CrashPoints
from shared_http.instance_calls import InstanceCalls
from shared_http.service_calls import NoAnswer

log: FilteringBoundLogger = structlog.get_logger()

_PAGE = 100


class Sweeper:
    """Resolves left-over holds by the verdict of the gacha service."""

    def __init__(
        self,
        wallet: fairpull.Wallet,
        gacha: InstanceCalls,
        *,
        alarm_after_ms: int,
        crash_points: CrashPoints,
    ) -> None:
        self._wallet = wallet
        self._gacha = gacha
        self._alarm_after_ms = alarm_after_ms
        self._crash_points = crash_points

    def sweep(self, *, at_ms: int | None = None) -> None:
        """Ask about holds that are due, now or at `at_ms`, until one gets no answer."""
        now_ms = time.time_ns() // 1_000_000
        due_before_ms = now_ms if at_ms is None else at_ms
        for hold in self._wallet.pending_holds(due_before_ms, limit=_PAGE):
            try:
                verdict = self._ask(hold)
            except NoAnswer as error:
                self._report_kept(hold, now_ms, str(error))
                return
            self._crash_points.reach("account:before_verdict")
            self._resolve(hold, verdict)

    def _ask(self, hold: fairpull.Hold) -> Literal["post", "void"]:
        answer = self._gacha.post(
            f"/internal/pulls/{hold.player}/{hold.hold_id}/inquiry"
        )
        match answer.status, answer.body:
            case 200, {"verdict": "post"}:
                return "post"
            case 200, {"verdict": "void"}:
                return "void"
        raise NoAnswer(f"no verdict, status {answer.status}")

    def _resolve(self, hold: fairpull.Hold, verdict: Literal["post", "void"]) -> None:
        try:
            if verdict == "post":
                self._wallet.post(hold.hold_id, player=hold.player)
            else:
                self._wallet.void(hold.hold_id, player=hold.player)
        except (fairpull.HoldAlreadyPosted, fairpull.HoldAlreadyVoided):
            # The gacha service itself resolved it in the meantime.
            return
        log.info(
            "old hold resolved",
            player=hold.player,
            hold_id=hold.hold_id,
            verdict=verdict,
        )

    def _report_kept(self, hold: fairpull.Hold, now_ms: int, reason: str) -> None:
        age_ms = now_ms - hold.created_at_ms
        report = log.critical if age_ms >= self._alarm_after_ms else log.warning
        report(
            "old hold kept, the gacha service gives no verdict",
            player=hold.player,
            hold_id=hold.hold_id,
            age_ms=age_ms,
            reason=reason,
        )
