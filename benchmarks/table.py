"""Writes the tables of benchmarks/README.md from benchmarks/results/*.json."""

from __future__ import annotations

import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Benchmarks whose iterations do many of what the row names.
BY_ITEMS = {"BM_PullEach"}

# What to show: file, benchmark, in words, its rival.
ROWS = [
    (
        "pull",
        "BM_PullEach",
        "one pull of many, with the choice of the item",
        "BM_StdPull",
    ),
    ("pull", "BM_Pull", "the same, one call for each", "BM_StdPull"),
    ("pull", "BM_PullBatchOfTen", "ten pulls in a batch", None),
    (
        "pull",
        "BM_StdPull",
        "the same pull over `std::mt19937_64` and prebuilt "
        "`std::discrete_distribution`",
        None,
    ),
    (
        "pull",
        "BM_AbslPull",
        "the same over `absl::InsecureBitGen` and prebuilt "
        "`absl::discrete_distribution`",
        None,
    ),
    ("pull", "BM_PullFair", "one live pull (HMAC-SHA256)", None),
    ("pull", "BM_CompileBanner", "compiling a banner file", None),
    ("store", "BM_PullMemory", "one charged and recorded pull, memory store", None),
    ("store", "BM_PullSqlite", "one durable pull, SQLite (`synchronous=FULL`)", None),
    (
        "store",
        "BM_PullManySqlite",
        "the same, a hundred players in one commit",
        "BM_PullSqlite",
    ),
    ("store", "BM_PullSqliteThreads", "one of 32 threads, SQLite", None),
    (
        "store",
        "BM_PullSqliteGrouped",
        "the same by `GroupedPulls`",
        "BM_PullSqliteThreads",
    ),
]


def median_ns(results: dict, name: str) -> float:
    """The median real time of a benchmark."""
    scale = {"ns": 1, "us": 1e3, "ms": 1e6}
    for entry in results["benchmarks"]:
        is_named = entry["run_name"].split("/")[0] == name
        if is_named and entry.get("aggregate_name") == "median":
            if name in BY_ITEMS:
                return 1e9 / entry["items_per_second"]
            return entry["real_time"] * scale[entry["time_unit"]]
    raise KeyError(name)


def words(ns: float) -> str:
    """A time with three digits and its unit."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
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
    runs = sorted(
        {row["repetitions"] for file in results.values() for row in file["benchmarks"]}
    )
    lines += [
        "",
        f"Measured on {context['date'][:10]}, {context['num_cpus']} cores at "
        f"{context['mhz_per_cpu']} MHz; medians of "
        f"{' or '.join(map(str, runs))} interleaved runs.",
    ]
    return "\n".join(lines)


def python_table(results: dict) -> str:
    """The rows of pulls from Python in Markdown."""
    rows = {
        "fairpull": "fairpull, a million pulls by one call",
        "numpy": "NumPy's `Generator.choice`, a million by one call, no pity",
        "random": "`random.choices`, a million by one call, no pity",
        "fairpull_one": "fairpull, one pull by a call",
        "gachapy": "gachapy, one pull by a call, no pity",
    }
    lines = ["| what | time of a pull |", "|---|---|"]
    for name, text in rows.items():
        lines.append(f"| {text} | {words(results['seconds_a_pull'][name] * 1e9)} |")
    context = results["context"]
    versions = ", ".join(f"{name} {v}" for name, v in context["versions"].items())
    lines += [
        "",
        f"Measured on {context['date']}, {context['cpus']} cores, Python "
        f"{context['python']}, {versions}; medians of {context['rounds']} interleaved "
        "rounds.",
    ]
    return "\n".join(lines)


def analysis_table(results: dict) -> str:
    """The rows of the exact analysis in Markdown, and what measured them."""
    lines = [
        "| question | fairpull | GGanalysis | beside it | largest difference |",
        "|---|---|---|---|---|",
    ]
    for row in results["rows"]:
        ours, theirs = row["fairpull_seconds"], row["rival_seconds"]
        lines.append(
            f"| {row['text']} | {words(ours * 1e9)} | {words(theirs * 1e9)} | "
            f"{theirs / ours:,.1f} times as fast | {row['difference']:.0e} |"
        )
    context = results["context"]
    versions = ", ".join(f"{name} {v}" for name, v in context["versions"].items())
    lines += [
        "",
        f"Measured on {context['date'][:10]}, {context['cpus']} cores, Python "
        f"{context['python']}, {versions}; medians of {context['rounds']} interleaved "
        "rounds of `scripts/bench`.",
    ]
    return "\n".join(lines)


def postgres_table(results: dict) -> str:
    """The rows of PostgreSQL in Markdown, by the number of connections."""
    rates: dict[int, dict[str, int]] = {}
    for row in results["rows"]:
        rates.setdefault(row["clients"], {})[row["name"]] = row["per_second"]
    named = {
        "pull": "a pull",
        "pull_known": "the same, of known players",
        "pull_grouped": "by `GroupedPulls`",
        "pull_grouped_known": "the same, of known players",
        "pull_many": "a hundred players in one commit",
        "pull_many_known": "the same, of known players",
        "pgbench_simple": "pgbench, simple-update",
        "pgbench_same": "pgbench, the pull's statements",
        "sqlalchemy": "by hand with SQLAlchemy",
    }
    columns = [
        f"{n} connection{'s' if n > 1 else ''}: a second, beside simple-update"
        for n in sorted(rates)
    ]
    lines = [
        "| " + " | ".join(["what", *columns]) + " |",
        "|" + "---|" * (len(columns) + 1),
    ]
    for name, words in named.items():
        cells = [
            f"{rate[name]:,}, {rate[name] / rate['pgbench_simple']:.2f}"
            for _, rate in sorted(rates.items())
        ]
        lines.append("| " + " | ".join([words, *cells]) + " |")
    context = results["context"]
    lines += [
        "",
        f"Measured on {context['date']}, {context['cpus']} cores, PostgreSQL "
        f"{context['server']} on the same machine with `fsync` and "
        f"`synchronous_commit` on; medians of {context['rounds']} interleaved rounds "
        f"of {context['seconds']} s each.",
    ]
    return "\n".join(lines)


def history_table(results: dict) -> str:
    """Pulls a second by how many there were before, in Markdown."""
    lines = [
        "| pulls in the history | pulls a second, 8 connections "
        "| by hundreds, 1 connection |",
        "|---|---|---|",
    ]
    rates = {row["name"]: row["per_second"] for row in results["rows"]}
    for name, rate in rates.items():
        past = name.removeprefix("history_")
        if past.isdigit():
            many = rates[f"history_many_{past}"]
            lines.append(f"| {int(past):,} | {rate:,} | {many:,} |")
    context = results["context"]
    lines += [
        "",
        f"Measured on {context['date']}, {context['cpus']} cores; medians of "
        f"{context['rounds']} interleaved rounds of {context['seconds']} s each.",
    ]
    return "\n".join(lines)


# What to show of simulations.
SIMULATIONS = [
    ("BM_SimulateRarities", "`genshin-character`, rarities and featured hits"),
    ("BM_SimulateItems", "the same, and items"),
    ("BM_SimulateTwoThreads", "rarities and featured hits, two threads"),
    ("BM_SimulateAvx2", "the same on AVX2, one thread"),
    ("BM_SimulateSse4", "the same on SSE4"),
    ("BM_SimulateFatePoints", "`genshin-weapon-path2`, one thread"),
    ("BM_SimulateScalar", "the scalar engine, with items"),
    ("BM_NumPyLockstep", "NumPy, rarities and featured hits"),
    ("BM_OutcomeColumns", "each outcome as a column of items"),
    ("BM_MemsetColumns", "setting as many bytes"),
]


def simulation_table(results: dict) -> str:
    """The rows of simulations in Markdown: pulls a second, beside the rivals."""
    rates = {
        entry["run_name"].split("/")[0]: entry["items_per_second"]
        for entry in results["benchmarks"]
        if entry.get("aggregate_name") == "median" and "items_per_second" in entry
    }
    lines = [
        "| what | million pulls a second | beside NumPy | beside the scalar engine |",
        "|---|---|---|---|",
    ]
    for name, text in SIMULATIONS:
        if name not in rates:
            continue  # vectors that the machine does not have
        beside = [
            f"{rates[name] / rates[rival]:.1f}"
            for rival in ("BM_NumPyLockstep", "BM_SimulateScalar")
        ]
        lines.append(f"| {text} | {rates[name] / 1e6:,.0f} | {' | '.join(beside)} |")
    context = results["context"]
    runs = results["benchmarks"][0]["repetitions"]
    lines += [
        "",
        f"Measured on {context['date'][:10]}, {context['num_cpus']} cores at "
        f"{context['mhz_per_cpu']} MHz; medians of {runs} interleaved runs.",
    ]
    return "\n".join(lines)


def service_table(results: dict) -> str:
    """The rows of the example game in Markdown, beside the bare servers."""
    rows = {(row["name"], row["gacha"]): row for row in results["rows"]}
    direct, proxied = rows["hello", 0], rows["proxied", 0]
    stores = {"sqlite": "SQLite", "postgresql": "PostgreSQL and Redis"}
    named = [
        ("Flask that says hello", direct),
        ("the same behind a bare proxy", proxied),
        *(
            (f"the game on {words}, {n} gacha instance{'s' if n > 1 else ''}", row)
            for (name, n), row in rows.items()
            if (words := stores.get(name))
        ),
    ]
    lines = [
        "| what | requests a second | half of them within | 99% within "
        "| of the bare proxy | processor time of one |",
        "|---|---|---|---|---|---|",
    ]
    for text, row in named:
        ratio = row["per_second"] / proxied["per_second"]
        parts = sorted(row["processor_ms"].items(), key=lambda part: -part[1])
        spent = ", ".join(f"{part} {ms:.1f} ms" for part, ms in parts if ms >= 0.05)
        lines.append(
            f"| {text} | {row['per_second']:,} | {row['p50_ms']:g} ms | "
            f"{row['p99_ms']:g} ms | {ratio:.2f} | {spent} |"
        )
    context = results["context"]
    lines += [
        "",
        f"Measured on {context['date']}, {context['cpus']} cores ({context['cpu']}), "
        f"shared by the load, the game and its databases; {context['players']} "
        f"connections; medians of {context['rounds']} interleaved rounds of "
        f"{context['seconds']} s each.",
    ]
    return "\n".join(lines)


def put(text: str, mark: str, content: str) -> str:
    """The text with this content between the two marks of a name."""
    start, end = f"<!-- {mark}: start -->", f"<!-- {mark}: end -->"
    between = re.compile(f"{start}.*{end}", re.DOTALL)
    return between.sub(lambda _: f"{start}\n{content}\n{end}", text)


def read(name: str) -> dict:
    """The results in a file."""
    path = HERE / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def main() -> None:
    """Replace what stands between the marks."""
    results = {}
    for file in {row[0] for row in ROWS} | {"simulation"}:
        results[file] = read(file)
        # The name and the folders of the machine are nobody's business.
        for key in ("host_name", "executable"):
            results[file]["context"].pop(key, None)
        path = HERE / "results" / f"{file}.json"
        path.write_text(json.dumps(results[file], indent=1) + "\n", encoding="utf-8")
    simulation = results.pop("simulation")
    readme = HERE / "README.md"
    text = put(readme.read_text(encoding="utf-8"), "table", table(results))
    text = put(text, "analysis", analysis_table(read("analysis")))
    text = put(text, "postgres", postgres_table(read("postgres")))
    text = put(text, "simulation", simulation_table(simulation))
    text = put(text, "python", python_table(read("python")))
    text = put(text, "history", history_table(read("postgres_history")))
    text = put(text, "service", service_table(read("service")))
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
