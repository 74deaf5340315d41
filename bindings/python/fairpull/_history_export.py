"""Writes the pulls of a store in the form that histories are read in."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from fairpull._history_engine import Engine, quoted
from fairpull.ledger import Store
from fairpull.service import PullRecord, recorded_pulls

COLUMNS = {
    "player": "VARCHAR",
    "scope": "VARCHAR",
    "seq": "BIGINT",
    "banner": "VARCHAR",
    "item": "VARCHAR",
    "rarity": "VARCHAR",
    "featured": "BOOLEAN",
    "time": "VARCHAR",
    "odds_version": "VARCHAR",
    "pull_id": "VARCHAR",
    "draw_index": "BIGINT",
    "cost": "BIGINT",
}
FORMATS = ("ndjson", "csv", "parquet")


def rows_of(pulls: Iterable[PullRecord]) -> Iterator[dict[str, Any]]:
    """Pulls as rows, with the columns of an export in their order."""
    for pull in pulls:
        moment = datetime.fromtimestamp(pull.at_ms / 1000, timezone.utc)
        yield {
            "player": pull.player,
            "scope": pull.scope,
            "seq": pull.seq,
            "banner": pull.banner,
            "item": pull.item,
            "rarity": pull.rarity,
            "featured": pull.featured,
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "odds_version": pull.odds_version,
            "pull_id": pull.pull_id,
            "draw_index": pull.draw_index,
            "cost": pull.cost,
        }


def write_text(store: Store, form: str, out: IO[str], player: str | None) -> int:
    """Write NDJSON or CSV as it is read from the store; how many pulls."""
    count = 0
    rows = rows_of(recorded_pulls(store, player=player))
    if form == "csv":
        table = csv.DictWriter(out, list(COLUMNS), lineterminator="\n")
        table.writeheader()
        for row in rows:
            table.writerow(row | {"featured": str(row["featured"]).lower()})
            count += 1
        return count
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")
        count += 1
    return count


def write_parquet(store: Store, path: Path, player: str | None) -> int:
    """Write a Parquet file; how many pulls. It is whole, or not there."""
    engine = Engine("512MB", None, path.absolute().parent)
    try:
        lines = engine.folder / "pulls.csv"
        with lines.open("w", encoding="utf-8", newline="") as file:
            count = write_text(store, "csv", file, player)
        columns = ", ".join(
            f"{quoted(name)}: {quoted(kind)}" for name, kind in COLUMNS.items()
        )
        made = engine.folder / "pulls.parquet"
        engine.run(
            f"COPY (SELECT * FROM read_csv({quoted(str(lines))}, delim = ',', "
            f"header = true, quote = '\"', escape = '\"', auto_detect = false, "
            f"columns = {{{columns}}})) TO {quoted(str(made))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
        made.replace(path)
        return count
    finally:
        engine.close()
