"""Plans: several goals, one after the other, from one budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairpull import _core
from fairpull._checks import MAX_AMOUNT, whole
from fairpull.distribution import Distribution

__all__ = ["PlanOdds", "Stage", "follow_plan"]


@dataclass(frozen=True)
class Stage:
    """A goal that is pulled for until it is met or the budget is spent.

    Attributes
    ----------
    pulls : Distribution
        Pulls to the goal, as :meth:`fairpull.Banner.pulls_to` gives it.
    price : int
        Of one pull.
    income : int
        What comes in before the stage.
    """

    pulls: Distribution
    price: int = 1
    income: int = 0


@dataclass(frozen=True)
class PlanOdds:
    """The odds of a plan.

    Attributes
    ----------
    met : ndarray of float, shape (stages,)
        P(the goal of this stage and of all before it are met).
    left : ndarray of float, shape (n,)
        P(all goals are met and exactly ``i * unit`` is left).
    unit : int
        The greatest common divisor of all amounts.
    """

    met: NDArray[np.float64]
    left: NDArray[np.float64]
    unit: int


def follow_plan(budget: int, stages: Sequence[Stage]) -> PlanOdds:
    """The odds of meeting goals one after the other from one budget.

    Parameters
    ----------
    budget : int
        What there is at the beginning.
    stages : sequence of Stage
        In the order in which they are pulled for.

    Raises
    ------
    InvalidArgumentError
        An amount out of range; the message says the range.
    ResourceExhaustedError
        The amounts have too many units together; the message says the limit.

    Examples
    --------
    >>> import fairpull
    >>> hero = fairpull.Banner.load("genshin-character").pulls_to("featured:5-star")
    >>> odds = fairpull.follow_plan(28_800, [fairpull.Stage(hero, price=160)])
    >>> round(float(odds.met[0]), 12)
    1.0
    """
    parts = [
        (
            stage.pulls._core,
            whole("price", stage.price, 1, MAX_AMOUNT),
            whole("income", stage.income, 0, MAX_AMOUNT),
        )
        for stage in stages
    ]
    met, left, unit = _core.follow_plan(whole("budget", budget, 0, MAX_AMOUNT), parts)
    return PlanOdds(np.asarray(met), np.asarray(left), unit)
