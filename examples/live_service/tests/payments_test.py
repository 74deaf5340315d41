"""Purchases through the provider."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import fairpull
from account.payment_provider import (
    Order,
    PaymentDeclined,
    ProviderUnavailable,
    SignedEvent,
)
from account.purchase_tables import payment_events
from game_in_process import CURRENCY, Game
from payment_calls import (
    FAR_BACK_MS,
    TroubledProvider,
    currency,
    entries,
    intend,
    order_of,
    rows,
    state,
    tell,
)


def test_a_purchase_is_a_paid_lot_with_what_was_paid_for_it(game: Game) -> None:
    player = game.new_player()
    player.buy(1600, key="k")
    (lot,) = game.account_service.wallet.lots(player.id, CURRENCY)
    assert (lot.id, lot.paid, lot.granted) == ("buy:k", True, 1600)
    assert (lot.price, lot.price_currency) == (1600, "USD")
    assert state(game, player, "k") == "granted"


def test_the_provider_tells_again_what_is_known_and_nothing_happens(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player()
    player.buy(100, key="k")
    answer = tell(game, provider, order_of(player, "k", 100), "payment.succeeded")
    assert (answer.status_code, answer.json) == (200, {"message": "Event known"})
    assert entries(player) == [("buy:k", 100)]


def test_a_declined_purchase_may_be_made_later_under_its_key(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player()
    provider.trouble = PaymentDeclined("the card has expired")
    answer = player.buy(100, key="k")
    assert answer.status_code == 402
    assert answer.json["type"] == "/problems/payment-declined"
    assert "the card has expired" in answer.json["detail"]
    assert currency(player) == {"currencyBalance": 0}
    provider.trouble = None
    assert player.buy(100, key="k").json["newBalance"] == 100


def test_while_the_provider_is_away_a_purchase_is_503_and_then_made_once(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player()
    provider.trouble = ProviderUnavailable("timed out")
    answer = player.buy(100, key="k")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Idempotency-Key"] == "k"
    provider.trouble = None
    assert player.buy(100, key="k").json["newBalance"] == 100
    assert entries(player) == [("buy:k", 100)]


def test_a_transaction_pays_one_purchase_for_ever(
    game: Game, provider: TroubledProvider
) -> None:
    one, other = game.new_player(), game.new_player()
    provider.transaction = "txn-used"
    assert one.buy(100, key="k").status_code == 200
    for player, key in [(one, "k2"), (other, "k")]:
        answer = player.buy(100, key=key)
        assert answer.status_code == 402
        assert answer.json["type"] == "/problems/payment-declined"
        assert state(game, player, key) == "intent"
    # Not even after the first was refunded.
    order = order_of(one, "k", 100)
    tell(game, provider, order, "payment.refunded", "txn-used")
    assert other.buy(100, key="k").status_code == 402
    assert currency(other) == {"currencyBalance": 0}


@pytest.mark.parametrize("wrong", ["kind", "player", "signature"])
def test_an_answer_of_the_provider_about_something_else_counts_as_none(
    game: Game, provider: TroubledProvider, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    player = game.new_player()
    other = intend(game, game.new_player(), "k", 100)

    def charge(order: Order) -> SignedEvent:
        if wrong == "kind":
            return provider.event(order, "payment.refunded", "txn-1")
        if wrong == "player":
            return provider.event(other, "payment.succeeded", "txn-1")
        event = provider.event(order, "payment.succeeded", "txn-1")
        return replace(event, signature=event.signature[:-1] + "x")

    monkeypatch.setattr(provider, "charge", charge)
    assert player.buy(100, key="k").status_code == 503
    assert state(game, player, "k") == "intent"
    assert rows(game, payment_events) == 0


def test_what_would_not_fit_on_the_account_is_not_charged(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player(2**53 - 1)
    provider.trouble = AssertionError("charged")
    answer = player.buy(1, key="k")
    assert answer.json["type"] == "/problems/balance-limit"
    # Nor where the purchase was written down in better times.
    intend(game, player, "k2", 1)
    assert player.buy(1, key="k2").json["type"] == "/problems/balance-limit"


def test_a_purchase_that_turned_out_not_to_fit_is_granted_once_it_does(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player()

    def refuse(*_: object, **__: object) -> None:
        raise fairpull.TooManyLots("too_many_lots", posted=0)

    with monkeypatch.context() as refusing:
        refusing.setattr(fairpull.Wallet, "grant", refuse)
        assert player.buy(100, key="k").status_code == 409
        game.account_service.payments.recover(idle_ms=FAR_BACK_MS)
    assert state(game, player, "k") == "validated"
    assert currency(player) == {"currencyBalance": 0}
    game.account_service.payments.recover(idle_ms=FAR_BACK_MS)
    assert currency(player) == {"currencyBalance": 100}


def test_an_amount_whose_price_no_number_can_say_is_refused(tmp_path: Path) -> None:
    game = Game(tmp_path, CURRENCY_PRICE="3 USD")
    player = game.new_player()
    most = (2**53 - 1) // 3
    answer = player.buy(most + 1)
    assert answer.status_code == 400
    assert str(most) in answer.json["errors"][0]["message"]
    assert player.buy(most).status_code == 200
    (lot,) = game.account_service.wallet.lots(player.id, CURRENCY)
    assert lot.price == most * 3
    game.close()
