"""How a simulation is spread over threads and executors.

A plan is cut into tasks, each some chunks of players. A task is a pure function of
the plan and its chunks, so it can be run anywhere, and again if it was lost; the
parts that tasks give add up in any order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fairpull import _core
from fairpull.banner import Banner

Progress: TypeAlias = Callable[[int, int], object]
Array: TypeAlias = NDArray[np.uint64]

# How long the core runs before it is asked whether to stop.
SLICE_SECONDS = 0.03
# How often progress is told.
TELL_SECONDS = 0.1
# Draws that take a core more than a second, in vectors and without.
SECOND_OF_VECTORS = 4 << 30
SECOND_OF_SCALARS = 1 << 28
# How often a task may be lost with its worker before that is an error.
MOST_LOST = 3


@dataclass(frozen=True)
class Plan:
    """All that a simulation depends on."""

    banner: Banner
    seed: int
    players: int
    pulls: int
    batch: int | None
    goal: str | None
    copies: int
    exchange: str
    items: bool
    waits: bool
    starts: NDArray[np.int16] | None
    budgets: NDArray[np.uint64] | None
    outcomes: bool
    states: bool
    ends: bool

    @property
    def stops(self) -> bool:
        """Whether players stop before they have made all draws."""
        return self.goal is not None or self.budgets is not None

    def simulation(self) -> _core.Simulation:
        """The core's simulation."""
        return _core.Simulation(
            self.banner._core,
            seed=self.seed,
            players=self.players,
            pulls=self.pulls,
            batch=self.batch,
            items=self.items,
            waits=self.waits,
            scalar_only=False,
        )

    def run(
        self, core: _core.Simulation, first: int, last: int, columns: Columns
    ) -> _core.SimulationRun:
        """The run of some chunks, which reads and writes these columns."""
        return core.run(
            first,
            last,
            goal=self.goal,
            copies=self.copies,
            exchange=self.exchange,
            starts=columns.starts,
            budgets=columns.budgets,
            items=columns.outcomes,
            states=columns.states,
            drawn=columns.drawn,
            got=columns.got,
        )


@dataclass
class Columns:
    """Rows of players, where they are asked for."""

    starts: NDArray[np.int16] | None = None
    budgets: Array | None = None
    outcomes: NDArray[np.uint16] | None = None
    states: NDArray[np.int16] | None = None
    drawn: Array | None = None
    got: Array | None = None

    def rows(self, which: slice) -> Columns:
        """Those of some players; one start for all is theirs as well."""

        def of(column: Any) -> Any:
            return None if column is None else column[which]

        one = self.starts is not None and len(self.starts) == 1
        return Columns(
            starts=self.starts if one else of(self.starts),
            budgets=of(self.budgets),
            outcomes=of(self.outcomes),
            states=of(self.states),
            drawn=of(self.drawn),
            got=of(self.got),
        )

    def put(self, which: slice, other: Columns) -> None:
        """Take over what was written for some players."""
        for name in ("outcomes", "states", "drawn", "got"):
            column = getattr(self, name)
            if column is not None:
                column[which] = getattr(other, name)


@dataclass
class Part:
    """What some players drew."""

    draws: int
    rarities: Array
    featured: Array
    items: Array
    waits: list[Array]
    pity_at_hit: list[Array]
    pulls_to_goal: Array
    not_met: int
    exchanged: int
    columns: Columns = field(default_factory=Columns)

    def add(self, other: Part) -> None:
        """Add the counts of other players."""
        self.draws += other.draws
        self.rarities = self.rarities + other.rarities
        self.featured = self.featured + other.featured
        self.items = self.items + other.items
        self.waits = _sums(self.waits, other.waits)
        self.pity_at_hit = _sums(self.pity_at_hit, other.pity_at_hit)
        self.pulls_to_goal = _sum(self.pulls_to_goal, other.pulls_to_goal)
        self.not_met += other.not_met
        self.exchanged += other.exchanged


@dataclass(frozen=True)
class Task:
    """Some chunks of a plan: those from `first` up to `last`, without it."""

    first: int
    last: int
    first_player: int
    last_player: int


class Stopped(Exception):
    """Ctrl-C; `part` is what was drawn until then."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self.part = part


def run_in_threads(plan: Plan, threads: int, progress: Progress | None) -> Part:
    """Run a plan on so many threads of this process.

    Raises
    ------
    Stopped
        Ctrl-C was pressed.
    """
    core = plan.simulation()
    whole = _empty_part(plan, core)
    done = [0] * threads
    total = plan.players * core.draws
    stop = threading.Event()
    tasks = iter(_tasks(plan, core, _second(plan, core) // 8, at_least=threads * 8))
    lock = threading.Lock()

    def work(worker: int) -> None:
        while not stop.is_set():
            with lock:
                task = next(tasks, None)
            if task is None:
                return
            mine = whole.columns.rows(slice(task.first_player, task.last_player))
            run = plan.run(core, task.first, task.last, mine)
            while not stop.is_set():
                made = run.advance(SLICE_SECONDS)
                if made == 0:
                    break
                done[worker] += made
            part = Part(*run.result())
            with lock:
                whole.add(part)

    with ThreadPoolExecutor(threads, "fairpull-simulate") as pool:
        futures: list[Future[None]] = []
        try:
            futures = [pool.submit(work, worker) for worker in range(threads)]
            pending = set(futures)
            while pending:
                finished, pending = wait(pending, TELL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    future.result()
                if progress is not None:
                    progress(sum(done), total)
        except KeyboardInterrupt:
            stop.set()
            wait(futures)
            whole.columns = Columns()
            raise Stopped(whole) from None
        finally:
            stop.set()
    return whole


def run_in_executor(plan: Plan, executor: Executor, progress: Progress | None) -> Part:
    """Run a plan in the workers of an executor.

    A task whose worker is lost is submitted again, or run here if the executor
    takes no more.

    Raises
    ------
    Stopped
        Ctrl-C was pressed.
    """
    core = plan.simulation()
    whole = _empty_part(plan, core)
    done = 0
    total = plan.players * core.draws
    lost: dict[Task, int] = {}
    pending: dict[Future[Part | Exception], Task] = {}

    def submit(task: Task) -> None:
        try:
            future = executor.submit(run_task, _share(plan, task), task)
        except BrokenExecutor:
            future = Future()
            future.set_result(run_task(_share(plan, task), task))
        pending[future] = task

    try:
        for task in _tasks(plan, core, _second(plan, core), at_least=1):
            submit(task)
        while pending:
            finished, _ = wait(pending, TELL_SECONDS, FIRST_COMPLETED)
            for future in finished:
                task = pending.pop(future)
                try:
                    part = future.result()
                except Exception:
                    # run_task gives its own errors back, so this is the worker's.
                    lost[task] = lost.get(task, 0) + 1
                    if lost[task] > MOST_LOST:
                        raise
                    submit(task)
                    continue
                if isinstance(part, Exception):
                    raise part
                whole.add(part)
                rows = slice(task.first_player, task.last_player)
                whole.columns.put(rows, part.columns)
                done += (task.last_player - task.first_player) * core.draws
                if progress is not None:
                    progress(done, total)
    except KeyboardInterrupt:
        whole.columns = Columns()
        raise Stopped(whole) from None
    finally:
        for future in pending:
            future.cancel()
    return whole


def run_task(plan: Plan, task: Task) -> Part | Exception:
    """Run a task where there is nothing but the plan: in another process.

    Its own errors are given back, so that they can be told from the loss of a
    worker.
    """
    try:
        core = plan.simulation()
        part = _empty_part(
            replace(plan, players=task.last_player - task.first_player), core
        )
        run = plan.run(core, task.first, task.last, part.columns)
        while run.advance(SLICE_SECONDS) != 0:
            pass
        part.add(Part(*run.result()))
        # Nobody needs back what they gave.
        part.columns.starts = part.columns.budgets = None
    except Exception as error:
        return error
    return part


def _second(plan: Plan, core: _core.Simulation) -> int:
    scalar = core.why_scalar or plan.stops
    return SECOND_OF_SCALARS if scalar else SECOND_OF_VECTORS


def _tasks(
    plan: Plan, core: _core.Simulation, draws: int, at_least: int
) -> Iterator[Task]:
    """Tasks of about so many draws; more and smaller ones if those are too few."""
    per_chunk = core.players_in(0) * core.draws
    size = max(1, min(draws // per_chunk, core.chunks // at_least))
    for first in range(0, core.chunks, size):
        last = min(first + size, core.chunks)
        yield Task(
            first=first,
            last=last,
            first_player=core.first_player(first),
            last_player=core.first_player(last - 1) + core.players_in(last - 1),
        )


def _share(plan: Plan, task: Task) -> Plan:
    """The plan without what players begin with that a task has nothing to do with."""
    mine = Columns(starts=plan.starts, budgets=plan.budgets).rows(
        slice(task.first_player, task.last_player)
    )
    return replace(plan, starts=mine.starts, budgets=mine.budgets)


def _empty_part(plan: Plan, core: _core.Simulation) -> Part:
    """Nothing drawn yet, with room for the columns of all players."""
    columns = Columns(starts=plan.starts, budgets=plan.budgets)
    if plan.outcomes:
        columns.outcomes = np.empty((plan.players, core.draws), dtype=np.uint16)
    if plan.states:
        counters = len(plan.banner.counters)
        columns.states = np.empty((plan.players, counters), dtype=np.int16)
    if plan.ends:
        columns.drawn = np.empty(plan.players, dtype=np.uint64)
        columns.got = np.empty(plan.players, dtype=np.uint64)
    nothing = plan.run(core, 0, 0, columns.rows(slice(0, 0)))
    return Part(*nothing.result(), columns)


def _sums(a: list[Array], b: list[Array]) -> list[Array]:
    return [_sum(*both) for both in zip(a, b, strict=True)]


def _sum(a: Array, b: Array) -> Array:
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    both = longer.copy()
    both[: len(shorter)] += shorter
    return both
