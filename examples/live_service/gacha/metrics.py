"""What the gacha service counts of its business."""

from __future__ import annotations

from collections.abc import Iterable

import fairpull
from shared_http.clock import now_ms
from shared_http.metrics import Look, ServiceMetrics

# More are shown as so many.
_MOST_LOOKED_AT = 1000
_FAR_MS = 2**53
# Clients may close with any of 2000 codes, and each would be kept for ever.
_CLOSE_CODES = frozenset(
    {1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1013}
    | {4401, 4403, 4429}
)


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
        self._sockets = self.gauge("gacha_sockets_open", "Open WebSockets.")
        self._closed_sockets = self.counter(
            "gacha_sockets_closed",
            "WebSockets that have ended; 1006 is without a word.",
            "code",
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

    def socket_opened(self) -> None:
        """Count a socket."""
        self._sockets.inc()

    def socket_closed(self, code: int) -> None:
        """Count the end of a socket."""
        self._sockets.dec()
        shown = str(int(code)) if code in _CLOSE_CODES else "other"
        self._closed_sockets.labels(shown).inc()


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
