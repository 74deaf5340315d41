"""Small histories for tests: rows spelled by letters, and files of them."""

from __future__ import annotations

import json
from typing import Any

from fairpull.history import History, Rate

Row = dict[str, Any]
LETTERS = {"U": "ultra_rare", "S": "super_rare", "R": "rare"}


def rows_of(player: str, drawn: str, *, first: int = 1) -> list[Row]:
    """Numbered rows, a letter for each pull; a dot is a pull that is missing."""
    return [
        {"player": player, "seq": first + n, "rarity": LETTERS[letter]}
        for n, letter in enumerate(drawn)
        if letter != "."
    ]


def dated(rows: list[Row]) -> list[Row]:
    """The same rows with a time instead of a number."""
    return [
        {k: v for k, v in row.items() if k != "seq"}
        | {"time": f"2026-01-{row['seq']:02d}T00:00:00Z"}
        for row in rows
    ]


def ndjson(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def rate(history: History, name: str, **options: Any) -> Rate:
    return next(r for r in history.rates(**options) if r.name == name)


# Ann's waits are 3 and 5 pulls with a hit, and 2 without; Bob's is 3 without.
ANN_AND_BOB = rows_of("ann", "RRURRRRURR") + rows_of("bob", "RRR")
