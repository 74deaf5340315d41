"""What a crash leaves of purchases and refunds."""

from __future__ import annotations

import pytest

from account.payment_provider import (
    PaymentEvent,
)
from account.purchases import Purchases
from game_in_process import CURRENCY, Game
from payment_calls import (
    FAR_BACK_MS,
    TroubledProvider,
    currency,
    entries,
    intend,
    order_of,
    state,
    tell,
)


@pytest.mark.parametrize(
    "point", ["account:after_payment_recorded", "account:after_grant"]
)
def test_a_paid_purchase_is_granted_without_its_client(
    game: Game, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    player = game.new_player()
    die_at(game, monkeypatch, point)
    with pytest.raises(Died):
        player.buy(100, key="k")
    assert state(game, player, "k") == "validated"
    monkeypatch.undo()
    game.account_service.payments.recover(idle_ms=FAR_BACK_MS)
    assert state(game, player, "k") == "granted"
    assert entries(player) == [("buy:k", 100)]
    # The client comes back after all, and is told the same.
    assert player.buy(100, key="k").json["newBalance"] == 100
    assert entries(player) == [("buy:k", 100)]


def test_recovery_leaves_alone_what_was_touched_just_now(game: Game) -> None:
    player = game.new_player()
    order = intend(game, player, "k", 100)
    Purchases(game.account_service.users.engine).take_in(
        PaymentEvent(
            id="e", kind="payment.succeeded", transaction_id="t", player=order.player,
            key="k", price=100, price_currency="USD", digest="d",
        )
    )  # fmt: skip
    game.account_service.payments.recover(idle_ms=60_000)
    assert state(game, player, "k") == "validated"
    game.account_service.payments.recover(idle_ms=FAR_BACK_MS)
    assert state(game, player, "k") == "granted"


def test_a_refund_that_was_cut_short_is_finished(
    game: Game, provider: TroubledProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player(100)
    player.buy(50, key="k")
    order = order_of(player, "k", 50)
    for point in ("account:after_payment_recorded", "account:after_reversal"):
        with monkeypatch.context() as dying:
            die_at(game, dying, point)
            with pytest.raises(Died):
                tell(game, provider, order, "payment.refunded")
        assert state(game, player, "k") == "refunding"
    game.account_service.payments.recover(idle_ms=FAR_BACK_MS)
    assert state(game, player, "k") == "refunded"
    assert currency(player) == {"currencyBalance": 100}


def test_a_refund_of_a_paid_purchase_that_was_never_granted_ends_it(
    game: Game, provider: TroubledProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player()
    with monkeypatch.context() as dying:
        die_at(game, dying, "account:after_payment_recorded")
        with pytest.raises(Died):
            player.buy(100, key="k")
    tell(game, provider, order_of(player, "k", 100), "payment.refunded")
    assert state(game, player, "k") == "refunded"
    # A grant that is late finds its id used.
    assert entries(player) == [("buy:k", 100), ("buy:k/reverse", -100)]


def test_one_purchase_that_can_t_go_on_does_not_hold_up_the_others(
    game: Game, provider: TroubledProvider
) -> None:
    stuck, player = game.new_player(), game.new_player()
    # As if the ledger had another purchase under the id.
    game.account_service.wallet.grant(
        "buy:k", player=stuck.id, currency=CURRENCY, amount=1, source="promotion"
    )
    for each in (stuck, player):
        order = intend(game, each, "k", 100)
        told = tell(game, provider, order, "payment.succeeded")
        assert told.status_code == 200
    game.account_service.payments.recover(idle_ms=FAR_BACK_MS)
    assert currency(player) == {"currencyBalance": 100}
    assert currency(stuck) == {"currencyBalance": 1}
    assert state(game, stuck, "k") == "validated"


class Died(BaseException):
    """Stands for kill -9: nothing that catches errors catches it."""


def die_at(game: Game, monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    payments = game.account_service.payments

    def reach(here: str) -> None:
        if here == point:
            raise Died(here)

    monkeypatch.setattr(payments._crash_points, "reach", reach)
