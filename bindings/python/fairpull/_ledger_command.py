"""The commands ``fairpull ledger`` and ``fairpull migrate``."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

import fairpull
from fairpull._command import FINDINGS, Json, notes, print_json, show

ledger = typer.Typer(
    help="The books of a store: balances, statements, proof, reports.",
    no_args_is_help=True,
)

StoreUrl = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="FAIRPULL_STORE",
        metavar="URL",
        help="sqlite:///path or postgresql://…",
    ),
]
Player = Annotated[str, typer.Option("--player", help="The player's id.")]
Currency = Annotated[str, typer.Option("--currency", help="The currency's id.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="TIME",
        help="A time in ISO 8601, as 2026-03-31T23:59:59+09:00; UTC if it names "
        "no zone. Now if left out.",
    ),
]


def opened(url: str) -> fairpull.Store:
    """The store at a URL; a file that is not there is not made."""
    path = url.removeprefix("sqlite:///")
    if path != url and not Path(path).exists():
        raise FileNotFoundError(2, "there is no such SQLite file", path)
    return fairpull.open_store(url)


def time_of(text: str | None) -> int:
    """A time in UTC milliseconds."""
    if text is None:
        return int(datetime.now(timezone.utc).timestamp() * 1000)
    # Python 3.10 does not know the Z of UTC.
    spelled = f"{text[:-1]}+00:00" if text.endswith("Z") else text
    try:
        moment = datetime.fromisoformat(spelled)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time; write --as-of 2026-03-31T23:59:59+09:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return int(moment.timestamp() * 1000)


def shown_time(at_ms: int) -> str:
    """A time in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@ledger.command()
def balance(
    store: StoreUrl,
    player: Player,
    currency: Currency,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """Show a player's balance, now with its lots, or as of a time."""
    with opened(store) as books:
        wallet = fairpull.Wallet(books)
        now = wallet.balance(player, currency)
        if as_of is not None:
            posted = wallet.balance_at(player, currency, time_of(as_of))
            if as_json:
                print_json({"player": player, "currency": currency, "posted": posted})
            else:
                print(posted)
            return
        lots = wallet.lots(player, currency)
        debt = wallet.debt(player, currency)
    if as_json:
        print_json(
            {
                "player": player,
                "currency": currency,
                "posted": now.posted,
                "held": now.held,
                "available": now.available,
                "debt": debt,
                "lots": [lot_json(lot) for lot in lots],
            }
        )
        return
    print(f"posted {now.posted}, held {now.held}, available {now.available}")
    if debt:
        print(f"owed {debt}")
    if not lots:
        return
    table = Table("lot", "paid", "left", "held", "runs out")
    for lot in lots:
        table.add_row(
            escape(lot.id),
            "yes" if lot.paid else "",
            str(lot.remaining),
            str(lot.held) if lot.held else "",
            "" if lot.expires_at_ms is None else shown_time(lot.expires_at_ms),
        )
    show(table)


def lot_json(lot: fairpull.Lot) -> dict[str, Any]:
    """A lot as data."""
    return {
        "id": lot.id,
        "paid": lot.paid,
        "granted": lot.granted,
        "remaining": lot.remaining,
        "held": lot.held,
        "expires_at_ms": lot.expires_at_ms,
        "price": lot.price,
        "price_currency": lot.price_currency,
    }


@ledger.command()
def statement(
    store: StoreUrl,
    player: Player,
    currency: Currency,
    after_seq: Annotated[
        int, typer.Option("--after-seq", min=0, help="Entries after this one.")
    ] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """List the entries of an account, oldest first, page by page."""
    with opened(store) as books:
        entries = fairpull.Wallet(books).entries(
            player, currency, after_seq=after_seq, limit=limit
        )
    more = len(entries) == limit
    if as_json:
        print_json(
            {
                "player": player,
                "currency": currency,
                "entries": [
                    {
                        "seq": entry.seq,
                        "at_ms": entry.at_ms,
                        "operation": entry.operation,
                        "counterparty": entry.counterparty,
                        "amount": entry.amount,
                        "balance_after": entry.balance_after,
                        "hash": entry.hash,
                    }
                    for entry in entries
                ],
                "next_after_seq": entries[-1].seq if more else None,
            }
        )
        return
    table = Table("seq", "time", "operation", "other side", "amount", "balance")
    for entry in entries:
        table.add_row(
            str(entry.seq),
            shown_time(entry.at_ms),
            escape(entry.operation),
            escape(entry.counterparty),
            f"{entry.amount:+d}",
            str(entry.balance_after),
        )
    show(table)
    if more:
        notes.print(f"more: --after-seq {entries[-1].seq}")


@ledger.command()
def verify(store: StoreUrl, as_json: Json = False) -> None:
    """Prove the books of every player; each broken law with its place.

    Exits with 3 if a law is broken.
    """
    with opened(store) as books:
        violations = fairpull.verify(books)
    if as_json:
        print_json({"ok": not violations, "violations": violations})
    else:
        for line in violations:
            print(line)
        if not violations:
            notes.print("the books are sound")
    if violations:
        raise typer.Exit(FINDINGS)


@ledger.command()
def report(store: StoreUrl, as_of: AsOf = None, as_json: Json = False) -> None:
    """Report what players paid for and have not used yet, as of a time."""
    at_ms = time_of(as_of)
    with opened(store) as books:
        lines = fairpull.unused_paid(books, at_ms)
    if as_json:
        print_json({"as_of_ms": at_ms, "unused_paid": [x._asdict() for x in lines]})
        return
    table = Table("currency", "players", "unused, paid", "price unknown", "worth")
    for line in lines:
        table.add_row(
            line.currency,
            str(line.players),
            str(line.amount),
            str(line.unpriced) if line.unpriced else "",
            ", ".join(f"{v} {k}" for k, v in line.worth.items()),
        )
    show(table)
    notes.print(f"as of {shown_time(at_ms)}; worth in each currency's smallest unit")


def migrate(
    store: StoreUrl,
    citus: Annotated[
        bool,
        typer.Option(
            "--citus",
            help="Also split a PostgreSQL store's tables by player over the nodes "
            "of its Citus cluster; the URL is the coordinator's.",
        ),
    ] = False,
) -> None:
    """Make a store's tables, or bring them up to date; data stays.

    An edited or newer database is refused. What is done already is left, so it
    may be run again.
    """
    if citus:
        fairpull.distribute_by_player(store)
        print("up to date, and split by player", file=sys.stderr)
        return
    with fairpull.open_store(store):
        print("up to date", file=sys.stderr)
