"""The purchases and what providers told of them, as they are stored.

Every change names the state that it was decided on, so that of two that meet one is
made and the other is decided anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Update, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from account.payment_provider import EventKind, Order, PaymentEvent
from account.purchase_states import SPENT, UNFINISHED, Signal, State, after
from account.purchase_tables import (
    payment_events,
    payment_transactions,
    purchases,
)
from account.spending_limits import Allowance, Window
from account.tables import make_tables
from account.users import lock_user

_SIGNAL: dict[EventKind, Signal] = {
    "payment.succeeded": "paid",
    "payment.refunded": "returned",
    "payment.charged_back": "returned",
}
_MOST_TRIES = 10


class UnknownPurchase(Exception):
    """No purchase has this player and key."""


class EventMismatch(Exception):
    """A signed event contradicts what is stored; the text says in what."""


class SpendingLimitReached(Exception):
    """The purchase would pass the limit of `window`, in which `spent` was spent."""

    def __init__(self, window: Window, spent: int) -> None:
        super().__init__(f"{spent} of {window.limit} a {window.period} are spent")
        self.window = window
        self.spent = spent


class _MovedMeanwhile(Exception):
    """Undoes what a transaction has written so far."""


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """A purchase as it is stored."""

    player: str
    key: str
    state: State
    amount: int
    method: str
    price: int
    price_currency: str
    transaction_id: str | None

    @property
    def order(self) -> Order:
        """What the provider is told of it."""
        return Order(
            player=self.player,
            key=self.key,
            method=self.method,
            price=self.price,
            price_currency=self.price_currency,
        )


class Purchases:
    """The stored purchases. Safe to use from several threads and processes."""

    def __init__(
        self, engine: Engine, *, on_state: Callable[[State], None] = lambda _: None
    ) -> None:
        self._engine = engine
        # Told each state that a purchase comes into, by who has committed it.
        self._on_state = on_state
        make_tables(engine, purchases, payment_transactions, payment_events)

    def find(self, player: str, key: str) -> Purchase | None:
        """Return the purchase, or None."""
        statement = select(purchases).where(
            purchases.c.player_id == player, purchases.c.purchase_key == key
        )
        with self._engine.connect() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else _purchase(row._asdict())

    def intend(
        self, *, amount: int, order: Order, allowance: Allowance | None = None
    ) -> Purchase:
        """Write down what is asked for; the purchase of this name if there is one.

        Past the allowance it is a `SpendingLimitReached` instead, and nothing is
        written. Of several at once, those that fit together are written.
        """
        now_ms = _now_ms()
        row = {
            "player_id": order.player,
            "purchase_key": order.key,
            "state": "intent",
            "amount": amount,
            "method": order.method,
            "price": order.price,
            "price_currency": order.price_currency,
            "transaction_id": None,
            "created_at_ms": now_ms if allowance is None else allowance.at_ms,
            "touched_at_ms": now_ms,
        }
        try:
            with self._engine.begin() as connection:
                lock_user(connection, order.player)
                connection.execute(insert(purchases).values(row))
                _keep_within(allowance, connection, order)
        except IntegrityError:
            stored = self.find(order.player, order.key)
            if stored is None:
                raise
            return stored
        self._on_state("intent")
        return _purchase(row)

    def ask_again(self, purchase: Purchase, allowance: Allowance) -> Purchase:
        """Make a declined purchase an intent of now, as `intend` would."""
        with self._engine.begin() as connection:
            lock_user(connection, purchase.player)
            moved = connection.execute(
                _unchanged(purchase).values(
                    state=after(purchase.state, "asked"),
                    created_at_ms=allowance.at_ms,
                    touched_at_ms=_now_ms(),
                )
            )
            if moved.rowcount == 1:
                _keep_within(allowance, connection, purchase.order)
        if moved.rowcount == 1:
            self._on_state("intent")
        return self._found(purchase)

    def spent(self, player: str, currency: str, window: Window) -> int:
        """Return what the player has spent in the window, what is under way included.

        What was declined, cancelled or refunded is not spent.
        """
        with self._engine.connect() as connection:
            return _spent(connection, player, currency, window)

    def take_in(self, event: PaymentEvent) -> tuple[Purchase, bool]:
        """Remember an event and move its purchase on, in one commit.

        The purchase as it is now, and whether the event was new.

        Raises
        ------
        UnknownPurchase
            The event is of none that is stored; it is not remembered.
        EventMismatch
            It can't be true of the purchase that it names; it is not remembered.
        """
        for _ in range(_MOST_TRIES):
            # First the event and then the purchase, which then is as the event left it
            # or further: the other way round it might be a state of long ago.
            is_known = self._is_known(event)
            purchase = self.find(event.player, event.key)
            if purchase is None:
                raise UnknownPurchase(f"no purchase {event.key} of {event.player}")
            if is_known:
                return purchase, False
            self._check(event, purchase)
            if self._remember(event, purchase):
                return self._found(purchase), True
        raise RuntimeError(f"{event.id} met another change {_MOST_TRIES} times")

    def move(self, purchase: Purchase, signal: Signal) -> Purchase:
        """Move a purchase on unless it was meanwhile; the purchase as it is now."""
        target = after(purchase.state, signal)
        with self._engine.begin() as connection:
            moved = connection.execute(
                _unchanged(purchase).values(state=target, touched_at_ms=_now_ms())
            )
        if moved.rowcount == 1 and target != purchase.state:
            self._on_state(target)
        return self._found(purchase)

    def postpone(self, purchase: Purchase) -> None:
        """Let the others be tried first."""
        with self._engine.begin() as connection:
            connection.execute(_unchanged(purchase).values(touched_at_ms=_now_ms()))

    def unfinished(self, touched_before_ms: int, *, limit: int) -> list[Purchase]:
        """Purchases that the ledger has to follow, longest untouched first."""
        statement = (
            select(purchases)
            .where(
                purchases.c.state.in_(UNFINISHED),
                purchases.c.touched_at_ms <= touched_before_ms,
            )
            .order_by(purchases.c.touched_at_ms)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(statement).all()
        return [_purchase(row._asdict()) for row in rows]

    def _is_known(self, event: PaymentEvent) -> bool:
        statement = select(payment_events.c.digest).where(
            payment_events.c.event_id == event.id
        )
        with self._engine.connect() as connection:
            digest = connection.execute(statement).scalar_one_or_none()
        if digest is not None and digest != event.digest:
            raise EventMismatch(f"{event.id} was received before with another content")
        return digest is not None

    def _check(self, event: PaymentEvent, purchase: Purchase) -> None:
        told = f"{event.price} {event.price_currency}"
        asked = f"{purchase.price} {purchase.price_currency}"
        if told != asked:
            raise EventMismatch(f"{event.key} costs {asked} and not {told}")
        if purchase.transaction_id not in (None, event.transaction_id):
            raise EventMismatch(
                f"{event.key} was paid by {purchase.transaction_id} and not by "
                f"{event.transaction_id}"
            )
        statement = select(
            payment_transactions.c.player_id, payment_transactions.c.purchase_key
        ).where(payment_transactions.c.transaction_id == event.transaction_id)
        with self._engine.connect() as connection:
            owner = connection.execute(statement).one_or_none()
        if owner is not None and tuple(owner) != (event.player, event.key):
            raise EventMismatch(f"{event.transaction_id} has paid another purchase")

    def _remember(self, event: PaymentEvent, purchase: Purchase) -> bool:
        """False, and nothing is done, where it met another change."""
        now_ms = _now_ms()
        target = after(purchase.state, _SIGNAL[event.kind])
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    insert(payment_events).values(
                        event_id=event.id,
                        kind=event.kind,
                        transaction_id=event.transaction_id,
                        digest=event.digest,
                        received_at_ms=now_ms,
                    )
                )
                if purchase.transaction_id is None:
                    connection.execute(
                        insert(payment_transactions).values(
                            transaction_id=event.transaction_id,
                            player_id=event.player,
                            purchase_key=event.key,
                        )
                    )
                moved = connection.execute(
                    _unchanged(purchase).values(
                        state=target,
                        transaction_id=event.transaction_id,
                        touched_at_ms=now_ms,
                    )
                )
                if moved.rowcount != 1:
                    raise _MovedMeanwhile
        except (IntegrityError, _MovedMeanwhile):
            return False
        if target != purchase.state:
            self._on_state(target)
        return True

    def _found(self, purchase: Purchase) -> Purchase:
        found = self.find(purchase.player, purchase.key)
        if found is None:
            raise UnknownPurchase(f"purchase {purchase.key} is gone")
        return found


def _unchanged(purchase: Purchase) -> Update:
    """An update of the purchase that hits nothing if it has moved on since."""
    return update(purchases).where(
        purchases.c.player_id == purchase.player,
        purchases.c.purchase_key == purchase.key,
        purchases.c.state == purchase.state,
    )


def _keep_within(
    allowance: Allowance | None, connection: Connection, order: Order
) -> None:
    """A `SpendingLimitReached` if with this purchase, now written, it is too much."""
    for window in allowance.windows if allowance else ():
        if window.limit is None:
            continue
        spent = _spent(connection, order.player, order.price_currency, window)
        if spent > window.limit:
            raise SpendingLimitReached(window, spent - order.price)


def _spent(connection: Connection, player: str, currency: str, window: Window) -> int:
    statement = select(func.coalesce(func.sum(purchases.c.price), 0)).where(
        purchases.c.player_id == player,
        purchases.c.created_at_ms >= window.begins_ms,
        purchases.c.created_at_ms < window.ends_ms,
        purchases.c.price_currency == currency,
        purchases.c.state.in_(SPENT),
    )
    return int(connection.execute(statement).scalar_one())


def _purchase(row: dict[str, Any]) -> Purchase:
    return Purchase(
        player=row["player_id"],
        key=row["purchase_key"],
        state=row["state"],
        amount=row["amount"],
        method=row["method"],
        price=row["price"],
        price_currency=row["price_currency"],
        transaction_id=row["transaction_id"],
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
