"""Purchases through the provider, its webhook, refunds, and what a crash leaves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

import fairpull
from account.payment_provider import (
    EventKind,
    Order,
    PaymentDeclined,
    PaymentEvent,
    ProviderUnavailable,
    SignedEvent,
)
from account.purchases import Purchases, payment_events, payment_transactions
from account.sandbox_provider import SandboxProvider
from game_in_process import CURRENCY, PAYMENT_SECRET, Game, Player

FAR_BACK_MS = -1_000_000


class TroubledProvider(SandboxProvider):
    """The sandbox, but it may decline, be away, or name a transaction of old."""

    trouble: Exception | None = None
    transaction = ""

    def charge(self, order: Order) -> SignedEvent:
        if self.trouble is not None:
            raise self.trouble
        if self.transaction:
            return self.event(order, "payment.succeeded", self.transaction)
        return super().charge(order)


@pytest.fixture
def provider() -> TroubledProvider:
    return TroubledProvider(PAYMENT_SECRET.encode())


@pytest.fixture
def game(tmp_path: Path, provider: TroubledProvider) -> Iterator[Game]:
    game = Game(tmp_path, provider=provider)
    yield game
    game.close()


def order_of(player: Player, key: str, price: int) -> Order:
    return Order(
        player=player.id, key=key, method="card", price=price, price_currency="USD"
    )


def send(game: Game, event: SignedEvent) -> Any:
    return game.account.post(
        "/account/payments/webhook",
        data=event.body,
        content_type="application/json",
        headers={"Payment-Signature": event.signature},
    )


def tell(
    game: Game,
    provider: SandboxProvider,
    order: Order,
    kind: EventKind,
    transaction: str = "",
) -> Any:
    """The provider tells of `kind`, by webhook."""
    transaction = transaction or provider.transaction_of(order)
    return send(game, provider.event(order, kind, transaction))


def intend(game: Game, player: Player, key: str, amount: int) -> Order:
    """A purchase whose process died before the provider was asked."""
    order = order_of(player, key, amount)
    Purchases(game.account_service.users.engine).intend(amount=amount, order=order)
    return order


def state(game: Game, player: Player, key: str) -> str:
    found = Purchases(game.account_service.users.engine).find(player.id, key)
    assert found is not None
    return found.state


def currency(player: Player) -> dict[str, Any]:
    answer = player.game.account.get("/account/currency", headers=player.headers())
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json
    del body["userId"]
    return body


def entries(player: Player) -> list[tuple[str, int]]:
    wallet = player.game.account_service.wallet
    found = wallet.entries(player.id, CURRENCY)
    return [(entry.operation, entry.amount) for entry in found]


def rows(game: Game, table: Any) -> int:
    with game.account_service.users.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(table))
        return int(count.scalar_one())


# Purchases


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
    game = Game(tmp_path, price="3 USD")
    player = game.new_player()
    most = (2**53 - 1) // 3
    answer = player.buy(most + 1)
    assert answer.status_code == 400
    assert str(most) in answer.json["errors"][0]["message"]
    assert player.buy(most).status_code == 200
    (lot,) = game.account_service.wallet.lots(player.id, CURRENCY)
    assert lot.price == most * 3
    game.close()


# What a crash leaves


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


# The webhook


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


# Refunds


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
