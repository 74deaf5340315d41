"""Orders recorded pulls, finds what is missing of them, and counts waits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fairpull._history_engine import Engine
from fairpull._history_input import NO_RARITY, SOUND, UNKNOWN, Contents

_GOOD = f"code IN ({SOUND}, {NO_RARITY})"
# What a mark of a player's time line is: the begin of a stretch without a gap
# whose first wait is not known from its start, or is; a hit; the begin of a wait
# by another rarity; the end of a stretch.
_UNKNOWN_BEGIN, _HIT, _BEGUN_ANEW, _BEGIN, _END = range(5)


def arrange(engine: Engine, contents: Contents, complete: bool | None) -> int:
    """Make the tables of pulls and of the stretches without a gap.

    ``pulls`` has player, seq, rarity, featured and other_odds; ``players`` a row
    of sums for each; ``stretches`` has player, first, last and whole: whether the
    player's first pull ever is the first of it.

    Returns
    -------
    int
        How many pulls were there twice, and are counted once.
    """
    run = engine.run
    if contents.numbered:
        run(
            "CREATE VIEW ordered AS SELECT player, seq, rarity, featured, other_odds "
            f"FROM raw WHERE {_GOOD}"
        )
    else:
        run(
            "CREATE TABLE ordered (player VARCHAR, seq BIGINT, rarity UTINYINT, "
            "featured BOOLEAN, other_odds BOOLEAN)"
        )
        for part in engine.parts(contents.rows):
            run(
                "INSERT INTO ordered SELECT player, row_number() OVER (PARTITION BY "
                "player ORDER BY moment, tie, file, line)::BIGINT AS seq, rarity, "
                f"featured, other_odds FROM raw WHERE {_GOOD} AND {part}"
            )
        run("DROP TABLE raw")
    run(
        "CREATE TABLE players AS SELECT player, count(*) AS pulls, min(seq) AS first, "
        "max(seq) AS last, bool_or(other_odds) AS other_odds, "
        # Consecutive numbers from first to last, each once: the count and the sums
        # say so.
        f"count(*) FILTER (rarity = {UNKNOWN}) > 0 "
        "OR count(*) <> max(seq) - min(seq) + 1 "
        "OR sum(seq - 0::HUGEINT) * 2 <> (min(seq) + max(seq)) * count(*)::HUGEINT "
        "OR sum((seq - 0::HUGEINT) * seq) * 6 <> "
        "max(seq)::HUGEINT * (max(seq) + 1) * (2 * max(seq) + 1) "
        "- (min(seq) - 1)::HUGEINT * min(seq) * (2 * min(seq) - 1) AS mended "
        "FROM ordered GROUP BY player"
    )
    known = complete is not False if contents.numbered else complete is True
    whole = "first = 1" if known else "false"
    (mended,) = engine.row("SELECT count(*) FROM players WHERE mended")
    if mended == 0:
        run("CREATE VIEW pulls AS SELECT * FROM ordered")
        run(
            f"CREATE VIEW stretches AS SELECT player, first, last, {whole} AS whole "
            "FROM players"
        )
        return 0
    # Those with gaps and doubles again, each pull once; where two records of one
    # pull say different things, what was drawn is not known.
    (rows,) = engine.row("SELECT sum(pulls)::BIGINT FROM players WHERE mended")
    parts = engine.parts(rows)
    run(
        "CREATE TABLE sorted_out (player VARCHAR, seq BIGINT, rarity UTINYINT, "
        "featured BOOLEAN, other_odds BOOLEAN, times BIGINT)"
    )
    for part in parts:
        run(
            "INSERT INTO sorted_out SELECT player, seq, "
            f"CASE WHEN min(rarity) = max(rarity) THEN min(rarity) ELSE {UNKNOWN} END, "
            "any_value(featured), bool_or(other_odds), count(*) "
            f"FROM (FROM ordered WHERE {part}) "
            "SEMI JOIN (FROM players WHERE mended) USING (player) GROUP BY player, seq"
        )
    run(
        "CREATE VIEW pulls AS SELECT * FROM ordered "
        "ANTI JOIN (FROM players WHERE mended) USING (player) "
        "UNION ALL SELECT * EXCLUDE (times) FROM sorted_out"
    )
    run(
        "CREATE TABLE stretches AS "
        f"SELECT player, first, last, {whole} AS whole FROM players WHERE NOT mended"
    )
    for part in parts:
        run(
            f"INSERT INTO stretches SELECT player, first, last, {whole} FROM "
            "(SELECT player, min(seq) AS first, max(seq) AS last "
            "FROM (SELECT player, seq, seq - row_number() OVER (PARTITION BY player "
            "ORDER BY seq) AS stretch FROM sorted_out "
            f"WHERE rarity <> {UNKNOWN} AND {part}) GROUP BY player, stretch)"
        )
    (twice,) = engine.row("SELECT coalesce(sum(times - 1), 0)::BIGINT FROM sorted_out")
    return int(twice)


def lengths(
    engine: Engine, rarity: int, begun_by: Sequence[int], player: str
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Lengths of waits, and how many ended so with a hit and without one.

    `player` is a condition on the players that count.
    """
    marks = ", ".join(str(place) for place in begun_by)
    (rows,) = engine.row(
        f"SELECT (SELECT count(*) FROM pulls WHERE rarity IN ({marks}) AND {player}) "
        f"+ 2 * (SELECT count(*) FROM stretches WHERE {player})"
    )
    found: dict[int, tuple[int, int]] = {}
    for part in engine.parts(rows):
        for length, hits, others in engine.rows(
            _lengths(rarity, marks, f"{player} AND {part}")
        ):
            more_hits, more_others = found.get(length, (0, 0))
            found[length] = (hits + more_hits, others + more_others)
    sorted_by_length = sorted(found.items())
    return (
        np.array([length for length, _ in sorted_by_length], dtype=np.int64),
        np.array([hits for _, (hits, _) in sorted_by_length], dtype=np.int64),
        np.array([others for _, (_, others) in sorted_by_length], dtype=np.int64),
    )


def _lengths(rarity: int, marks: str, players: str) -> str:
    """A query of lengths, hits and others of some players."""
    return (
        "WITH marks AS ("
        "SELECT player, seq * 2 AS spot, "
        f"CASE WHEN rarity = {rarity} THEN {_HIT} ELSE {_BEGUN_ANEW} END AS kind "
        f"FROM pulls WHERE rarity IN ({marks}) AND {players} UNION ALL "
        f"SELECT player, first * 2 - 1, CASE WHEN whole THEN {_BEGIN} "
        f"ELSE {_UNKNOWN_BEGIN} END FROM stretches WHERE {players} UNION ALL "
        f"SELECT player, last * 2 + 1, {_END} FROM stretches WHERE {players}), "
        "steps AS (SELECT spot, kind, lag(spot) OVER line AS since, "
        "lag(kind) OVER line AS begun FROM marks "
        "WINDOW line AS (PARTITION BY player ORDER BY spot)) "
        f"SELECT (spot - since + (kind <> {_END})::BIGINT) // 2 AS length, "
        f"count(*) FILTER (kind = {_HIT}) AS hits, "
        f"count(*) FILTER (kind <> {_HIT}) AS others FROM steps "
        f"WHERE kind IN ({_HIT}, {_BEGUN_ANEW}, {_END}) AND begun <> {_UNKNOWN_BEGIN} "
        "GROUP BY length HAVING length > 0"
    )


def at_risk(
    length: NDArray[np.int64], hits: NDArray[np.int64], others: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many waits came to each pull of a wait, and how many were hits there."""
    longest = int(length[-1]) if len(length) else 0
    ended = np.zeros(longest, dtype=np.int64)
    hit = np.zeros(longest, dtype=np.int64)
    ended[length - 1] = hits + others
    hit[length - 1] = hits
    return np.cumsum(ended[::-1])[::-1], hit
