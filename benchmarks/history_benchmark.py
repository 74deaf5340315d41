"""Makes a large history and reads it back: rows a second, and memory at its peak.

python benchmarks/history_benchmark.py make big.parquet --players 100000 --pulls 1000
python benchmarks/history_benchmark.py read big.parquet
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

import fairpull

ROWS_AT_ONCE = 10_000_000


def make(
    path: Path, players: int, pulls: int, times: int, dated: bool
) -> dict[str, Any]:
    """Write what players draw: all their first pulls, then all their second ones.

    So no player's rows are together, as in the log of a game. Each player is there
    so many `times`, under as many names.
    """
    banner = fairpull.Banner.load("genshin-character")
    drawn = fairpull.simulate(
        banner, players=players, pulls=pulls, rng=11, outcomes=True
    ).outcomes
    assert drawn is not None
    scratch = path.with_suffix(".duckdb")
    with duckdb.connect(str(scratch)) as database:
        database.execute("SET memory_limit = '1GB'")
        database.execute("CREATE TABLE items (place USMALLINT, item VARCHAR)")
        database.executemany(
            "INSERT INTO items VALUES (?, ?)",
            [(place, item.id) for place, item in enumerate(banner.items)],
        )
        database.execute(
            "CREATE TABLE pulls (player UINTEGER, n UINTEGER, place USMALLINT)"
        )
        step = max(1, ROWS_AT_ONCE // players)
        for first in range(0, pulls, step):
            some = drawn[:, first : first + step]
            count = some.shape[1]
            block = {  # noqa: F841, which the statement reads by its name
                "player": np.tile(np.arange(players, dtype=np.uint32), count),
                "n": np.repeat(
                    np.arange(first, first + count, dtype=np.uint32), players
                ),
                "place": some.T.reshape(-1),
            }
            database.execute("INSERT INTO pulls SELECT * FROM block")
        order = (
            "TIMESTAMP '2026-01-01' + to_seconds(n) AS time"
            if dated
            else "n + 1 AS seq"
        )
        chosen = (
            f"SELECT concat_ws('-', 'player', player, k) AS player, {order}, item "  # noqa: S608
            f"FROM pulls JOIN items USING (place), range({times}) t(k)"
        )
        database.execute(
            f"COPY ({chosen}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
    scratch.unlink()
    return {"rows": players * pulls * times, "bytes": path.stat().st_size}


def read(path: Path, memory: str, threads: int | None) -> dict[str, Any]:
    """Read it, and answer what the command answers."""
    banner = fairpull.Banner.load("genshin-character")
    seconds = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    dated = "time" in {
        name for name, *_ in duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall()
    }
    with fairpull.read_history(
        path,
        banner,
        complete=True if dated else None,
        memory_limit=memory,
        threads=threads,
        folder=path.parent,
    ) as history:
        seconds["read"] = time.perf_counter() - began
        for name, answer in (
            ("rates", history.rates),
            ("hazards of 5-star", history.hazards),
            ("hazards of 3-star", lambda: history.hazards("3-star")),
            ("luck", history.luck_counts),
        ):
            start = time.perf_counter()
            answer()
            seconds[name] = time.perf_counter() - start
        waits = history.hazards()
        rows = history.pulls
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "rows": rows,
        "memory_limit": memory,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "rows_per_second_read": round(rows / seconds["read"]),
        "rows_per_second_in_all": round(rows / sum(seconds.values())),
        "peak_mebibytes": round(peak / 1024),
        "peak_mebibytes_above_imports": round((peak - before) / 1024),
        "z": waits.z,
    }


def main() -> None:
    """Run what the arguments say, and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "read"])
    parser.add_argument("path", type=Path)
    parser.add_argument("--players", type=int, default=100_000)
    parser.add_argument("--pulls", type=int, default=1000)
    parser.add_argument("--times", type=int, default=1, help="each player, for size")
    parser.add_argument("--dated", action="store_true", help="by time, not by seq")
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    if given.what == "make":
        figures = make(given.path, given.players, given.pulls, given.times, given.dated)
    else:
        figures = read(given.path, given.memory, given.threads)
    json.dump(figures, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
