"""Recorded histories beside the banner that they were drawn from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairpull._checks import whole
from fairpull._history_engine import Engine, quoted
from fairpull._history_input import UNKNOWN, Damage, Reader
from fairpull._history_luck import (
    PlayerLuck,
    compare,
    luck_counts,
    lucks,
)
from fairpull._history_waits import arrange, at_risk, lengths
from fairpull.banner import Banner
from fairpull.errors import HistoryError, InvalidArgumentError, NotFoundError
from fairpull.records import Odds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Damage", "History", "PlayerLuck", "Rate", "Waits", "read_history"]

_MAX_THREADS = 1024
# The odds of a new player's pulls are worked out so far; later ones are those of
# the long run, which most banners come to much earlier.
MOST_EARLY = 20_000


class Rate(NamedTuple):
    """How often something was drawn, beside the exact odds.

    Attributes
    ----------
    name : str
        ``rarity:R``, or ``featured:R`` of its hits.
    hits, of : int
        How often, and of how many: pulls, or hits of the rarity of which it is
        known whether they were featured.
    rate, low, high : float
        The share, and its interval; NaN, 0 and 1 where there are none.
    exact : float
        The banner's long-run odds, pity included.
    expected : float
        How many hits these pulls should have: of a player's first pulls by the odds
        of a new player, of others in the long run. NaN for featured ones where it
        is not known of all hits whether they were.
    """

    name: str
    hits: int
    of: int
    rate: float
    low: float
    high: float
    exact: float
    expected: float


@dataclass(frozen=True)
class Waits:
    """Observed hazards of a rarity beside the exact ones.

    Entry w - 1 of each array, of shape (longest wait seen,), is about the pull
    that is the w-th of its wait.

    Attributes
    ----------
    rarity : str
        Its id.
    begun_by : tuple of str
        The rarities whose hits begin the wait anew, as
        :attr:`fairpull.WaitOdds.begun_by`.
    at_risk : ndarray of int64
        How many waits came to this pull. A wait that was not finished counts as
        far as it went.
    hits : ndarray of int64
        How many of these pulls were hits.
    rate, low, high : ndarray of float
        The hazard that was observed, and its interval.
    exact : ndarray of float
        The hazard that the banner draws with; NaN past its longest wait.
    expected : float
        Hits that the exact hazards give for these waits.
    z : float
        Hits less expected, in standard deviations: about normal with variance 1 if
        the history is the banner's and some ten hits are expected. NaN where nothing
        is left to chance, or the odds hang on more than the wait.
    by_wait_alone : bool
        Whether they hang on the wait alone; else `exact` is their mean over all
        waits in the long run, and the mean over these may be a little different.
    confidence : float
        Of the intervals.
    """

    rarity: str
    begun_by: tuple[str, ...]
    at_risk: NDArray[np.int64]
    hits: NDArray[np.int64]
    rate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    exact: NDArray[np.float64]
    expected: float
    z: float
    by_wait_alone: bool
    confidence: float

    def interval_of(self, hits: int, at_risk: int) -> tuple[float, float]:
        """Wilson's interval of so many hits, with the confidence of the others."""
        low, high = interval(np.array([hits]), np.array([at_risk]), self.confidence)
        return float(low[0]), float(high[0])


def interval(
    hits: NDArray[np.int64], of: NDArray[np.int64], confidence: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's interval of a share; from 0 to 1 where there was none.

    Wilson, "Probable Inference, the Law of Succession, and Statistical
    Inference", 1927.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    n = np.maximum(of, 1).astype(np.float64)
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the ends it is exact, whatever rounding says.
    low = np.where((of == 0) | (hits == 0), 0.0, np.maximum(0.0, middle - half))
    high = np.where((of == 0) | (hits == of), 1.0, np.minimum(1.0, middle + half))
    return low, high


class History:
    """Recorded pulls of many players, kept on disk. Made by :func:`read_history`.

    A context manager that removes its scratch files. Not safe for use by several
    threads at once.

    Attributes
    ----------
    banner : Banner
        What it is compared to.
    pulls, players : int
        How many are counted.
    damaged : int
        How many rows can't be read, or not what they drew.
    damages : list of Damage
        The first of them, with place and reason.
    notes : list of str
        What else should be known of it, a sentence each.
    """

    def __init__(
        self, engine: Engine, banner: Banner, reader: Reader, complete: bool | None
    ) -> None:
        self._engine = engine
        self.banner = banner
        contents = reader.contents
        self.damaged = contents.damaged
        self.damages = contents.damages
        twice = arrange(engine, contents, complete)
        (self.players,) = engine.row("SELECT count(*) FROM players")
        (self.pulls,) = engine.row(
            f"SELECT count(*) FROM pulls WHERE rarity <> {UNKNOWN}"
        )
        (gaps,) = engine.row(
            "SELECT count(*) FROM (SELECT player FROM stretches GROUP BY player "
            "HAVING count(*) > 1)"
        )
        (begun,) = engine.row(
            "SELECT count(DISTINCT player) FROM stretches WHERE whole"
        )
        (others,) = engine.row("SELECT count(*) FROM pulls WHERE other_odds")
        self.notes: list[str] = []
        if twice:
            self.notes.append(f"pulls recorded twice: {twice}; each counts once")
        if gaps:
            self.notes.append(
                f"players with gaps: {gaps}; no wait is counted across one"
            )
        if begun < self.players:
            hint = ", unless the history is said to be complete"
            self.notes.append(
                f"players whose first pull may be missing: {self.players - begun}; "
                "their first wait is left out"
                + ("" if contents.numbered or complete is not None else hint)
            )
        if others:
            self.notes.append(
                f"pulls under other odds than those of this version of the banner: "
                f"{others}; they count all the same"
            )
        if self.damaged and not contents.numbered:
            self.notes.append(
                "pulls are ordered by time, so a wait may lack one that could not be "
                "read"
            )

    def close(self) -> None:
        """Remove the scratch files; nothing can be asked any more."""
        self._engine.close()

    def __enter__(self) -> History:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<fairpull.History of {self.pulls} pulls by {self.players} players on "
            f"{self.banner.id!r}>"
        )

    def rates(
        self,
        *,
        player: str | None = None,
        confidence: float = 0.95,
        batch: int | None = None,
    ) -> list[Rate]:
        """How often each rarity was drawn, and how many of it were featured.

        Intervals are Wilson's. Pity makes hits more regular than independent pulls
        would be, so an interval holds the true rate at least as often as it says.
        The exact odds are those of the long run, which players with few pulls lag
        behind, since their pity begins at nothing; `expected` allows for that.

        Parameters
        ----------
        player : str, optional
            Of this player alone.
        confidence : float
            How often an interval shall hold the true rate, above 0 and below 1.
        batch : int, optional
            How many pulls are bought at once, for the exact odds.

        Raises
        ------
        InvalidArgumentError
            `confidence` or `batch` is out of range.
        NotFoundError
            No pull is of this player.
        """
        confidence = _confidence(confidence)
        odds = self.banner.odds(batch=batch)
        found = {
            int(row[0]): row[1:]
            for row in self._engine.rows(
                "SELECT rarity, count(*), count(*) FILTER (featured), "
                f"count(featured) FROM pulls WHERE rarity <> {UNKNOWN} "
                f"AND {self._of(player)} GROUP BY rarity"
            )
        }
        total = sum(hits for hits, *_ in found.values())
        due, due_featured = self._expected(odds, self._of(player), batch)
        rate_up = {item.rarity for item in self.banner.items if item.featured}
        rates = []
        for place, shown in enumerate(odds.rarities):
            hits, featured, known = found.get(place, (0, 0, 0))
            lines = [
                (f"rarity:{shown.id}", hits, total, shown.consolidated, due[place])
            ]
            if shown.id in rate_up and shown.consolidated > 0:
                share = _featured_odds(odds, shown.id) / shown.consolidated
                expected = due_featured[place] if known == hits else math.nan
                lines.append((f"featured:{shown.id}", featured, known, share, expected))
            for name, count, of, exact, expected in lines:
                low, high = interval(np.array([count]), np.array([of]), confidence)
                rates.append(
                    Rate(
                        name=name,
                        hits=count,
                        of=of,
                        rate=count / of if of else math.nan,
                        low=float(low[0]),
                        high=float(high[0]),
                        exact=exact,
                        expected=float(expected),
                    )
                )
        return rates

    def _expected(
        self, odds: Odds, player: str, batch: int | None
    ) -> tuple[list[float], list[float]]:
        """Hits, and featured ones, that the pulls should have, by rarity."""
        news = self._engine.rows(
            "SELECT last - first + 1 AS n, count(*) FROM stretches "
            f"WHERE whole AND {player} GROUP BY n ORDER BY n"
        )
        (others,) = self._engine.row(
            "SELECT coalesce(sum(last - first + 1), 0)::BIGINT FROM stretches "
            f"WHERE NOT whole AND {player}"
        )
        longest = min(int(news[-1][0]), MOST_EARLY) if news else 0
        rarity, featured = self.banner._core.early_odds(longest, batch)

        def total(early: list[float], settled: float) -> float:
            sums = np.concatenate([[0.0], np.cumsum(early)])
            hits = others * settled
            for n, players in news:
                began = min(n, len(early))
                hits += players * (sums[began] + (n - began) * settled)
            return float(hits)

        return (
            [
                total(early, shown.consolidated)
                for early, shown in zip(rarity, odds.rarities, strict=True)
            ],
            [
                total(early, _featured_odds(odds, shown.id))
                for early, shown in zip(featured, odds.rarities, strict=True)
            ],
        )

    def hazards(
        self,
        rarity: str | None = None,
        *,
        player: str | None = None,
        confidence: float = 0.95,
        batch: int | None = None,
    ) -> Waits:
        """How likely a pull was a hit, by how many its player had waited.

        A wait that is not finished counts in each pull that it had (Kaplan and
        Meier, "Nonparametric Estimation from Incomplete Observations", 1958), so
        hazards are not biased by it. A wait whose begin was not seen is left out.

        Parameters
        ----------
        rarity : str, optional
            Its id; the highest if left out.
        player, confidence, batch
            As in :meth:`rates`. An interval is Wilson's: given how many waits came
            to a pull, its hits are independent.

        Raises
        ------
        InvalidArgumentError, NotFoundError
            As :meth:`rates`; no such rarity.
        """
        confidence = _confidence(confidence)
        name = self._rarity(rarity)
        odds = self.banner.wait_odds(name, batch=batch)
        places = {known.id: place for place, known in enumerate(self.banner.rarities)}
        risk, hits = at_risk(
            *lengths(
                self._engine,
                places[name],
                [places[by] for by in odds.begun_by],
                self._of(player),
            )
        )
        exact = np.full(len(risk), math.nan)
        shared = min(len(risk), len(odds.hazard))
        exact[:shared] = odds.hazard[:shared]
        low, high = interval(hits, risk, confidence)
        chance = np.nan_to_num(exact)
        expected = float(risk @ chance)
        variance = float(risk @ (chance * (1 - chance)))
        z = math.nan
        if variance > 0 and odds.by_wait_alone:
            z = (int(hits.sum()) - expected) / math.sqrt(variance)
        return Waits(
            rarity=name,
            begun_by=odds.begun_by,
            at_risk=risk,
            hits=hits,
            rate=hits / np.maximum(risk, 1),
            low=low,
            high=high,
            exact=exact,
            expected=expected,
            z=z,
            by_wait_alone=odds.by_wait_alone,
            confidence=confidence,
        )

    def luck(
        self,
        rarity: str | None = None,
        *,
        player: str | None = None,
        batch: int | None = None,
    ) -> Iterator[PlayerLuck]:
        """How lucky each player was, by name: hits in so many pulls.

        The mid-rank percentile in the exact distribution of hits, as
        :meth:`fairpull.Distribution.luck`: among all players with as many pulls,
        this share has less luck, ties halved. A player whose first pull is there
        is compared from it on; another from the first hit on, which is where the
        wait is known. Players with gaps, with more than 10000 pulls or with pulls
        under other odds have no figure but a reason.

        Parameters
        ----------
        rarity, player, batch
            As in :meth:`hazards`.

        Yields
        ------
        PlayerLuck

        Raises
        ------
        InvalidArgumentError, NotFoundError
            As :meth:`hazards`.
        """
        name = self._rarity(rarity)
        compare(self._engine, self.banner, name, self._of(player), batch)
        return lucks(self._engine)

    def luck_counts(
        self, rarity: str | None = None, *, bins: int = 10, batch: int | None = None
    ) -> tuple[NDArray[np.int64], int]:
        """How many players' luck falls in each of `bins` equal parts from 0 to 1.

        Each player counts in all parts that the ranks of the same number of hits
        span, in proportion, so that a fair game is flat however few pulls there
        are; the counts are rounded.

        Returns
        -------
        (ndarray of int64, int)
            Of shape (bins,), and how many players have no figure.
        """
        number = whole("bins", bins, 1, 1000)
        compare(self._engine, self.banner, self._rarity(rarity), "true", batch)
        return luck_counts(self._engine, number)

    def plot(
        self,
        rarity: str | None = None,
        *,
        ax: Axes | None = None,
        path: str | Path | None = None,
        confidence: float = 0.95,
        batch: int | None = None,
    ) -> Axes:
        """Plot the observed hazards with their intervals beside the exact ones.

        Parameters
        ----------
        rarity, confidence, batch
            As in :meth:`hazards`.
        ax : matplotlib Axes, optional
            Where to draw; a new figure if left out.
        path : str or Path, optional
            Where to save the figure; its ending says the format.

        Raises
        ------
        ImportError
            matplotlib is not installed: ``pip install fairpull[plot]``.
        """
        from fairpull._plot import draw_waits

        waits = self.hazards(rarity, confidence=confidence, batch=batch)
        return draw_waits(waits, self.banner, ax=ax, path=path)

    def _rarity(self, rarity: str | None) -> str:
        ids = [known.id for known in self.banner.rarities]
        if rarity is None:
            return ids[0]
        if rarity not in ids:
            raise InvalidArgumentError(
                f"there is no rarity {rarity!r} on banner {self.banner.id!r}; there "
                f"are {', '.join(ids)}"
            )
        return rarity

    def _of(self, player: str | None) -> str:
        """A condition on the player of a row."""
        if player is None:
            return "true"
        condition = f"player = {quoted(player)}"
        (there,) = self._engine.row(f"SELECT count(*) FROM players WHERE {condition}")
        if not there:
            raise NotFoundError(f"no pull is of player {player!r}")
        return condition


def read_history(
    path: str | Path | Sequence[str | Path],
    banner: Banner,
    *,
    complete: bool | None = None,
    pools: Sequence[str] | None = None,
    rarities: Mapping[str, str] | None = None,
    featured: Iterable[str] | None = None,
    memory_limit: str = "1GB",
    threads: int | None = None,
    folder: str | Path | None = None,
) -> History:
    """Read files of recorded pulls; what is damaged is told, the rest is usable.

    Forms, columns and what is done about damage are in docs/reference/history.md.

    Parameters
    ----------
    path : str, Path or a sequence of them
        ``.ndjson``, ``.jsonl``, ``.csv`` (each may end in ``.gz``), ``.parquet``,
        or ``.json`` for UIGF 4.
    banner : Banner
        What to compare with. Of rows that name a scope or a banner, those of this
        one are read.
    complete : bool, optional
        Whether each player's first pull ever is there. Where pulls are numbered,
        those with number 1 are, unless it is False; where they go by time, they
        are if it is True.
    pools : sequence of str, optional
        Of a UIGF file: the ``uigf_gacha_type`` that count together, as ``["301"]``
        or ``["hk4e:301"]``.
    rarities : mapping of str to str, optional
        What the files call a rarity: the banner's id of it.
    featured : collection of str, optional
        The ids of the featured items, instead of the banner's.
    memory_limit : str
        What DuckDB may hold in memory, as ``"512MB"``; what is more goes to disk.
    threads : int, optional
        All cores if left out.
    folder : str or Path, optional
        Where scratch files go, some 12 bytes a pull, and 30 where pulls go by time;
        the system's for temporary files if left out.

    Raises
    ------
    MissingExtraError
        DuckDB is not installed: ``pip install fairpull[history]``. It is an
        ImportError too.
    HistoryError
        A file can't be read at all, or lacks a column; the message says why.
    OSError
        A file is not there, or may not be read.
    ResourceExhaustedError
        Too little memory, or room on the disk.
    """
    if isinstance(path, (str, Path)):
        path = [path]
    if not isinstance(banner, Banner):
        raise TypeError(
            f"banner is of type {type(banner).__name__}; it must be a fairpull.Banner"
        )
    if threads is not None:
        threads = whole("threads", threads, 1, _MAX_THREADS)
    engine = Engine(memory_limit, threads, folder)
    try:
        reader = Reader(
            engine, banner, pools=pools, rarities=rarities or {}, featured=featured
        )
        contents = reader.read([Path(each) for each in path])
        if contents.rows == 0 and not contents.damaged:
            raise HistoryError(
                f"{', '.join(map(str, path))}: no pull of banner {banner.id}"
                + reader.others()
            )
        return History(engine, banner, reader, complete)
    except BaseException:
        engine.close()
        raise


def _featured_odds(odds: Odds, rarity: str) -> float:
    return math.fsum(
        item.consolidated
        for item in odds.items
        if item.featured and item.rarity == rarity
    )


def _confidence(value: float) -> float:
    if not 0 < value < 1:
        raise InvalidArgumentError(
            f"confidence is {value}; it must be above 0 and below 1"
        )
    return float(value)
