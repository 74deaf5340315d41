"""The command ``fairpull simulate``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from fairpull._command import INTERRUPTED, Json, notes, print_json, show
from fairpull._simulation_tasks import Progress as Tell
from fairpull.banner import MAX_COPIES, Banner
from fairpull.simulation import (
    MAX_DRAWS,
    MAX_SEED,
    MAX_THREADS,
    SimulationInterrupted,
    SimulationResult,
    simulate,
)


class Exchange(str, Enum):
    """When spark points are exchanged for the goal."""

    NEVER = "never"
    AT_ONCE = "at once"
    AT_THE_END = "at the end"


class PullsPerSecond(ProgressColumn):
    """How fast it goes, in millions."""

    def render(self, task: Task) -> Text:
        """The rate, once there is one."""
        if task.speed is None:
            return Text("")
        return Text(f"{task.speed / 1e6:,.0f} million pulls/s")


@contextmanager
def progress_bar() -> Iterator[Tell | None]:
    """A bar on stderr where somebody looks at it."""
    if not notes.is_terminal:
        yield None
        return
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:.0f}%"),
        PullsPerSecond(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=notes, transient=True) as bar:
        task = bar.add_task("")

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield tell


def simulate_command(
    banner: Annotated[
        str,
        typer.Argument(
            metavar="BANNER", help="A banner file, or the name of one that ships."
        ),
    ],
    players: Annotated[
        int, typer.Option(min=1, max=MAX_DRAWS, help="How many players.")
    ] = 1000,
    pulls: Annotated[
        int, typer.Option(min=1, max=MAX_DRAWS, help="How many pulls each pays for.")
    ] = 1000,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, max=MAX_SEED, help="Draw the same again; by chance if left out."
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_THREADS, help="All cores if left out."),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many pulls are bought at once; the fewest that are sold if "
            "left out.",
        ),
    ] = None,
    goal: Annotated[
        str | None,
        typer.Option(help="Stop at rarity:R, featured:R or item:ID."),
    ] = None,
    copies: Annotated[
        int, typer.Option(min=1, max=MAX_COPIES, help="How often to meet it.")
    ] = 1,
    exchange: Annotated[
        Exchange,
        typer.Option(help="When to exchange spark points for the goal."),
    ] = Exchange.NEVER,
    items: Annotated[bool, typer.Option("--items", help="Count items too.")] = False,
    as_json: Json = False,
) -> None:
    """Let many players pull from clean states, and count what they draw.

    The result is the same for any number of threads. Ctrl-C prints what was done
    until then.
    """
    loaded = Banner.load(banner)
    interrupted = False
    with progress_bar() as tell:
        try:
            result = simulate(
                loaded,
                players=players,
                pulls=pulls,
                rng=seed,
                threads=threads,
                batch=batch,
                goal=goal,
                copies=copies,
                exchange=exchange.value,
                items=items,
                progress=tell,
            )
        except SimulationInterrupted as stopped:
            result = stopped.result
            interrupted = True
    if as_json:
        print_json(as_data(result, goal, copies, interrupted))
    else:
        show_result(result, goal, copies)
    if interrupted:
        of = players * pulls
        print(
            f"fairpull: interrupted after {result.pulls} of {of} pulls",
            file=sys.stderr,
        )
        raise typer.Exit(INTERRUPTED)


def as_data(
    result: SimulationResult, goal: str | None, copies: int, interrupted: bool
) -> dict[str, Any]:
    """The result as data."""
    data: dict[str, Any] = {
        "banner": result.banner.id,
        "odds_version": result.banner.odds_version,
        "seed": result.seed,
        "players": result.players,
        "pulls": result.pulls,
        "seconds": result.seconds,
        "vectors": result.vectors,
        "why_scalar": result.why_scalar or None,
        "interrupted": interrupted,
        "rarities": result.rarities,
        "featured": result.featured,
    }
    if result.items:
        data["items"] = result.items
    if goal is not None:
        data["goal"] = {
            "goal": goal,
            "copies": copies,
            "met": int(result.pulls_to_goal.sum()),
            "not_met": result.not_met,
            "exchanged": result.exchanged,
            "pulls": {
                str(n): int(count)
                for n, count in enumerate(result.pulls_to_goal)
                if count
            },
        }
    return data


def show_result(result: SimulationResult, goal: str | None, copies: int) -> None:
    """The result as tables."""
    total = max(result.pulls, 1)
    table = Table("rarity", "hits", "share", "featured")
    for name, hits in result.rarities.items():
        featured = result.featured.get(name)
        table.add_row(
            name,
            str(hits),
            f"{100 * hits / total:.5g}%",
            "" if featured is None else str(featured),
        )
    show(table)
    if result.items:
        table = Table("item", "drawn", "share")
        for name, drawn in result.items.items():
            table.add_row(name, str(drawn), f"{100 * drawn / total:.5g}%")
        show(table)
    if goal is not None:
        met = int(result.pulls_to_goal.sum())
        exchanged = f", {result.exchanged} exchanges" if result.exchanged else ""
        print(
            f"{goal} x {copies}: met by {met} players, not by {result.not_met}"
            f"{exchanged}"
        )
    how = f"on the scalar engine: {result.why_scalar}"
    if not result.why_scalar:
        how = f"with {result.vectors}"
    notes.print(
        f"{result.pulls} pulls in {result.seconds:.2f} s {how}; seed {result.seed}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
