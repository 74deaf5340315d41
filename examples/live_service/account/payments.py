"""Purchases from the request to the ledger, and back again.

Two databases take part: the purchases in the users' one and the ledger. The purchase
always comes first and says what the ledger owes it; the ledger follows under ids made
from the purchase's key, so that following twice is following once. Whatever dies in
between, `recover` finds the purchases whose state says that the ledger is behind.

A refund of a purchase that was paid and may or may not be granted grants it first and
then takes it back: a grant that is late, for instance by a thread that was stalled, is
then a repetition and gives nothing.
"""

from __future__ import annotations

import time
from typing import Literal

import structlog
from structlog.typing import FilteringBoundLogger

import fairpull
from account.metrics import AccountMetrics
from account.payment_provider import (
    InvalidSignature,
    Order,
    PaymentDeclined,
    PaymentEvent,
    PaymentProvider,
    ProviderUnavailable,
)
from account.purchases import EventMismatch, Purchase, Purchases, UnknownPurchase
from account.spending import Spending
from shared_http.crash_points import CrashPoints
from shared_http.json_body import LARGEST_AMOUNT
from shared_http.tracing import span

log: FilteringBoundLogger = structlog.get_logger()

# Of an account, by the ledger's own rules (docs/reference/ledger.md).
MAX_LOTS = 1000
_TOO_MUCH = f"a balance is at most {LARGEST_AMOUNT}"
_TOO_MANY = "there are too many unused purchases"
_RECOVERED_AT_ONCE = 100


class OtherPurchase(Exception):
    """The key was used for a purchase with another `field`."""

    def __init__(self, field: Literal["amount", "method"]) -> None:
        super().__init__(field)
        self.field = field


class PurchaseCancelled(Exception):
    """The money was given back before anything was granted."""


class NoRoom(Exception):
    """The account can't take the purchase now; `balance` is what can be spent."""

    def __init__(self, reason: str, balance: int) -> None:
        super().__init__(reason)
        self.balance = balance


class Payments:
    """Buys, takes in what the provider tells, and finishes what was left lying.

    Safe to use from several threads and processes.
    """

    def __init__(
        self,
        wallet: fairpull.Wallet,
        purchases: Purchases,
        provider: PaymentProvider,
        *,
        spending: Spending,
        currency: str,
        metrics: AccountMetrics,
        crash_points: CrashPoints,
    ) -> None:
        self._wallet = wallet
        self._purchases = purchases
        self._provider = provider
        self._spending = spending
        self._currency = currency
        self._metrics = metrics
        self._crash_points = crash_points

    def buy(self, order: Order, amount: int) -> int:
        """Charge the order and grant `amount`, once; the balance after the grant.

        The balance is below 0 where more was owed than was bought.

        Raises
        ------
        fairpull.UnknownAccount
            There is no such player.
        OtherPurchase, PurchaseCancelled, NoRoom
            See there. Nothing is charged but by a `NoRoom` that was found late;
            that purchase is granted as soon as there is room.
        SpendingLimitReached
            The player may not spend so much now; nothing is written or charged.
        PaymentDeclined, ProviderUnavailable
            The provider did not take the money, or gave no answer to go by.
        """
        purchase = self._purchases.find(order.player, order.key)
        if purchase is not None:
            _require_same(purchase, order, amount)
        if purchase is None or purchase.state in ("intent", "declined"):
            # Before anything is written or paid: the player may not even exist.
            self._require_room(order.player, amount)
        if purchase is None:
            allowance = self._spending.allowance(order.player)
            purchase = self._purchases.intend(
                amount=amount, order=order, allowance=allowance
            )
            _require_same(purchase, order, amount)
            self._crash_points.reach("account:after_purchase_intent")
        if purchase.state == "declined":
            allowance = self._spending.allowance(order.player)
            purchase = self._purchases.ask_again(purchase, allowance)
        if purchase.state == "intent":
            purchase = self._charge(purchase)
        if purchase.state == "declined":
            raise PaymentDeclined("another request for this purchase was declined")
        if purchase.state == "cancelled":
            raise PurchaseCancelled
        # What was finished before is granted again: the receipt of the first time.
        receipt = self._follow(purchase) or self._grant(purchase)
        return receipt.available

    def take_in(self, body: bytes, signature: str) -> bool:
        """Do what a provider's event says; whether it was the first time.

        Raises
        ------
        InvalidSignature, UnknownPurchase, EventMismatch, Problem
            The event is refused and has no effect.
        """
        event = self._provider.read(body, signature)
        purchase, is_new = self._record(event)
        self._follow_or_postpone(purchase)
        return is_new

    def refund(self, player: str, key: str) -> Purchase:
        """Give the money of a paid purchase back and take in what it bought.

        Raises
        ------
        UnknownPurchase
            There is none, or nothing was paid for it.
        ProviderUnavailable
            The provider did not answer; it may be asked again.
        """
        purchase = self._purchases.find(player, key)
        if purchase is None or purchase.transaction_id is None:
            raise UnknownPurchase(f"nothing was paid for a purchase {key} of {player}")
        returned = self._provider.refund(purchase.order, purchase.transaction_id)
        self.take_in(returned.body, returned.signature)
        return self._purchases.find(player, key) or purchase

    def recover(self, *, idle_ms: int = 0) -> None:
        """Finish what is untouched for so long and the ledger has not followed yet."""
        touched_before_ms = time.time_ns() // 1_000_000 - idle_ms
        for purchase in self._purchases.unfinished(
            touched_before_ms, limit=_RECOVERED_AT_ONCE
        ):
            self._follow_or_postpone(purchase)

    def _require_room(self, player: str, amount: int) -> None:
        """Refuse before any money is taken what the ledger would refuse after."""
        try:
            balance = self._wallet.balance(player, self._currency)
            lots = self._wallet.lots(player, self._currency)
        except fairpull.NotFoundError:
            raise fairpull.UnknownAccount("unknown_account") from None
        if balance.posted + amount > LARGEST_AMOUNT:
            raise NoRoom(_TOO_MUCH, balance.available)
        if len(lots) >= MAX_LOTS:
            raise NoRoom(_TOO_MANY, balance.available)

    def _charge(self, purchase: Purchase) -> Purchase:
        try:
            with span("charge"):
                answer = self._provider.charge(purchase.order)
        except PaymentDeclined:
            # It does not count as spent any more.
            self._purchases.move(purchase, "declined")
            raise
        try:
            event = self._provider.read(answer.body, answer.signature)
        except InvalidSignature as error:
            raise ProviderUnavailable(str(error)) from error
        told = (event.kind, event.player, event.key)
        if told != ("payment.succeeded", purchase.player, purchase.key):
            raise ProviderUnavailable(f"{event.id} is about something else")
        try:
            return self._record(event)[0]
        except EventMismatch as error:
            raise PaymentDeclined(str(error)) from error

    def _record(self, event: PaymentEvent) -> tuple[Purchase, bool]:
        try:
            purchase, is_new = self._purchases.take_in(event)
        except (UnknownPurchase, EventMismatch) as error:
            log.critical(
                "the payment provider tells what can't be",
                event_id=event.id,
                kind=event.kind,
                transaction_id=event.transaction_id,
                player=event.player,
                error=str(error),
            )
            raise
        self._crash_points.reach("account:after_payment_recorded")
        if is_new:
            log.info(
                "payment event",
                event_id=event.id,
                kind=event.kind,
                transaction_id=event.transaction_id,
                player=event.player,
                purchase_key=event.key,
                state=purchase.state,
            )
        return purchase, is_new

    def _grant(self, purchase: Purchase) -> fairpull.Receipt:
        try:
            with span("grant"):
                receipt = self._wallet.grant(
                    _ledger_id(purchase),
                    player=purchase.player,
                    currency=self._currency,
                    amount=purchase.amount,
                    source=f"issuer:{purchase.method}",
                    paid=True,
                    price=purchase.price,
                    price_currency=purchase.price_currency,
                )
        except fairpull.AmountOverflow as error:
            raise NoRoom(_TOO_MUCH, error.available) from None
        except fairpull.TooManyLots as error:
            raise NoRoom(_TOO_MANY, error.available) from None
        self._metrics.granted(purchase.amount, receipt)
        return receipt

    def _follow(self, purchase: Purchase) -> fairpull.Receipt | None:
        """Bring the ledger to where the purchase is, also if it moves meanwhile.

        The grant's receipt; None where there was nothing to do.
        """
        receipt = None
        while True:
            match purchase.state:
                case "validated":
                    receipt = self._grant(purchase)
                    self._crash_points.reach("account:after_grant")
                    purchase = self._purchases.move(purchase, "granted")
                case "refunding":
                    receipt = self._grant(purchase)
                    taken_back = self._wallet.reverse(
                        _ledger_id(purchase), player=purchase.player
                    )
                    self._metrics.taken_back(purchase.amount, taken_back)
                    self._crash_points.reach("account:after_reversal")
                    purchase = self._purchases.move(purchase, "taken_back")
                case _:
                    return receipt

    def _follow_or_postpone(self, purchase: Purchase) -> None:
        """As `_follow`; a purchase that can't go on now waits, and others go on."""
        try:
            self._follow(purchase)
        except fairpull.StoreError:
            raise
        except (NoRoom, fairpull.Error) as error:
            log.error(
                "purchase can't go on now",
                player=purchase.player,
                purchase_key=purchase.key,
                state=purchase.state,
                error=repr(error),
            )
            self._purchases.postpone(purchase)


def _require_same(purchase: Purchase, order: Order, amount: int) -> None:
    if purchase.amount != amount:
        raise OtherPurchase("amount")
    if purchase.method != order.method:
        raise OtherPurchase("method")


def _ledger_id(purchase: Purchase) -> str:
    """Apart from the ids of holds, which are `pull:…`."""
    return f"buy:{purchase.key}"
