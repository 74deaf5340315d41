"""``fairpull ledger`` and ``fairpull migrate``, as an operator runs them."""

from __future__ import annotations

import sqlite3

import pytest
from command import run, run_json

import fairpull


@pytest.fixture
def books(tmp_path):
    """A file with three entries of one account."""
    path = tmp_path / "game.db"
    now = [1_700_000_000_000]
    with fairpull.open_store(f"sqlite:///{path}") as store:
        wallet = fairpull.Wallet(store, clock_ms=lambda: now[0])
        wallet.open_account("ann", "gem")
        wallet.grant(
            "buy",
            player="ann",
            currency="gem",
            amount=300,
            source="issuer:card",
            price=980,
            price_currency="JPY",
        )
        now[0] += 60_000
        wallet.grant("gift", player="ann", currency="gem", amount=5, source="promotion")
        now[0] += 60_000
        wallet.spend(
            "s", player="ann", currency="gem", amount=105, sink="spend:starter"
        )
    return path


def account(path, *more: str) -> list[str]:
    return [
        "--store",
        f"sqlite:///{path}",
        "--player",
        "ann",
        "--currency",
        "gem",
        *more,
    ]


def test_balance(books):
    data = run_json("ledger", "balance", *account(books))
    assert (data["posted"], data["held"], data["available"]) == (200, 0, 200)
    assert data["debt"] == 0
    assert data["lots"] == [
        {
            "id": "buy",
            "paid": True,
            "granted": 300,
            "remaining": 200,
            "held": 0,
            "expires_at_ms": None,
            "price": 980,
            "price_currency": "JPY",
        }
    ]
    text = run("ledger", "balance", *account(books)).stdout
    assert "posted 200, held 0, available 200" in text
    then = run("ledger", "balance", *account(books), "--as-of", "2023-11-14T22:14:00")
    assert then.stdout == "300\n"
    utc = run("ledger", "balance", *account(books), "--as-of", "2023-11-14T22:14:00Z")
    assert utc.stdout == "300\n"
    zone = ["--as-of", "2023-11-14T23:14:20+01:00"]
    assert run_json("ledger", "balance", *account(books), *zone)["posted"] == 305


def test_statement_by_pages(books):
    first = run_json("ledger", "statement", *account(books), "--limit", "2")
    assert [e["amount"] for e in first["entries"]] == [300, 5]
    assert first["next_after_seq"] == 2
    rest = run_json("ledger", "statement", *account(books), "--after-seq", "2")
    assert [e["amount"] for e in rest["entries"]] == [-105]
    assert rest["next_after_seq"] is None
    assert len(rest["entries"][0]["hash"]) == 64
    text = run("ledger", "statement", *account(books)).stdout
    assert "2023-11-14T22:13:20.000Z" in text
    assert "-105" in text


def test_verify(books):
    url = ["--store", f"sqlite:///{books}"]
    assert run_json("ledger", "verify", *url) == {"ok": True, "violations": []}
    with sqlite3.connect(books) as raw:
        raw.execute("UPDATE balances SET lots = replace(lots, '200', '201')")
    result = run("ledger", "verify", *url)
    assert result.returncode == 3
    assert "L7" in result.stdout


def test_report(books):
    url = ["--store", f"sqlite:///{books}"]
    assert run_json("ledger", "report", *url)["unused_paid"] == [
        {
            "currency": "gem",
            "players": 1,
            "amount": 200,
            "unpriced": 0,
            "worth": {"JPY": 653},
        }
    ]
    before = run_json("ledger", "report", *url, "--as-of", "2020-01-01")
    assert before["unused_paid"] == []
    assert "653 JPY" in run("ledger", "report", *url).stdout


def test_migrate_makes_a_store_and_leaves_one_that_is_up_to_date(tmp_path):
    url = f"sqlite:///{tmp_path}/new.db"
    assert run("migrate", "--store", url).returncode == 0
    assert (tmp_path / "new.db").exists()
    assert run("migrate", "--store", url).returncode == 0
    assert run("ledger", "verify", "--store", url).returncode == 0


def test_bad_input_is_told(books, tmp_path):
    missing = run("ledger", "verify", "--store", f"sqlite:///{tmp_path}/no.db")
    assert missing.returncode == 1
    assert "no such SQLite file" in missing.stderr
    assert not (tmp_path / "no.db").exists()
    other = run("ledger", "verify", "--store", "mysql://x")
    assert other.returncode == 1
    assert "no store at a url of scheme" in other.stderr
    unknown = ["--store", f"sqlite:///{books}", "--player", "bob", "--currency", "gem"]
    result = run("ledger", "balance", *unknown)
    assert result.returncode == 1
    assert "player bob has no account in gem" in result.stderr
    time = run("ledger", "report", "--store", f"sqlite:///{books}", "--as-of", "soon")
    assert time.returncode == 2
    assert "is no time" in time.stderr
