"""What the gacha service counts of its business."""

from __future__ import annotations

from collections.abc import Iterable

import fairpull
from shared_http.clock import now_ms
from shared_http.metrics import Look, ServiceMetrics

# More are shown as so many.
_MOST_LOOKED_AT = 1000
_FAR_MS = 2**53


class GachaMetrics(ServiceMetrics):
    """Each draw is counted by the process that made it, however often it is told."""

    def __init__(self) -> None:
        super().__init__()
        self._pulls = self.counter("gacha_pulls", "Items drawn.", "banner", "rarity")
        self._spent = self.counter(
            "gacha_currency_spent", "What drawn pulls cost.", "banner"
        )
        self._answers = self.counter(
            "gacha_hold_answers", "How the account service answered a hold.", "answer"
        )
        self.unconfirmed = self.gauge(
            "gacha_confirmations_waiting", "Drawn pulls whose holds wait to be posted."
        )

    def stepped(self, step: fairpull.PullStep) -> None:
        """Count what this step, and none before it, has drawn."""
        if not step.drew:
            return
        for row in step.pulls:
            self._pulls.labels(step.operation.banner, row.rarity).inc()
        self._spent.labels(step.operation.banner).inc(step.operation.cost)

    def answered(self, answer: str) -> None:
        """Count an answer to a hold, of a client's pull or of a recovered one."""
        self._answers.labels(answer).inc()


def look_at_pulls(desk: fairpull.SplitPullService) -> Look:
    """Return what looks at the pulls that something is left to do for."""

    def look() -> Iterable[tuple[str, str, float]]:
        unsettled = desk.unsettled(_FAR_MS, limit=_MOST_LOOKED_AT)
        now = now_ms()
        undecided_ms = [
            max(0, now - operation.created_at_ms)
            for operation in unsettled
            if operation.state == "intent"
        ]
        yield "gacha_pulls_unsettled", "Pulls under way, 1000 at most.", len(unsettled)
        yield (
            "gacha_oldest_undecided_pull_age_seconds",
            "Age of the oldest of them that is not drawn, 0 without any.",
            max(undecided_ms, default=0) / 1000,
        )

    return look
