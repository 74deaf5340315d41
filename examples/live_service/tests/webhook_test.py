"""What the provider tells by webhook: once, in any order, and signed."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from account.payment_provider import (
    PaymentEvent,
    SignedEvent,
)
from account.purchase_tables import payment_events, payment_transactions
from account.purchases import Purchases
from account.sandbox_provider import SandboxProvider
from game_in_process import PAYMENT_SECRET, Game
from payment_calls import (
    FAR_BACK_MS,
    TroubledProvider,
    currency,
    entries,
    intend,
    order_of,
    rows,
    send,
    state,
    tell,
)


def test_a_confirmation_by_webhook_finishes_a_purchase_that_was_only_meant(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player()
    order = intend(game, player, "k", 100)
    answer = tell(game, provider, order, "payment.succeeded")
    assert (answer.status_code, answer.json) == (200, {"message": "Event accepted"})
    assert currency(player) == {"currencyBalance": 100}
    assert player.buy(100, key="k").json["newBalance"] == 100
    assert entries(player) == [("buy:k", 100)]


def test_an_event_has_its_effect_once_however_often_it_is_sent(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player(300)
    order = intend(game, player, "k", 100)
    event = provider.charge(order)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: send(game, event), range(32)))
    assert {answer.status_code for answer in answers} == {200}
    messages = [answer.json["message"] for answer in answers]
    assert messages.count("Event accepted") == 1
    assert currency(player) == {"currencyBalance": 400}
    assert rows(game, payment_events) == rows(game, payment_transactions) == 2


def test_a_refund_that_comes_before_its_confirmation_lets_nothing_be_granted(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player()
    order = intend(game, player, "k", 100)
    assert tell(game, provider, order, "payment.refunded").status_code == 200
    assert state(game, player, "k") == "cancelled"
    assert tell(game, provider, order, "payment.succeeded").status_code == 200
    game.account_service.payments.recover(idle_ms=FAR_BACK_MS)
    answer = player.buy(100, key="k")
    assert answer.status_code == 409
    assert answer.json["type"] == "/problems/payment-refunded"
    assert entries(player) == []


def test_a_refund_while_the_grant_is_under_way_leaves_nothing(
    game: Game, provider: TroubledProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stalled thread grants after the refund is done: a repetition."""
    player = game.new_player()
    wallet = game.account_service.wallet
    order = order_of(player, "k", 100)
    told: list[Any] = []
    real_grant = type(wallet).grant

    def grant(self: object, id_: str, **fields: Any) -> Any:
        if not told:
            told.append(None)
            told.append(tell(game, provider, order, "payment.refunded"))
        return real_grant(wallet, id_, **fields)

    monkeypatch.setattr(type(wallet), "grant", grant)
    assert player.buy(100, key="k").status_code == 200
    assert told[1].status_code == 200
    assert state(game, player, "k") == "refunded"
    assert entries(player) == [("buy:k", 100), ("buy:k/reverse", -100)]
    assert currency(player) == {"currencyBalance": 0}


def test_a_purchase_that_is_cancelled_between_two_looks_is_not_granted(
    game: Game, provider: TroubledProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request looks, the refund and then the confirmation come, it looks again."""
    player = game.new_player()
    order = intend(game, player, "k", 100)
    real_is_known = Purchases._is_known
    told: list[int] = []

    def is_known(self: Purchases, event: PaymentEvent) -> bool:
        if not told:
            told.append(0)
            for kind in ("payment.refunded", "payment.succeeded"):
                told.append(tell(game, provider, order, kind).status_code)
        return real_is_known(self, event)

    monkeypatch.setattr(Purchases, "_is_known", is_known)
    assert player.buy(100, key="k").json["type"] == "/problems/payment-refunded"
    assert told == [0, 200, 200]
    assert entries(player) == []


@pytest.mark.parametrize(
    "forge",
    [
        lambda event, at: replace(event, signature=""),
        lambda event, at: replace(event, signature="v1=00"),
        lambda event, at: replace(event, signature=f"t={at},v1={'0' * 64}"),
        lambda event, at: replace(event, signature=event.signature.upper()),
        lambda event, at: replace(event, signature=f"{event.signature} "),
        lambda event, at: replace(event, body=event.body + b" "),
        lambda event, at: replace(event, body=event.body.replace(b"100", b"900")),
        lambda event, at: replace(
            event, signature=event.signature.replace(f"t={at}", f"t={at + 1}")
        ),
        lambda event, at: SandboxProvider(b"another secret").sign(event.body),
        lambda event, at: signed_at(event, at - 301),
        lambda event, at: signed_at(event, at + 330),
    ],
)
def test_a_forged_or_old_event_is_refused_and_has_no_effect(
    game: Game, provider: TroubledProvider, forge: Any
) -> None:
    player = game.new_player()
    order = intend(game, player, "k", 100)
    event = provider.charge(order)
    at = int(event.signature.split(",")[0].removeprefix("t="))
    answer = send(game, forge(event, at))
    assert answer.status_code == 401
    assert answer.json["type"] == "/problems/invalid-signature"
    assert state(game, player, "k") == "intent"
    assert rows(game, payment_events) == 0
    assert send(game, event).status_code == 200


def signed_at(event: SignedEvent, at_s: int) -> SignedEvent:
    clocked = SandboxProvider(PAYMENT_SECRET.encode(), clock_s=lambda: at_s)
    return clocked.sign(event.body)


def test_a_signature_is_hmac_sha256_over_time_and_body() -> None:
    """Worked out by: printf '1700000000.{}' | openssl dgst -sha256 -hmac key."""
    clocked = SandboxProvider(b"key", clock_s=lambda: 1_700_000_000.9)
    assert clocked.sign(b"{}").signature == "t=1700000000,v1=" + SIGNED_EMPTY_OBJECT


SIGNED_EMPTY_OBJECT = "9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"


def test_a_signature_holds_for_five_minutes_either_way(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player()
    now = int(time.time())
    for key, at in [("past", now - 290), ("future", now + 290)]:
        event = provider.charge(intend(game, player, key, 10))
        assert send(game, signed_at(event, at)).status_code == 200
    assert currency(player) == {"currencyBalance": 20}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "payment.invented"),
        ("type", None),
        ("price", "100"),
        ("price", 0),
        ("priceCurrency", "usd"),
        ("playerId", ""),
        ("id", "a b"),
        ("more", 1),
    ],
)
def test_a_signed_event_that_is_none_is_told_what_is_wrong_with_it(
    game: Game, provider: TroubledProvider, field: str, value: object
) -> None:
    order = intend(game, game.new_player(), "k", 100)
    body = json.loads(provider.charge(order).body) | {field: value}
    answer = send(game, provider.sign(json.dumps(body).encode()))
    assert answer.status_code == 400
    assert answer.json["errors"][0]["name"] == f"/{field}"
    assert rows(game, payment_events) == 0


def test_a_signed_body_that_is_no_object_is_refused(
    game: Game, provider: TroubledProvider
) -> None:
    for body in (b"", b"[]", b"null", b'{"id": 1, "id": 2}', b"\xff"):
        assert send(game, provider.sign(body)).status_code == 400


def test_an_event_of_an_unknown_purchase_is_not_remembered(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player()
    order = order_of(player, "k", 100)
    for kind in ("payment.succeeded", "payment.refunded"):
        answer = tell(game, provider, order, kind)
        assert answer.status_code == 404
        assert answer.json["type"] == "/problems/unknown-purchase"
    assert rows(game, payment_events) == rows(game, payment_transactions) == 0
    intend(game, player, "k", 100)
    assert tell(game, provider, order, "payment.succeeded").status_code == 200
    assert currency(player) == {"currencyBalance": 100}


def test_an_event_that_contradicts_what_is_stored_has_no_effect(
    game: Game, provider: TroubledProvider
) -> None:
    player, other = game.new_player(), game.new_player(100)
    order = intend(game, player, "k", 100)
    player.buy(70, key="paid")
    paid = order_of(player, "paid", 70)
    known = provider.transaction_of(paid)
    reused = json.loads(provider.charge(paid).body)["id"]
    contradictions = [
        provider.event(replace(order, price=99), "payment.succeeded", "t1"),
        provider.event(replace(order, price_currency="EUR"), "payment.succeeded", "t2"),
        # A refund of a part.
        provider.event(replace(paid, price=30), "payment.refunded", known),
        # Another transaction than the one that paid; one that paid another.
        provider.event(paid, "payment.refunded", "t3"),
        provider.event(order, "payment.succeeded", known),
        provider.event(order, "payment.refunded", known),
        # An event's id with another content.
        provider.sign(
            json.dumps(
                json.loads(provider.event(order, "payment.succeeded", "t4").body)
                | {"id": reused}
            ).encode()
        ),
    ]
    events = rows(game, payment_events)
    for event in contradictions:
        answer = send(game, event)
        assert answer.status_code == 409
        assert answer.json["type"] == "/problems/payment-mismatch"
    assert rows(game, payment_events) == events
    assert state(game, player, "k") == "intent"
    assert currency(player) == {"currencyBalance": 70}
    assert currency(other) == {"currencyBalance": 100}


def test_a_player_s_or_a_service_s_token_does_not_open_the_webhook(game: Game) -> None:
    player = game.new_player()
    headers = player.headers() | {"X-Service-Token": "a" * 40}
    answer = game.account.post("/account/payments/webhook", json={}, headers=headers)
    assert answer.status_code == 401
