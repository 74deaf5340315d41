"""Exact distributions of pulls and hits, in SciPy's vocabulary."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairpull import _core
from fairpull._generator import Rng
from fairpull.errors import InvalidArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Distribution"]


class Distribution:
    """The exact distribution of a count: pulls to a goal, or hits in so many pulls.

    Made by :meth:`fairpull.Banner.pulls_to`, :meth:`fairpull.Banner.hits_in` or
    :meth:`from_pmf`. Immutable, and safe to share between threads.

    Methods named as in :mod:`scipy.stats` take a number or an array and give the
    same shape.

    Examples
    --------
    >>> import fairpull
    >>> banner = fairpull.Banner.load("genshin-character")
    >>> pulls = banner.pulls_to("featured:5-star")
    >>> round(pulls.mean, 4), pulls.median, pulls.support
    (93.446, 80, (1, 180))
    >>> round(float(pulls.cdf(90)), 6)
    0.593938
    """

    def __init__(self, core: _core.Distribution, *, counts: str = "pulls") -> None:
        self._core = core
        self.counts = counts

    @classmethod
    def from_pmf(
        cls, pmf: ArrayLike, *, tail: float = 0.0, counts: str = "pulls"
    ) -> Distribution:
        """Make a distribution from its probabilities.

        Parameters
        ----------
        pmf : array_like of float, shape (n,)
            P(0), P(1), …; with `tail` they sum to 1.
        tail : float
            P(beyond the list); above 0 where there is no last count.
        counts : str
            What is counted: a word for plots.

        Raises
        ------
        InvalidArgumentError
            Entries that are negative, or do not sum to 1 with the tail.
        """
        values = np.asarray(pmf, dtype=np.float64)
        if values.ndim != 1:
            raise InvalidArgumentError(
                f"pmf has {values.ndim} dimensions; it must have one"
            )
        return cls(_core.Distribution(values.tolist(), tail), counts=counts)

    def __repr__(self) -> str:
        return (
            f"<fairpull.Distribution of {self.counts}: mean {self.mean:.6g}, "
            f"standard deviation {self.standard_deviation:.6g}>"
        )

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """P(0), P(1), …, shape (n,), up to the last count or to the tail."""
        return self._core.pmf

    def pmf(self, n: ArrayLike) -> Any:
        """P(X = n); 0 outside of the list."""
        index = np.asarray(n)
        whole = np.floor(index).astype(np.int64)
        listed = self._core.pmf
        inside = (whole >= 0) & (whole < len(listed)) & (whole == index)
        values = np.where(inside, listed[np.where(inside, whole, 0)], 0.0)
        return values if values.ndim else float(values)

    def cdf(self, n: ArrayLike) -> Any:
        """P(X <= n)."""
        return self._core.cdf_at(np.floor(np.asarray(n)).astype(np.int64))

    def ccdf(self, n: ArrayLike) -> Any:
        """P(X > n), accurate however small it is."""
        return self._core.ccdf_at(np.floor(np.asarray(n)).astype(np.int64))

    sf = ccdf  # SciPy's name

    def icdf(self, q: ArrayLike) -> Any:
        """The quantile: the smallest n with cdf(n) >= q.

        Raises
        ------
        InvalidArgumentError
            q is not from 0 to 1, or lies beyond the list of a distribution that
            has no last count.
        """
        return self._core.quantile_at(np.asarray(q, dtype=np.float64))

    ppf = icdf  # SciPy's name

    def luck(self, n: ArrayLike) -> Any:
        """How lucky n is, from 0 (least) to 1 (most): the mid-rank percentile.

        For pulls fewer are luckier, for hits more are. Among all players, this
        share has less luck, ties halved.
        """
        rank = self._core.mid_rank_at(np.floor(np.asarray(n)).astype(np.int64))
        return rank if self.counts == "hits" else 1 - rank

    @property
    def mean(self) -> float:
        """The mean."""
        return self._core.mean

    @property
    def variance(self) -> float:
        """The variance."""
        return self._core.variance

    @property
    def standard_deviation(self) -> float:
        """The square root of the variance."""
        return math.sqrt(self._core.variance)

    @property
    def skewness(self) -> float:
        """The third standardised moment."""
        return self._core.skewness

    @property
    def excess_kurtosis(self) -> float:
        """The fourth standardised moment less 3."""
        return self._core.excess_kurtosis

    @property
    def median(self) -> int:
        """The quantile of a half."""
        return int(self.icdf(0.5))

    @property
    def support(self) -> tuple[int, int | None]:
        """The lowest and the highest possible count; None if there is no highest."""
        return self._core.support_min, self._core.support_max

    @property
    def tail(self) -> float:
        """P(beyond the list); 0 where there is a highest count."""
        return self._core.tail

    def sample(self, size: int | tuple[int, ...], *, rng: Rng = None) -> NDArray[Any]:
        """Draw independent counts.

        Parameters
        ----------
        size : int or tuple of int
            The shape of the result.
        rng : None, int, SeedSequence or Generator
            As SPEC 7 has it.
        """
        q = np.random.default_rng(rng).random(size)
        cumulative = self._core.cdf_at(np.arange(len(self._core.pmf)))
        counts = np.searchsorted(cumulative, q, side="left")
        return np.minimum(counts, len(cumulative) - 1)

    def plot(self, *, ax: Axes | None = None, path: str | Path | None = None) -> Axes:
        """Plot the probability of each count and of being done by it.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure if left out.
        path : str or Path, optional
            Where to save the figure; its ending says the format.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        ImportError
            matplotlib is not installed: ``pip install fairpull[plot]``.
        """
        from fairpull._plot import draw

        return draw(self, ax=ax, path=path)
