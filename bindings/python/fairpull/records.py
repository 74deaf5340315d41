"""What a banner says of itself, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CounterRange",
    "Finding",
    "Item",
    "ItemOdds",
    "Odds",
    "Pull",
    "Rarity",
    "RarityOdds",
    "Rule",
    "WaitOdds",
]


@dataclass(frozen=True)
class Rarity:
    """A rarity, as the banner's file names it.

    Attributes
    ----------
    id, name : str
        The game's own word in lower case, and how it is shown.
    base : Fraction
        The odds of the first pull after a hit, exactly.
    hard_pity : int or None
        The first pull since the last hit that is certain to be of this rarity or
        a higher one; None if no pull is.
    """

    id: str
    name: str
    base: Fraction
    hard_pity: int | None


@dataclass(frozen=True)
class Item:
    """An item of the pool.

    Attributes
    ----------
    id, name, type : str
        As in the banner's file; `type` is the game's own word.
    rarity : str
        The id of its rarity.
    featured : bool
        Whether it is rate-up.
    weight : int
        Its share relative to the others of its group.
    """

    id: str
    name: str
    type: str
    rarity: str
    featured: bool
    weight: int


@dataclass(frozen=True)
class RarityOdds:
    """The odds of a rarity: `base` exactly, `consolidated` with pity."""

    id: str
    name: str
    base: Fraction
    consolidated: float


@dataclass(frozen=True)
class ItemOdds:
    """The odds of an item: `base` exactly, `consolidated` with pity."""

    id: str
    rarity: str
    featured: bool
    base: Fraction
    consolidated: float


@dataclass(frozen=True)
class Odds:
    """What a banner discloses, from the object that it is drawn from.

    Attributes
    ----------
    odds_version : str
        SHA-256 of the compiled banner, 64 hexadecimal digits.
    rarities : tuple of RarityOdds
        Highest first; both columns sum to 1.
    items : tuple of ItemOdds
        In the order of the file.
    """

    odds_version: str
    rarities: tuple[RarityOdds, ...]
    items: tuple[ItemOdds, ...]


class CounterRange(NamedTuple):
    """The values that a counter can have, and that of a player who never pulled."""

    lowest: int
    highest: int
    start: int


class Finding(NamedTuple):
    """Something odd about a valid banner.

    `kind` is ``"hard_pity_never_reached"``, ``"kompu"`` or ``"worst_case"``;
    `pointer` is a JSON pointer into the file. A `warning` is most likely a
    mistake, or unlawful somewhere; what is none is good to know.
    """

    kind: str
    pointer: str
    message: str
    warning: bool


class Rule(NamedTuple):
    """A rule of the banner in words.

    `pointer` is a JSON pointer to it in the file; `text` a sentence in English,
    without a full stop.
    """

    pointer: str
    text: str


class WaitOdds(NamedTuple):
    """How likely a pull brings a rarity, by how long the player has waited.

    Entry w - 1 of each array, of shape (longest wait,), is about the pull that is
    the w-th since the wait began.

    Attributes
    ----------
    begun_by : tuple of str
        The rarities whose hits begin the wait anew, highest first: the rarity
        itself, and those that set its pity back.
    reached : ndarray of float
        The share of waits that come to this pull; the first is 1.
    hazard : ndarray of float
        The odds that this pull is a hit. Where they hang on more than the wait,
        their mean over all waits in the long run.
    by_wait_alone : bool
        Whether the odds hang on the wait alone.
    """

    begun_by: tuple[str, ...]
    reached: NDArray[np.float64]
    hazard: NDArray[np.float64]
    by_wait_alone: bool


class Pull(NamedTuple):
    """One pull.

    `wait` is how many pulls the rarity took since its last hit, as far as the
    banner counts them; 0 for a rarity without pity.
    """

    item: Item
    rarity: str
    featured: bool
    wait: int
