"""Buying currency."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import fairpull
from game_in_process import CURRENCY, Game

LARGEST = 2**53 - 1


def test_a_purchase_adds_up(game: Game) -> None:
    player = game.new_player()
    assert player.buy(1600).json == {
        "message": "Currency purchased successfully",
        "newBalance": 1600,
    }
    assert player.buy(1).json["newBalance"] == 1601
    assert player.balance() == 1601


def test_the_ledger_names_the_payment_method(game: Game) -> None:
    player = game.new_player()
    player.buy(500, method="paypal")
    (entry,) = game.account_service.wallet.entries(player.id, CURRENCY)
    assert (entry.amount, entry.counterparty) == (500, "issuer:paypal")


def test_a_purchase_without_a_key_is_told_the_one_it_got(game: Game) -> None:
    player = game.new_player()
    first = player.buy(100)
    second = player.buy(100, key=first.headers["Idempotency-Key"])
    assert second.data == first.data
    assert player.balance() == 100


def test_a_repeated_key_gives_the_first_answer_byte_for_byte(game: Game) -> None:
    player = game.new_player()
    first = player.buy(100, key="k1")
    player.buy(50, key="k2")
    again = player.buy(100, key="k1")
    assert again.status_code == 200
    assert again.data == first.data
    assert player.balance() == 150


@pytest.mark.parametrize(
    ("amount", "method", "field"),
    [(101, "card", "amount"), (100, "paypal", "paymentMethod")],
)
def test_the_same_key_with_another_body_is_refused_and_named(
    game: Game, amount: int, method: str, field: str
) -> None:
    player = game.new_player()
    player.buy(100, method="card", key="k")
    answer = player.buy(amount, method=method, key="k")
    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/idempotency-key-reused"
    assert field in answer.json["detail"]
    assert player.balance() == 100


def test_two_players_may_choose_the_same_key(game: Game) -> None:
    one, other = game.new_player(), game.new_player()
    assert one.buy(100, key="k").json["newBalance"] == 100
    assert other.buy(200, key="k").json["newBalance"] == 200


def test_one_key_in_parallel_is_one_purchase(game: Game) -> None:
    player = game.new_player()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: player.buy(100, key="k"), range(32)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {a.data for a in answers if a.status_code == 200} == {
        b'{"message":"Currency purchased successfully","newBalance":100}\n'
    }
    assert player.balance() == 100


def test_a_running_purchase_answers_its_repeat_with_wait(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player()
    wallet = game.account_service.wallet
    repeats: list[Any] = []
    real_grant = type(wallet).grant

    def grant(self: object, id_: str, **fields: Any) -> Any:
        if not repeats:
            repeats.append(None)
            repeats.append(player.buy(100, key="k"))
        return real_grant(wallet, id_, **fields)

    monkeypatch.setattr(type(wallet), "grant", grant)
    assert player.buy(100, key="k").status_code == 200
    repeat = repeats[1]
    assert repeat.status_code == 409
    assert repeat.json["type"] == "/problems/request-in-progress"
    assert repeat.headers["Retry-After"] == "1"
    assert player.balance() == 100


def test_the_balance_reaches_its_limit_and_not_beyond(game: Game) -> None:
    player = game.new_player()
    assert player.buy(LARGEST).json["newBalance"] == LARGEST
    answer = player.buy(1)
    assert answer.status_code == 409
    assert answer.json["type"] == "/problems/balance-limit"
    assert answer.json["balance"] == LARGEST
    assert player.balance() == LARGEST


def test_too_many_unused_purchases_are_a_limit_of_the_balance(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player()
    assert player.buy(100).status_code == 200

    def grant(*_: object, **__: object) -> None:
        raise fairpull.TooManyLots("too_many_lots", posted=100)

    monkeypatch.setattr(fairpull.Wallet, "grant", grant)
    answer = player.buy(1)
    assert answer.status_code == 409
    assert answer.json["type"] == "/problems/balance-limit"
    assert answer.json["balance"] == 100


@pytest.mark.parametrize("method", ["gold", "", "Card", "card ", 7, None])
def test_an_unknown_payment_method_names_the_known_ones(
    game: Game, method: object
) -> None:
    player = game.new_player()
    answer = player.buy(100, method=method)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["name"] == "/paymentMethod"
    assert player.balance() == 0


def test_the_message_lists_the_payment_methods(game: Game) -> None:
    message = game.new_player().buy(1, method="gold").json["errors"][0]["message"]
    assert message == (
        "must be one of card, credit_card, debit_card, paypal, bank_transfer, test"
    )


@pytest.mark.parametrize("key", ["", " ", "a b", "a/b", "x" * 101, "ü"])
def test_an_ill_formed_key_is_refused(game: Game, key: str) -> None:
    player = game.new_player()
    answer = player.buy(100, key=key)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["in"] == "header"
    assert player.balance() == 0
