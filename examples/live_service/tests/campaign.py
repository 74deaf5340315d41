"""Players pull, buy and are refunded while the services are killed and stalled.

One round is a new game, some seconds of faults under load, and then the question
whether everything adds up. `chaos_test.py` runs three; by itself this file runs rounds
for as long as it is told and writes a report:

    python tests/campaign.py --seconds 3600 --report soak.md

The seed of each round is printed; `--seed` repeats it, as far as threads and machine
allow.
"""

from __future__ import annotations

import argparse
import itertools
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from books import check_books, wait_settled
from clocks import clock_ahead
from game_processes import Client, GameProcesses

POINTS = frozenset({
    "account:before_hold", "account:after_hold",
    "account:before_post", "account:after_post",
    "account:before_void", "account:after_void",
    "account:before_verdict",
    "account:after_purchase_intent", "account:after_payment_recorded",
    "account:after_grant", "account:after_reversal",
    "gacha:before_intent", "gacha:after_intent",
    "gacha:before_draw", "gacha:after_draw",
    "gacha:before_post", "gacha:after_post",
    "gacha:before_inquiry", "gacha:after_inquiry",
})  # fmt: skip
"""Every crash point of the two services."""

DATABASES = ("sqlite", "postgres")
SETTLED_WITHIN_S = 10.0
_REPLAYED = 40
# How a purchase goes: the provider tells of it besides, or before the client is back;
# it is given back while it is made, or later; the client never comes back.
_WAYS = (
    "plain",
    "confirmed",
    "confirmed first",
    "refunded at once",
    "refunded at once",
    "refunded",
    "left",
)


@dataclass(frozen=True, kw_only=True)
class Round:
    """How one round goes: rates from 0 to 1, times in seconds and milliseconds."""

    seed: int
    seconds: float
    players: int = 16
    workers: int = 1
    kill: float = 0.01
    stall: float = 0.05
    stall_ms: float = 300.0
    variant: str = ""
    on_postgres: bool = False
    ahead_s: float = 0.0
    """How far the gacha service's clock is ahead of the account service's."""


@dataclass
class Outcome:
    """What happened in a round, and what was wrong in the end."""

    seconds: float = 0.0
    pulls: int = 0
    requests: int = 0
    abandoned: int = 0
    purchases: int = 0
    refunds: int = 0
    kills_inside: int = 0
    kills_outside: int = 0
    kills_of_postgres: int = 0
    stalls: int = 0
    settling_s: float = 0.0
    replays: int = 0
    reached: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)
    violation: str = ""

    @property
    def kills(self) -> int:
        return self.kills_inside + self.kills_outside + self.kills_of_postgres


def run_round(folder: Path, plan: Round) -> Outcome:
    """Run one round in an empty folder; what is wrong is in the outcome."""
    game = GameProcesses(
        folder,
        variant=plan.variant,
        on_postgres=plan.on_postgres,
        RECOVERY_MS="50",
        PAYMENT_RECOVERY_MS="100",
        # Short, so that the sweeper's fence races the draws.
        HOLD_ASK_AFTER_MS="150",
        HOLD_SWEEP_MS="20",
        WEB_CONCURRENCY=str(plan.workers),
    )
    if plan.ahead_s:
        game.gacha.variables |= clock_ahead(plan.ahead_s, folder)
    outcome = Outcome()
    players: list[Player] = []
    began = time.monotonic()
    try:
        with _violations(outcome):
            calm_at = _play_under_faults(game, plan, players, outcome)
            _check_after_quiet(game, players, calm_at, outcome)
    finally:
        game.kill()
    outcome.seconds = time.monotonic() - began
    for player in players:
        outcome.pulls += player.pulls
        outcome.requests += player.requests
        outcome.abandoned += player.abandoned
        outcome.purchases += len(player.client.bought)
        outcome.refunds += len(player.client.refunded)
    _read_faults(folder, outcome)
    return outcome


@contextmanager
def _violations(outcome: Outcome) -> Iterator[None]:
    try:
        yield
    except Exception:
        outcome.violation = traceback.format_exc(limit=-4)


def _play_under_faults(
    game: GameProcesses, plan: Round, players: list[Player], outcome: Outcome
) -> float:
    """When the faults were over and both services ready again."""
    # No point of theirs lies on the way to a player who is registered.
    game.account.start(**_faults(game, "account", plan))
    game.gacha.start(**_faults(game, "gacha", plan))
    for process in (game.account, game.gacha):
        process.wait_ready()
    for number in range(plan.players):
        choice = random.Random(f"{plan.seed} {number}")
        players.append(Player(Client(game, f"player{number}"), choice))
    over = threading.Event()
    with ThreadPoolExecutor(plan.players + 3) as threads:
        try:
            killing = [
                threads.submit(_kill_at_random, game, name, plan, over)
                for name in ("account", "gacha")
            ]
            killing_postgres = threads.submit(_kill_postgres, game, plan, over)
            playing = [threads.submit(player.play, over) for player in players]
            over.wait(plan.seconds)
        finally:
            over.set()
        outcome.kills_outside = sum(killer.result() for killer in killing)
        outcome.kills_of_postgres = killing_postgres.result()
        # Whoever still waits for an answer gets it from services without faults.
        for process in (game.account, game.gacha):
            process.kill()
            process.start()
        for process in (game.account, game.gacha):
            process.wait_ready()
        calm_at = time.monotonic()
        for player in playing:
            player.result()
    return calm_at


def _check_after_quiet(
    game: GameProcesses, players: Sequence[Player], calm_at: float, outcome: Outcome
) -> None:
    try:
        wait_settled(game, within_s=SETTLED_WITHIN_S)
    finally:
        outcome.settling_s = time.monotonic() - calm_at
    for player in players:
        outcome.replays += player.ask_again()
    assert game.stop() == [0, 0]
    check_books(game, [player.client for player in players])


def _kill_at_random(
    game: GameProcesses, name: str, plan: Round, over: threading.Event
) -> int:
    """Kill a worker, or the service with its gunicorn; how often."""
    choice = random.Random(f"{plan.seed} {name}")
    process = game.account if name == "account" else game.gacha
    kills = 0
    while not over.wait(choice.uniform(0.3, 3.0)):
        # As where its database was away for too long while it started.
        process.start_again_if_ended(**_faults(game, name, plan))
        if choice.random() < 0.9:
            kills += process.kill_worker()
        else:
            process.kill()
            process.start(**_faults(game, name, plan))
            kills += 1
    return kills


def _kill_postgres(game: GameProcesses, plan: Round, over: threading.Event) -> int:
    """Kill the database server, where there is one, and start it; how often."""
    if game.postgres is None:
        return 0
    choice = random.Random(f"{plan.seed} postgres")
    kills = 0
    while not over.wait(choice.uniform(2.0, 8.0)):
        game.postgres.kill()
        over.wait(choice.uniform(0.0, 0.3))
        game.postgres.start()
        kills += 1
    return kills


def _faults(game: GameProcesses, name: str, plan: Round) -> dict[str, str]:
    rates = f"kill={plan.kill} stall={plan.stall} stall_ms={plan.stall_ms}"
    return {
        "FAIRPULL_FAULTS": f"{rates} seed={plan.seed}",
        "FAIRPULL_FAULTS_LOG": str(game.folder / f"{name}.faults"),
    }


class Player:
    """Plays at random: pulls, mostly by ten, buys when poor, is refunded at times."""

    def __init__(self, client: Client, choice: random.Random) -> None:
        self.client = client
        self.pulls = 0
        self.requests = 0
        self.abandoned = 0
        self._choice = choice
        self._names = itertools.count()
        self._counts: dict[str, int] = {}
        self._answers: dict[str, bytes] = {}

    def play(self, over: threading.Event) -> None:
        """Play on until it is over, and see what was begun to its end."""
        with ThreadPoolExecutor(1) as provider:
            while not over.is_set():
                answer = self._pull()
                if answer == 402:
                    self._buy(provider)

    def ask_again(self) -> int:
        """Repeat some requests of old, whose answers must not have changed."""
        keys = sorted(self._answers)
        again = self._choice.sample(keys, min(_REPLAYED, len(keys)))
        for key in again:
            count = self._counts.get(key)
            if count is None:
                answer = self.client.buy(self.client.asked[key], key)
            else:
                answer = self.client.pull(key, count=count)
            assert answer.content == self._answers[key], f"{key}: a changed replay"
        return len(again)

    def _pull(self) -> int:
        key = f"k{next(self._names)}"
        count = self._counts[key] = 10 if self._choice.random() < 0.8 else 1
        answer = self.client.pull(key, count=count)
        assert answer.status_code in (200, 402, 409), answer.text
        self.requests += 1
        if answer.status_code == 200:
            self.pulls += count
            self._answers[key] = answer.content
        self.abandoned += answer.status_code == 409
        return answer.status_code

    def _buy(self, provider: ThreadPoolExecutor) -> None:
        """A purchase in one of the ways that they go."""
        client, key = self.client, f"b{next(self._names)}"
        amount = self._choice.choice([3200, 8000])
        way = self._choice.choice(_WAYS)
        self.requests += 1
        telling = None
        if way == "left":
            client.walk_away_from(amount, key)
            return
        if way == "confirmed":
            telling = provider.submit(client.tell, "payment.succeeded", amount, key)
        elif way == "refunded at once":
            telling = provider.submit(client.tell, "payment.refunded", amount, key)
        elif way == "confirmed first":
            # The answer is lost, or was never sent, and the provider is first.
            client.walk_away_from(amount, key)
            if self._choice.random() < 0.5:
                telling = provider.submit(client.tell, "payment.succeeded", amount, key)
        answer = client.buy(amount, key)
        assert answer.status_code in (200, 409), answer.text
        if answer.status_code == 200:
            self._answers[key] = answer.content
        if way == "refunded":
            for kind in ("payment.refunded", "payment.charged_back"):
                client.tell(kind, amount, key)
        if telling is not None:
            telling.result()


def _read_faults(folder: Path, outcome: Outcome) -> None:
    for log in folder.glob("*.faults"):
        for line in log.read_text().splitlines():
            point, _, what = line.partition(" ")
            if what == "reached":
                outcome.reached.add(point)
            elif what:
                outcome.faults[line] += 1
                outcome.kills_inside += what == "kill"
                outcome.stalls += what == "stall"


def report(rounds: Sequence[tuple[Round, Outcome]]) -> str:
    """What the rounds were and what they show, in Markdown."""
    outcomes = [outcome for _, outcome in rounds]
    pulls = sum(outcome.pulls for outcome in outcomes)
    kills = sum(outcome.kills for outcome in outcomes)
    stalls = sum(outcome.stalls for outcome in outcomes)
    reached = set[str]().union(*(outcome.reached for outcome in outcomes))
    faults = sum((outcome.faults for outcome in outcomes), Counter[str]())
    broken = [each for each in rounds if each[1].violation]
    lines = [
        "# Campaign on the services",
        "",
        f"{len(rounds)} rounds in {sum(each.seconds for each in outcomes):.0f} s, "
        f"{len(broken)} with a violation.",
        "",
        "| | |",
        "|---|---|",
        f"| acknowledged pulls | {pulls} |",
        f"| requests for pulls and purchases | {sum(o.requests for o in outcomes)} |",
        f"| pulls that were given up | {sum(o.abandoned for o in outcomes)} |",
        f"| acknowledged purchases | {sum(o.purchases for o in outcomes)} |",
        f"| refunds | {sum(o.refunds for o in outcomes)} |",
        f"| kills from outside | {sum(o.kills_outside for o in outcomes)} |",
        f"| kills of PostgreSQL | {sum(o.kills_of_postgres for o in outcomes)} |",
        f"| kills at failpoints | {sum(o.kills_inside for o in outcomes)} |",
        f"| stalls at failpoints | {stalls} |",
        f"| rounds with clocks apart | {sum(bool(p.ahead_s) for p, _ in rounds)} |",
        f"| answers that were asked for again | {sum(o.replays for o in outcomes)} |",
        f"| longest settling | {max(o.settling_s for o in outcomes):.2f} s |",
        f"| failpoints reached | {len(reached)} of {len(POINTS)} |",
    ]
    if missed := POINTS - reached:
        lines.append(f"| failpoints never reached | {', '.join(sorted(missed))} |")
    lines.append("")
    if not broken and pulls and kills:
        lines += [
            "With no failure in n independent trials, the chance of one is below 3/n "
            f"at 95%: {3 / pulls:.1e} a pull, {3 / kills:.1e} a kill.",
            "",
        ]
    lines += ["| failpoint | kills | stalls |", "|---|---|---|"]
    lines += [
        f"| {point} | {faults[f'{point} kill']} | {faults[f'{point} stall']} |"
        for point in sorted(POINTS | reached)
    ]
    lines += [
        "",
        "| seed | on | workers | stalls at | gacha's clock | pulls | kills "
        "| settled in | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {plan.seed} | {'PostgreSQL' if plan.on_postgres else 'SQLite'} | "
        f"{plan.workers} | {plan.stall:.0%} | {plan.ahead_s:+.0f} s | "
        f"{outcome.pulls} | {outcome.kills} | {outcome.settling_s:.2f} s | "
        f"{'VIOLATION' if outcome.violation else 'ok'} |"
        for plan, outcome in rounds
    ]
    for plan, outcome in broken:
        lines += ["", f"Seed {plan.seed}:", "", "```", outcome.violation, "```"]
    return "\n".join(lines) + "\n"


def rounds_from(
    seed: int,
    *,
    seconds: float = 10.0,
    variant: str = "",
    stalls: Sequence[float] = (0.0, 0.05, 0.3),
    databases: Sequence[str] = ("sqlite",),
    ahead_s: Sequence[float] = (0.0,),
) -> Iterator[Round]:
    """Round after round, each with other rates than the one before."""
    for number in itertools.count():
        yield Round(
            seed=seed + number,
            seconds=seconds,
            stall=stalls[number % len(stalls)],
            workers=(1, 2)[number // len(stalls) % 2],
            ahead_s=ahead_s[number % len(ahead_s)],
            variant=variant,
            on_postgres=databases[number % len(databases)] == "postgres",
        )


def main() -> int:
    """Run rounds until the time is over; 1 if anything was violated."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=3600)
    options.add_argument("--round-seconds", type=float, default=60, help="of play")
    options.add_argument("--rounds", type=int, default=0, help="stop after so many")
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--variant", default="", help="of bad_variants.py")
    options.add_argument("--stall", type=float, help="of all rounds, from 0 to 1")
    options.add_argument("--database", choices=DATABASES, help="of all rounds")
    options.add_argument("--report", type=Path, help="where to write it as well")
    given = options.parse_args()
    done: list[tuple[Round, Outcome]] = []
    began = time.monotonic()
    stalls = (0.0, 0.05, 0.3) if given.stall is None else (given.stall,)
    plans = rounds_from(
        given.seed,
        seconds=given.round_seconds,
        variant=given.variant,
        stalls=stalls,
        databases=DATABASES if given.database is None else (given.database,),
        # Five, so that each comes together with each stall and each database.
        ahead_s=(0.0, 600.0, 0.0, 0.0, 600.0),
    )
    for plan in plans:
        folder = Path(tempfile.mkdtemp(prefix="fairpull-campaign-"))
        outcome = run_round(folder, plan)
        if outcome.violation and not plan.variant:
            outcome.violation += f"databases and logs are kept in {folder}\n"
        else:
            shutil.rmtree(folder)
        done.append((plan, outcome))
        print(
            f"seed {plan.seed}: {outcome.pulls} pulls, {outcome.kills} kills, settled "
            f"in {outcome.settling_s:.2f} s, {outcome.violation or 'ok'}",
            file=sys.stderr,
            flush=True,
        )
        if given.report is not None:
            given.report.write_text(report(done))
        enough = given.rounds and len(done) >= given.rounds
        if enough or time.monotonic() - began >= given.seconds:
            break
    print(report(done))
    return 1 if any(outcome.violation for _, outcome in done) else 0


if __name__ == "__main__":
    sys.exit(main())
