"""What the account service counts of its business."""

from __future__ import annotations

from collections.abc import Iterable

import fairpull
from account.purchase_states import State
from shared_http.clock import now_ms
from shared_http.metrics import Look, ServiceMetrics

# More are shown as so many.
_MOST_LOOKED_AT = 1000
_FAR_MS = 2**53


class AccountMetrics(ServiceMetrics):
    """Each thing is counted by the process whose commit made it so, and once.

    What is asked for again and answered as before is not counted again.
    """

    def __init__(self) -> None:
        super().__init__()
        self._purchases = self.counter(
            "account_purchases", "Purchases that came into a state.", "state"
        )
        self._issued = self.counter(
            "account_currency_issued", "Currency granted for purchases."
        )
        self._taken_back = self.counter(
            "account_currency_taken_back", "Currency taken back by refunds."
        )
        self.hashing = self.gauge(
            "account_passwords_at_the_door", "Requests that hash a password or wait."
        )

    def purchase_became(self, state: State) -> None:
        """Count a purchase that is in this state from now on."""
        self._purchases.labels(state).inc()

    def granted(self, amount: int, receipt: fairpull.Receipt) -> None:
        """Count what the ledger has granted, unless it had done so before."""
        if not receipt.replayed:
            self._issued.inc(amount)

    def taken_back(self, amount: int, receipt: fairpull.Receipt) -> None:
        """Count what the ledger has taken back, unless it had done so before."""
        if not receipt.replayed:
            self._taken_back.inc(amount)


def look_at_holds(wallet: fairpull.Wallet, *, alarm_after_ms: int) -> Look:
    """Return what looks at the holds that are open."""

    def look() -> Iterable[tuple[str, str, float]]:
        holds = wallet.pending_holds(_FAR_MS, limit=_MOST_LOOKED_AT)
        now = now_ms()
        ages_ms = [max(0, now - hold.created_at_ms) for hold in holds]
        yield "account_holds_open", "Holds without a verdict, 1000 at most.", len(holds)
        yield (
            "account_oldest_hold_age_seconds",
            "Age of the oldest of them, 0 without any.",
            max(ages_ms, default=0) / 1000,
        )
        yield (
            "account_holds_alarming",
            "Those older than HOLD_ALARM_AFTER_MS: the services don't agree.",
            sum(age_ms >= alarm_after_ms for age_ms in ages_ms),
        )

    return look
