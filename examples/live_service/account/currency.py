"""Buy currency, and see how much there is."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint

import fairpull
from account.payment_provider import Order, PaymentDeclined, ProviderUnavailable
from account.payments import NoRoom, OtherPurchase, Payments, PurchaseCancelled
from account.price import Price
from account.purchases import SpendingLimitReached
from account.spending import over_the_limit
from shared_http.idempotency import (
    RunningRequests,
    idempotency_key,
    key_reused,
)
from shared_http.json_body import Amount, StrictBody, read_body, text
from shared_http.player_tokens import PlayerTokenChecker, invalid_token
from shared_http.problems import Problem, malformed, service_unavailable
from shared_http.rate_limits import RateLimit, RateLimiter

_BODY_FIELD = {"amount": "amount", "method": "paymentMethod"}


class Purchase(StrictBody):
    """The body of a purchase."""

    amount: Amount
    payment_method: Annotated[str, text(1, 32)]


def currency_routes(
    *,
    wallet: fairpull.Wallet,
    payments: Payments,
    currency: str,
    price: Price,
    payment_methods: tuple[str, ...],
    spending_zone: str,
    tokens: PlayerTokenChecker,
    rate_limiter: RateLimiter,
    limit: RateLimit,
) -> Blueprint:
    """Return the routes by which a player gets currency and sees the balance."""
    routes = Blueprint("currency", __name__, url_prefix="/account")
    running = RunningRequests()

    @routes.post("/buy-currency")
    def buy() -> dict[str, str | int]:
        player = tokens.authenticated_player()
        key = idempotency_key()
        rate_limiter.check(limit, player)
        purchase = read_body(Purchase)
        if purchase.payment_method not in payment_methods:
            raise malformed(
                f"must be one of {', '.join(payment_methods)}",
                where="body",
                name="/paymentMethod",
            )
        order = Order(
            player=player,
            key=key,
            method=purchase.payment_method,
            price=price.of(purchase.amount),
            price_currency=price.currency,
        )
        with running.alone(player, key):
            try:
                balance = _buy(payments, order, purchase.amount)
            except SpendingLimitReached as error:
                raise over_the_limit(
                    error.window,
                    spent=error.spent,
                    price=order.price,
                    price_currency=order.price_currency,
                    zone=spending_zone,
                ) from None
        # Of a purchase that did not cover what was owed, nothing can be spent.
        return {
            "message": "Currency purchased successfully",
            "newBalance": max(balance, 0),
        }

    @routes.get("/currency")
    def balance() -> dict[str, str | int]:
        player = tokens.authenticated_player()
        try:
            available = wallet.balance(player, currency).available
        except fairpull.NotFoundError:
            raise _no_such_player() from None
        if available < 0:
            # Bought, spent and refunded: it is owed, and the next purchase pays it.
            return {"userId": player, "currencyBalance": 0, "debt": -available}
        return {"userId": player, "currencyBalance": available}

    return routes


def _buy(payments: Payments, order: Order, amount: int) -> int:
    """Buy once; the balance after it, also when it is repeated."""
    try:
        return payments.buy(order, amount)
    except OtherPurchase as error:
        raise key_reused(_BODY_FIELD[error.field]) from None
    except fairpull.IdConflict as error:
        # The ledger has it from before purchases were written down.
        raise key_reused(error.field) from None
    except fairpull.UnknownAccount:
        raise _no_such_player() from None
    except NoRoom as error:
        raise Problem(
            409,
            "balance-limit",
            "Balance limit",
            f"{error}; spend some first",
            balance=max(error.balance, 0),
        ) from None
    except PurchaseCancelled:
        raise Problem(
            409,
            "payment-refunded",
            "Payment refunded",
            "the payment was given back before it was confirmed; buy under a new "
            "Idempotency-Key",
        ) from None
    except PaymentDeclined as error:
        raise Problem(
            402,
            "payment-declined",
            "Payment declined",
            f"the payment provider declined: {error}",
        ) from None
    except ProviderUnavailable:
        raise service_unavailable(
            "the payment provider did not answer; send the same again, under the "
            "Idempotency-Key of this answer"
        ) from None


def _no_such_player() -> Problem:
    return invalid_token("the token's player does not exist here; register again")
