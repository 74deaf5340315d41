"""Measures pulls a second through the whole example game, beside bare servers.

One connection for each of some players, who pull as fast as they are answered. The
game runs on SQLite, and on PostgreSQL with Redis, with one to three gacha instances;
beside it, in the same rounds, a Flask service that says hello, and the same behind a
proxy that does nothing else. All of it, the load as well, shares this machine.

Writes benchmarks/results/service.json; benchmarks/table.py makes a table of it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).resolve().parent
GAME = HERE.parent / "examples" / "live_service"
SERVICE = HERE / "service"
sys.path.insert(0, str(GAME))

from supervise import free_ports  # noqa: E402

RESULT = HERE / "results" / "service.json"
PULL = {"currencySpent": 160}
CURRENCY = 1_000_000_000
READY_LIMIT_S = 120.0
# A few players do what thousands would.
NO_LIMITS = dict.fromkeys(
    (
        "LOGIN_RATE_PER_ADDRESS",
        "LOGIN_RATE_PER_USER",
        "PULL_RATE_PER_PLAYER",
        "PURCHASE_RATE_PER_PLAYER",
        "RATE_PER_ADDRESS",
        "RATE_PER_PLAYER",
        "REGISTER_RATE_PER_ADDRESS",
    ),
    "off",
)


@dataclass(frozen=True)
class Target:
    """What the load is sent to: an address, a body, and a token each connection."""

    url: str
    body: Any
    tokens: list[str]
    process: int
    """Whose children do the work; 0 where nobody asks."""


@dataclass(frozen=True)
class Subject:
    """One row: the game as it is started, or a bare server."""

    name: str
    gacha: int = 0

    @contextlib.contextmanager
    def serve(self, players: int) -> Iterator[Target]:
        """Start it, and end it with the block."""
        if self.name in ("hello", "proxied"):
            with hello(proxied=self.name == "proxied") as url:
                yield Target(url, PULL, ["none"] * players, 0)
            return
        with game(full=self.name == "postgresql", gacha=self.gacha) as (url, process):
            tokens = rich_players(url, players)
            yield Target(f"{url}/gacha/pull", PULL, tokens, process)


SUBJECTS = [
    Subject("hello"),
    Subject("proxied"),
    *(Subject(store, n) for store in ("sqlite", "postgresql") for n in (1, 2, 3)),
]


@contextlib.contextmanager
def running(command: list[str], *, folder: Path, **options: Any) -> Iterator[Any]:
    """The process for as long as the block runs."""
    process = subprocess.Popen(command, cwd=folder, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(url: str) -> None:
    """Return when the address answers 200."""
    end = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        time.sleep(0.05)
    raise SystemExit(f"service_benchmark.py: {url} does not answer")


@contextlib.contextmanager
def hello(*, proxied: bool) -> Iterator[str]:
    """The bare Flask service under the same gunicorn, directly or behind a proxy."""
    port, door = free_ports(2)
    settings = str(GAME / "gunicorn.conf.py")
    service = [sys.executable, "-m", "gunicorn", "-c", settings]
    # What those settings read beside them.
    variables = {**os.environ, "PYTHONPATH": str(GAME)}
    with contextlib.ExitStack() as stack:
        listen = ["-b", f"127.0.0.1:{port}", "hello:app"]
        command = [*service, *listen]
        stack.enter_context(running(command, folder=SERVICE, env=variables))
        wait_for(f"http://127.0.0.1:{port}/readyz")
        if proxied:
            target = f"http://127.0.0.1:{port}"
            command = ["node", "proxy.js", str(door), target]
            stack.enter_context(running(command, folder=SERVICE))
            wait_for(f"http://127.0.0.1:{door}/livez")
        yield f"http://127.0.0.1:{door if proxied else port}/hello"


@contextlib.contextmanager
def game(*, full: bool, gacha: int) -> Iterator[tuple[str, int]]:
    """The game as `scripts/run` starts it, with no limits on rates: where, and who."""
    command = [sys.executable, "supervise.py", "--gacha", str(gacha)]
    command += ["--full"] if full else []
    with tempfile.TemporaryDirectory(prefix="fairpull-bench-") as data:
        # The PostgreSQL that root starts is another user's.
        Path(data).chmod(0o711)
        variables = {
            **os.environ,
            **NO_LIMITS,
            "PORT": "0",
            "FAIRPULL_DATA": data,
            "LOG_LEVEL": "warn",
        }
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with running(command, folder=GAME, env=variables, text=True, **pipes) as child:
            greeting = child.stdout.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+", greeting)
            if address is None:
                raise SystemExit(f"service_benchmark.py: {child.stderr.read()}")
            wait_for_instances(address.group(), gacha)
            yield address.group(), child.pid


def wait_for_instances(url: str, gacha: int) -> None:
    """Return when the gateway knows so many instances of the gacha service."""
    known = re.compile(r'^gateway_breaker_state\{service="gacha"', re.MULTILINE)
    end = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < end:
        shown = httpx.get(f"{url}/metrics", trust_env=False).text
        if len(known.findall(shown)) == gacha:
            return
        time.sleep(0.1)
    raise SystemExit(f"service_benchmark.py: not {gacha} instances known")


def rich_players(url: str, count: int) -> list[str]:
    """Register players and buy them more than they can spend; their tokens."""
    tokens = []
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        for n in range(count):
            who = {"username": f"player-{n}", "password": "correct horse battery"}
            made = client.post("/account/register", json={**who, "email": "p@e.org"})
            made.raise_for_status()
            token = client.post("/account/login", json=who).json()["token"]
            bought = client.post(
                "/account/buy-currency",
                json={"amount": CURRENCY, "paymentMethod": "card"},
                headers={"Authorization": f"Bearer {token}"},
            )
            bought.raise_for_status()
            tokens.append(token)
    return tokens


def cpu_model() -> str:
    """The processor's name."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found else "unknown"


# What the processes of the game are, by what their command lines have in them.
PARTS = {
    "account.app": "account",
    "gacha.app": "gacha",
    "gateway": "gateway",
    "discovery": "discovery",
    "postgres": "PostgreSQL",
    "redis": "Redis",
}


def processor_seconds(process: int) -> Counter[str]:
    """The processor time that a process's children took so far, by part of the game."""
    parents, taken = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The name stands in parentheses and may have spaces.
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(stat[1])
            # A part's own title, as PostgreSQL's, is its command line.
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
            part = next((PARTS[name] for name in PARTS if name in command), "")
            taken[int(folder.name)] = part, int(stat[11]) + int(stat[12])
    found: Counter[str] = Counter()
    for child, (part, ticks) in taken.items():
        above = child
        while above not in (0, 1, process):
            above = parents.get(above, 0)
        if part and above == process != 0:
            found[part] += ticks
    return Counter({part: n / os.sysconf("SC_CLK_TCK") for part, n in found.items()})


def load(target: Target, seconds: int) -> dict[str, Any]:
    """What `load.js` measures, and the processor time of each part of the game."""
    order = {"url": target.url, "body": target.body, "tokens": target.tokens}
    order["seconds"] = seconds
    before = processor_seconds(target.process)
    done = subprocess.run(
        ["node", "load.js"],
        cwd=SERVICE,
        input=json.dumps(order),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    if measured["refused"] > measured["answered"] / 1000:
        raise SystemExit(f"service_benchmark.py: too many refused: {measured}")
    measured["processor"] = processor_seconds(target.process) - before
    return measured


def row(subject: Subject, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of all rounds."""
    rates = [each["answered"] / each["seconds"] for each in rounds]
    parts = sorted({part for each in rounds for part in each["processor"]})
    return {
        "name": subject.name,
        "gacha": subject.gacha,
        "per_second": round(statistics.median(rates)),
        "p50_ms": statistics.median(each["p50_ms"] for each in rounds),
        "p99_ms": statistics.median(each["p99_ms"] for each in rounds),
        "refused": sum(each["refused"] for each in rounds),
        "processor_ms": {
            part: round(
                statistics.median(
                    1000
                    * each["processor"][part]
                    / (each["answered"] + each["warmed_up"])
                    for each in rounds
                ),
                2,
            )
            for part in parts
        },
    }


def main() -> None:
    """Measure, in rounds so that what disturbs the machine disturbs all alike."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=10, help="of each measurement")
    # As many pulls as one instance takes at once; more are told to come again.
    options.add_argument("--players", type=int, default=12)
    given = options.parse_args()
    measured: dict[Subject, list[dict[str, Any]]] = {each: [] for each in SUBJECTS}
    for n in range(given.rounds):
        for subject in SUBJECTS:
            with subject.serve(given.players) as target:
                found = load(target, given.seconds)
            measured[subject].append(found)
            rate = found["answered"] / found["seconds"]
            name = f"{subject.name} {subject.gacha or ''}".strip()
            print(f"round {n + 1}: {name}: {rate:,.0f}/s", file=sys.stderr, flush=True)
    result = {
        "context": {
            "date": datetime.now(timezone.utc).date().isoformat(),
            "cpus": os.cpu_count(),
            "cpu": cpu_model(),
            "rounds": given.rounds,
            "seconds": given.seconds,
            "players": given.players,
        },
        "rows": [row(subject, rounds) for subject, rounds in measured.items()],
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
