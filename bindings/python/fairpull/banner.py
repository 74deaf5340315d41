"""Banners: loading, odds and pulls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from fairpull import _core
from fairpull._checks import MAX_AMOUNT, whole
from fairpull._files import read_banner_text
from fairpull._generator import Rng, stream
from fairpull.distribution import Distribution
from fairpull.errors import BannerError, InvalidArgumentError, Problem
from fairpull.pulls import Pulls
from fairpull.records import (
    CounterRange,
    Finding,
    Item,
    ItemOdds,
    Odds,
    Pull,
    Rarity,
    RarityOdds,
    Rule,
    WaitOdds,
)

__all__ = ["Banner", "Source", "check"]

Source = _core.Source

State: TypeAlias = dict[str, int]
"""Counters by name."""

MAX_PULLS = 1 << 32
MAX_COPIES = 100_000
MAX_HIT_PULLS = 10_000_000


class Banner:
    """A compiled banner: immutable, and safe to share between threads.

    Made by :meth:`load` or :meth:`from_json`.

    Examples
    --------
    >>> banner = Banner.load("starter")
    >>> banner.rarities[0].base
    Fraction(3, 500)
    >>> banner.pull(size=1000, rng=7).counts()
    {'ultra_rare': 14, 'super_rare': 125, 'rare': 861}
    """

    def __init__(self, core: _core.Banner, source: tuple[str, str] = ("", "")) -> None:
        self._core = core
        # The text that it was compiled from and the file's name, if known: what
        # goes to another process.
        self._source = source

    def __reduce__(self) -> tuple[Callable[[str, str], Banner], tuple[str, str]]:
        text, _ = self._source
        if not text:
            raise TypeError(
                f"banner {self.id!r} can't be pickled, since its file is not known "
                "here; load it by Banner.load or Banner.from_json"
            )
        return _compile, self._source

    @classmethod
    def load(cls, path_or_name: str | Path) -> Banner:
        """Load a banner file, or a banner that ships with the package.

        Parameters
        ----------
        path_or_name : str or Path
            A path (anything with a slash or ending in ``.json``), or one of
            :func:`fairpull.banner_names`.

        Raises
        ------
        UnknownBanner
            No banner of this name ships.
        OSError
            The file can't be read.
        BannerError
            The file is no valid banner; ``problems`` has every reason.
        """
        text, file = read_banner_text(path_or_name)
        return cls.from_json(text, file=file)

    @classmethod
    def from_json(cls, text: str, *, file: str = "<text>") -> Banner:
        """Compile the text of a banner file; `file` names it in problems.

        Raises
        ------
        BannerError
            The text is no valid banner; ``problems`` has every reason.
        """
        core, problems = _core.check_text(text, file)
        if problems:
            raise BannerError([Problem(*problem) for problem in problems])
        return cls(core, (text, file))

    def __repr__(self) -> str:
        return f"<fairpull.Banner {self.id!r} {self.odds_version[:12]}>"

    @property
    def id(self) -> str:
        """The banner's id."""
        return self._core.id

    @property
    def name(self) -> str:
        """How the banner is shown."""
        return self._core.name

    @property
    def description(self) -> str:
        """A sentence about it; may be empty."""
        return self._core.description

    @property
    def sources(self) -> list[Source]:
        """Where its figures come from: .covers, .official, .reference."""
        return self._core.sources

    @property
    def scope(self) -> str:
        """Where its counters are kept: banners of a family share them."""
        return self._core.scope

    @property
    def opens_at_ms(self) -> int | None:
        """When it opens, in UTC milliseconds; None if it always was open."""
        return self._core.opens_at_ms

    @property
    def closes_at_ms(self) -> int | None:
        """When it closes, in UTC milliseconds; None if never."""
        return self._core.closes_at_ms

    @property
    def price_currency(self) -> str:
        """The currency that a pull is paid in."""
        return self._core.price_currency

    @property
    def price_amount(self) -> int:
        """The price of one pull."""
        return self._core.price_amount

    @property
    def prices(self) -> dict[str, int]:
        """The price of one pull in each currency, the main one first."""
        return dict(self._core.prices)

    @property
    def batches(self) -> list[int]:
        """How many pulls are sold at once."""
        return self._core.batches

    @property
    def odds_version(self) -> str:
        """SHA-256 of :attr:`canonical_json`: the name of these odds."""
        return self._core.odds_version

    @property
    def canonical_json(self) -> str:
        """All that can change a draw or its price, in one canonical text."""
        return self._core.canonical_json

    @property
    def counters(self) -> dict[str, CounterRange]:
        """What the banner remembers of a player: each counter and its range."""
        return {
            name: CounterRange(lowest, highest, start)
            for name, lowest, highest, start, _ in self._core.counters
        }

    @property
    def counter_scopes(self) -> dict[str, str]:
        """Who shares each counter.

        The banners of a ``"family"``, this ``"banner"`` alone, or all banners of the
        ``"account"``.
        """
        return {name: scope for name, *_, scope in self._core.counters}

    @cached_property
    def rarities(self) -> tuple[Rarity, ...]:
        """The rarities, highest first."""
        return tuple(
            Rarity(r.id, r.name, Fraction(*r.base), r.hard_pity)
            for r in self._core.rarities
        )

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The pool, in the order of the file."""
        featured = set(self._core.featured_items)
        return tuple(
            Item(
                id=i.id,
                name=i.name,
                type=i.type,
                rarity=self.rarities[i.rarity_index].id,
                featured=index in featured,
                weight=i.weight,
            )
            for index, i in enumerate(self._core.items)
        )

    def odds(self, *, batch: int | None = None) -> Odds:
        """The disclosure: base odds exactly, long-run odds with pity.

        Parameters
        ----------
        batch : int, optional
            How many pulls are bought at once, for the long-run odds: 1 if that
            is sold, else the fewest that are.

        Raises
        ------
        InvalidArgumentError
            Batches of this size are not sold.
        ResourceExhaustedError
            The banner has too many counter states to solve.
        """
        rarities, items = self._core.long_run_odds(batch)
        base = self._core.item_base_odds()
        return Odds(
            odds_version=self.odds_version,
            rarities=tuple(
                RarityOdds(r.id, r.name, r.base, consolidated)
                for r, consolidated in zip(self.rarities, rarities, strict=True)
            ),
            items=tuple(
                ItemOdds(i.id, i.rarity, i.featured, Fraction(*b), consolidated)
                for i, b, consolidated in zip(self.items, base, items, strict=True)
            ),
        )

    def pulls_to(
        self,
        goal: str,
        copies: int = 1,
        state: Mapping[str, int] | None = None,
        *,
        batch: int | None = None,
    ) -> Distribution:
        """The exact distribution of the number of pulls to a goal.

        Parameters
        ----------
        goal : str
            ``rarity:R``, ``featured:R``, ``chosen:R``, ``item:ID`` or
            ``all:ID,ID,…``. An exchange of spark points counts as soon as it
            can be had, except towards ``rarity:R``.
        copies : int
            How often the goal is to be met, from 1 to 100000; 1 for ``all:``.
        state : mapping of str to int, optional
            The counters to begin with, by name; those left out stand at their
            start.
        batch : int, optional
            How many pulls are bought at once: 1 if that is sold, else the
            fewest that are.

        Returns
        -------
        Distribution
            Probabilities within 1e-15, mean and variance within 1e-13 relative.

        Raises
        ------
        InvalidArgumentError
            No such goal or counter, or a value out of range; the message says
            what would be right.
        ResourceExhaustedError
            Too many states, steps or entries; the message says the limit.
        """
        number = whole("copies", copies, 1, MAX_COPIES)
        values = list((state or {}).items())
        core = _core.pulls_to(self._core, goal, number, values, batch)
        return Distribution(core, counts="pulls")

    def hits_in(
        self,
        n: int,
        goal: str,
        state: Mapping[str, int] | None = None,
        *,
        batch: int | None = None,
    ) -> Distribution:
        """The exact distribution of how often a goal is met in `n` pulls.

        Parameters
        ----------
        n : int
            How many pulls, from 0 to 10**7.
        goal, state, batch
            As in :meth:`pulls_to`; a collection is met once, and no goal here.

        Raises
        ------
        InvalidArgumentError, ResourceExhaustedError
            As :meth:`pulls_to`.
        """
        pulls = whole("n", n, 0, MAX_HIT_PULLS)
        values = list((state or {}).items())
        core = _core.hits_in(self._core, goal, pulls, values, batch)
        return Distribution(core, counts="hits")

    def wait_odds(self, rarity: str, *, batch: int | None = None) -> WaitOdds:
        """The exact hazards of a rarity: its odds by pulls since the last hit.

        Up to the longest possible wait, or one that one in 10**12 comes to, or
        100000 pulls; within 1e-12. `batch` as in :meth:`odds`.

        Raises
        ------
        InvalidArgumentError
            No such rarity or batch; the message says which there are.
        ResourceExhaustedError
            As :meth:`odds`.
        """
        ids = [known.id for known in self.rarities]
        if rarity not in ids:
            raise InvalidArgumentError(
                f"there is no rarity {rarity!r} on banner {self.id!r}; there are "
                f"{', '.join(ids)}"
            )
        begun_by, reached, hazard, alone = self._core.wait_odds(
            ids.index(rarity), batch
        )
        return WaitOdds(
            tuple(ids[index] for index in begun_by),
            np.asarray(reached, dtype=np.float64),
            np.asarray(hazard, dtype=np.float64),
            alone,
        )

    def then_as_many(
        self,
        goal: str,
        pulls: int,
        *,
        first: Distribution,
        state: Mapping[str, int] | None = None,
        batch: int | None = None,
    ) -> NDArray[np.float64]:
        """With `pulls` pulls: first another goal, then this one as often as possible.

        Parameters
        ----------
        goal, state, batch
            As in :meth:`pulls_to`, for what comes second.
        pulls : int
            How many pulls there are, from 0 to 10**7.
        first : Distribution
            Pulls to what comes first, on whichever banner.

        Returns
        -------
        ndarray of float, shape (k,)
            P(the first goal is met, and this one 0, 1, … times). What it lacks
            of 1 is P(the first goal is not met).
        """
        number = whole("pulls", pulls, 0, MAX_HIT_PULLS)
        values = list((state or {}).items())
        odds = _core.then_as_many_as_possible(
            first._core, self._core, goal, number, values, batch
        )
        return np.asarray(odds, dtype=np.float64)

    def affordable_pulls(self, wallet: Mapping[str, int]) -> int:
        """How many pulls a wallet of several currencies buys.

        Bought one at a time, or in the fewest that are sold at once, in each
        currency as many as its balance allows; discounts are left aside. The
        probability of a goal with this wallet is
        ``banner.pulls_to(goal).cdf(banner.affordable_pulls(wallet))``.

        Raises
        ------
        InvalidArgumentError
            A negative balance.
        FailedPreconditionError
            A step-up, whose price depends on luck.
        """
        balances = [
            (name, whole(name, value, 0, MAX_AMOUNT)) for name, value in wallet.items()
        ]
        return _core.affordable_pulls(self._core, balances)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in words, beside the odds of a first pull: prices first."""
        return tuple(Rule(*rule) for rule in self._core.rules)

    def lint(self) -> list[Finding]:
        """What is odd about the banner, and what the worst of luck costs."""
        return [Finding(*finding) for finding in _core.lint(self._core)]

    def quote(
        self,
        count: int = 1,
        state: Mapping[str, int] | None = None,
        *,
        currency: str = "",
    ) -> tuple[str, int]:
        """What `count` pulls at once cost a player: currency and amount.

        Raises
        ------
        InvalidArgumentError
            So many are not sold at once, or not in this currency.
        """
        size = whole("count", count, 1, MAX_PULLS)
        return self._core.quote(size, list((state or {}).items()), currency)

    def check_servable(self) -> None:
        """Check that pulls of this banner can be drawn from a store.

        Raises
        ------
        FailedPreconditionError
            It has rules that give something beside the drawn items, or a price
            that depends on the player; the message names them.
        """
        self._core.check_servable()

    def draws_of(self, count: int) -> int:
        """How many draws a batch of `count` pulls makes, with those on top."""
        return self._core.draws_of(whole("count", count, 1, MAX_PULLS))

    def choose(self, item: str, state: Mapping[str, int] | None = None) -> State:
        """The counters after `item` is chosen for fate points.

        Raises
        ------
        InvalidArgumentError
            It can't be chosen on this banner.
        """
        return dict(self._core.choose(list((state or {}).items()), item))

    def exchange(self, item: str, state: Mapping[str, int] | None = None) -> State:
        """The counters after `item` is bought with spark points.

        Raises
        ------
        InvalidArgumentError
            It is not sold for points.
        FailedPreconditionError
            The points do not suffice; the message says both numbers.
        """
        return dict(self._core.exchange(list((state or {}).items()), item))

    def end(
        self, state: Mapping[str, int] | None = None
    ) -> tuple[State, dict[str, int]]:
        """What is left when the banner ends: the counters, and what they give."""
        after, gives = self._core.end(list((state or {}).items()))
        return dict(after), dict(gives)

    @overload
    def pull(
        self,
        size: None = None,
        *,
        rng: Rng = None,
        state: Mapping[str, int] | None = None,
        batch: int | None = None,
    ) -> Pull: ...

    @overload
    def pull(
        self,
        size: int,
        *,
        rng: Rng = None,
        state: Mapping[str, int] | None = None,
        batch: int | None = None,
    ) -> Pulls: ...

    def pull(
        self,
        size: int | None = None,
        *,
        rng: Rng = None,
        state: Mapping[str, int] | None = None,
        batch: int | None = None,
    ) -> Pull | Pulls:
        """Draw once, or many times one after the other.

        For analysis and tests; a live service draws by
        :class:`fairpull.PullService`, whose draws nobody can foretell.

        Parameters
        ----------
        size : int, optional
            How many pulls, from 0 to 2**32; one, as a :class:`Pull`, if None.
        rng : None, int, SeedSequence or Generator
            As SPEC 7 has it. A Generator over PCG64 is moved on by two words a
            pull.
        state : mapping of str to int, optional
            The counters to begin with, by name; those left out stand at their
            start.
        batch : int, optional
            How many pulls are bought at once: 1 if that is sold, else the
            fewest that are. `size` is a multiple of what such a batch draws.

        Raises
        ------
        InvalidArgumentError
            A size, batch or counter that can't be; the message says what can.
        """
        bought = min(self.batches) if batch is None else batch
        if bought not in self.batches:
            sold = ", ".join(map(str, self.batches))
            raise InvalidArgumentError(
                f"batches of {bought} are not sold on banner {self.id!r}; it sells "
                f"{sold}"
            )
        draws = self._core.draws_of(bought)
        count = 1 if size is None else whole("size", size, 0, MAX_PULLS)
        if count % draws != 0:
            raise InvalidArgumentError(
                f"size is {count}; a batch of {bought} draws {draws}, so it must be "
                f"a multiple of that"
            )
        with stream(rng) as lent:
            item, rarity, featured, wait, after, lent.state = self._core.pull_many(
                list((state or {}).items()), lent.state, count, bought
            )
        pulls = Pulls(self, item, rarity, featured, wait, dict(after))
        return pulls[0] if size is None else pulls


@lru_cache(maxsize=16)
def _compile(text: str, file: str) -> Banner:
    """A banner that was pickled; a worker compiles it once for many tasks."""
    return Banner.from_json(text, file=file)


def check(path_or_name: str | Path) -> list[Problem]:
    """Every problem of a banner file; an empty list if it is valid.

    Raises
    ------
    UnknownBanner, OSError
        As :meth:`Banner.load`.
    """
    try:
        Banner.load(path_or_name)
    except BannerError as error:
        return error.problems
    return []
