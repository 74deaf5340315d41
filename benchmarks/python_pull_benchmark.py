"""Times pulls from Python beside what else draws items there, in one run.

All have the items and base odds of genshin-character. Only fairpull has its pity,
rate-up and guarantee; gachapy takes the price out of a balance and keeps the item in
a list, which fairpull's rows do not.

Writes benchmarks/results/python.json; benchmarks/table.py makes a table of it.
"""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

import gachapy
import numpy as np

from fairpull import Banner

HERE = Path(__file__).resolve().parent
ROUNDS = 7
ROUND_SECONDS = 0.5
MANY = 1_000_000


def rows() -> dict[str, tuple[Callable[[], object], int]]:
    """What is timed, and how many pulls each call of it makes."""
    banner = Banner.load("genshin-character")
    odds = {item.id: float(item.base) for item in banner.odds().items}
    ids, weights = list(odds), list(odds.values())
    rng = np.random.default_rng(7)

    game = gachapy.Controller()
    for item, weight in odds.items():
        game.add_new_item(item, item, 1 / weight)
    game.add_new_banner("b", "b", ids, 1.0)
    game.add_new_player("p", "p", 1e15)

    bits = np.random.default_rng(7)
    return {
        "fairpull": (lambda: banner.pull(MANY, rng=bits), MANY),
        "fairpull_one": (lambda: banner.pull(rng=bits), 1),
        "gachapy": (lambda: game.pull("p", "b"), 1),
        "random": (lambda: random.choices(ids, weights, k=MANY), MANY),  # noqa: S311
        "numpy": (lambda: rng.choice(len(ids), size=MANY, p=weights), MANY),
    }


def seconds_a_pull(call: Callable[[], object], pulls: int) -> float:
    """The time of a pull, over some calls."""
    calls, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < ROUND_SECONDS:
        call()
        calls += 1
    return took / (calls * pulls)


def main() -> None:
    """Time all in turn, some rounds, and write the medians."""
    timed: dict[str, list[float]] = {}
    asked = rows()
    for _ in range(ROUNDS):
        for name, (call, pulls) in asked.items():
            timed.setdefault(name, []).append(seconds_a_pull(call, pulls))
    found = {name: statistics.median(times) for name, times in timed.items()}
    results = {
        "context": {
            "date": datetime.now(timezone.utc).date().isoformat(),
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
            "rounds": ROUNDS,
            "versions": {
                name: version(name) for name in ("fairpull", "gachapy", "numpy")
            },
        },
        "seconds_a_pull": {name: float(f"{s:.4g}") for name, s in found.items()},
    }
    file = HERE / "results" / "python.json"
    file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for name, seconds in found.items():
        print(f"{name:14} {seconds * 1e9:12.1f} ns a pull")


if __name__ == "__main__":
    main()
