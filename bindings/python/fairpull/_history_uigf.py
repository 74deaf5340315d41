"""UIGF 4 files, rewritten as the rows that other histories have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fairpull.errors import HistoryError

GAMES = ("hk4e", "hkrpg", "nap")
MAX_BYTES = 1 << 30
# Wishes of the second kind count with those of the first: uigf_gacha_type says so
# where it is there.
SHARED = {("hk4e", "400"): "301"}


def rewrite(path: Path, pools: Sequence[str] | None, out: Path) -> None:
    """Write the pulls of the chosen pools as NDJSON, each id of a player once.

    Raises
    ------
    HistoryError
        The file is no UIGF 4, or it does not say which pools are meant.
    """
    records = list(_records(_load(path)))
    chosen = _chosen(path, (pool for pool, *_, r in records if r is not None), pools)
    # What is no record may have been of any pool of the game.
    chosen |= {pool.partition(":")[0] for pool in chosen}
    seen: set[tuple[str, str]] = set()
    with out.open("w", encoding="utf-8") as file:
        for pool, player, place, record in records:
            if pool not in chosen:
                continue
            row: dict[str, Any] = {"place": place}
            if isinstance(record, dict):
                key = (player, str(record.get("id", place)))
                if key in seen:  # exports that were merged have pulls twice
                    continue
                seen.add(key)
                row |= {
                    "player": player,
                    "item": record.get("item_id"),
                    "rarity": record.get("rank_type"),
                    "time": record.get("time"),
                    "id": record.get("id"),
                }
            file.write(json.dumps(row) + "\n")


def _load(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise HistoryError(
            f"{path}: {size} bytes; a UIGF file is read at once, up to {MAX_BYTES}; "
            "write it as NDJSON"
        )
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise HistoryError(
            f"{path}: not UTF-8 text: {error.reason} at {error.start}"
        ) from None
    except json.JSONDecodeError as error:
        raise HistoryError(
            f"{path}:{error.lineno}: no JSON: {error.msg}, in column {error.colno}; "
            "one object a line is NDJSON, whose files end in .ndjson or .jsonl"
        ) from None
    except RecursionError:
        raise HistoryError(f"{path}: no UIGF: it is nested too deeply") from None
    if not isinstance(document, dict) or not any(game in document for game in GAMES):
        older = isinstance(document, dict) and "list" in document
        raise HistoryError(
            f"{path}: no UIGF 4: it has none of {', '.join(GAMES)}"
            + ("; a UIGF 3 or SRGF file must be converted first" if older else "")
        )
    return document


def _records(
    document: dict[str, Any],
) -> Iterable[tuple[str, str, str, dict[str, Any] | None]]:
    """(pool, player, JSON pointer, record or None) of each pull."""
    for game in GAMES:
        for i, account in enumerate(_list(document.get(game))):
            if not isinstance(account, dict):
                continue
            player = str(account.get("uid", ""))
            for j, record in enumerate(_list(account.get("list"))):
                place = f"/{game}/{i}/list/{j}"
                if not isinstance(record, dict):
                    yield game, player, place, None
                    continue
                kind = str(record.get("gacha_type", ""))
                pool = record.get("uigf_gacha_type") or SHARED.get((game, kind), kind)
                yield f"{game}:{pool}", player, place, record


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _chosen(path: Path, pools: Iterable[str], wanted: Sequence[str] | None) -> set[str]:
    counts = Counter(pools)
    there = ", ".join(f"{pool} ({n} pulls)" for pool, n in sorted(counts.items()))
    if not counts:
        raise HistoryError(f"{path}: no pulls: its lists are empty")
    if wanted is None:
        if len(counts) == 1:
            return set(counts)
        raise HistoryError(
            f"{path}: has several pools: {there}; say by pools (--pool) which count "
            "together"
        )
    chosen = set()
    for name in wanted:
        found = [p for p in counts if name == p or p.partition(":")[2] == name]
        if len(found) != 1:
            what = "is of several games" if found else "is not there"
            raise HistoryError(f"{path}: pool {name} {what}; there are {there}")
        chosen.add(found[0])
    return chosen
