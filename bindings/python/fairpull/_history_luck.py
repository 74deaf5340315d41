"""How lucky recorded players were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairpull._history_engine import Engine
from fairpull.banner import Banner

MOST_PULLS = 10_000
REASONS = {
    "gap": "pulls are missing in between",
    "odds": "some of the pulls were made under other odds",
    "long": f"only players of up to {MOST_PULLS} pulls are compared",
    "start": "the first pull may be missing, and no hit is there to begin at",
}
_ROWS_AT_ONCE = 10_000


class PlayerLuck(NamedTuple):
    """How lucky a player was: `luck` from 0 (least) to 1 (most).

    `pulls` are those that are compared, `hits` those of them that were. `luck` is
    None where nothing can be said; `reason` says why.
    """

    player: str
    pulls: int
    hits: int
    luck: float | None
    reason: str | None


def compare(
    engine: Engine, banner: Banner, rarity: str, player: str, batch: int | None
) -> None:
    """Make the tables of what is compared of each player, and of ranks.

    ``compared`` has player, n, hits and reason (null where there is a figure);
    ``ranks`` has for each n and hits the odds of fewer (low) and of as many or
    fewer (high), and luck, the mean of both.
    """
    place = [known.id for known in banner.rarities].index(rarity)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE compared AS WITH "
        "struck AS (SELECT player, count(*) AS hits, min(seq) AS first_hit FROM pulls "
        f"WHERE rarity = {place} AND {player} GROUP BY player), "
        "lines AS (SELECT player, count(*) AS parts, min(first) AS first, "
        "max(last) AS last, bool_or(whole) AS whole FROM stretches "
        f"WHERE {player} GROUP BY player), "
        "counted AS (SELECT p.player, coalesce(parts, 0) AS parts, "
        "p.other_odds, coalesce(whole, false) AS begun, first_hit IS NOT NULL AS hit, "
        "coalesce(CASE WHEN whole THEN l.last - l.first + 1 "
        "ELSE l.last - first_hit END, 0) AS n, "
        "coalesce(CASE WHEN whole THEN hits ELSE hits - 1 END, 0) AS hits "
        f"FROM (FROM players WHERE {player}) p LEFT JOIN struck s USING (player) "
        "LEFT JOIN lines l USING (player)) "
        "SELECT player, n::BIGINT AS n, hits::BIGINT AS hits, CASE "
        "WHEN parts <> 1 THEN 'gap' WHEN other_odds THEN 'odds' "
        f"WHEN n > {MOST_PULLS} THEN 'long' WHEN NOT (begun OR hit) THEN 'start' "
        "END AS reason FROM counted"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE ranks "
        "(n BIGINT, hits BIGINT, low DOUBLE, high DOUBLE, luck DOUBLE)"
    )
    rows: list[str] = []
    for n, hits in engine.rows(
        "SELECT n, list(DISTINCT hits) FROM compared WHERE reason IS NULL "
        "GROUP BY n ORDER BY n"
    ):
        law = banner.hits_in(n, f"rarity:{rarity}", batch=batch)
        low, high = law.cdf(np.array(hits) - 1), law.cdf(hits)
        for h, below, to, luck in zip(hits, low, high, law.luck(hits), strict=True):
            rows.append(f"({n}, {h}, {float(below)!r}, {float(to)!r}, {float(luck)!r})")
        if len(rows) > _ROWS_AT_ONCE:
            engine.run("INSERT INTO ranks VALUES " + ", ".join(rows))
            rows = []
    if rows:
        engine.run("INSERT INTO ranks VALUES " + ", ".join(rows))


def lucks(engine: Engine) -> Iterator[PlayerLuck]:
    """Each player of the tables that :func:`compare` made, by name."""
    result = engine.run(
        "SELECT player, n, hits, luck, reason FROM compared "
        "LEFT JOIN ranks USING (n, hits) ORDER BY player"
    )
    while rows := result.fetchmany(_ROWS_AT_ONCE):
        for player, n, hits, luck, reason in rows:
            if reason is None:
                yield PlayerLuck(player, n, hits, luck, None)
            else:
                yield PlayerLuck(player, n, hits, None, REASONS[reason])


def luck_counts(engine: Engine, bins: int) -> tuple[NDArray[np.int64], int]:
    """How many players' luck is in each part, and how many have none."""
    counts = np.zeros(bins)
    edges = np.linspace(0, 1, bins + 1)
    for low, high, players in engine.rows(
        "SELECT low, high, count(*) FROM compared JOIN ranks USING (n, hits) "
        "WHERE reason IS NULL GROUP BY n, hits, low, high ORDER BY n, hits"
    ):
        if high <= low:  # as good as impossible
            counts[min(bins - 1, int(low * bins))] += players
            continue
        shared = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
        counts += players * np.clip(shared, 0, None) / (high - low)
    (without,) = engine.row("SELECT count(*) FROM compared WHERE reason IS NOT NULL")
    return np.rint(counts).astype(np.int64), int(without)
