"""What the account service needs of a company that takes real money.

A provider charges and refunds, and tells of both by signed events: the answers to the
calls here are such events too, so that what is told at once and what comes by webhook
are checked and taken in by the same code (`account/payments.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

EventKind = Literal["payment.succeeded", "payment.refunded", "payment.charged_back"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be paid: `price` in the smallest unit of `price_currency`.

    Player and key together name the purchase for ever; the provider repeats them in
    its events, and charges once for them however often it is asked.
    """

    player: str
    key: str
    method: str
    price: int
    price_currency: str


@dataclass(frozen=True, kw_only=True)
class PaymentEvent:
    """What a provider tells, once its signature was checked.

    `id` names the event and `transaction_id` the payment; both are the provider's own
    and unique for ever. `digest` is SHA-256 of the event's body, in hex.
    """

    id: str
    kind: EventKind
    transaction_id: str
    player: str
    key: str
    price: int
    price_currency: str
    digest: str


@dataclass(frozen=True)
class SignedEvent:
    """An event as it is sent: the raw body and the header that signs it."""

    body: bytes
    signature: str


class InvalidSignature(Exception):
    """The event was not signed by the provider, or too long ago; the text says why."""


class PaymentDeclined(Exception):
    """The provider does not take the money; nothing was charged."""


class ProviderUnavailable(Exception):
    """Whether the call had its effect is unknown; it may be made again."""


class PaymentProvider(Protocol):
    """Takes and gives back real money. Used from several threads at once.

    Its calls may be repeated: the same order is charged and refunded once, and told by
    the same event each time. They raise `ProviderUnavailable` where no answer came.
    """

    def charge(self, order: Order) -> SignedEvent:
        """Take the order's price; a ``payment.succeeded``, or `PaymentDeclined`."""
        ...

    def refund(self, order: Order, transaction_id: str) -> SignedEvent:
        """Give all of it back; a ``payment.refunded``."""
        ...

    def read(self, body: bytes, signature: str) -> PaymentEvent:
        """Return the event if the provider signed these very bytes a short while ago.

        Raises
        ------
        InvalidSignature
            Anyone else may have sent it.
        Problem
            It is signed, and is still no event; a 400.
        """
        ...
