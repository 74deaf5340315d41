"""Writes the table of benchmarks/README.md from benchmarks/results/*.json."""

from __future__ import annotations

import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
START, END = "<!-- table: start -->", "<!-- table: end -->"

# What to show: file, benchmark, in words, its rival.
ROWS = [
    ("pull", "BM_Pull", "one pull, with the choice of the item", "BM_StdPull"),
    ("pull", "BM_PullBatchOfTen", "ten pulls in a batch", None),
    (
        "pull",
        "BM_StdPull",
        "the same pull over `std::mt19937_64` and prebuilt "
        "`std::discrete_distribution`",
        None,
    ),
    ("pull", "BM_PullFair", "one live pull (HMAC-SHA256)", None),
    ("pull", "BM_CompileBanner", "compiling a banner file", None),
    ("store", "BM_PullMemory", "one charged and recorded pull, memory store", None),
    ("store", "BM_PullSqlite", "one durable pull, SQLite (`synchronous=FULL`)", None),
]


def median_ns(results: dict, name: str) -> float:
    """The median real time of a benchmark."""
    scale = {"ns": 1, "us": 1e3, "ms": 1e6}
    for entry in results["benchmarks"]:
        is_named = entry["run_name"].split("/")[0] == name
        if is_named and entry.get("aggregate_name") == "median":
            return entry["real_time"] * scale[entry["time_unit"]]
    raise KeyError(name)


def words(ns: float) -> str:
    """A time with three digits and its unit."""
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def table(results: dict[str, dict]) -> str:
    """The rows in Markdown, with the machine that they were measured on."""
    lines = ["| what | time | a second | beside its rival |", "|---|---|---|---|"]
    for file, name, text, rival in ROWS:
        ns = median_ns(results[file], name)
        ratio = ""
        if rival is not None:
            ratio = f"{median_ns(results[file], rival) / ns:.1f} times as fast"
        lines.append(f"| {text} | {words(ns)} | {1e9 / ns:,.0f} | {ratio} |")
    context = results["pull"]["context"]
    lines += [
        "",
        f"Measured on {context['date'][:10]}, {context['num_cpus']} cores at "
        f"{context['mhz_per_cpu']} MHz; medians of nine interleaved runs of "
        "`scripts/bench`.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Replace what stands between the two marks."""
    results = {}
    for file in {row[0] for row in ROWS}:
        path = HERE / "results" / f"{file}.json"
        results[file] = json.loads(path.read_text(encoding="utf-8"))
        # The name and the folders of the machine are nobody's business.
        for key in ("host_name", "executable"):
            results[file]["context"].pop(key, None)
        path.write_text(json.dumps(results[file], indent=1) + "\n", encoding="utf-8")
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    between = re.compile(f"{START}.*{END}", re.DOTALL)
    replacement = f"{START}\n{table(results)}\n{END}"
    readme.write_text(between.sub(lambda _: replacement, text), encoding="utf-8")


if __name__ == "__main__":
    main()
