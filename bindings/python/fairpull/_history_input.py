"""Reads files of recorded pulls into one table, and says what is damaged."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from fairpull._history_engine import Engine, quoted
from fairpull._history_uigf import rewrite
from fairpull.banner import Banner
from fairpull.errors import HistoryError

COLUMNS = (
    "player",
    "seq",
    "time",
    "id",
    "item",
    "rarity",
    "featured",
    "scope",
    "banner",
    "odds_version",
    "place",
)
MOST_TOLD = 20
MAX_SEQ = 2**40
UNKNOWN = 255  # a rarity that can't be told
_SAMPLED_LINES = 1000
# What is wrong with a row: nothing can be made of it, except where only what was
# drawn is not known.
SOUND, NO_OBJECT, NO_PLAYER, NO_PLACE, NO_RARITY = range(5)

ENDINGS = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".parquet": "parquet",
    ".json": "uigf",
}


class Damage(NamedTuple):
    """One thing that is wrong with a history.

    `place` is the number of the line, of the row of a Parquet file (both from 1
    on), or a JSON pointer into a UIGF file.
    """

    file: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.place}: {self.message}"


@dataclass
class Contents:
    """What was read: counts of rows, and the first things that are wrong.

    `numbered` says whether pulls have a number (seq), or go by time.
    """

    rows: int = 0
    damaged: int = 0
    damages: list[Damage] = field(default_factory=list)
    numbered: bool = False
    columns: set[str] = field(default_factory=set)


class Reader:
    """Reads files into the table ``raw``.

    Parameters
    ----------
    engine : Engine
    banner : Banner
        Says which rows are meant, and what the items are.
    pools : sequence of str or None
        The pools of a UIGF file that count together.
    rarities : mapping of str to str
        What the files call a rarity: the banner's id of it.
    featured : collection of str or None
        The featured items, instead of the banner's.
    """

    def __init__(
        self,
        engine: Engine,
        banner: Banner,
        *,
        pools: Sequence[str] | None,
        rarities: Mapping[str, str],
        featured: Iterable[str] | None,
    ) -> None:
        self._engine = engine
        self._banner = banner
        self._pools = pools
        self._rejected = 0
        self._header: list[str] = []
        self._last = ("", set[str]())
        self._names(rarities, None if featured is None else set(featured))
        self.contents = Contents()

    def read(self, paths: Sequence[Path]) -> Contents:
        """Read all files; they must have the same columns for the order."""
        numbered: dict[bool, Path] = {}
        for number, path in enumerate(paths):
            with_seq = self._read_file(number, path)
            numbered[with_seq] = path
        if len(numbered) > 1:
            raise HistoryError(
                f"{numbered[False]}: has no column seq, but {numbered[True]} has; "
                "read them apart"
            )
        contents = self.contents
        contents.numbered = True in numbered
        contents.rows, contents.damaged = self._engine.row(
            f"SELECT count(*) FILTER (code IN ({SOUND}, {NO_RARITY})), "
            f"count(*) FILTER (code <> {SOUND}) FROM raw"
        )
        # Some lines could not be taken for rows at all.
        contents.damaged += self._rejected
        return contents

    def others(self) -> str:
        """Which banners or scopes the last file has pulls of, for a message."""
        rows, columns = self._last
        of = next((c for c in ("scope", "banner") if c in columns), None)
        if of is None:
            return "; it is empty"
        found = self._engine.rows(
            f"SELECT {of}, count(*) FROM ({rows}) WHERE {of} IS NOT NULL GROUP BY {of} "
            f"ORDER BY {of} LIMIT 10"
        )
        there = ", ".join(f"{name} ({count} pulls)" for name, count in found)
        return f"; it has pulls of {of} {there}" if found else "; it is empty"

    def _names(self, rarities: Mapping[str, str], featured: set[str] | None) -> None:
        """Tables of what items and rarities are called."""
        banner = self._banner
        ids = [rarity.id for rarity in banner.rarities]
        known = {name: place for place, name in enumerate(ids)}
        # A rank of 5 is what banners of such games call 5-star.
        known |= {
            name.removesuffix("-star"): place
            for place, name in enumerate(ids)
            if name.endswith("-star")
        }
        for name, rarity in rarities.items():
            if rarity not in ids:
                raise HistoryError(
                    f"rarity {name}={rarity}: banner {banner.id} has no {rarity!r}; "
                    f"it has {', '.join(ids)}"
                )
            known[name] = ids.index(rarity)
        run = self._engine.run
        run("CREATE TABLE known_rarities (name VARCHAR, rarity UTINYINT)")
        run(
            "INSERT INTO known_rarities VALUES "
            + ", ".join(f"({quoted(n)}, {place})" for n, place in known.items())
        )
        rows = {
            item.id: (ids.index(item.rarity), item.featured) for item in banner.items
        }
        if featured is not None:
            rows = {name: (r, name in featured) for name, (r, _) in rows.items()}
        run(
            "CREATE TABLE known_items "
            "(name VARCHAR, item_rarity UTINYINT, item_featured BOOLEAN)"
        )
        run(
            "INSERT INTO known_items VALUES "
            + ", ".join(f"({quoted(n)}, {r}, {f})" for n, (r, f) in rows.items())
        )
        self._featured = featured
        run(
            "CREATE TABLE raw (player VARCHAR, seq BIGINT, moment BIGINT, tie HUGEINT, "
            "file INTEGER, line BIGINT, rarity UTINYINT, featured BOOLEAN, "
            "other_odds BOOLEAN, code UTINYINT)"
        )

    def _read_file(self, number: int, path: Path) -> bool:
        """Read a file; whether its rows have a number of the player's own."""
        kind = kind_of(path)
        if not path.is_file():
            raise FileNotFoundError(2, "there is no such file", str(path))
        if path.stat().st_size == 0:
            raise HistoryError(f"{path}: is empty")
        source = path
        if kind == "uigf":
            source = self._engine.folder / f"uigf-{number}.ndjson"
            rewrite(path, self._pools, source)
        elif self._pools is not None:
            raise HistoryError(
                f"{path}: pools (--pool) are those of a UIGF file (.json)"
            )
        columns = self._columns(path, source, kind)
        self._check_columns(path, columns)
        self.contents.columns |= columns
        with_seq = "seq" in columns
        # Lines are numbered one after the other, which takes one thread; only rows
        # that are ordered by time, and damaged ones, need their number.
        needs_line = not with_seq and "id" not in columns
        rows = self._rows(source, kind, columns, number, needs_line)
        try:
            self._engine.run(
                f"INSERT INTO raw SELECT * EXCLUDE (here) FROM ({rows}) WHERE here"
            )
        except HistoryError as error:
            raise HistoryError(f"{path}: can't be read: {error}") from None
        if kind == "uigf":
            kind = "ndjson"
        count, rejected = self._rejects(kind, number)
        self._last = (self._raw_fields(source, kind, columns, number, False), columns)
        self._rejected += count
        self._tell(path, source, kind, columns, number, rejected)
        return with_seq

    def _columns(self, path: Path, source: Path, kind: str) -> set[str]:
        """Which of the known columns a file has."""
        if kind == "parquet":
            try:
                found = self._engine.rows(
                    f"DESCRIBE SELECT * FROM read_parquet({glob_safe(source)})"
                )
            except HistoryError as error:
                raise HistoryError(
                    f"{path}: no whole Parquet file: {error}; a file that was cut off "
                    "has lost the list of its columns, which is at the end"
                ) from None
            return {name for name, *_ in found} & set(COLUMNS)
        try:
            with opened(source) as file:
                if kind == "csv":
                    self._header = next(csv.reader(file), [])
                    return set(self._header) & set(COLUMNS)
                keys = _keys(islice(file, _SAMPLED_LINES))
            if not keys:
                with opened(source) as file:
                    lines = enumerate(islice(file, _SAMPLED_LINES), 1)
                    place, text = next((x for x in lines if x[1].strip()), (1, ""))
                raise HistoryError(f"{path}:{place}: {_no_object(text.strip())}")
            return keys & set(COLUMNS)
        except (EOFError, gzip.BadGzipFile) as error:
            raise HistoryError(f"{path}: no whole gzip file: {error}") from None

    def _check_columns(self, path: Path, columns: set[str]) -> None:
        missing = [] if "player" in columns else ["player"]
        if not columns & {"item", "rarity"}:
            missing.append("item or rarity")
        if not columns & {"seq", "time"}:
            missing.append("seq or time")
        if missing:
            has = ", ".join(c for c in COLUMNS if c in columns) or "none of them"
            raise HistoryError(
                f"{path}: has no column {' and no '.join(missing)}; of the columns "
                f"that are known ({', '.join(COLUMNS[:-1])}) it has {has}"
            )

    def _raw_fields(
        self, source: Path, kind: str, columns: set[str], number: int, line: bool
    ) -> str:
        """A query of every known column as text, and of whether a row is there."""
        line_number = "row_number() OVER ()" if line else "0"
        fields = ", ".join(
            f"{c}::VARCHAR AS {c}" if c in columns else f"NULL::VARCHAR AS {c}"
            for c in COLUMNS
        )
        if kind == "parquet":
            return (
                f"SELECT file_row_number + 1 AS line, NULL::VARCHAR AS text, "
                f"true AS whole, {fields} "
                f"FROM read_parquet({glob_safe(source)}, file_row_number = true)"
            )
        if kind == "csv":
            names = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in self._header)
            return (
                f"SELECT {line_number} AS line, NULL::VARCHAR AS text, true AS whole, "
                f"{fields} FROM read_csv({glob_safe(source)}, delim = ',', "
                f"header = true, quote = '\"', escape = '\"', auto_detect = false, "
                f"columns = {{{names}}}, store_rejects = true, "
                f"rejects_limit = 0, rejects_table = 'rejects_{number}', "
                f"rejects_scan = 'scans_{number}')"
            )
        keys = json.dumps(dict.fromkeys(COLUMNS, "VARCHAR"))
        fields = ", ".join(f"record.{c} AS {c}" for c in COLUMNS)
        return (
            f"SELECT line, text, record IS NOT NULL AS whole, {fields} FROM ("
            f"SELECT line, text, CASE WHEN json_valid(text) AND "
            f"json_type(text) = 'OBJECT' THEN json_transform(text, {quoted(keys)}) "
            f"END AS record FROM (SELECT {line_number} AS line, text "
            f"FROM read_csv({glob_safe(source)}, delim = chr(1), header = false, "
            f"quote = '', escape = '', auto_detect = false, "
            f"columns = {{'text': 'VARCHAR'}}, strict_mode = false, "
            f"store_rejects = true, rejects_limit = 0, "
            f"rejects_table = 'rejects_{number}', rejects_scan = 'scans_{number}')) "
            f"WHERE text IS NOT NULL AND trim(text) <> '')"
        )

    def _rows(
        self,
        source: Path,
        kind: str,
        columns: set[str],
        number: int,
        line: bool,
        also: str = "",
    ) -> str:
        """A query of the rows as the table ``raw`` has them, and ``here``."""
        raw = self._raw_fields(source, kind, columns, number, line)
        banner = self._banner
        here = "true"
        if "scope" in columns:
            here = f"coalesce(scope = {quoted(banner.scope)}, true)"
        elif "banner" in columns:
            here = f"coalesce(banner = {quoted(banner.id)}, true)"
        placed = (
            f"seq_number BETWEEN 1 AND {MAX_SEQ}"
            if "seq" in columns
            else "moment IS NOT NULL"
        )
        stated = "rarity IS NOT NULL"
        featured = "lower(featured) IN ('true', 't', '1', 'yes')"
        shown = f"CASE WHEN featured IS NULL THEN item_featured ELSE {featured} END"
        if self._featured is not None:
            names = ", ".join(quoted(name) for name in sorted(self._featured)) or "NULL"
            shown = f"coalesce(item IN ({names}), false)"
        other = (
            f"odds_version IS DISTINCT FROM {quoted(banner.odds_version)}"
            if "odds_version" in columns
            else "false"
        )
        return (
            f"SELECT player, seq_number AS seq, moment, "
            f"TRY_CAST(id AS HUGEINT) AS tie, {number}::INTEGER AS file, line, "
            f"CASE WHEN code = {NO_RARITY} THEN {UNKNOWN} ELSE drawn END::UTINYINT "
            f"AS rarity, {shown} AS featured, {other} AS other_odds, code, "
            f"here{also} FROM (SELECT *, CASE "
            f"WHEN NOT whole THEN {NO_OBJECT} "
            f"WHEN player IS NULL OR player = '' THEN {NO_PLAYER} "
            f"WHEN NOT coalesce({placed}, false) THEN {NO_PLACE} "
            f"WHEN drawn IS NULL OR ({stated} AND drawn <> item_rarity) "
            f"THEN {NO_RARITY} ELSE {SOUND} END::UTINYINT AS code, {here} AS here "
            f"FROM (SELECT f.*, TRY_CAST(f.seq AS BIGINT) AS seq_number, "
            f"coalesce(TRY_CAST(f.time AS BIGINT), "
            f"epoch_us(TRY_CAST(f.time AS TIMESTAMP))) AS moment, "
            f"CASE WHEN f.rarity IS NULL THEN i.item_rarity ELSE r.rarity END "
            f"AS drawn, i.item_rarity, i.item_featured "
            f"FROM ({raw}) f LEFT JOIN known_items i ON i.name = f.item "
            f"LEFT JOIN known_rarities r ON r.name = f.rarity))"
        )

    def _rejects(self, kind: str, number: int) -> tuple[int, list[tuple[int, str]]]:
        """How many lines were refused as rows; the first, with the reason."""
        if kind == "parquet":
            return 0, []
        (count,) = self._engine.row(
            f"SELECT count(DISTINCT line) FROM rejects_{number}"
        )
        found = self._engine.rows(
            "SELECT line, first(error_type::VARCHAR ORDER BY column_idx), "
            "first(error_message ORDER BY column_idx) "
            f"FROM rejects_{number} GROUP BY line ORDER BY line LIMIT {MOST_TOLD}"
        )
        run = self._engine.run
        run(f"DROP TABLE rejects_{number}")
        run(f"DROP TABLE scans_{number}")
        return int(count), [
            (int(line), _refusal(type_, text)) for line, type_, text in found
        ]

    def _tell(
        self,
        path: Path,
        source: Path,
        kind: str,
        columns: set[str],
        number: int,
        rejected: list[tuple[int, str]],
    ) -> None:
        """Note the first damaged rows of a file, with line and reason."""
        room = MOST_TOLD - len(self.contents.damages)
        (bad,) = self._engine.row(
            f"SELECT count(*) FROM raw WHERE file = {number} AND code <> {SOUND}"
        )
        if room <= 0 or (bad == 0 and not rejected):
            return
        wrong: list[tuple[Any, ...]] = []
        if bad:
            also = ", text, place, item, rarity AS rarity_text, seq AS seq_text, time"
            rows = self._rows(source, kind, columns, number, True, also)
            wrong = self._engine.rows(
                f"SELECT line, code, text, place, item, rarity_text, seq_text, time "
                f"FROM ({rows}) WHERE code <> {SOUND} AND here ORDER BY line "
                f"LIMIT {room}"
            )
            if kind != "parquet":
                self._rejects(kind, number)
        lines = [int(line) for line, *_ in wrong]
        refused = [line for line, _ in rejected]
        if kind == "ndjson":
            lines = _lines_of(lines, set(refused))
        elif kind == "csv":
            lines, refused = _lines_of_csv(source, lines, refused)
        found = [
            (line, str(line), why)
            for line, (_, why) in zip(refused, rejected, strict=True)
        ]
        for line, (_, code, text, place, *fields) in zip(lines, wrong, strict=True):
            why = self._reason(code, text, columns, *fields)
            found.append((line, place or str(line), why))
        for _, place, why in sorted(found)[:room]:
            self.contents.damages.append(Damage(str(path), place, why))

    def _reason(
        self,
        code: int,
        text: str | None,
        columns: set[str],
        item: str | None,
        rarity: str | None,
        seq: str | None,
        time: str | None,
    ) -> str:
        """What is wrong with a row, and what would be right."""
        if code == NO_OBJECT:
            return _no_object(text or "")
        if code == NO_PLAYER:
            return "has no player"
        if code == NO_PLACE:
            if "seq" in columns:
                return f"seq is {seq}; it must be a whole number from 1 to {MAX_SEQ}"
            return f"time is {time}; it must be in ISO 8601, or a whole number"
        ids = ", ".join(known.id for known in self._banner.rarities)
        name = self._banner.id
        if rarity is None and item is None:
            return f"says neither item nor rarity; rarities of banner {name} are {ids}"
        if rarity is None:
            return (
                f"item {item!r} is not in the pool of banner {name}, and no rarity is "
                f"given; its rarities are {ids}"
            )
        theirs = [known.rarity for known in self._banner.items if known.id == item]
        (known_as,) = self._engine.row(
            f"SELECT max(rarity) FROM known_rarities WHERE name = {quoted(rarity)}"
        )
        if known_as is not None and theirs:
            return f"item {item!r} is {theirs[0]} on banner {name}, not {rarity}"
        return (
            f"rarity {rarity!r} is unknown; banner {name} has {ids}; another name of "
            "one is given by rarities (--rarity NAME=ID)"
        )


def kind_of(path: Path) -> str:
    """The form of a file by its ending.

    Raises
    ------
    HistoryError
        None that is known.
    """
    name = path.name.lower()
    for ending, kind in ENDINGS.items():
        packed = kind in {"ndjson", "csv"} and name.endswith(f"{ending}.gz")
        if name.endswith(ending) or packed:
            return kind
    raise HistoryError(
        f"{path}: its ending says no form of history; there are .ndjson, .jsonl and "
        ".csv (each may end in .gz), .parquet, and .json for UIGF 4"
    )


def glob_safe(path: Path) -> str:
    """The path as a literal that DuckDB takes for one file, whatever is in it."""
    text = str(path.absolute())
    return quoted("".join(f"[{c}]" if c in "*?[" else c for c in text))


def opened(path: Path) -> IO[str]:
    """A text file, unpacked if its name says that it is packed."""
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _keys(lines: Iterable[str]) -> set[str]:
    keys: set[str] = set()
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            keys |= record.keys()
    return keys


def _lines_of(rows: list[int], refused: set[int]) -> list[int]:
    """The lines of rows in ascending order, where refused lines are no rows."""
    lines, line, passed = [], 0, 0
    for row in rows:
        while passed < row:
            line += 1
            passed += line not in refused
        lines.append(line)
    return lines


def _lines_of_csv(
    path: Path, rows: list[int], refused: list[int]
) -> tuple[list[int], list[int]]:
    """The lines of rows, and of refused records, both in ascending order.

    The header and empty lines are no rows; a record of several lines counts as one
    where DuckDB tells of refused ones, and stands at its first.
    """
    wanted, unwanted = set(rows), set(refused)
    lines: list[int] = []
    refused_lines: list[int] = []
    row, record, inside = 0, 0, False
    with opened(path) as file:
        for number, text in enumerate(file, start=1):
            begins = not inside
            record += begins
            if record in unwanted:
                refused_lines.append(number)
                continue
            if text.count('"') % 2:
                inside = not inside
            if record == 1 or not begins or not text.strip():
                continue
            row += 1
            if row in wanted:
                lines.append(number)
            if len(lines) == len(rows) and len(refused_lines) == len(refused):
                break
    return lines, refused_lines


def _refusal(kind: str, text: str) -> str:
    """Why a line was no row, in the words of this library."""
    columns = re.findall(r"Columns: (\d+) Found: (\d+)", text)
    if columns:
        expected, found = columns[0]
        return f"has {found} columns; the first line has {expected}"
    return {
        "INVALID ENCODING": "is not UTF-8 text",
        "UNQUOTED VALUE": "has a quote that is never closed, or text after one",
        "LINE SIZE OVER MAXIMUM": "is longer than two million bytes",
    }.get(kind, text.split("\n")[0])


def _no_object(text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:57]}…"
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"no JSON: {error.msg}, in column {error.colno}: {shown}"
    except (ValueError, RecursionError):
        return f"no JSON: {shown}"
    return f"no JSON object: {shown}"
