"""Many pulls as columns: what :meth:`Banner.pull` gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fairpull.records import Pull

if TYPE_CHECKING:
    from fairpull.banner import Banner

__all__ = ["Pulls"]


class Pulls:
    """Many pulls as columns, and the state that they left.

    Attributes
    ----------
    item : ndarray of uint16, shape (n,)
        Indices into ``banner.items``.
    rarity : ndarray of uint8, shape (n,)
        Indices into ``banner.rarities``; 0 is the highest.
    featured : ndarray of bool, shape (n,)
        Whether the item is rate-up.
    wait : ndarray of uint16, shape (n,)
        As in :class:`Pull`.
    state : dict
        The counters after the last pull.
    """

    def __init__(
        self,
        banner: Banner,
        item: NDArray[np.uint16],
        rarity: NDArray[np.uint8],
        featured: NDArray[np.bool_],
        wait: NDArray[np.uint16],
        state: dict[str, int],
    ) -> None:
        self.banner = banner
        self.item = item
        self.rarity = rarity
        self.featured = featured
        self.wait = wait
        self.state = state

    def __len__(self) -> int:
        return len(self.item)

    def __getitem__(self, index: int) -> Pull:
        return Pull(
            item=self.banner.items[int(self.item[index])],
            rarity=self.banner.rarities[int(self.rarity[index])].id,
            featured=bool(self.featured[index]),
            wait=int(self.wait[index]),
        )

    def __iter__(self) -> Iterator[Pull]:
        return (self[i] for i in range(len(self)))

    def counts(self) -> dict[str, int]:
        """How many pulls gave each rarity, highest first."""
        counts = np.bincount(self.rarity, minlength=len(self.banner.rarities))
        return {
            rarity.id: int(count)
            for rarity, count in zip(self.banner.rarities, counts, strict=True)
        }
