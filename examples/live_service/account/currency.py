"""Buy currency, and see how much there is."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint

import fairpull
from shared_http.idempotency import (
    RunningRequests,
    idempotency_key,
    key_reused,
)
from shared_http.json_body import Amount, StrictBody, read_body, text
from shared_http.player_tokens import PlayerTokenChecker, invalid_token
from shared_http.problems import Problem, malformed

# How the ledger's fields are called in the body of a purchase.
_BODY_FIELD = {"amount": "amount", "counterparty": "paymentMethod"}


class Purchase(StrictBody):
    """The body of a purchase."""

    amount: Amount
    payment_method: Annotated[str, text(1, 32)]


def currency_routes(
    *,
    wallet: fairpull.Wallet,
    currency: str,
    payment_methods: tuple[str, ...],
    tokens: PlayerTokenChecker,
) -> Blueprint:
    """Return the routes by which a player gets currency and sees the balance."""
    routes = Blueprint("currency", __name__, url_prefix="/account")
    running = RunningRequests()

    @routes.post("/buy-currency")
    def buy() -> dict[str, str | int]:
        player = tokens.authenticated_player()
        key = idempotency_key()
        purchase = read_body(Purchase)
        if purchase.payment_method not in payment_methods:
            raise malformed(
                f"must be one of {', '.join(payment_methods)}",
                where="body",
                name="/paymentMethod",
            )
        with running.alone(player, key):
            balance = _credit(wallet, player, currency, key, purchase)
        return {"message": "Currency purchased successfully", "newBalance": balance}

    @routes.get("/currency")
    def balance() -> dict[str, str | int]:
        player = tokens.authenticated_player()
        try:
            available = wallet.balance(player, currency).available
        except fairpull.NotFoundError:
            raise _no_such_player() from None
        return {"userId": player, "currencyBalance": available}

    return routes


def _credit(
    wallet: fairpull.Wallet, player: str, currency: str, key: str, purchase: Purchase
) -> int:
    """Credit the purchase once; the balance after it, also when it is repeated."""
    try:
        # Apart from the ids of holds, which are `pull:…`.
        receipt = wallet.grant(
            f"buy:{key}",
            player=player,
            currency=currency,
            amount=purchase.amount,
            source=f"issuer:{purchase.payment_method}",
        )
    except fairpull.IdConflict as error:
        raise key_reused(_BODY_FIELD.get(error.field, error.field)) from None
    except fairpull.UnknownAccount:
        raise _no_such_player() from None
    except fairpull.AmountOverflow as error:
        raise Problem(
            409,
            "balance-limit",
            "Balance limit",
            "a balance is at most 9007199254740991; buy less",
            balance=error.available,
        ) from None
    except fairpull.TooManyLots as error:
        raise Problem(
            409,
            "balance-limit",
            "Balance limit",
            "there are too many purchases that are not used; spend some first",
            balance=error.available,
        ) from None
    return receipt.available


def _no_such_player() -> Problem:
    return invalid_token("the token's player does not exist here; register again")
