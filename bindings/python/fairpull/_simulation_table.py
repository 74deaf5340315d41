"""Simulated outcomes as rows, in the form of recorded histories."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fairpull._files import written_whole
from fairpull.errors import InvalidArgumentError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow

    from fairpull.banner import Banner

NOT_DRAWN = 2**16 - 1
"""In `SimulationResult.outcomes`: the player had stopped."""
# Rows that are put together at a time: some tens of megabytes.
ROWS_AT_ONCE = 1 << 20


def to_arrow(banner: Banner, outcomes: NDArray[np.uint16] | None) -> pyarrow.Table:
    """All outcomes as one table."""
    given = _given(outcomes)
    return _table(_pyarrow(), banner, given, 0)


def write_parquet(
    banner: Banner, outcomes: NDArray[np.uint16] | None, path: str | Path
) -> None:
    """Write all outcomes to a file, some players at a time: whole or not at all."""
    given = _given(outcomes)
    arrow = _pyarrow()
    from pyarrow import parquet

    tables = _tables(arrow, banner, given)
    first = next(tables)
    with (
        written_whole(path) as unfinished,
        parquet.ParquetWriter(str(unfinished), first.schema) as file,
    ):
        file.write_table(first)
        for table in tables:
            file.write_table(table)


def _tables(
    arrow: Any, banner: Banner, outcomes: NDArray[np.uint16]
) -> Iterator[pyarrow.Table]:
    players, draws = outcomes.shape
    step = max(1, ROWS_AT_ONCE // max(1, draws))
    for first in range(0, players, step):
        some = outcomes[first : first + step]
        yield _table(arrow, banner, some, first)


def _table(
    arrow: Any,
    banner: Banner,
    outcomes: NDArray[np.uint16],
    first_player: int,
) -> pyarrow.Table:
    players, draws = outcomes.shape
    items = outcomes.reshape(-1)
    player = np.repeat(
        np.arange(first_player, first_player + players, dtype=np.uint64), draws
    )
    seq = np.tile(np.arange(1, draws + 1, dtype=np.uint64), players)
    drawn = items != NOT_DRAWN
    if not drawn.all():
        items, player, seq = items[drawn], player[drawn], seq[drawn]
    ids = [rarity.id for rarity in banner.rarities]
    rarity_of = np.array([ids.index(item.rarity) for item in banner.items], np.uint8)
    dictionary = arrow.DictionaryArray.from_arrays
    return arrow.table(
        {
            "player": player,
            "seq": seq,
            # The indices are the outcomes themselves, not a copy.
            "item": dictionary(arrow.array(items), [i.id for i in banner.items]),
            "rarity": dictionary(arrow.array(rarity_of[items]), ids),
        }
    )


def _given(outcomes: NDArray[np.uint16] | None) -> NDArray[np.uint16]:
    if outcomes is None:
        raise InvalidArgumentError(
            "the simulation kept no outcomes; ask for them with outcomes=True"
        )
    return outcomes


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError(
            "tables are made by PyArrow: pip install 'fairpull[arrow]'"
        ) from None
    return pyarrow
