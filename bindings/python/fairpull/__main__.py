"""The command ``fairpull``: data on stdout, everything else on stderr.

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 findings, 130 interrupted.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import fairpull

OK, FAILED, FINDINGS, INTERRUPTED = 0, 1, 3, 130

app = typer.Typer(
    name="fairpull",
    help="Banners, pity and odds of games of chance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
notes = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
BannerName = Annotated[
    str,
    typer.Argument(
        metavar="BANNER", help="A banner file, or the name of one that ships."
    ),
]


def show(table: Table) -> None:
    """Print a table, as wide as it needs to be where nobody reads along."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def percent(odds: float) -> str:
    """Odds as a percentage with five significant digits."""
    return f"{100 * odds:.5g}%"


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.")
    ] = False,
) -> None:
    """Banners, pity and odds of games of chance."""
    if version:
        print(f"fairpull {fairpull.__version__}")
        raise typer.Exit(OK)


@app.command()
def banners(as_json: Json = False) -> None:
    """List the banners that ship with the package."""
    loaded = [fairpull.Banner.load(name) for name in fairpull.banner_names()]
    if as_json:
        print_json(
            {
                "banners": [
                    {
                        "id": banner.id,
                        "name": banner.name,
                        "odds_version": banner.odds_version,
                        "price": {
                            "currency": banner.price_currency,
                            "amount": banner.price_amount,
                        },
                        "rarities": [rarity.id for rarity in banner.rarities],
                    }
                    for banner in loaded
                ]
            }
        )
        return
    table = Table("banner", "name", "rarities", "price")
    for banner in loaded:
        table.add_row(
            banner.id,
            escape(banner.name),
            ", ".join(rarity.id for rarity in banner.rarities),
            f"{banner.price_amount} {banner.price_currency}",
        )
    show(table)


@app.command()
def check(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Banner files, or names that ship."),
    ],
    as_json: Json = False,
) -> None:
    """Validate banner files; every problem with its file, place and reason.

    Exits with 3 if there is a problem, with 1 if a file can't be read.
    """
    problems: list[fairpull.Problem] = []
    unreadable = False
    for file in files:
        try:
            problems += fairpull.check(file)
        except (OSError, fairpull.UnknownBanner) as error:
            unreadable = True
            problems.append(fairpull.Problem(file, "", f"can't be read: {error}"))
    if as_json:
        print_json(
            {
                "ok": not problems,
                "problems": [
                    {"file": p.file, "pointer": p.pointer, "message": p.message}
                    for p in problems
                ],
            }
        )
    else:
        for problem in problems:
            print(problem)
        if not problems:
            notes.print(f"{len(files)} banner file(s), no problem")
    if unreadable:
        raise typer.Exit(FAILED)
    if problems:
        raise typer.Exit(FINDINGS)


@app.command()
def odds(banner: BannerName, as_json: Json = False) -> None:
    """Show what a banner discloses: odds, with and without pity, and price."""
    loaded = fairpull.Banner.load(banner)
    sheet = loaded.odds()
    if as_json:
        print_json(odds_json(loaded, sheet))
        return
    title = (
        f"{escape(loaded.name)}: {loaded.price_amount} {loaded.price_currency} a pull"
    )
    rarities = Table("rarity", "base", "with pity", "certain at", title=title)
    for rarity, shown in zip(loaded.rarities, sheet.rarities, strict=True):
        rarities.add_row(
            escape(shown.name),
            percent(float(shown.base)),
            percent(shown.consolidated),
            "" if rarity.hard_pity is None else f"pull {rarity.hard_pity}",
        )
    show(rarities)
    items = Table("item", "rarity", "featured", "base", "with pity")
    for item in sheet.items:
        items.add_row(
            item.id,
            item.rarity,
            "yes" if item.featured else "",
            percent(float(item.base)),
            percent(item.consolidated),
        )
    show(items)
    notes.print(f"odds version {sheet.odds_version}")


def odds_json(banner: fairpull.Banner, sheet: fairpull.Odds) -> dict[str, Any]:
    """The disclosure as data: odds as fractions of 1, exact ones as text too."""
    return {
        "banner": banner.id,
        "odds_version": sheet.odds_version,
        "price": {"currency": banner.price_currency, "amount": banner.price_amount},
        "rarities": [
            {
                "id": shown.id,
                "base": float(shown.base),
                "base_exact": str(shown.base),
                "consolidated": shown.consolidated,
                "hard_pity": rarity.hard_pity,
            }
            for rarity, shown in zip(banner.rarities, sheet.rarities, strict=True)
        ],
        "items": [
            {
                "id": item.id,
                "rarity": item.rarity,
                "featured": item.featured,
                "base": float(item.base),
                "base_exact": str(item.base),
                "consolidated": item.consolidated,
            }
            for item in sheet.items
        ],
        "guarantees": sorted(
            name.removeprefix("guarantee:")
            for name in banner.counters
            if name.startswith("guarantee:")
        ),
    }


@app.command()
def pull(
    banner: BannerName,
    count: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="How many pulls.")
    ] = 10,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Draw the same pulls again; by chance if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw from a banner, one pull after the other, from a clean state."""
    loaded = fairpull.Banner.load(banner)
    pulls = loaded.pull(size=count, rng=seed)
    if as_json:
        print_json(
            {
                "banner": loaded.id,
                "odds_version": loaded.odds_version,
                "seed": seed,
                "pulls": [
                    {
                        "n": n,
                        "item": drawn.item.id,
                        "name": drawn.item.name,
                        "rarity": drawn.rarity,
                        "featured": drawn.featured,
                        "wait": drawn.wait,
                    }
                    for n, drawn in enumerate(pulls, start=1)
                ],
                "state": pulls.state,
            }
        )
        return
    table = Table("pull", "rarity", "item", "featured", "after")
    for n, drawn in enumerate(pulls, start=1):
        table.add_row(
            str(n),
            drawn.rarity,
            escape(drawn.item.name),
            "yes" if drawn.featured else "",
            str(drawn.wait) if drawn.wait else "",
        )
    show(table)
    counts = ", ".join(f"{k}: {v}" for k, v in pulls.counts().items())
    notes.print(f"{len(pulls)} pulls: {counts}")


def run() -> None:
    """Run the command; a problem becomes one line on stderr and an exit code."""
    for out in (sys.stdout, sys.stderr):
        # A name in a file may hold what this terminal can't show.
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(errors="backslashreplace")
    try:
        app()
    except (fairpull.Error, OSError) as error:
        for line in str(error).splitlines():
            print(f"fairpull: {line}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
