from __future__ import annotations

import sqlite3
import threading
import time

import pytest

import fairpull


@pytest.fixture(params=["memory:", "sqlite"])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path}/game.db" if request.param == "sqlite" else "memory:"
    with fairpull.open_store(url) as store:
        yield store
        assert fairpull.verify(store) == []


@pytest.fixture
def wallet(store):
    wallet = fairpull.Wallet(store, clock_ms=lambda: 1_700_000_000_000)
    wallet.open_account("p", "gem")
    return wallet


def grant(wallet, id="g", amount=100):
    return wallet.grant(
        id, player="p", currency="gem", amount=amount, source="issuer:card"
    )


def spend(wallet, id="s", amount=10):
    return wallet.spend(
        id, player="p", currency="gem", amount=amount, sink="spend:starter"
    )


def hold(wallet, id="h", amount=30):
    return wallet.hold(
        id, player="p", currency="gem", amount=amount, sink="spend:starter"
    )


def test_grants_and_spends(wallet):
    assert grant(wallet).available == 100
    receipt = spend(wallet)
    assert (receipt.posted, receipt.held, receipt.available) == (90, 0, 90)
    entries = wallet.entries("p", "gem")
    assert [(e.seq, e.amount, e.balance_after) for e in entries] == [
        (1, 100, 100),
        (2, -10, 90),
    ]
    assert [e.counterparty for e in entries] == ["issuer:card", "spend:starter"]
    assert entries[0].at_ms == 1_700_000_000_000


def test_the_same_id_is_answered_again(wallet):
    first = grant(wallet)
    spend(wallet)
    again = grant(wallet)
    assert again.replayed
    assert not first.replayed
    assert again.posted == first.posted == 100
    assert wallet.balance("p", "gem").posted == 90


def test_the_same_id_for_something_else_is_a_conflict(wallet):
    grant(wallet)
    with pytest.raises(fairpull.IdConflict, match="amount") as caught:
        grant(wallet, amount=101)
    assert caught.value.field == "amount"
    assert caught.value.outcome == "id_conflict"


def test_too_little_is_refused_for_ever_under_that_id(wallet):
    with pytest.raises(fairpull.InsufficientFunds) as caught:
        spend(wallet)
    assert caught.value.available == 0
    grant(wallet)
    with pytest.raises(fairpull.InsufficientFunds):
        spend(wallet)
    assert spend(wallet, id="s2").available == 90


def test_a_hold_is_posted_or_voided_once(wallet):
    grant(wallet)
    receipt = hold(wallet)
    assert (receipt.posted, receipt.held, receipt.hold_state) == (100, 30, "pending")
    assert wallet.post("h", player="p", amount=20).available == 80
    with pytest.raises(fairpull.HoldAlreadyPosted):
        wallet.void("h", player="p")
    hold(wallet, id="h2")
    assert wallet.void("h2", player="p").available == 80
    with pytest.raises(fairpull.HoldAlreadyVoided):
        wallet.post("h2", player="p")
    with pytest.raises(fairpull.UnknownHold):
        wallet.post("h3", player="p")


def test_a_void_that_comes_first_refuses_the_hold(wallet):
    grant(wallet)
    wallet.void("h", player="p")
    with pytest.raises(fairpull.HoldAlreadyVoided):
        hold(wallet)


def test_pending_holds_show_when_they_are_due(wallet):
    grant(wallet)
    hold(wallet)
    due_ms = 1_700_000_000_000 + 60_000
    assert wallet.pending_holds(due_ms - 1) == []
    (pending,) = wallet.pending_holds(due_ms)
    assert (pending.player, pending.hold_id, pending.amount) == ("p", "h", 30)


def test_an_account_is_opened_once_and_needed(wallet):
    assert wallet.open_account("p", "gem").posted == 0
    with pytest.raises(fairpull.UnknownAccount):
        wallet.grant("g", player="q", currency="gem", amount=1, source="issuer:card")
    with pytest.raises(fairpull.NotFoundError):
        wallet.balance("q", "gem")


@pytest.mark.parametrize("amount", [0, -1, 2**53, 2**63 - 1, 2**63, 2**200])
def test_amounts_out_of_range_are_refused_with_the_range(wallet, amount):
    grant(wallet, id="g0")
    for operation in (grant, spend, hold):
        with pytest.raises(
            fairpull.InvalidArgumentError, match="from 1 to 9007199254740991"
        ):
            operation(wallet, amount=amount)
    assert len(wallet.entries("p", "gem")) == 1


@pytest.mark.parametrize("amount", [1.5, "3", None, True])
def test_amounts_that_are_no_integers_are_type_errors(wallet, amount):
    with pytest.raises(TypeError, match=r"amount is .* it must be an integer"):
        grant(wallet, amount=amount)


def test_a_balance_never_passes_the_largest_amount(wallet):
    grant(wallet, amount=2**53 - 1)
    with pytest.raises(fairpull.AmountOverflow):
        grant(wallet, id="g2", amount=1)


@pytest.mark.parametrize("id", ["", "a b", "a/post", "x" * 129, "é"])
def test_ids_are_checked(wallet, id):
    with pytest.raises(fairpull.InvalidArgumentError):
        grant(wallet, id=id)


def test_sources_and_sinks_are_not_mixed_up(wallet):
    with pytest.raises(fairpull.MalformedOperation, match="counterparty"):
        wallet.grant("g", player="p", currency="gem", amount=1, source="spend:x")
    with pytest.raises(fairpull.InvalidArgumentError):
        wallet.grant("g", player="p", currency="gem", amount=1, source="somewhere")


def test_64_threads_spend_a_balance_for_10_ten_times(wallet):
    grant(wallet, amount=100)
    outcomes: list[str] = []
    start = threading.Barrier(64)

    def work(n: int) -> None:
        start.wait()
        try:
            spend(wallet, id=f"s{n}")
            outcomes.append("ok")
        except fairpull.InsufficientFunds as error:
            outcomes.append(error.outcome)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("ok") == 10
    assert outcomes.count("insufficient_funds") == 54
    assert wallet.balance("p", "gem").posted == 0


def test_a_clock_that_fails_fails_the_call(store):
    def broken() -> int:
        raise RuntimeError("no clock")

    wallet = fairpull.Wallet(store, clock_ms=broken)
    with pytest.raises(RuntimeError, match="no clock"):
        wallet.open_account("p", "gem")
        grant(wallet)


def test_no_call_waits_longer_than_its_deadline(tmp_path):
    path = tmp_path / "game.db"
    with fairpull.open_store(f"sqlite:///{path}") as store:
        wallet = fairpull.Wallet(store)
        wallet.open_account("p", "gem")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with (
            fairpull.call_deadline(0.05),
            pytest.raises(fairpull.StoreUnavailableError),
        ):
            grant(wallet)
        assert time.monotonic() - began < 3
        other.close()
        assert grant(wallet).posted == 100


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("nan")])
def test_a_deadline_lies_ahead_and_within_a_day(seconds):
    with (
        pytest.raises(fairpull.InvalidArgumentError, match="above 0 and at most 86400"),
        fairpull.call_deadline(seconds),
    ):
        pytest.fail("began")


def test_a_closed_store_refuses():
    store = fairpull.open_store("memory:")
    wallet = fairpull.Wallet(store)
    store.close()
    store.close()
    with pytest.raises(fairpull.FailedPreconditionError, match="closed"):
        wallet.open_account("p", "gem")


@pytest.mark.parametrize("url", ["", "game.db", "mysql://x", "sqlite://", "memory:x"])
def test_urls_of_another_form_are_refused(url):
    with pytest.raises(fairpull.InvalidArgumentError, match="sqlite:///"):
        fairpull.open_store(url)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("this is no database, only words " * 40)
    with pytest.raises(fairpull.StoreError, match=r"notes\.db"):
        fairpull.open_store(f"sqlite:///{path}")
    assert path.read_text().startswith("this is no database")


def test_a_file_outlives_the_process_that_wrote_it(tmp_path):
    url = f"sqlite:///{tmp_path}/game.db"
    with fairpull.open_store(url) as store:
        wallet = fairpull.Wallet(store)
        wallet.open_account("p", "gem")
        grant(wallet)
    with fairpull.open_store(url) as store:
        assert fairpull.Wallet(store).balance("p", "gem").posted == 100


def test_verify_finds_what_was_changed_by_hand(tmp_path):
    url = f"sqlite:///{tmp_path}/game.db"
    with fairpull.open_store(url) as store:
        wallet = fairpull.Wallet(store)
        wallet.open_account("p", "gem")
        grant(wallet)
    with sqlite3.connect(tmp_path / "game.db") as database:
        database.execute("UPDATE balances SET posted = 101")
    with fairpull.open_store(url) as store:
        violations = fairpull.verify(store)
    assert any(line.startswith("L2 p") for line in violations), violations


def test_lots_and_refunds(wallet):
    wallet.grant(
        "buy",
        player="p",
        currency="gem",
        amount=60,
        source="issuer:card",
        price=120,
        price_currency="JPY",
    )
    wallet.grant("gift", player="p", currency="gem", amount=10, source="promotion")
    wallet.grant(
        "event",
        player="p",
        currency="gem",
        amount=5,
        source="promotion",
        expires_at_ms=1_700_000_000_001,
    )
    assert [(x.id, x.paid, x.remaining) for x in wallet.lots("p", "gem")] == [
        ("/free", False, 10),
        ("buy", True, 60),
        ("event", False, 5),
    ]
    spend(wallet, amount=45)
    assert [(x.id, x.remaining) for x in wallet.lots("p", "gem")] == [("buy", 30)]
    assert wallet.reverse("s", player="p").posted == 75
    assert wallet.reverse("s", player="p").replayed
    spend(wallet, id="s2", amount=70)
    refund = wallet.reverse("buy", player="p")
    assert refund.posted == -55
    assert wallet.debt("p", "gem") == 55
    with pytest.raises(fairpull.NothingToReverse):
        wallet.reverse("never", player="p")
    with pytest.raises(fairpull.MalformedOperation, match="price_currency"):
        wallet.grant(
            "x", player="p", currency="gem", amount=1, source="issuer:card", price=5
        )


def test_paid_lots_first_where_the_wallet_says_so(store):
    wallet = fairpull.Wallet(store, paid_first=True)
    wallet.open_account("p", "gem")
    grant(wallet)
    wallet.grant("gift", player="p", currency="gem", amount=10, source="promotion")
    spend(wallet, amount=100)
    assert [x.id for x in wallet.lots("p", "gem")] == ["/free"]


def test_what_ran_out_is_taken_away(store):
    now = [1000]
    wallet = fairpull.Wallet(store, clock_ms=lambda: now[0])
    wallet.open_account("p", "gem")
    wallet.grant(
        "event",
        player="p",
        currency="gem",
        amount=5,
        source="promotion",
        expires_at_ms=2000,
    )
    assert wallet.expire_lots("p", "gem") == 0
    now[0] = 2000
    with pytest.raises(fairpull.InsufficientFunds):
        spend(wallet, amount=1)
    assert wallet.expire_lots("p", "gem") == 5
    assert wallet.balance_at("p", "gem", 1999) == 5
    assert wallet.balance_at("p", "gem", 2000) == 0


def test_a_spend_across_currencies(wallet):
    grant(wallet)
    wallet.open_account("p", "ticket")
    wallet.grant("t", player="p", currency="ticket", amount=3, source="promotion")
    spent = {"player": "p", "currencies": ["ticket", "gem"], "sink": "spend:starter"}
    assert wallet.spend_across("s", amount=10, **spent) == {"ticket": 3, "gem": 7}
    assert wallet.spend_across("s", amount=10, **spent) == {"ticket": 3, "gem": 7}
    with pytest.raises(fairpull.InsufficientFunds):
        wallet.spend_across("s2", amount=94, **spent)
    with pytest.raises(fairpull.IdConflict, match="amount"):
        wallet.spend_across("s", amount=11, **spent)
    assert wallet.balance("p", "gem").posted == 93


def test_the_report_of_what_is_paid_and_unused(store):
    wallet = fairpull.Wallet(store, clock_ms=lambda: 5000)
    for player in ("ann", "bob"):
        wallet.open_account(player, "gem")
        wallet.grant(
            f"buy-{player}",
            player=player,
            currency="gem",
            amount=300,
            source="issuer:card",
            price=980,
            price_currency="JPY",
        )
    wallet.spend("s", player="ann", currency="gem", amount=200, sink="spend:shop")
    assert fairpull.unused_paid(store, 4999) == []
    assert fairpull.unused_paid(store, 5000) == [
        fairpull.UnusedPaid("gem", 2, 400, 0, {"JPY": 326 + 980})
    ]
