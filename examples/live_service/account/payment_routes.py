"""What the payment provider tells, and what an operator asks of it."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, request

from account.payment_provider import InvalidSignature, ProviderUnavailable
from account.payments import Payments
from account.purchases import EventMismatch, UnknownPurchase
from shared_http.json_body import Identifier, StrictBody, read_body, text_like
from shared_http.problems import Problem, service_unavailable
from shared_http.service_token import require_service_token

SIGNATURE_HEADER = "Payment-Signature"


class RefundRequest(StrictBody):
    """Which purchase is to be refunded."""

    player_id: Identifier
    purchase_key: Annotated[
        str,
        text_like(r"[A-Za-z0-9._:-]{1,100}", "an Idempotency-Key of a purchase"),
    ]


def webhook_routes(payments: Payments) -> Blueprint:
    """Return the route that the provider calls; its signature is its credential."""
    routes = Blueprint("payment_events", __name__, url_prefix="/account/payments")

    @routes.post("/webhook")
    def take_event() -> dict[str, str]:
        # The very bytes are signed, so they are looked at before what they spell.
        body = request.get_data(cache=False)
        try:
            is_new = payments.take_in(body, request.headers.get(SIGNATURE_HEADER, ""))
        except InvalidSignature as error:
            raise Problem(
                401,
                "invalid-signature",
                "Invalid signature",
                str(error),
                headers={"WWW-Authenticate": SIGNATURE_HEADER},
            ) from None
        except UnknownPurchase as error:
            raise _unknown_purchase(error) from None
        except EventMismatch as error:
            raise Problem(
                409, "payment-mismatch", "Payment mismatch", str(error)
            ) from None
        return {"message": "Event accepted" if is_new else "Event known"}

    return routes


def refund_routes(payments: Payments, service_token: str) -> Blueprint:
    """Return the operator's route; only the service's credential opens it."""
    routes = Blueprint("refunds", __name__, url_prefix="/internal/purchases")
    require_service_token(routes, service_token)

    @routes.post("/refund")
    def refund() -> dict[str, str | int | None]:
        wanted = read_body(RefundRequest)
        try:
            purchase = payments.refund(wanted.player_id, wanted.purchase_key)
        except UnknownPurchase as error:
            raise _unknown_purchase(error) from None
        except ProviderUnavailable:
            raise service_unavailable(
                "the payment provider did not answer; ask again"
            ) from None
        return {
            "state": purchase.state,
            "transactionId": purchase.transaction_id,
            "amount": purchase.amount,
            "price": purchase.price,
            "priceCurrency": purchase.price_currency,
        }

    return routes


def _unknown_purchase(error: UnknownPurchase) -> Problem:
    return Problem(404, "unknown-purchase", "Unknown purchase", str(error))
