"""Monte Carlo over many players: :func:`simulate`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairpull import _core
from fairpull._checks import whole
from fairpull._generator import Rng
from fairpull._simulation_table import NOT_DRAWN, to_arrow, write_parquet
from fairpull._simulation_tasks import (
    Columns,
    Part,
    Plan,
    Progress,
    Stopped,
    run_in_executor,
    run_in_threads,
)
from fairpull.banner import MAX_COPIES, Banner
from fairpull.errors import InvalidArgumentError

if TYPE_CHECKING:
    import pyarrow

__all__ = ["NOT_DRAWN", "SimulationInterrupted", "SimulationResult", "simulate"]

Starts: TypeAlias = Mapping[str, ArrayLike]
MAX_SEED = 2**64 - 1
MAX_DRAWS = 2**62
MAX_THREADS = 1024
MAX_BATCH = 2**32 - 1
EXCHANGES = ("never", "at once", "at the end")


@dataclass(frozen=True)
class SimulationResult:
    """What simulated players drew.

    Attributes
    ----------
    banner : Banner
        The banner.
    seed : int
        With it the same players draw the same again.
    players : int
        How many there are.
    pulls : int
        How many draws of all players are counted: with a goal those up to it.
    seconds : float
        How long it took.
    vectors : str
        The vectors that it ran on: ``"AVX3"`` (AVX-512), ``"AVX2"``, ``"SSE4"``;
        ``"scalar"`` without any.
    why_scalar : str
        Why the banner does not run in vectors; empty if it does.
    rarities : dict of str to int
        Hits by rarity, highest first.
    featured : dict of str to int
        Featured hits of the rarities that have a rate-up, highest first.
    items : dict of str to int
        How often each item was drawn; empty with ``items=False``.
    waits : dict of str to ndarray of uint64
        With ``waits=True``, by rarity: entry n counts the hits that came n draws
        after the one before, or after the player began. From 65536 on they are
        counted together.
    pity_at_hit : dict of str to ndarray of uint64
        With ``waits=True``, by rarity: entry n counts the hits whose pity stood at
        n, that pull included; a counter that starts elsewhere, is reset by a higher
        hit or stands still makes it differ from `waits`. Empty for a rarity without
        pity, or whose pity counts batches.
    pulls_to_goal : ndarray of uint64
        With a goal: entry n counts the players who met it with draw n, or by an
        exchange after it.
    not_met : int
        With a goal: how many players did not meet it.
    exchanged : int
        With a goal: how often points were exchanged for it.
    outcomes : ndarray of uint16, shape (players, draws), or None
        With ``outcomes=True``: what each player drew, as indices into
        ``banner.items``; ``NOT_DRAWN``, 65535, where the player had stopped.
    states : dict of str to ndarray of int16, shape (players,), or None
        With ``states=True``: the counters after the player's last draw, and after
        what was exchanged.
    drawn, got : ndarray of uint64, shape (players,), or None
        With ``ends=True``: how many draws each player made, and how many copies of
        the goal each has, those exchanged included.
    """

    banner: Banner
    seed: int
    players: int
    pulls: int
    seconds: float
    vectors: str
    why_scalar: str
    rarities: dict[str, int]
    featured: dict[str, int]
    items: dict[str, int]
    waits: dict[str, NDArray[np.uint64]]
    pity_at_hit: dict[str, NDArray[np.uint64]]
    pulls_to_goal: NDArray[np.uint64]
    not_met: int
    exchanged: int
    outcomes: NDArray[np.uint16] | None
    states: dict[str, NDArray[np.int16]] | None
    drawn: NDArray[np.uint64] | None
    got: NDArray[np.uint64] | None

    def to_arrow(self) -> pyarrow.Table:
        """The outcomes as a table: ``player``, ``seq`` from 1, ``item``, ``rarity``.

        Items and rarities are dictionaries; the items' indices are `outcomes`
        itself where no player stopped, not a copy.

        Raises
        ------
        InvalidArgumentError
            The simulation kept no outcomes.
        MissingExtraError
            PyArrow is not installed.
        """
        return to_arrow(self.banner, self.outcomes)

    def write_parquet(self, path: str | Path) -> None:
        """Write that table to a file, some players at a time, whole or not at all.

        :func:`fairpull.read_history` reads it as a recorded history.

        Raises
        ------
        InvalidArgumentError, MissingExtraError
            As :meth:`to_arrow`.
        OSError
            The file can't be written.
        """
        write_parquet(self.banner, self.outcomes, path)


class SimulationInterrupted(KeyboardInterrupt):
    """Ctrl-C during a simulation; `result` is what was done until then.

    Its columns, as `outcomes` and `states`, are None.
    """

    def __init__(self, result: SimulationResult) -> None:
        super().__init__("the simulation was interrupted")
        self.result = result


def simulate(
    banner: Banner,
    *,
    players: int,
    pulls: int | ArrayLike,
    rng: Rng = None,
    threads: int | None = None,
    executor: Executor | None = None,
    batch: int | None = None,
    goal: str | None = None,
    copies: int = 1,
    exchange: str = "never",
    state: Starts | None = None,
    items: bool = True,
    waits: bool = False,
    outcomes: bool = False,
    states: bool = False,
    ends: bool = False,
    progress: Progress | None = None,
) -> SimulationResult:
    """Let many players pull, as :meth:`Banner.pull` does, and count what they draw.

    The result depends on the seed alone: it is the same for any number of
    threads, any executor and any machine.

    Parameters
    ----------
    banner : Banner
        The banner.
    players : int
        How many players, each with a state of their own.
    pulls : int or array of int, shape (players,)
        How many pulls each of them pays for. In an array these are budgets: what
        is no whole batch is not spent, and 0 is none at all.
    rng : None, int, SeedSequence or Generator
        An int from 0 to 2**64 - 1 is the seed itself; otherwise one is drawn.
    threads : int, optional
        How many threads: all cores if left out.
    executor : concurrent.futures.Executor, optional
        Runs the players in its workers instead, a second or more of them at a
        time; those of a worker that is lost are run again.
    batch : int, optional
        How many pulls are bought at once: 1 if that is sold, else the fewest
        that are.
    goal, copies : str, int
        ``rarity:R``, ``featured:R`` or ``item:ID``, so many times: each player
        stops after the batch that meets it. `pulls` is then the budget.
    exchange : {"never", "at once", "at the end"}
        When players exchange spark points for the goal: as soon as the points
        suffice, or when the budget is spent and the goal is not met.
    state : mapping of str to int or array, optional
        The counters to begin with, by name, of all players or of each.
    items, waits, outcomes, states, ends : bool
        What else to count, or to give back as columns.
    progress : callable, optional
        Called as ``progress(done, total)``, with numbers of draws, some ten
        times a second where there is something to tell.

    Raises
    ------
    InvalidArgumentError
        An argument is out of range, or the banner has no such goal, counter or
        batch; the message says what would be right.
    TypeError
        An argument is of the wrong kind.
    SimulationInterrupted
        Ctrl-C was pressed. It is a KeyboardInterrupt, and its `result` has what
        was done until then.

    Examples
    --------
    >>> import fairpull
    >>> banner = fairpull.Banner.load("starter")
    >>> fairpull.simulate(banner, players=1000, pulls=90, rng=7).rarities
    {'ultra_rare': 1226, 'super_rare': 11393, 'rare': 77381}
    """
    began = time.perf_counter()
    if not isinstance(banner, Banner):
        raise TypeError(
            f"banner is of type {type(banner).__name__}; it must be a fairpull.Banner"
        )
    workers = _workers(threads, executor)
    seed = seed_of(rng)
    number = whole("players", players, 1, MAX_DRAWS)
    paid_at_once = None if batch is None else whole("batch", batch, 1, MAX_BATCH)
    most, budgets = _budgets(pulls, number, paid_at_once or min(banner.batches))
    if exchange not in EXCHANGES:
        raise InvalidArgumentError(
            f"exchange is {exchange!r}; it must be one of "
            + ", ".join(map(repr, EXCHANGES))
        )
    if exchange != "never" and goal is None:
        raise InvalidArgumentError(
            f"exchange is {exchange!r} without a goal to exchange for; name one"
        )
    plan = Plan(
        banner=banner,
        seed=seed,
        players=number,
        pulls=most,
        batch=paid_at_once,
        goal=goal,
        copies=whole("copies", copies, 1, MAX_COPIES),
        exchange=exchange,
        items=items or outcomes or (goal is not None and goal.startswith("item:")),
        waits=waits,
        starts=None if state is None else _starts(banner, state, number),
        budgets=budgets,
        outcomes=outcomes,
        states=states,
        ends=ends,
    )
    core = plan.simulation()
    # Wrong goals are told before anything is begun.
    plan.run(core, 0, 0, Columns())

    def result_of(part: Part) -> SimulationResult:
        return _result(plan, core, part, items, time.perf_counter() - began)

    try:
        if executor is not None:
            part = run_in_executor(plan, executor, progress)
        else:
            part = run_in_threads(plan, workers, progress)
    except Stopped as stopped:
        raise SimulationInterrupted(result_of(stopped.part)) from None
    return result_of(part)


def _workers(threads: int | None, executor: Executor | None) -> int:
    if executor is None:
        if threads is None:
            return min(_cores(), MAX_THREADS)
        return whole("threads", threads, 1, MAX_THREADS)
    if not isinstance(executor, Executor):
        raise TypeError(
            f"executor is of type {type(executor).__name__}; it must be a "
            "concurrent.futures.Executor, as that which client.get_executor() of "
            "Dask gives"
        )
    if threads is not None:
        raise InvalidArgumentError(
            f"threads is {threads} beside an executor, which has its own workers; "
            "leave one out"
        )
    return 1


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def seed_of(rng: Rng) -> int:
    """The seed that stands for `rng`: itself, or one drawn from it."""
    if isinstance(rng, (bool, float, str)):
        raise TypeError(
            f"rng is {rng!r}; it must be None, an integer, a SeedSequence or a "
            "Generator"
        )
    if isinstance(rng, (int, np.integer)):
        return whole("rng", rng, 0, MAX_SEED)
    generator = np.random.default_rng(rng)
    return int(generator.integers(0, MAX_SEED, dtype=np.uint64, endpoint=True))


def _budgets(
    pulls: int | ArrayLike, players: int, batch: int
) -> tuple[int, NDArray[np.uint64] | None]:
    """The most pulls that a player pays for, and those of each if they differ."""
    column = np.asarray(pulls)
    if column.ndim == 0:
        number: Any = pulls
        return whole("pulls", number, 1, MAX_DRAWS), None
    if not np.issubdtype(column.dtype, np.integer):
        raise TypeError(f"pulls is of type {column.dtype}; it must be integers")
    if column.shape != (players,):
        raise InvalidArgumentError(
            f"pulls is of shape {column.shape}; it must be one number, or one for "
            f"each of {players} players"
        )
    low, high = int(column.min()), int(column.max())
    whole("pulls", low, 0, MAX_DRAWS)
    whole("pulls", high, 0, MAX_DRAWS)
    return max(batch, high // batch * batch), column.astype(np.uint64)


def _starts(banner: Banner, state: Starts, players: int) -> NDArray[np.int16]:
    """Rows of counters: one for all players, or one for each."""
    counters = banner.counters
    unknown = [name for name in state if name not in counters]
    if unknown:
        raise InvalidArgumentError(
            f"there is no counter {unknown[0]!r} on banner {banner.id!r}; there are "
            f"{', '.join(counters) or 'none'}"
        )
    columns = {name: np.asarray(values) for name, values in state.items()}
    rows = 1 if all(column.ndim == 0 for column in columns.values()) else players
    starts = np.empty((rows, len(counters)), dtype=np.int16)
    for place, (name, values) in enumerate(counters.items()):
        column = columns.get(name, np.asarray(values.start))
        if not np.issubdtype(column.dtype, np.integer):
            raise TypeError(f"{name} is of type {column.dtype}; it must be integers")
        if column.ndim != 0 and column.shape != (players,):
            raise InvalidArgumentError(
                f"{name} is of shape {column.shape}; it must be one number, or one "
                f"for each of {players} players"
            )
        low, high = column.min(), column.max()
        if low < values.lowest or high > values.highest:
            wrong = low if low < values.lowest else high
            raise InvalidArgumentError(
                f"{name} is {wrong}; it must be from {values.lowest} to "
                f"{values.highest}"
            )
        starts[:, place] = column
    return starts


def _result(
    plan: Plan, core: _core.Simulation, part: Part, items: bool, seconds: float
) -> SimulationResult:
    banner = plan.banner
    ids = [rarity.id for rarity in banner.rarities]
    rate_up = {item.rarity for item in banner.items if item.featured}

    def by_rarity(values: Any) -> dict[str, Any]:
        return dict(zip(ids, values, strict=True))

    columns = part.columns
    states = None
    if columns.states is not None:
        states = {
            name: columns.states[:, place] for place, name in enumerate(banner.counters)
        }
    featured = by_rarity(part.featured.tolist())
    return SimulationResult(
        banner=banner,
        seed=plan.seed,
        players=plan.players,
        pulls=part.draws,
        seconds=seconds,
        vectors=core.vectors,
        why_scalar=core.why_scalar,
        rarities=by_rarity(part.rarities.tolist()),
        featured={name: hits for name, hits in featured.items() if name in rate_up},
        items=dict(zip((i.id for i in banner.items), part.items.tolist(), strict=True))
        if items
        else {},
        waits=by_rarity(part.waits) if plan.waits else {},
        pity_at_hit=by_rarity(part.pity_at_hit) if plan.waits else {},
        pulls_to_goal=part.pulls_to_goal,
        not_met=part.not_met,
        exchanged=part.exchanged,
        outcomes=columns.outcomes,
        states=states,
        drawn=columns.drawn,
        got=columns.got,
    )
