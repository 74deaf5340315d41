"""Refunds, what they leave owed, and who may ask for them."""

from __future__ import annotations

import pytest

import fairpull
from account.payment_provider import (
    EventKind,
)
from game_in_process import CURRENCY, Game
from payment_calls import (
    TroubledProvider,
    currency,
    entries,
    intend,
    order_of,
    state,
    tell,
)


@pytest.mark.parametrize("kind", ["payment.refunded", "payment.charged_back"])
def test_a_refund_takes_back_what_was_bought_from_its_own_lot(
    game: Game, provider: TroubledProvider, kind: EventKind
) -> None:
    player = game.new_player()
    player.buy(100, key="k1")
    player.buy(50, key="k2")
    tell(game, provider, order_of(player, "k2", 50), kind)
    assert currency(player) == {"currencyBalance": 100}
    (lot,) = game.account_service.wallet.lots(player.id, CURRENCY)
    assert (lot.id, lot.remaining) == ("buy:k1", 100)
    assert state(game, player, "k2") == "refunded"


def test_what_was_spent_already_is_owed_and_the_next_purchase_pays_it(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player()
    player.buy(200, key="k")
    assert player.pull(160).status_code == 200
    game.gacha_service.progress.confirm()
    tell(game, provider, order_of(player, "k", 200), "payment.refunded")
    # 200 bought, 160 spent, 200 given back.
    assert currency(player) == {"currencyBalance": 0, "debt": 160}
    assert game.account_service.wallet.debt(player.id, CURRENCY) == 160
    refused = player.pull(160)
    assert refused.status_code == 402
    assert refused.json["balance"] == 0
    assert player.buy(100, key="k2").json["newBalance"] == 0
    assert currency(player) == {"currencyBalance": 0, "debt": 60}
    assert player.buy(100, key="k3").json["newBalance"] == 40
    assert currency(player) == {"currencyBalance": 40}


@pytest.mark.parametrize("ending", ["post", "void"])
def test_a_refund_while_a_hold_is_open_leaves_the_hold_to_its_pull(
    game: Game, provider: TroubledProvider, ending: str
) -> None:
    player = game.new_player()
    player.buy(200, key="k")
    hold = {
        "holdId": "pull:h", "playerId": player.id, "currency": CURRENCY,
        "amount": 160, "sink": "spend:starter",
    }  # fmt: skip
    assert game.internal("/internal/holds", hold).status_code == 201
    tell(game, provider, order_of(player, "k", 200), "payment.refunded")
    assert currency(player) == {"currencyBalance": 0, "debt": 160}
    answer = game.internal(f"/internal/holds/pull:h/{ending}", {"playerId": player.id})
    assert answer.status_code == 200
    left = {"post": {"currencyBalance": 0, "debt": 160}, "void": {"currencyBalance": 0}}
    assert currency(player) == left[ending]
    assert fairpull.verify(game.account_service.store) == []


def test_a_refund_that_is_told_twice_and_then_charged_back_is_one(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player(300)
    player.buy(100, key="k")
    order = order_of(player, "k", 100)
    for kind in ("payment.refunded", "payment.refunded", "payment.charged_back"):
        assert tell(game, provider, order, kind).status_code == 200
    assert currency(player) == {"currencyBalance": 300}


def test_a_repeated_purchase_is_told_its_first_answer_also_after_its_refund(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player(10)
    first = player.buy(100, key="k")
    tell(game, provider, order_of(player, "k", 100), "payment.refunded")
    assert player.buy(100, key="k").data == first.data
    assert currency(player) == {"currencyBalance": 10}


def test_an_operator_refunds_by_the_service_s_credential(game: Game) -> None:
    player = game.new_player()
    player.buy(100, key="k")
    wanted = {"playerId": player.id, "purchaseKey": "k"}
    for _ in range(2):
        answer = game.internal("/internal/purchases/refund", wanted)
        assert answer.status_code == 200
        assert answer.json["state"] == "refunded"
        assert (answer.json["price"], answer.json["priceCurrency"]) == (100, "USD")
    assert entries(player) == [("buy:k", 100), ("buy:k/reverse", -100)]


def test_an_operator_can_t_refund_what_was_not_paid(game: Game) -> None:
    player = game.new_player()
    intend(game, player, "meant", 100)
    for key in ("meant", "never"):
        wanted = {"playerId": player.id, "purchaseKey": key}
        answer = game.internal("/internal/purchases/refund", wanted)
        assert answer.status_code == 404
        assert answer.json["type"] == "/problems/unknown-purchase"


def test_a_player_can_t_refund(game: Game) -> None:
    player = game.new_player()
    player.buy(100, key="k")
    answer = game.account.post(
        "/internal/purchases/refund",
        json={"playerId": player.id, "purchaseKey": "k"},
        headers=player.headers(),
    )
    assert answer.status_code == 401
    assert currency(player) == {"currencyBalance": 100}
