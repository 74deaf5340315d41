"""Draws benchmarks/pulls.svg: pulls a second, of benchmarks/results/*.json."""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

HERE = Path(__file__).resolve().parent
OURS, RIVAL = "#0b5394", "#b0b8c0"

# Benchmark, in words, whether it is ours; slowest rows of a file last.
ROWS = [
    ("simulation", "BM_SimulateTwoThreads", "simulation, AVX-512, two threads", True),
    ("simulation", "BM_SimulateRarities", "simulation, AVX-512", True),
    ("simulation", "BM_SimulateAvx2", "simulation, AVX2", True),
    ("pull", "BM_PullEach", "Pull in C++, with items", True),
    ("simulation", "BM_NumPyLockstep", "NumPy in lockstep, no items", False),
    ("pull", "BM_AbslPull", "by hand over absl", False),
    ("pull", "BM_StdPull", "by hand over std", False),
    ("python", "numpy", "NumPy's choice, no pity", False),
    ("python", "random", "random.choices, no pity", False),
    ("python", "gachapy", "gachapy, no pity", False),
]


def rate(file: str, name: str) -> float | None:
    """Pulls a second; None where this machine did not measure it."""
    path = HERE / "results" / f"{file}.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    if file == "python":
        return 1 / results["seconds_a_pull"][name]
    for entry in results["benchmarks"]:
        is_named = entry["run_name"].split("/")[0] == name
        if is_named and entry.get("aggregate_name") == "median":
            return entry.get("items_per_second")
    return None


def main() -> None:
    """Draw all rows that were measured."""
    rows = [
        (words, value, ours)
        for file, name, words, ours in ROWS
        if (value := rate(file, name)) is not None
    ]
    mpl.rcParams.update({"svg.hashsalt": "fairpull", "font.family": "sans-serif"})
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    FigureCanvasSVG(figure)
    ax = figure.add_subplot()
    names = [words for words, _, _ in rows]
    values = [value for _, value, _ in rows]
    colors = [OURS if ours else RIVAL for _, _, ours in rows]
    bars = ax.barh(names, values, color=colors)
    labels = [
        f" {v / 1e9:.1f} billion" if v >= 1e9 else f" {v / 1e6:,.3g} million"
        for v in values
    ]
    ax.bar_label(bars, labels, fontsize=9)
    ax.set_xscale("log")
    ax.set_xlim(min(values) / 2, max(values) * 12)
    ax.invert_yaxis()
    ax.set_xlabel("pulls a second of genshin-character (log scale)")
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(HERE / "pulls.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
