"""Exact answers about the shipped banners, for the library's to be held against.

    python make.py            # checks exact.json, a case a line
    python make.py --write    # makes it anew, in some minutes

The rules are those of tests/engine/golden/reference.py, which was written from
the documents alone; nothing of the library is used. A chain is made by asking the
reference for the odds of each group in a state and for the state that follows,
and is then walked draw by draw in decimals of 60 digits. What is too long for
that is walked hit by hit in fixed point of 220 binary places.

A case names the counters that are kept: the others can't influence its goal and
stay at their start. Left out are

- what lower rarities count, since on one wheel the higher one comes first;
- the guarantee of a rarity, for waits for any item of it;
- `spark`, unless the points buy what the goal wants;
- the place in a batch and its hits, where no rule of the batch moves the odds of
  the goal's rarity (plain tens are ten single pulls).

What needs to know which items are owned or left in a box is written out by hand
below: `hearthstone`, `box`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from decimal import Context, Decimal, localcontext
from typing import Any

from answers import Answer, by_hits, hits_in, hits_of_rarity, passage
from cases import Case, all_cases
from chain import DIGITS, EVERY, HERE, LISTED, QUANTILES, SHOWN, Chain, Goal, Setting
from long_run import RULED, long_run
from reference import Reference


def solve(case: Case) -> Answer:
    """The distribution that a case asks for."""
    if case.by_hand is not None:
        return case.by_hand()
    spec = case.spec()
    setting = Setting(case.keep)
    if case.ruled:
        size = case.batch or Reference(spec).batches[0]["size"]
        setting = Setting(case.keep, size, RULED[case.banner, size])
    goal = Goal(Reference(spec), case.goal)
    chain = Chain(spec, setting, goal)
    begin, had = chain.begin(case.state)
    if case.pulls is not None:
        return hits_in(begin, chain.edges, case.pulls, had)
    if case.hit_by_hit is not None:
        rarity, length, step = case.hit_by_hit
        plain = Chain(
            spec,
            Setting((f"pity:{rarity}",)),
            Goal(Reference(spec), f"rarity:{rarity}"),
        )
        wait = passage(plain.begin({})[0], plain.edges, 1).pmf
        edges = hits_of_rarity(chain, rarity)
        keep = [k for k in chain.keep if not k.startswith("pity:")]
        start = (tuple(chain.start[k] for k in keep), goal.start())
        return by_hits(wait, wait, start, edges, length, step)
    return passage(begin, chain.edges, case.copies - had)


def shown(value: Decimal, digits: int = SHOWN) -> str:
    """A number with so many significant digits."""
    rounded = value.normalize(Context(prec=digits, Emin=-999999999))
    return str(rounded) if rounded else "0"


def listed(value: Decimal) -> str:
    """An entry of a list: 25 digits, or 6 of one below 1e-30."""
    return shown(value, SHOWN if value > Decimal("1e-30") else 6)


def line(case: Case) -> str:
    """A case with its answer, as one line of JSON."""
    entry: dict[str, Any] = {"name": case.name}
    if case.file is not None:
        entry["file"] = case.file
    else:
        entry["banner"] = case.banner
    if case.edits:
        entry["edits"] = case.edits
    if not case.goal:
        entry["batch"] = case.batch
        odds = long_run(case.spec(), case.batch or 1)
        for what, values in odds.items():
            entry[what] = {k: shown(v) for k, v in values.items()}
        return json.dumps(entry)
    entry |= {"goal": case.goal, "state": case.state, "batch": case.batch}
    if case.pulls is None:
        entry["copies"] = case.copies
    else:
        entry["pulls"] = case.pulls
    entry |= written(solve(case))
    return json.dumps(entry)


def written(result: Answer) -> dict[str, Any]:
    """A distribution as the file has it."""
    pmf = result.pmf
    if result.last is None and result.step == 1:
        beyond, size = Decimal(0), len(pmf)
        while beyond + pmf[size - 1] < LISTED:
            size -= 1
            beyond += pmf[size]
        pmf = pmf[:size]
    step = result.step
    if step == 1 and len(pmf) > EVERY:
        step = max(7, len(pmf) // EVERY)
    places = list(range(0, len(pmf), step))
    if places[-1] != len(pmf) - 1:
        places.append(len(pmf) - 1)
    return {
        "mean": shown(result.mean),
        "variance": shown(result.variance),
        "quantiles": {q: result.quantile(q) for q in QUANTILES},
        "support_min": result.first,
        "support_max": result.last,
        "entries": len(pmf),
        "step": step,
        "pmf": [listed(pmf[n]) for n in places],
    }


def answered(index: int) -> tuple[str, float]:
    """The line of a case, and the seconds it took."""
    began = time.perf_counter()
    with localcontext(Context(prec=DIGITS, Emin=-999999999, Emax=999999999)):
        return line(all_cases()[index]), time.perf_counter() - began


def main() -> int:
    """Check or write exact.json; 1 if it is not current."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="", help="part of the names of cases")
    parser.add_argument("--times", action="store_true", help="say what took long")
    options = parser.parse_args()
    cases = all_cases()
    assert len({case.name for case in cases}) == len(cases)
    chosen = [i for i, case in enumerate(cases) if options.only in case.name]
    lines = []
    with multiprocessing.Pool() as pool:
        for i, (text, seconds) in zip(chosen, pool.imap(answered, chosen), strict=True):
            lines.append(text)
            if options.times and seconds > 1:
                print(f"{seconds:6.1f} s  {cases[i].name}", flush=True)
    path = HERE / "exact.json"
    if options.only:
        for text in lines:
            entry = json.loads(text)
            entry.pop("pmf", None)
            print(entry)
        return 0
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    if options.write:
        path.write_text(text, encoding="utf-8")
        return 0
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        print("exact.json is not what make.py computes", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
