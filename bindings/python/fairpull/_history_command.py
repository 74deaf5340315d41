"""The commands ``fairpull history`` and ``fairpull export``."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from fairpull._command import FAILED, FINDINGS, Json, notes, print_json, show
from fairpull._files import written_whole
from fairpull._history_export import FORMATS, write_parquet, write_text
from fairpull._ledger_command import StoreUrl, opened
from fairpull.banner import Banner
from fairpull.history import History, PlayerLuck, Rate, Waits, read_history

_ROWS = 40
_SAME = 0.02
_MANY = 5


class Report(NamedTuple):
    """What is told of a history: of all players, or of one."""

    history: History
    rates: list[Rate]
    waits: Waits
    lucks: np.ndarray[Any, np.dtype[np.int64]] | None
    without: int
    one: PlayerLuck | None


def history_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Recorded pulls: .ndjson, .csv, .parquet, or .json for UIGF 4.",
        ),
    ],
    banner: Annotated[
        str,
        typer.Option(
            "--banner",
            metavar="BANNER",
            help="A banner file, or the name of one that ships.",
        ),
    ],
    rarity: Annotated[
        str | None,
        typer.Option(
            "--of", metavar="RARITY", help="Whose waits and luck; the highest's."
        ),
    ] = None,
    player: Annotated[
        str | None, typer.Option("--player", help="This player alone.")
    ] = None,
    complete: Annotated[
        bool | None,
        typer.Option(
            "--complete/--incomplete",
            help="Whether every player's first pull is there. If left out: where "
            "pulls are numbered and number 1 is there.",
        ),
    ] = None,
    pools: Annotated[
        str | None,
        typer.Option(
            "--pool",
            metavar="POOL,…",
            help="Of a UIGF file: the pools that count together, as 301.",
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--rarity",
            metavar="NAME=ID",
            help="What the file calls a rarity of the banner; repeatable.",
        ),
    ] = None,
    featured: Annotated[
        str | None,
        typer.Option(
            metavar="ITEM,…", help="The featured items, instead of the banner's."
        ),
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="How often an interval holds the true rate.")
    ] = 0.95,
    batch: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many pulls were bought at once, for the exact odds; the fewest "
            "that are sold if left out.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save a picture; its ending says the kind."),
    ] = None,
    memory: Annotated[
        str, typer.Option(help="How much DuckDB may hold in memory, as 512MB.")
    ] = "1GB",
    threads: Annotated[
        int | None, typer.Option(min=1, max=1024, help="All cores if left out.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Where scratch files go; the system's for temporary files if left out."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold recorded pulls against a banner: rates, waits and luck beside the exact.

    What is damaged is told on stderr with its line; what could be read is reported
    all the same, and the command exits with 3.
    """
    loaded = Banner.load(banner)
    if not 0 < confidence < 1:
        raise typer.BadParameter("--confidence must be above 0 and below 1")
    with read_history(
        files,
        loaded,
        complete=complete,
        pools=pools.split(",") if pools else None,
        rarities=_names(names),
        featured=featured.split(",") if featured is not None else None,
        memory_limit=memory,
        threads=threads,
        folder=folder,
    ) as history:
        rates = history.rates(player=player, confidence=confidence, batch=batch)
        waits = history.hazards(
            rarity, player=player, confidence=confidence, batch=batch
        )
        lucks, without = None, 0
        one: PlayerLuck | None = None
        if player is None:
            lucks, without = history.luck_counts(waits.rarity, batch=batch)
        else:
            one = next(history.luck(waits.rarity, player=player, batch=batch))
        if plot is not None:
            _save(history, waits, plot)
        report = Report(history, rates, waits, lucks, without, one)
        if as_json:
            print_json(_as_data(report))
        else:
            _show(report, confidence)
        for damage in history.damages:
            print(f"fairpull: {damage}", file=sys.stderr)
        told = len(history.damages)
        if history.damaged > told:
            print(
                f"fairpull: and {history.damaged - told} more damaged rows",
                file=sys.stderr,
            )
        damaged = history.damaged
    if damaged:
        raise typer.Exit(FINDINGS)


def _names(values: list[str] | None) -> dict[str, str]:
    names = {}
    for text in values or []:
        name, equals, rarity = text.partition("=")
        if not equals or not name or not rarity:
            raise typer.BadParameter(
                f"{text!r} names no rarity; write --rarity 4=s-rank"
            )
        names[name] = rarity
    return names


def _save(history: History, waits: Waits, path: Path) -> None:
    try:
        from fairpull._plot import draw_waits

        draw_waits(waits, history.banner, ax=None, path=path)
    except ImportError:
        print(
            "fairpull: --plot needs matplotlib: pip install 'fairpull[plot]'",
            file=sys.stderr,
        )
        raise typer.Exit(FAILED) from None
    except ValueError as error:
        raise typer.BadParameter(f"--plot: {error}") from None


def _number(value: float) -> float | None:
    """A number as JSON has it, where there is no NaN."""
    return None if math.isnan(value) else value


def _as_data(report: Report) -> dict[str, Any]:
    history, rates, waits, lucks, without, one = report
    return {
        "banner": history.banner.id,
        "odds_version": history.banner.odds_version,
        "players": history.players,
        "pulls": history.pulls,
        "damaged": history.damaged,
        "damages": [damage._asdict() for damage in history.damages],
        "notes": history.notes,
        "rates": [
            {
                key: _number(value) if isinstance(value, float) else value
                for key, value in rate._asdict().items()
            }
            for rate in rates
        ],
        "waits": {
            "rarity": waits.rarity,
            "begun_by": list(waits.begun_by),
            "hits": int(waits.hits.sum()),
            "expected": waits.expected,
            "z": _number(waits.z),
            "by_wait_alone": waits.by_wait_alone,
            "hazards": [
                {
                    "wait": place + 1,
                    "at_risk": int(waits.at_risk[place]),
                    "hits": int(waits.hits[place]),
                    "rate": float(waits.rate[place]),
                    "low": float(waits.low[place]),
                    "high": float(waits.high[place]),
                    "exact": _number(float(waits.exact[place])),
                }
                for place in range(len(waits.at_risk))
            ],
        },
        "luck": one._asdict()
        if one is not None
        else {
            "tenths": [] if lucks is None else [int(count) for count in lucks],
            "without": without,
        },
    }


def _percent(value: float) -> str:
    return "" if math.isnan(value) else f"{100 * value:.4g}%"


def _show(report: Report, confidence: float) -> None:
    history, rates, waits, lucks, without, one = report
    print(
        f"{history.banner.name}: {history.pulls} pulls by {history.players} players"
        + ("" if one is None else f"; below, player {one.player} alone")
    )
    sure = f"{100 * confidence:.4g}%"
    table = Table("", "hits", "of", "rate", f"{sure} interval", "exact", "expected")
    for rate in rates:
        table.add_row(
            escape(rate.name),
            str(rate.hits),
            str(rate.of),
            _percent(rate.rate),
            f"{_percent(rate.low)} to {_percent(rate.high)}" if rate.of else "",
            _percent(rate.exact),
            "" if math.isnan(rate.expected) else f"{rate.expected:.1f}",
        )
    show(table)
    if len(waits.at_risk):
        show(_wait_table(waits, sure))
    by = " or ".join(waits.begun_by)
    line = (
        f"waits for {waits.rarity}, begun by {by}: {int(waits.hits.sum())} hits, "
        f"{waits.expected:.1f} expected"
    )
    # With fewer hits it is far from normal.
    if not math.isnan(waits.z) and waits.expected >= _MANY:
        line += f", {waits.z:+.2f} standard deviations"
    print(line)
    if not waits.by_wait_alone:
        notes.print(
            "its odds hang on more than the wait: exact ones are the long run's mean",
            soft_wrap=True,
        )
    if one is not None:
        said = one.reason if one.luck is None else f"luck {one.luck:.3f} of 1"
        print(f"{one.hits} hits in {one.pulls} pulls: {said}")
    elif lucks is not None and lucks.sum():
        table = Table("luck", "players", "")
        most = max(1, int(lucks.max()))
        for place, count in enumerate(lucks):
            bar = "#" * round(40 * int(count) / most)
            table.add_row(
                f"{place / 10:.1f} to {place / 10 + 0.1:.1f}", str(count), bar
            )
        show(table)
        if without:
            notes.print(f"{without} players have no figure", highlight=False)
    for note in history.notes:
        notes.print(note, highlight=False, markup=False, soft_wrap=True)


def _wait_table(waits: Waits, sure: str) -> Table:
    """Hazards, those in a row with much the same exact one together."""
    table = Table("wait", "at risk", "hits", "rate", f"{sure} interval", "exact")
    for first, last in _ranges(waits):
        part = slice(first, last + 1)
        risk, hits = int(waits.at_risk[part].sum()), int(waits.hits[part].sum())
        exact = float(waits.at_risk[part] @ waits.exact[part]) / risk
        low, high = waits.interval_of(hits, risk)
        table.add_row(
            f"{first + 1}" if first == last else f"{first + 1}-{last + 1}",
            str(risk),
            str(hits),
            _percent(hits / risk),
            f"{_percent(low)} to {_percent(high)}",
            _percent(exact),
        )
    return table


def _ranges(waits: Waits) -> list[tuple[int, int]]:
    """First and last index of each row of the table."""
    ranges: list[tuple[int, int]] = []
    for place, exact in enumerate(waits.exact):
        if ranges:
            begun = waits.exact[ranges[-1][0]]
            if abs(exact - begun) <= _SAME * max(exact, begun) or (
                math.isnan(exact) and math.isnan(begun)
            ):
                ranges[-1] = (ranges[-1][0], place)
                continue
        ranges.append((place, place))
    if len(ranges) <= _ROWS:
        return ranges
    longest = len(waits.exact)
    step = -(-longest // _ROWS)
    return [(f, min(f + step, longest) - 1) for f in range(0, longest, step)]


def export_command(
    store: StoreUrl,
    out: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Its ending says the form: .ndjson, .csv or .parquet. NDJSON on "
            "stdout if left out.",
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", help=f"Instead of the ending: {', '.join(FORMATS)}."),
    ] = None,
    player: Annotated[
        str | None, typer.Option("--player", help="This player's pulls alone.")
    ] = None,
) -> None:
    """Write every pull of a store, for `fairpull history` or other programs.

    Player by player, each one's newest first. Parquet needs fairpull[history].
    """
    ending = "" if out is None else out.suffix.removeprefix(".").lower()
    chosen = form or {"": "ndjson", "jsonl": "ndjson"}.get(ending, ending)
    if chosen not in FORMATS:
        raise typer.BadParameter(
            f"{chosen!r} is no form of history; there are {', '.join(FORMATS)}"
        )
    if chosen == "parquet" and out is None:
        raise typer.BadParameter("Parquet needs a FILE to be written to")
    with opened(store) as books:
        if out is None:
            count = write_text(books, chosen, sys.stdout, player)
        elif chosen == "parquet":
            count = write_parquet(books, out, player)
        else:
            with (
                written_whole(out) as unfinished,
                unfinished.open("w", encoding="utf-8", newline="") as file,
            ):
                count = write_text(books, chosen, file, player)
    notes.print(f"{count} pulls", highlight=False)
