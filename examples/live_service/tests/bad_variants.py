"""The game with one guard taken out each: what a campaign has to notice.

Each function patches this process; `serve.py` calls it before gunicorn forks.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import fairpull
from account.payments import Payments
from account.purchases import Purchase
from gacha.pull_progress import PullProgress

FAR_FUTURE_MS = 4_000_000_000_000


def inquiry_without_fence() -> None:
    """An inquiry is answered from what is stored, and nothing is written first."""

    def inquire(desk: fairpull.SplitPullService, pull_id: str, *, player: str) -> str:
        for operation in desk.unsettled(FAR_FUTURE_MS, limit=1000):
            if (operation.player, operation.pull_id) == (player, pull_id):
                return "post" if operation.state == "drawn" else "void"
        pulls, _ = desk.history(player, limit=1000)
        return "post" if any(row.pull_id == pull_id for row in pulls) else "void"

    fairpull.SplitPullService.inquire = inquire  # type: ignore[method-assign]


def no_recovery() -> None:
    """What a crash leaves of a pull is taken up by nobody but its client."""
    PullProgress.recover = lambda *_, **__: None  # type: ignore[method-assign]


def no_payment_recovery() -> None:
    """What a crash leaves of a purchase is taken up by nobody but its client."""
    Payments.recover = lambda *_, **__: None  # type: ignore[method-assign]


def webhook_with_its_own_id() -> None:
    """What a webhook grants has an id of its own, and not the purchase's."""
    here = threading.local()
    take_in, grant = Payments.take_in, Payments._grant

    def take_in_marked(self: Payments, body: bytes, signature: str) -> bool:
        here.webhook = True
        try:
            return take_in(self, body, signature)
        finally:
            here.webhook = False

    def grant_marked(self: Payments, purchase: Purchase) -> fairpull.Receipt:
        if not getattr(here, "webhook", False) or purchase.state != "validated":
            return grant(self, purchase)
        return self._wallet.grant(
            f"buy:{purchase.transaction_id}",
            player=purchase.player,
            currency=self._currency,
            amount=purchase.amount,
            source=f"issuer:{purchase.method}",
        )

    Payments.take_in = take_in_marked  # type: ignore[method-assign]
    Payments._grant = grant_marked  # type: ignore[method-assign]


def refund_without_fence() -> None:
    """A refund that finds nothing to take back is done, though a grant may come."""

    def follow(self: Payments, purchase: Purchase) -> Any:
        receipt = None
        while purchase.state in ("validated", "refunding"):
            if purchase.state == "validated":
                receipt = self._grant(purchase)
                self._crash_points.reach("account:after_grant")
                purchase = self._purchases.move(purchase, "granted")
                continue
            with contextlib.suppress(fairpull.LedgerError):
                self._wallet.reverse(f"buy:{purchase.key}", player=purchase.player)
            self._crash_points.reach("account:after_reversal")
            purchase = self._purchases.move(purchase, "taken_back")
        return receipt

    Payments._follow = follow  # type: ignore[method-assign]


ALL = [
    inquiry_without_fence,
    no_recovery,
    no_payment_recovery,
    webhook_with_its_own_id,
    refund_without_fence,
]
