"""Players with an income, who pull, save and exchange: :func:`simulate_periods`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairpull._checks import MAX_AMOUNT, whole
from fairpull._generator import Rng
from fairpull.banner import Banner
from fairpull.errors import FailedPreconditionError, InvalidArgumentError
from fairpull.simulation import MAX_DRAWS, SimulationResult, seed_of, simulate

__all__ = ["Period", "PeriodResult", "simulate_periods"]

Column = NDArray[np.int64]


@dataclass(frozen=True)
class Period:
    """A time in which one banner is open, and what players do in it.

    Attributes
    ----------
    banner : Banner
        What they pull from. Its counters go on from earlier periods as in a game:
        those of a family on all of its banners.
    income : int, array of int of shape (players,), or mapping of str to either
        What comes in before it, in the banner's currency or by currency.
    goal, copies, exchange
        What they pull for, as :func:`simulate` takes it; until the money is spent
        without a goal.
    at_least : int
        Who can't pay for so many pulls saves, and makes none.
    at_most : int, optional
        Nobody makes more pulls than that.
    batch : int, optional
        How many pulls are bought at once, as :func:`simulate` takes it.
    ends : bool
        Whether the banner ends with the period: counters that end with it start
        again, and points that are left over give what the banner says.
    """

    banner: Banner
    income: ArrayLike | Mapping[str, ArrayLike] = 0
    goal: str | None = None
    copies: int = 1
    exchange: str = "never"
    at_least: int = 0
    at_most: int | None = None
    batch: int | None = None
    ends: bool = True


@dataclass(frozen=True)
class PeriodResult:
    """What happened in a period.

    Attributes
    ----------
    simulation : SimulationResult
        What was drawn, with the columns ``drawn``, ``got`` and ``states``. The
        counters are those before the end of the banner.
    spent : ndarray of int64, shape (players,)
        In the banner's currency.
    money : dict of str to ndarray of int64, shape (players,)
        What each player has after the period, by currency.
    """

    simulation: SimulationResult
    spent: Column
    money: dict[str, Column]


def simulate_periods(
    periods: Sequence[Period],
    *,
    players: int,
    money: ArrayLike | Mapping[str, ArrayLike] = 0,
    state: Mapping[str, ArrayLike] | None = None,
    rng: Rng = None,
    threads: int | None = None,
    executor: Executor | None = None,
) -> list[PeriodResult]:
    """Let players go through periods, one after the other, with what they have.

    Parameters
    ----------
    periods : sequence of Period
        In their order; the same banner may come again.
    players : int
        How many players.
    money : int, array of int of shape (players,), or mapping of str to either
        What they begin with, in the first banner's currency or by currency.
    state : mapping of str to int or array of shape (players,), optional
        The counters that they begin with on the first banner.
    rng, threads, executor
        As :func:`simulate` takes them. The result depends on the seed alone.

    Returns
    -------
    list of PeriodResult
        One for each period.

    Raises
    ------
    InvalidArgumentError
        There is no period, or something in one is out of range; the message says
        which and what would be right.
    FailedPreconditionError
        The price of a banner's pulls, or what they give, depends on the player.

    Examples
    --------
    Save for the second banner, and see who gets its character.

    >>> import fairpull
    >>> banner = fairpull.Banner.load("genshin-character")
    >>> first, second = fairpull.simulate_periods(
    ...     [
    ...         fairpull.Period(banner, income=9_600, at_most=0),
    ...         fairpull.Period(banner, income=9_600, goal="featured:5-star"),
    ...     ],
    ...     players=10_000,
    ...     rng=7,
    ... )
    >>> bool((first.spent == 0).all())
    True
    >>> second.simulation.not_met
    2970
    """
    number = whole("players", players, 1, MAX_DRAWS)
    if len(periods) == 0:
        raise InvalidArgumentError("there are no periods; there must be at least one")
    seeds = np.random.SeedSequence(seed_of(rng)).generate_state(len(periods), np.uint64)
    purse = _Purse(number)
    purse.add("money", periods[0].banner, money)
    memory = _Memory()
    if state is not None:
        memory.keep(periods[0].banner, state)
    results = []
    for place, (period, seed) in enumerate(zip(periods, seeds, strict=True)):
        banner, where = period.banner, f"periods[{place}]"
        _check_plain(banner, where)
        purse.add(f"{where}.income", banner, period.income)
        budgets = _budgets(period, purse.of(banner.price_currency), where)
        result = simulate(
            banner,
            players=number,
            pulls=budgets,
            rng=int(seed),
            threads=threads,
            executor=executor,
            batch=period.batch,
            goal=period.goal,
            copies=period.copies,
            exchange=period.exchange,
            state=memory.of(banner),
            states=True,
            ends=True,
        )
        spent = _paid(period, result) * banner.price_amount
        purse.take(banner.price_currency, spent)
        left = result.states or {}
        if period.ends:
            left, gives = _end(banner, left, number)
            for currency, amounts in gives.items():
                purse.add(f"{where}.banner", banner, {currency: amounts})
        memory.keep(banner, left)
        results.append(PeriodResult(result, spent, purse.copy()))
    return results


class _Purse:
    """What each player has of each currency."""

    def __init__(self, players: int) -> None:
        self._players = players
        self._money: dict[str, Column] = {}

    def of(self, currency: str) -> Column:
        return self._money.setdefault(currency, np.zeros(self._players, np.int64))

    def add(
        self, name: str, banner: Banner, amounts: ArrayLike | Mapping[str, ArrayLike]
    ) -> None:
        """Add what `name` brings in, in the banner's currency if it says no other."""
        if not isinstance(amounts, Mapping):
            amounts = {banner.price_currency: amounts}
        for currency, given in amounts.items():
            column = np.asarray(given)
            if not np.issubdtype(column.dtype, np.integer):
                raise TypeError(
                    f"{name} is of type {column.dtype}; it must be integers"
                )
            if column.shape not in ((), (self._players,)):
                raise InvalidArgumentError(
                    f"{name} is of shape {column.shape}; it must be one number, or "
                    f"one for each of {self._players} players"
                )
            whole(name, int(column.min()), 0, MAX_AMOUNT)
            whole(name, int(column.max()), 0, MAX_AMOUNT)
            after = self.of(currency) + column.astype(np.int64)
            if after.max() > MAX_AMOUNT:
                raise InvalidArgumentError(
                    f"with {name} a player has {after.max()} {currency}; it must be "
                    f"at most {MAX_AMOUNT}"
                )
            self._money[currency] = after

    def take(self, currency: str, amounts: Column) -> None:
        self._money[currency] = self.of(currency) - amounts

    def copy(self) -> dict[str, Column]:
        return {currency: column.copy() for currency, column in self._money.items()}


class _Memory:
    """The counters that players have on all banners, each by who shares it."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, ...], ArrayLike] = {}

    def of(self, banner: Banner) -> dict[str, ArrayLike]:
        """Those of a banner that are known."""
        return {
            name: self._columns[key]
            for name in banner.counters
            if (key := self._key(banner, name)) in self._columns
        }

    def keep(self, banner: Banner, state: Mapping[str, ArrayLike]) -> None:
        """Remember these; one that the banner doesn't have is told by `simulate`."""
        for name, column in state.items():
            self._columns[self._key(banner, name)] = column

    @staticmethod
    def _key(banner: Banner, name: str) -> tuple[str, ...]:
        scope = banner.counter_scopes.get(name)
        if scope is None:
            raise InvalidArgumentError(
                f"there is no counter {name!r} on banner {banner.id!r}; there are "
                f"{', '.join(banner.counters) or 'none'}"
            )
        if scope == "account":
            return (scope, name)
        return (scope, banner.id if scope == "banner" else banner.scope, name)


def _check_plain(banner: Banner, where: str) -> None:
    try:
        banner.check_servable()
    except FailedPreconditionError as error:
        raise FailedPreconditionError(f"{where}: {error}") from None


def _sold(period: Period) -> int:
    return period.batch or min(period.banner.batches)


def _budgets(period: Period, money: Column, where: str) -> Column:
    """How many pulls each player makes at most."""
    most = MAX_DRAWS if period.at_most is None else period.at_most
    most = whole(f"{where}.at_most", most, 0, MAX_DRAWS)
    least = whole(f"{where}.at_least", period.at_least, 0, MAX_DRAWS)
    affordable = money // period.banner.price_amount
    return np.where(affordable >= least, np.minimum(affordable, most), 0)


def _paid(period: Period, result: SimulationResult) -> Column:
    """How many pulls each player paid for: a batch may draw more."""
    assert result.drawn is not None
    sold = _sold(period)
    batches = result.drawn // np.uint64(period.banner.draws_of(sold))
    return (batches * np.uint64(sold)).astype(np.int64)


def _end(
    banner: Banner, state: Mapping[str, NDArray[np.int16]], players: int
) -> tuple[dict[str, NDArray[np.int16]], dict[str, Column]]:
    """The counters after the end of the banner, and what is given for them."""
    after: dict[str, NDArray[np.int16]] = {}
    gives: dict[str, Column] = {}
    for name, column in state.items():
        # Each counter ends by itself, and has few values.
        values, which = np.unique(column, return_inverse=True)
        ends = [banner.end({name: int(value)}) for value in values]
        after[name] = np.array([end[name] for end, _ in ends], np.int16)[which]
        for currency in {c for _, given in ends for c in given}:
            amounts = np.array([given.get(currency, 0) for _, given in ends], np.int64)
            gives.setdefault(currency, np.zeros(players, np.int64))
            gives[currency] += amounts[which]
    return after, gives
