"""The command ``fairpull``: data on stdout, everything else on stderr.

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 findings, 130 interrupted.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

import fairpull
from fairpull._command import (
    FAILED,
    FINDINGS,
    INTERRUPTED,
    OK,
    Json,
    notes,
    print_json,
    show,
)
from fairpull._history_command import export_command, history_command
from fairpull._ledger_command import ledger, migrate
from fairpull._plot import QUANTILES, bars
from fairpull._simulate_command import simulate_command

app = typer.Typer(
    name="fairpull",
    help="Banners, pity and odds of games of chance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(ledger, name="ledger")
app.command()(migrate)
app.command("simulate")(simulate_command)
app.command("history")(history_command)
app.command("export")(export_command)
Batch = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="How many pulls are bought at once; the fewest that are sold if left out.",
    ),
]
BannerName = Annotated[
    str,
    typer.Argument(
        metavar="BANNER", help="A banner file, or the name of one that ships."
    ),
]


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

    A valid banner is looked through for what is odd about it as well. Exits with
    3 if there is a problem or a warning, with 1 if a file can't be read.
    """
    problems: list[fairpull.Problem] = []
    findings: list[tuple[str, fairpull.Finding]] = []
    unreadable = False
    for file in files:
        try:
            found = fairpull.check(file)
            problems += found
            if not found:
                odd = fairpull.Banner.load(file).lint()
                findings += [(file, finding) for finding in odd]
        except (OSError, fairpull.UnknownBanner) as error:
            unreadable = True
            why = (isinstance(error, OSError) and error.strerror) or error
            problems.append(fairpull.Problem(file, "", f"can't be read: {why}"))
    warned = any(finding.warning for _, finding in findings)
    if as_json:
        print_json(
            {
                "ok": not problems and not warned,
                "problems": [
                    {"file": p.file, "pointer": p.pointer, "message": p.message}
                    for p in problems
                ],
                "findings": [
                    {
                        "file": file,
                        "pointer": finding.pointer,
                        "kind": finding.kind,
                        "message": finding.message,
                        "severity": "warning" if finding.warning else "note",
                    }
                    for file, finding in findings
                ],
            }
        )
    else:
        for problem in problems:
            print(problem)
        for file, finding in findings:
            where = f"{file}:{finding.pointer}"
            if finding.warning:
                print(f"{where}: warning: {finding.message}")
            else:
                print(f"{where}: note: {finding.message}", file=sys.stderr)
        if not problems:
            many = "1 file" if len(files) == 1 else f"{len(files)} files"
            notes.print(f"{many}, no problem")
    if unreadable:
        raise typer.Exit(FAILED)
    if problems or warned:
        raise typer.Exit(FINDINGS)


@app.command()
def odds(
    banner: BannerName,
    batch: Batch = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown on stdout.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what a banner discloses: odds, with and without pity, and price.

    For each rarity and item: the odds of a single pull, those of all pulls in the
    long run with pity, what is certain when, and what a pull costs.
    """
    loaded = fairpull.Banner.load(banner)
    sheet = loaded.odds(batch=batch)
    if as_json:
        print_json(odds_json(loaded, sheet))
        return
    if as_markdown:
        print(odds_markdown(loaded, sheet, batch))
        return
    title = loaded.name
    if batch is not None:
        title += f"; with pity in batches of {batch}"
    print(title)
    rarities = Table("rarity", "base", "with pity", "certain at")
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
    for line in rules_of(loaded):
        print(line)
    notes.print(f"odds version {sheet.odds_version}")


def odds_markdown(
    banner: fairpull.Banner, sheet: fairpull.Odds, batch: int | None
) -> str:
    """The disclosure as Markdown, to paste into a page."""
    run = "long run, with pity"
    if batch is not None:
        run += f", in batches of {batch}"
    lines = [
        f"# {banner.name}: odds",
        "",
        f"Odds version `{sheet.odds_version}`.",
        "",
        f"| rarity | one pull | {run} | certain at |",
        "|---|---|---|---|",
    ]
    for rarity, shown in zip(banner.rarities, sheet.rarities, strict=True):
        certain = "" if rarity.hard_pity is None else f"pull {rarity.hard_pity}"
        base, with_pity = percent(float(shown.base)), percent(shown.consolidated)
        lines.append(f"| {shown.name} | {base} | {with_pity} | {certain} |")
    lines += [
        "",
        f"| item | rarity | featured | one pull | {run} |",
        "|---|---|---|---|---|",
    ]
    for item, odds_of in zip(banner.items, sheet.items, strict=True):
        featured = "yes" if item.featured else ""
        base, with_pity = percent(float(odds_of.base)), percent(odds_of.consolidated)
        lines.append(
            f"| {item.name} | {item.rarity} | {featured} | {base} | {with_pity} |"
        )
    lines += ["", *(f"- {line}" for line in rules_of(banner))]
    return "\n".join(lines)


def rules_of(banner: fairpull.Banner) -> list[str]:
    """The rules and what they come to at worst, a sentence each."""
    worst = [f.message for f in banner.lint() if f.kind == "worst_case"]
    return [rule.text for rule in banner.rules] + worst


def odds_json(banner: fairpull.Banner, sheet: fairpull.Odds) -> dict[str, Any]:
    """The disclosure as data: odds as fractions of 1, exact ones as text too."""
    return {
        "banner": banner.id,
        "odds_version": sheet.odds_version,
        "price": {"currency": banner.price_currency, "amount": banner.price_amount},
        "prices": [{"currency": k, "amount": v} for k, v in banner.prices.items()],
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
        "rules": [rule._asdict() for rule in banner.rules],
        "worst_cases": [
            {"pointer": f.pointer, "text": f.message}
            for f in banner.lint()
            if f.kind == "worst_case"
        ],
    }


def parse_state(values: list[str] | None) -> dict[str, int]:
    """The counters that ``--state name=value`` options give."""
    state: dict[str, int] = {}
    for text in values or []:
        name, equals, value = text.rpartition("=")
        if not equals or not name or not value.removeprefix("-").isdecimal():
            raise typer.BadParameter(
                f"{text!r} is no counter value; write --state pity:5-star=12"
            )
        if name in state:
            raise typer.BadParameter(f"counter {name!r} is given twice")
        state[name] = int(value)
    return state


def describe_banner(banner: fairpull.Banner, as_json: bool) -> None:
    """Print the counters of a banner with their ranges, and its goals."""
    counters = banner.counters
    goals = [f"rarity:{rarity.id}" for rarity in banner.rarities]
    featured = {item.rarity for item in banner.items if item.featured}
    goals += [f"featured:{r.id}" for r in banner.rarities if r.id in featured]
    goals += [
        f"chosen:{name.removeprefix('chosen:')}"
        for name in counters
        if name.startswith("chosen:")
    ]
    if as_json:
        print_json(
            {
                "banner": banner.id,
                "counters": [
                    {"name": name, **values._asdict()}
                    for name, values in counters.items()
                ],
                "goals": goals,
                "batches": banner.batches,
            }
        )
        return
    table = Table("counter", "from", "to", "starts at")
    for name, values in counters.items():
        table.add_row(name, str(values.lowest), str(values.highest), str(values.start))
    show(table)
    print("goals: " + ", ".join([*goals, "item:ID", "all:ID,ID,…"]))


@app.command()
def analyze(
    banner: BannerName,
    goal: Annotated[
        str | None,
        typer.Option(help="rarity:R, featured:R, chosen:R, item:ID or all:ID,ID,…"),
    ] = None,
    copies: Annotated[int, typer.Option(min=1, help="How often to meet it.")] = 1,
    pulls: Annotated[
        int | None,
        typer.Option(min=0, help="How often it is met in so many pulls, instead."),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option("--state", metavar="NAME=VALUE", help="A counter; repeatable."),
    ] = None,
    batch: Batch = None,
    pmf: Annotated[
        bool, typer.Option("--pmf", help="With --json: every probability.")
    ] = False,
    plot: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save a picture; its ending says the kind."),
    ] = None,
    describe: Annotated[
        bool, typer.Option("--describe", help="List counters, ranges and goals.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Work out exactly how many pulls a goal takes, or how often it is met."""
    loaded = fairpull.Banner.load(banner)
    if describe:
        describe_banner(loaded, as_json)
        return
    if goal is None:
        raise typer.BadParameter("--goal is missing; --describe lists the goals")
    if pulls is not None and copies != 1:
        raise typer.BadParameter("--copies stands beside --pulls; leave one out")
    counters = parse_state(state)
    answer = (
        loaded.pulls_to(goal, copies, counters, batch=batch)
        if pulls is None
        else loaded.hits_in(pulls, goal, counters, batch=batch)
    )
    if plot is not None:
        try:
            answer.plot(path=plot)
        except ImportError:
            print(
                "fairpull: --plot needs matplotlib: pip install 'fairpull[plot]'",
                file=sys.stderr,
            )
            raise typer.Exit(FAILED) from None
        except ValueError as error:
            raise typer.BadParameter(f"--plot: {error}") from None
    if as_json:
        print_json(answer_json(loaded, goal, copies, pulls, answer, pmf))
        return
    show_answer(loaded, goal, copies, pulls, batch, answer)


def cost_of(banner: fairpull.Banner, pulls: int, batch: int | None) -> int:
    """What so many pulls cost, in whole batches of the kind that is drawn."""
    bought = min(banner.batches) if batch is None else batch
    _, price = banner.quote(bought)
    return -(-pulls // banner.draws_of(bought)) * price


def quantiles_of(answer: fairpull.Distribution) -> dict[str, int]:
    """The quantiles that the command shows."""
    return {f"{q:.2f}": int(answer.icdf(q)) for q in QUANTILES}


def answer_json(
    banner: fairpull.Banner,
    goal: str,
    copies: int,
    pulls: int | None,
    answer: fairpull.Distribution,
    pmf: bool,
) -> dict[str, Any]:
    """The answer as data."""
    data: dict[str, Any] = {
        "banner": banner.id,
        "odds_version": banner.odds_version,
        "goal": goal,
        "mean": answer.mean,
        "variance": answer.variance,
        "support_min": answer.support[0],
        "support_max": answer.support[1],
        "quantiles": quantiles_of(answer),
        "tail": answer.tail,
    }
    if pulls is None:
        data["copies"] = copies
    else:
        data["pulls"] = pulls
    if pmf or pulls is not None:
        data["pmf"] = answer.probabilities.tolist()
    return data


def show_answer(
    banner: fairpull.Banner,
    goal: str,
    copies: int,
    pulls: int | None,
    batch: int | None,
    answer: fairpull.Distribution,
) -> None:
    """The answer as a table and bars."""
    title = (
        f"{goal} x {copies} on {banner.id}: pulls"
        if pulls is None
        else f"{goal} on {banner.id}: hits in {pulls} pulls"
    )
    priced = pulls is None and "step" not in banner.counters
    print(title)
    table = Table("", answer.counts)
    if priced:
        table.add_column(banner.price_currency)
    mean = [f"{answer.mean:.10g}"]
    if priced:
        # In batches of several draws the cost goes by the last batch, not the mean.
        single = banner.draws_of(batch or min(banner.batches)) == 1
        mean.append(f"{answer.mean * cost_of(banner, 1, batch):.10g}" if single else "")
    table.add_row("mean", *mean)
    counts: dict[str, int | None] = {
        f"{float(q):.0%}": n for q, n in quantiles_of(answer).items()
    }
    counts["at most"] = answer.support[1]
    for name, count in counts.items():
        cells = ["no limit" if count is None else str(count)]
        if priced:
            cells.append("" if count is None else str(cost_of(banner, count, batch)))
        table.add_row(name, *cells)
    show(table)
    for line in bars(answer):
        print(line)


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
    batch: Batch = None,
    as_json: Json = False,
) -> None:
    """Draw from a banner, one pull after the other, from a clean state."""
    loaded = fairpull.Banner.load(banner)
    pulls = loaded.pull(size=count, rng=seed, batch=batch)
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
        text = str(error)
        if isinstance(error, OSError) and error.strerror:
            text = f"{error.filename}: {error.strerror}"
        for line in text.splitlines():
            print(f"fairpull: {line}", file=sys.stderr)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
