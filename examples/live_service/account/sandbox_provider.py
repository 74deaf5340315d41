"""A payment provider for development: it charges nothing and signs everything.

Events are JSON objects, signed by the header

    Payment-Signature: t=<seconds since 1970>,v1=<hex>

where the hex is HMAC-SHA256 over the bytes of ``<t>.<body>`` under a secret that the
provider and the account service share.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Annotated

from account.payment_provider import (
    EventKind,
    InvalidSignature,
    Order,
    PaymentEvent,
    SignedEvent,
)
from shared_http.json_body import Amount, Identifier, StrictBody, read_json, text_like

SIGNATURE_TOLERANCE_S = 300
"""How far the time of a signature may be from now, either way."""

_SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
_KINDS = ("payment.succeeded", "payment.refunded", "payment.charged_back")


class EventBody(StrictBody):
    """An event as the sandbox spells it."""

    id: Identifier
    type: Annotated[
        EventKind, text_like("|".join(map(re.escape, _KINDS)), " or ".join(_KINDS))
    ]
    transaction_id: Identifier
    player_id: Identifier
    purchase_key: Identifier
    price: Amount
    price_currency: Annotated[str, text_like("[A-Z]{3}", "three letters of ISO 4217")]


class SandboxProvider:
    """Charges every order at once. It remembers nothing and needs not to.

    Its ids are made from the order and the secret, so that a repeated call gives the
    same transaction and the same event.
    """

    def __init__(
        self, secret: bytes, *, clock_s: Callable[[], float] = time.time
    ) -> None:
        self._secret = secret
        self._clock_s = clock_s

    def charge(self, order: Order) -> SignedEvent:
        """Take the order's price; always a ``payment.succeeded``."""
        return self.event(order, "payment.succeeded", self.transaction_of(order))

    def refund(self, order: Order, transaction_id: str) -> SignedEvent:
        """Give all of it back; a ``payment.refunded``."""
        return self.event(order, "payment.refunded", transaction_id)

    def transaction_of(self, order: Order) -> str:
        """The id that the order's payment has or will have."""
        return f"txn-{self._name_of('transaction', order.player, order.key)}"

    def event(self, order: Order, kind: EventKind, transaction_id: str) -> SignedEvent:
        """Return what the provider sends to tell of `kind`."""
        body = {
            "id": f"evt-{self._name_of(kind, transaction_id)}",
            "type": kind,
            "transactionId": transaction_id,
            "playerId": order.player,
            "purchaseKey": order.key,
            "price": order.price,
            "priceCurrency": order.price_currency,
        }
        return self.sign(json.dumps(body).encode())

    def sign(self, body: bytes) -> SignedEvent:
        """Sign these bytes as of now."""
        at_s = int(self._clock_s())
        return SignedEvent(body, f"t={at_s},v1={self._mac(at_s, body)}")

    def read(self, body: bytes, signature: str) -> PaymentEvent:
        """Return the event if it is signed, as `PaymentProvider.read` has it."""
        match = _SIGNATURE.fullmatch(signature)
        if match is None:
            raise InvalidSignature("Payment-Signature must be t=<seconds>,v1=<hex>")
        at_s = int(match[1])
        # The time is covered by the signature, so it is looked at after that.
        if not hmac.compare_digest(self._mac(at_s, body), match[2]):
            raise InvalidSignature("the signature is not that of this body and time")
        if abs(self._clock_s() - at_s) > SIGNATURE_TOLERANCE_S:
            raise InvalidSignature(
                f"it was signed more than {SIGNATURE_TOLERANCE_S} s from now; sign anew"
            )
        event = read_json(body, EventBody)
        return PaymentEvent(
            id=event.id,
            kind=event.type,
            transaction_id=event.transaction_id,
            player=event.player_id,
            key=event.purchase_key,
            price=event.price,
            price_currency=event.price_currency,
            digest=hashlib.sha256(body).hexdigest(),
        )

    def _mac(self, at_s: int, body: bytes) -> str:
        signed = f"{at_s}.".encode() + body
        return hmac.new(self._secret, signed, hashlib.sha256).hexdigest()

    def _name_of(self, *parts: str) -> str:
        # Ids have no line feeds, so that no two lists of parts are spelled alike.
        spelled = "\n".join(parts).encode()
        return hmac.new(self._secret, spelled, hashlib.sha256).hexdigest()[:40]
