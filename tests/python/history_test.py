"""Recorded histories: waits, rates, luck, worked out by hand and by brute force."""

from __future__ import annotations

import gzip
import json
import math
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import run, run_json
from hypothesis import given, settings
from hypothesis import strategies as st

import fairpull
from fairpull.history import History, Rate, interval

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


@pytest.fixture
def read(tmp_path: Path, starter: fairpull.Banner) -> Iterator[Callable[..., History]]:
    """Reads rows as NDJSON, held against the example game's banner."""
    made: list[History] = []

    def read(rows: list[Row] | str, **options: Any) -> History:
        path = tmp_path / f"history-{len(made)}.ndjson"
        path.write_text(rows if isinstance(rows, str) else ndjson(rows), "utf-8")
        banner = options.pop("banner", starter)
        made.append(fairpull.read_history(path, banner, threads=1, **options))
        return made[-1]

    yield read
    for history in made:
        history.close()


def rate(history: History, name: str, **options: Any) -> Rate:
    return next(r for r in history.rates(**options) if r.name == name)


# Ann's waits are 3 and 5 pulls with a hit, and 2 without; Bob's is 3 without.
ANN_AND_BOB = rows_of("ann", "RRURRRRURR") + rows_of("bob", "RRR")


class TestWaits:
    def test_unfinished_ones_count_as_far_as_they_went(self, read):
        waits = read(ANN_AND_BOB).hazards()
        assert waits.at_risk.tolist() == [4, 4, 3, 1, 1]
        assert waits.hits.tolist() == [0, 0, 1, 0, 1]
        assert waits.rate.tolist() == [0, 0, pytest.approx(1 / 3), 0, 1]
        assert waits.exact.tolist() == pytest.approx([0.006] * 5)
        assert waits.expected == pytest.approx(13 * 0.006)
        assert waits.z == pytest.approx(
            (2 - 13 * 0.006) / math.sqrt(13 * 0.006 * 0.994)
        )

    def test_a_first_wait_that_may_have_begun_before_is_left_out(self, read):
        for history in (
            read(ANN_AND_BOB, complete=False),
            read(
                rows_of("ann", "RRURRRRURR", first=8) + rows_of("bob", "RRR", first=2)
            ),
            read(dated(ANN_AND_BOB)),
        ):
            waits = history.hazards()
            assert waits.at_risk.tolist() == [2, 2, 1, 1, 1]
            assert waits.hits.tolist() == [0, 0, 0, 0, 1]
            assert any("first pull may be missing: 2" in n for n in history.notes)

    def test_by_time_it_counts_if_the_history_is_said_to_be_complete(self, read):
        history = read(dated(ANN_AND_BOB), complete=True)
        assert history.hazards().at_risk.tolist() == [4, 4, 3, 1, 1]
        assert history.notes == []

    def test_none_goes_across_a_gap(self, read):
        # Without a hit for 2 pulls; after the gap the wait is not known until the
        # hit, and 1 pull is waited after it.
        history = read(rows_of("ann", "RR.RURR."))
        waits = history.hazards()
        assert waits.at_risk.tolist() == [2, 2]
        assert waits.hits.tolist() == [0, 0]
        assert any("players with gaps: 1" in note for note in history.notes)

    def test_a_pull_that_is_there_twice_counts_once(self, read):
        history = read([*ANN_AND_BOB, *rows_of("ann", "RRU")])
        assert history.hazards().at_risk.tolist() == [4, 4, 3, 1, 1]
        assert history.pulls == 13
        assert any("recorded twice: 3" in note for note in history.notes)

    def test_records_that_contradict_each_other_are_no_pull(self, read):
        history = read([*ANN_AND_BOB, {"player": "bob", "seq": 2, "rarity": "rare"}])
        assert history.pulls == 13
        history = read(
            [*ANN_AND_BOB, {"player": "bob", "seq": 3, "rarity": "super_rare"}]
        )
        assert history.pulls == 12
        assert history.hazards().at_risk.tolist() == [4, 4, 2, 1, 1]

    def test_a_double_does_not_hide_a_gap(self, read):
        # As many rows as from the first to the last, but one is missing.
        rows = rows_of("ann", "RRURRR.RRR") + rows_of("ann", "RR")[1:]
        assert read(rows).hazards().at_risk.tolist() == [2, 2, 2]

    def test_the_order_of_rows_does_not_matter(self, read):
        waits = read(list(reversed(ANN_AND_BOB))).hazards()
        assert waits.at_risk.tolist() == [4, 4, 3, 1, 1]

    def test_pulls_of_one_moment_go_by_id_or_else_by_line(self, read):
        at_once = [
            {"player": "ann", "time": 5, "id": str(n), "rarity": LETTERS[letter]}
            for n, letter in [(9, "R"), (10, "U"), (8, "R"), (11, "R")]
        ]
        history = read(at_once, complete=True)
        assert history.hazards().hits.tolist() == [0, 0, 1]
        for row in at_once:
            del row["id"]
        history = read(at_once, complete=True)
        assert history.hazards().hits.tolist() == [0, 1]

    def test_a_higher_hit_that_sets_pity_back_begins_a_wait(self, read):
        ids = {"S": "s-rank", "A": "a-rank", "B": "b-rank"}
        rows = [
            {"player": "ann", "seq": n, "rarity": ids[letter]}
            for n, letter in enumerate("BBSBABS", start=1)
        ]
        history = read(rows, banner=fairpull.Banner.load("zzz-agent"))
        waits = history.hazards("a-rank")
        assert waits.begun_by == ("s-rank", "a-rank")
        # Three pulls up to the S, two up to the A, two up to the second S.
        assert waits.at_risk.tolist() == [3, 3, 1]
        assert waits.hits.tolist() == [0, 1, 0]

    def test_one_player_alone(self, read):
        history = read(ANN_AND_BOB)
        assert history.hazards(player="bob").at_risk.tolist() == [1, 1, 1]
        assert rate(history, "rarity:ultra_rare", player="ann").of == 10
        with pytest.raises(fairpull.NotFoundError, match="no pull is of player 'cy'"):
            history.hazards(player="cy")
        with pytest.raises(fairpull.NotFoundError):
            history.rates(player="'; DROP TABLE pulls; --")

    def test_an_unknown_rarity_or_confidence_is_told(self, read):
        history = read(ANN_AND_BOB)
        with pytest.raises(fairpull.InvalidArgumentError, match="there are ultra_rare"):
            history.hazards("mythic")
        with pytest.raises(fairpull.InvalidArgumentError, match="confidence is 95"):
            history.rates(confidence=95)


def by_brute_force(
    pulls: dict[str, dict[int, str]], begun_by: set[str], rarity: str
) -> tuple[dict[int, int], dict[int, int]]:
    """At risk and hits by wait: a player at a time, a pull after the other."""
    at_risk: dict[int, int] = defaultdict(int)
    hits: dict[int, int] = defaultdict(int)
    for drawn in pulls.values():
        wait: int | None = None
        before = None
        for seq in sorted(drawn):
            if before is None or seq != before + 1 or drawn[before] == "?":
                wait = 0 if seq == 1 else None
            before = seq
            if drawn[seq] == "?":
                continue
            if wait is not None:
                wait += 1
                at_risk[wait] += 1
                hits[wait] += drawn[seq] == rarity
            if drawn[seq] in begun_by:
                wait = 0
    return at_risk, hits


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["ann", "bob", "cy"]),
        st.lists(st.tuples(st.integers(1, 12), st.sampled_from("SABB?")), max_size=14),
        min_size=1,
    ),
    st.sampled_from(["s-rank", "a-rank", "b-rank"]),
)
def test_any_history_has_the_waits_that_brute_force_finds(
    tmp_path_factory: pytest.TempPathFactory,
    recorded: dict[str, list[tuple[int, str]]],
    rarity: str,
):
    ids = {"S": "s-rank", "A": "a-rank", "B": "b-rank", "?": "unheard-of"}
    rows = [
        {"player": player, "seq": seq, "rarity": ids[letter]}
        for player, drawn in recorded.items()
        for seq, letter in drawn
    ]
    if not rows:
        return
    seen: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        seen[row["player"]][row["seq"]].add(row["rarity"])
    pulls = {
        player: {
            seq: next(iter(names))
            if names < {*list(ids.values())[:3]} and len(names) == 1
            else "?"
            for seq, names in drawn.items()
        }
        for player, drawn in seen.items()
    }
    banner = fairpull.Banner.load("zzz-agent")
    path = tmp_path_factory.mktemp("any") / "history.ndjson"
    path.write_text(ndjson(rows))
    with fairpull.read_history(path, banner, threads=1) as history:
        waits = history.hazards(rarity)
        known = [r for drawn in pulls.values() for r in drawn.values() if r != "?"]
        assert history.pulls == len(known)
        assert {r.name: r.hits for r in history.rates()}[f"rarity:{rarity}"] == sum(
            name == rarity for name in known
        )
    at_risk, hits = by_brute_force(pulls, set(waits.begun_by), rarity)
    longest = max(at_risk, default=0)
    assert waits.at_risk.tolist() == [at_risk[w] for w in range(1, longest + 1)]
    assert waits.hits.tolist() == [hits[w] for w in range(1, longest + 1)]


class TestIntervals:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998,
    # table I, method 3.
    @pytest.mark.parametrize(
        ("hits", "of", "low", "high"),
        [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ],
    )
    def test_are_wilsons(self, hits, of, low, high):
        got = interval(np.array([hits]), np.array([of]), 0.95)
        assert float(got[0][0]) == pytest.approx(low, abs=5e-5)
        assert float(got[1][0]) == pytest.approx(high, abs=5e-5)

    def test_a_certain_hit_may_be_certain(self):
        low, high = interval(np.array([7, 0]), np.array([7, 0]), 0.95)
        assert high.tolist() == [1, 1]
        assert low[1] == 0


class TestLuck:
    def test_is_the_mid_rank_among_players_with_as_many_pulls(self, read):
        lucks = {luck.player: luck for luck in read(ANN_AND_BOB).luck()}
        # So early each pull is a hit with 0.6%, whatever came before.
        p, q = 0.006, 0.994
        ann = q**10 + 10 * p * q**9 + 0.5 * 45 * p**2 * q**8
        assert lucks["ann"][1:3] == (10, 2)
        assert lucks["ann"].luck == pytest.approx(ann, abs=1e-12)
        assert lucks["bob"][1:3] == (3, 0)
        assert lucks["bob"].luck == pytest.approx(0.5 * q**3, abs=1e-12)

    def test_begins_at_the_first_hit_where_the_first_pull_may_be_missing(self, read):
        ann, bob = read(ANN_AND_BOB, complete=False).luck()
        p, q = 0.006, 0.994
        assert ann[1:3] == (7, 1)
        assert ann.luck == pytest.approx(q**7 + 0.5 * 7 * p * q**6, abs=1e-12)
        assert bob.luck is None
        assert bob.reason is not None
        assert "no hit is there to begin at" in bob.reason

    def test_has_a_reason_where_there_is_no_figure(self, read):
        rows = rows_of("ann", "RR.RU") + rows_of("bob", "R" * 20)
        for row in rows:
            row["odds_version"] = "old" if row["player"] == "bob" else None
        history = read(rows + rows_of("cy", "R" * 10_001), complete=True)
        reasons = [luck.reason for luck in history.luck()]
        assert reasons[0] == "pulls are missing in between"
        assert reasons[1] == "some of the pulls were made under other odds"
        # Cy's rows name no version either.
        assert reasons[2] == "some of the pulls were made under other odds"
        history = read(rows_of("cy", "R" * 10_001))
        (cy,) = history.luck()
        assert cy.reason == "only players of up to 10000 pulls are compared"
        counts, without = history.luck_counts()
        assert (counts.sum(), without) == (0, 1)

    def test_spreads_evenly_over_many_players(self, simulated):
        counts, without = simulated.luck_counts()
        assert without == 0
        # Each count has a standard deviation below 14 = sqrt(2000 * 0.1 * 0.9); beyond
        # six of them comes in fewer than one of 10^7 runs.
        assert np.all(np.abs(counts - 200) < 6 * 14)


def write_simulated(
    path: Path, banner: fairpull.Banner, players: int, pulls: int, *, seed: int
) -> Path:
    outcomes = fairpull.simulate(
        banner, players=players, pulls=pulls, rng=seed, outcomes=True
    ).outcomes
    assert outcomes is not None
    ids = [item.id for item in banner.items]
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "wt") as file:
        file.write("player,seq,item\n")
        for player, drawn in enumerate(outcomes):
            file.writelines(
                f"p{player},{n},{ids[item]}\n" for n, item in enumerate(drawn, start=1)
            )
    return path


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """2000 players with 700 pulls each, in a CSV file."""
    banner = fairpull.Banner.load("starter")
    folder = tmp_path_factory.mktemp("simulated")
    path = write_simulated(folder / "history.csv.gz", banner, 2000, 700, seed=21)
    with fairpull.read_history(path, banner) as history:
        yield history


@pytest.mark.parametrize("form", [list, dated])
def test_players_may_be_sorted_in_parts(read, monkeypatch, form):
    """As they are where there are many more rows than fit in memory."""
    rows = form([*rows_of("cy", "RURRSRU"), *ANN_AND_BOB, *rows_of("di", "RRSRRU")])
    whole = read(rows, complete=True)
    monkeypatch.setattr("fairpull._history_engine.SORTED_AT_ONCE", 5)
    parted = read(rows, complete=True)
    for rarity in LETTERS.values():
        a, b = whole.hazards(rarity), parted.hazards(rarity)
        assert a.at_risk.tolist() == b.at_risk.tolist()
        assert a.hits.tolist() == b.hits.tolist()
    assert list(whole.luck()) == list(parted.luck())
    assert parted.hazards().at_risk.tolist() == [7, 7, 5, 3, 3, 1]


def test_players_with_gaps_may_be_sorted_in_parts_too(read, monkeypatch):
    rows = [
        *rows_of("ann", "RRURR.RUR"),
        *rows_of("ann", "RR"),
        *rows_of("bob", "R.RUR.U"),
        *rows_of("cy", "RU.R"),
    ]
    whole = read(rows)
    monkeypatch.setattr("fairpull._history_engine.SORTED_AT_ONCE", 2)
    parted = read(rows)
    assert parted.notes == whole.notes
    # Ann: 3 with a hit, 2 and 1 unfinished. Bob: 1, and 1 after the hit. Cy: 2.
    for history in (whole, parted):
        assert history.hazards().at_risk.tolist() == [6, 3, 1]
        assert history.hazards().hits.tolist() == [0, 1, 1]


class TestSimulatedHistory:
    def test_hazards_are_those_of_the_simulation(self, simulated, starter):
        # Hits by wait, counted in vectors by code that shares nothing with this.
        counted = fairpull.simulate(
            starter, players=2000, pulls=700, rng=21, waits=True
        ).waits
        for rarity in ("ultra_rare", "super_rare", "rare"):
            waits = simulated.hazards(rarity)
            hits = counted[rarity][1 : len(waits.hits) + 1]
            assert waits.hits[: len(hits)].tolist() == hits.tolist()

    # |z| above 4.42 comes in one of 10^5 runs, each of 73 + 17 waits with enough hits
    # above 5.33 in one of 10^7.
    def test_hazards_agree_with_the_exact_ones(self, simulated):
        waits = simulated.hazards()
        assert waits.by_wait_alone
        assert abs(waits.z) < 4.42
        variance = waits.at_risk * waits.exact * (1 - waits.exact)
        enough = variance > 9
        assert enough.sum() > 78
        z = (waits.hits - waits.at_risk * waits.exact)[enough]
        assert np.all(np.abs(z / np.sqrt(variance[enough])) < 5.33)

    # Players who stop after 80 pulls finish few of the long waits. |z| above 4.42
    # comes in one of 10^5 runs.
    def test_players_who_pull_little_do_not_make_it_look_generous(
        self, tmp_path, starter
    ):
        path = write_simulated(tmp_path / "short.csv", starter, 2000, 80, seed=4)
        with fairpull.read_history(path, starter) as history:
            waits = history.hazards()
        assert abs(waits.z) < 4.42
        # What is not to be done: to look at the finished waits alone.
        finished = waits.hits[::-1].cumsum()[::-1]
        expected = float(finished @ waits.exact)
        assert waits.hits.sum() > expected + 6 * math.sqrt(expected)

    # Beyond six standard deviations of independent pulls, which these vary less
    # than, in fewer than one of 10^8 runs.
    def test_rates_are_what_a_new_players_pulls_should_give(self, simulated):
        for found in simulated.rates():
            p = found.expected / found.of
            assert abs(found.hits - found.expected) < 6 * math.sqrt(
                found.of * p * (1 - p)
            ), found.name
        first = simulated.rates()[0]
        # The long-run rate is out of reach of so many young players.
        assert first.high < first.exact

    def test_without_their_begin_pulls_are_held_against_the_long_run(
        self, tmp_path, starter
    ):
        drawn = starter.pull(size=20_000, rng=5)
        path = tmp_path / "late.ndjson"
        path.write_text(
            ndjson(
                [
                    {"player": "ann", "time": n, "item": pull.item.id}
                    for n, pull in enumerate(drawn)
                    if n >= 1000
                ]
            )
        )
        with fairpull.read_history(path, starter) as history:
            found = history.rates()[0]
            assert found.of == 19_000
            assert found.expected == pytest.approx(19_000 * found.exact, rel=1e-12)
            assert abs(found.hits - found.expected) < 6 * math.sqrt(found.expected)

    def test_the_picture_shows_both(self, simulated, tmp_path):
        path = tmp_path / "waits.png"
        axes = simulated.plot("super_rare", path=path)
        assert path.stat().st_size > 10_000
        labels = [text.get_text() for text in axes.get_legend().get_texts()]
        assert labels == ["exact, as it is drawn", "observed, with its interval"]


# Beyond six standard deviations of independent pulls in fewer than one of 10^8
# runs for each figure, of which there are some eighty.
@pytest.mark.parametrize("name", fairpull.banner_names())
def test_what_is_expected_on_every_banner_that_ships(name, tmp_path):
    banner = fairpull.Banner.load(name)
    pulls = 300 // min(banner.batches) * min(banner.batches)
    path = write_simulated(tmp_path / "history.csv", banner, 100, pulls, seed=3)
    with fairpull.read_history(path, banner, threads=1) as history:
        for found in history.rates():
            if found.of:
                p = found.expected / found.of
                assert abs(found.hits - found.expected) <= 6 * math.sqrt(
                    found.of * p * (1 - p)
                ), found.name


class TestForms:
    ROWS = (
        {"player": "ann", "seq": 1, "item": "herb-satchel", "featured": False},
        {"player": "ann", "seq": 2, "item": "dessa-thistledown", "featured": True},
        {"player": 'Ünal, "x"', "seq": 1, "item": "herb-satchel", "featured": None},
    )

    def write(self, path: Path) -> Path:
        rows = list(self.ROWS)
        if path.name.endswith(".gz"):
            with gzip.open(path, "wt", encoding="utf-8") as file:
                file.write(ndjson(rows))
        elif path.suffix == ".csv":
            path.write_text(
                "\ufeffseq,player,extra,item,featured\n"
                "1,ann,x,herb-satchel,false\n2,ann,x,dessa-thistledown,TRUE\n"
                '1,"Ünal, ""x""",,herb-satchel,\n',
                "utf-8",
            )
        elif path.suffix == ".parquet":
            import duckdb

            plain = path.with_suffix(".json")
            plain.write_text(ndjson(rows), "utf-8")
            duckdb.sql(f"COPY (FROM read_json('{plain}')) TO '{path}'")
        else:
            path.write_text(ndjson(rows), "utf-8")
        return path

    @pytest.mark.parametrize(
        "name",
        ["a.ndjson", "a.jsonl", "a.ndjson.gz", "a.csv", "a.parquet", "[a]*?.csv"],
    )
    def test_are_read_alike(self, tmp_path, starter, name):
        with fairpull.read_history(self.write(tmp_path / name), starter) as history:
            assert (history.players, history.pulls, history.damaged) == (2, 3, 0)
            assert rate(history, "rarity:rare").hits == 2
            found = rate(history, "featured:super_rare")
            assert (found.hits, found.of) == (1, 1)
            assert [x.player for x in history.luck()] == ["ann", 'Ünal, "x"']

    def test_several_files_are_one_history(self, tmp_path, starter):
        one = self.write(tmp_path / "one.ndjson")
        two = tmp_path / "two.csv"
        two.write_text("player,seq,rarity\nann,3,ultra_rare\n")
        with fairpull.read_history([one, two], starter) as history:
            assert history.hazards().hits.tolist() == [0, 0, 1]

    def test_rows_of_other_banners_are_left_alone(self, read):
        rows = [
            {"player": "a", "seq": 1, "rarity": "rare", "scope": "starter"},
            {"player": "a", "seq": 1, "rarity": "mythic", "scope": "moon"},
        ]
        history = read(rows)
        assert (history.pulls, history.damaged) == (1, 0)

    def test_rarities_may_have_other_names(self, read):
        rows = [{"player": "a", "seq": 1, "rarity": "SSR"}]
        history = read(rows, rarities={"SSR": "ultra_rare"})
        assert rate(history, "rarity:ultra_rare").hits == 1
        with pytest.raises(fairpull.HistoryError, match="SSR=moon: banner starter has"):
            read(rows, rarities={"SSR": "moon"})

    def test_others_may_be_featured(self, read):
        rows = [
            {"player": "a", "seq": 1, "item": "of-today", "rarity": "ultra_rare"},
            {"player": "a", "seq": 2, "item": "of-old", "rarity": "ultra_rare"},
        ]
        found = rate(read(rows), "featured:ultra_rare")
        assert (found.hits, found.of) == (0, 0)
        found = rate(read(rows, featured=["of-today"]), "featured:ultra_rare")
        assert (found.hits, found.of) == (1, 2)


def uigf(*pulls: tuple[str, str, str], uid: Any = 100) -> dict[str, Any]:
    """An account: (gacha_type, rank, id) of each pull."""
    return {
        "uid": uid,
        "timezone": 8,
        "list": [
            {
                "uigf_gacha_type": "301" if kind == "400" else kind,
                "gacha_type": kind,
                "item_id": "10000001",
                "rank_type": rank,
                "time": "2026-01-01 10:00:00",
                "id": f"17000000000000000{number}",
            }
            for kind, rank, number in pulls
        ],
    }


class TestUigf:
    @pytest.fixture
    def file(self, write) -> Path:
        # Newest first, as apps export them; the second is of the other kind that
        # shares the pity.
        pulls = [
            ("301", "3", "06"),
            ("301", "5", "05"),
            ("302", "5", "04"),
            ("301", "3", "03"),
            ("400", "3", "02"),
            ("301", "5", "01"),
        ]
        path: Path = write(
            "uigf.json",
            {
                "info": {"version": "v4.0"},
                "hk4e": [uigf(*pulls), uigf(*pulls[:2], pulls[1], uid="200")],
            },
        )
        return path

    def test_pools_that_share_pity_count_together(self, file):
        banner = fairpull.Banner.load("genshin-character")
        with fairpull.read_history(file, banner, pools=["301"]) as history:
            # The second player's hit is there twice, and counts once.
            assert (history.players, history.pulls, history.damaged) == (2, 7, 0)
            waits = history.hazards()
            assert waits.hits.tolist() == [0, 0, 1]
            assert waits.at_risk.tolist() == [3, 1, 1]
        with fairpull.read_history(
            file, banner, pools=["hk4e:301"], complete=True
        ) as history:
            assert history.hazards().hits.tolist() == [2, 0, 1]

    def test_kinds_are_put_together_where_the_file_does_not(self, file):
        text = json.loads(file.read_text())
        for account in text["hk4e"]:
            for record in account["list"]:
                del record["uigf_gacha_type"]
        file.write_text(json.dumps(text))
        banner = fairpull.Banner.load("genshin-character")
        with fairpull.read_history(file, banner, pools=["301"]) as history:
            assert history.hazards().hits.tolist() == [0, 0, 1]

    def test_which_pools_is_asked_where_there_are_several(self, file):
        banner = fairpull.Banner.load("genshin-character")
        with pytest.raises(
            fairpull.HistoryError,
            match=r"has several pools: hk4e:301 \(8 pulls\), hk4e:302 \(1 pulls\)",
        ):
            fairpull.read_history(file, banner)
        with pytest.raises(fairpull.HistoryError, match="pool 200 is not there"):
            fairpull.read_history(file, banner, pools=["200"])

    def test_a_damaged_record_is_told_by_its_pointer(self, file):
        text = json.loads(file.read_text())
        text["hk4e"][0]["list"][3]["rank_type"] = "9"
        text["hk4e"][1]["list"][0] = 7
        file.write_text(json.dumps(text))
        banner = fairpull.Banner.load("genshin-character")
        with fairpull.read_history(file, banner, pools=["301"]) as history:
            places = [damage.place for damage in history.damages]
            assert places == ["/hk4e/0/list/3", "/hk4e/1/list/0"]
            assert "rarity '9' is unknown" in history.damages[0].message
            assert "5-star, 4-star, 3-star" in history.damages[0].message
            # The wait across it is not known any more.
            assert history.hazards().hits.sum() == 0

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ('{"hk4e": [\n{"uid": 1, "li', "uigf.json:2: no JSON: Unterminated string"),
            ({"info": {}, "list": []}, "UIGF 3 or SRGF file must be converted"),
            ({"player": 1}, "no UIGF 4: it has none of hk4e, hkrpg, nap"),
            ({"hk4e": []}, "no pulls"),
            ([1], "no UIGF 4"),
            ("[" * 100_000, "no UIGF: it is nested too deeply"),
        ],
    )
    def test_other_files_are_refused(self, write, content, message):
        path = write("uigf.json", content)
        with pytest.raises(fairpull.HistoryError, match=message):
            fairpull.read_history(path, fairpull.Banner.load("genshin-character"))


class TestDamage:
    GOOD = '{"player":"ann","seq":%d,"rarity":"%s"}'

    def test_a_line_is_told_and_the_others_are_read(self, read):
        lines = [self.GOOD % (n, "rare") for n in range(1, 8)]
        lines[3] = lines[3][:20]
        lines.insert(2, "")  # is no row, but a line
        lines.append("[1, 2]")
        lines.append('{"player": null, "seq": 1, "rarity": "rare"}')
        lines.append(self.GOOD % (0, "rare"))
        lines.append(self.GOOD % (9, "mythic"))
        lines.append('{"player":"bob","seq":1,"item":"nothing"}')
        lines.append(
            '{"player":"bob","seq":2,"item":"herb-satchel","rarity":"ultra_rare"}'
        )
        lines.append('{"player":"bob","seq":3}')
        lines.append('{"player":"ann","se')
        history = read("\n".join(lines))
        told = [(d.place, d.message) for d in history.damages]
        assert [place for place, _ in told] == list("59") + [
            str(n) for n in range(10, 17)
        ]
        for (_, message), part in zip(
            told,
            [
                'no JSON: Unterminated string starting at, in column 17: {"player"',
                "no JSON object: [1, 2]",
                "has no player",
                "seq is 0; it must be a whole number from 1",
                "rarity 'mythic' is unknown; banner starter has ultra_rare, super_rare",
                "item 'nothing' is not in the pool of banner starter",
                "item 'herb-satchel' is rare on banner starter, not ultra_rare",
                "says neither item nor rarity",
                "no JSON: ",
            ],
            strict=True,
        ):
            assert part in message
        assert history.damaged == 9
        assert history.pulls == 6
        # Three pulls before the cut line, which was the fourth; three after it.
        assert history.hazards().at_risk.tolist() == [1, 1, 1]

    def test_bytes_that_are_no_text(self, tmp_path, starter):
        path = tmp_path / "bytes.ndjson"
        path.write_bytes(
            (self.GOOD % (1, "rare")).encode()
            + b'\n{"player":"\xff","seq":1,"rarity":"rare"}\nno\n'
            + (self.GOOD % (2, "rare")).encode()
        )
        with fairpull.read_history(path, starter) as history:
            assert history.pulls == 2
            assert [str(d).split(": ", 1)[0] for d in history.damages] == [
                f"{path}:2",
                f"{path}:3",
            ]
            assert history.damages[0].message == "is not UTF-8 text"

    def test_lines_of_csv(self, tmp_path, starter):
        path = tmp_path / "bad.csv"
        path.write_text(
            "player,seq,item\na,1,herb-satchel\nb,2\n\nc,3,y,z\nd,x,herb-satchel\n"
            'e,1,nope\n"f\nf",1,herb-satchel\ng,y,herb-satchel\nh,1,"herb'
        )
        with fairpull.read_history(path, starter) as history:
            told = {damage.place: damage.message for damage in history.damages}
            assert told["3"] == "has 2 columns; the first line has 3"
            assert told["5"] == "has 4 columns; the first line has 3"
            assert told["6"].startswith("seq is x; it must be a whole number")
            assert told["7"].startswith("item 'nope' is not in the pool")
            assert told["10"].startswith("seq is y")
            assert told["11"] == "has a quote that is never closed, or text after one"
            assert history.pulls == 2

    def test_only_the_first_are_told_but_all_are_counted(self, read):
        lines = ["no"] * 50 + [self.GOOD % (1, "rare")]
        history = read("\n".join(lines))
        assert history.damaged == 50
        assert [damage.place for damage in history.damages] == [
            str(n) for n in range(1, 21)
        ]

    def test_by_time_it_says_that_a_wait_may_lack_a_pull(self, read):
        history = read(ndjson(dated(ANN_AND_BOB)) + '{"player":"ann","time":"soon",')
        assert any("a wait may lack one" in note for note in history.notes)

    def test_a_parquet_file_that_was_cut_off(self, tmp_path, starter):
        whole = TestForms().write(tmp_path / "whole.parquet").read_bytes()
        path = tmp_path / "cut.parquet"
        path.write_bytes(whole[:-50])
        with pytest.raises(fairpull.HistoryError, match="no whole Parquet file"):
            fairpull.read_history(path, starter)
        # The list of columns is there, but not what it lists.
        path.write_bytes(bytes(len(whole) - 400) + whole[-400:])
        with pytest.raises(fairpull.HistoryError, match=r"cut\.parquet"):
            fairpull.read_history(path, starter)

    def test_rows_of_parquet_are_told_by_their_number(self, tmp_path, starter):
        import duckdb

        path = tmp_path / "rows.parquet"
        duckdb.sql(
            "COPY (SELECT 'p' AS player, i AS seq, "
            "CASE WHEN i = 3000 THEN 'mythic' ELSE 'rare' END AS rarity "
            f"FROM range(1, 5001) t(i)) TO '{path}' (ROW_GROUP_SIZE 2048)"
        )
        with fairpull.read_history(path, starter) as history:
            (damage,) = history.damages
            assert damage.place == "3000"
            assert "rarity 'mythic' is unknown" in damage.message
            assert history.pulls == 4999

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.ndjson", '{"who":1,"rarity":"rare"}', "no column player and no seq or"),
            ("a.csv", "player,seq\n1,1\n", "has no column item or rarity"),
            ("a.ndjson", "", "is empty"),
            ("a.txt", "x", "its ending says no form of history"),
            (
                "a.ndjson",
                '{"player":1,"seq":1,"rarity":"rare","scope":"moon"}',
                r"no pull of banner starter; it has pulls of scope moon \(1 pulls\)",
            ),
            ("a.csv.gz", "x", "a.csv.gz: no whole gzip file"),
        ],
    )
    def test_files_that_are_no_history(self, write, starter, name, content, message):
        with pytest.raises(fairpull.HistoryError, match=message):
            fairpull.read_history(write(name, content), starter)

    def test_files_that_are_ordered_in_two_ways(self, write, starter):
        paths = [
            write("a.ndjson", ndjson(ANN_AND_BOB)),
            write("b.ndjson", ndjson(dated(ANN_AND_BOB))),
        ]
        with pytest.raises(
            fairpull.HistoryError, match=r"b\.ndjson: has no column seq"
        ):
            fairpull.read_history(paths, starter)

    def test_a_file_that_is_not_there(self, tmp_path, starter):
        with pytest.raises(FileNotFoundError, match="there is no such file"):
            fairpull.read_history(tmp_path / "no.csv", starter)

    def test_nothing_is_left_behind(self, write, tmp_path, starter):
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        path = write("a.ndjson", ndjson(ANN_AND_BOB))
        with fairpull.read_history(path, starter, folder=scratch) as history:
            assert len(list(scratch.iterdir())) == 1
        assert list(scratch.iterdir()) == []
        history.close()  # once more is as well
        with pytest.raises(fairpull.HistoryError):
            fairpull.read_history(write("b.csv", "x\n1\n"), starter, folder=scratch)
        assert list(scratch.iterdir()) == []

    def test_without_duckdb_it_says_what_to_install(
        self, write, starter, monkeypatch: pytest.MonkeyPatch
    ):
        path = write("a.ndjson", ndjson(ANN_AND_BOB))
        monkeypatch.setitem(sys.modules, "duckdb", None)
        with pytest.raises(ImportError, match=r"pip install 'fairpull\[history\]'"):
            fairpull.read_history(path, starter)

    def test_duckdb_is_loaded_only_for_histories(self):
        code = "import fairpull, sys; assert 'duckdb' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True)


def test_memory_stays_within_the_limit(tmp_path):
    """Five million pulls by time, whose rows of a player are far apart."""
    code = """
import resource, sys, duckdb, fairpull
path = sys.argv[1]
duckdb.sql("SET enable_progress_bar = false")
duckdb.sql(
    "COPY (SELECT 'player-' || (i % 5000) AS player, i AS time, "
    "CASE WHEN hash(i) % 62 = 0 THEN 'ultra_rare' ELSE 'rare' END AS rarity "
    f"FROM range(5000000) t(i)) TO '{path}'"
)
banner = fairpull.Banner.load("starter")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with fairpull.read_history(path, banner, memory_limit="128MB", threads=2) as history:
    assert history.pulls == 5000000
    assert history.hazards("rare").hits.sum() > 4900000 - 5000
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    kibibytes = int(
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "big.parquet")],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    # The limit, and what DuckDB does not count.
    assert kibibytes <= 256 << 10


def test_ctrl_c_is_answered_and_leaves_nothing_behind(tmp_path):
    import duckdb

    path, scratch = tmp_path / "big.parquet", tmp_path / "scratch"
    scratch.mkdir()
    duckdb.sql("SET enable_progress_bar = false")
    duckdb.sql(
        "COPY (SELECT 'player-' || (i % 5000) AS player, i AS time, "
        f"'rare' AS rarity FROM range(20000000) t(i)) TO '{path}'"
    )
    command = ["history", str(path), "--banner", "starter", "--folder", str(scratch)]
    with subprocess.Popen(
        [sys.executable, "-m", "fairpull", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        limit = time.monotonic() + 60
        while not list(scratch.glob("*/history.duckdb")):
            assert time.monotonic() < limit
            time.sleep(0.01)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert time.monotonic() - sent < 10
    assert (process.returncode, out, err) == (130, "", "")
    assert list(scratch.iterdir()) == []


@pytest.fixture
def game(tmp_path: Path, starter: fairpull.Banner) -> str:
    """A store with three players' pulls; its URL."""
    url = f"sqlite:///{tmp_path}/game.db"
    with fairpull.open_store(url) as store:
        wallet = fairpull.Wallet(store)
        pulls = fairpull.PullService(
            store,
            fairpull.Catalog([starter]),
            fairpull.ServerSeeds({1: bytes(32)}, current=1),
        )
        for player, batches in (("ann", 12), ("bob", 3), ("cy", 110)):
            wallet.open_account(player, starter.price_currency)
            wallet.grant(
                f"gift-{player}",
                player=player,
                currency=starter.price_currency,
                amount=10**7,
                source="promotion",
            )
            for n in range(batches):
                pulls.pull(f"{player}-{n}", player=player, banner="starter", count=10)
    return url


class TestExport:
    @pytest.mark.parametrize("name", ["all.ndjson", "all.csv", "all.parquet"])
    def test_is_read_back(self, game, tmp_path, starter, name):
        path = tmp_path / name
        result = run("export", str(path), "--store", game)
        assert (result.returncode, result.stderr) == (0, "1250 pulls\n")
        with fairpull.read_history(path, starter) as history:
            assert (history.players, history.pulls, history.notes) == (3, 1250, [])
            assert [luck.pulls for luck in history.luck()] == [120, 30, 1100]
            with fairpull.open_store(game) as store:
                recorded = list(fairpull.recorded_pulls(store))
            # What each pull counted when it was drawn.
            waited = sorted(p.pity for p in recorded if p.rarity == "ultra_rare")
            hits = history.hazards().hits
            assert np.repeat(np.arange(1, len(hits) + 1), hits).tolist() == waited
            featured = rate(history, "featured:super_rare")
            assert featured.hits == sum(
                p.featured for p in recorded if p.rarity == "super_rare"
            )

    def test_goes_to_stdout_as_ndjson(self, game):
        result = run("export", "--store", game, "--player", "bob")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert [line["seq"] for line in lines] == list(range(30, 0, -1))
        assert list(lines[0]) == [
            "player",
            "scope",
            "seq",
            "banner",
            "item",
            "rarity",
            "featured",
            "time",
            "odds_version",
            "pull_id",
            "draw_index",
            "cost",
        ]
        assert lines[0]["pull_id"] == "bob-2"
        assert lines[0]["time"].endswith("Z")

    def test_refuses_what_it_can_not_do(self, game, tmp_path):
        wrong = run("export", str(tmp_path / "a.txt"), "--store", game)
        assert wrong.returncode == 2
        assert "ndjson, csv, parquet" in wrong.stderr
        stdout = run("export", "--store", game, "--format", "parquet")
        assert stdout.returncode == 2
        missing = run("export", "--store", f"sqlite:///{tmp_path}/no.db")
        assert missing.returncode == 1
        assert "no such SQLite file" in missing.stderr


class TestCommand:
    @pytest.fixture
    def file(self, write) -> str:
        return str(write("history.ndjson", ndjson(ANN_AND_BOB)))

    def test_prints_json(self, file):
        got = run_json("history", file, "--banner", "starter")
        assert (got["players"], got["pulls"], got["damaged"]) == (2, 13, 0)
        assert got["rates"][0]["hits"] == 2
        assert got["rates"][0]["exact"] == pytest.approx(0.0160520517855217557)
        assert got["rates"][1]["rate"] is None
        assert [row["at_risk"] for row in got["waits"]["hazards"]] == [4, 4, 3, 1, 1]
        assert sum(got["luck"]["tenths"]) in {1, 2, 3}
        one = run_json("history", file, "--banner", "starter", "--player", "bob")
        assert one["luck"]["pulls"] == 3

    def test_prints_tables(self, file, tmp_path):
        picture = tmp_path / "waits.png"
        result = run("history", file, "--banner", "starter", "--plot", str(picture))
        assert result.returncode == 0
        assert "First Light: 13 pulls by 2 players" in result.stdout
        assert "rarity:ultra_rare" in result.stdout
        assert "waits for ultra_rare, begun by ultra_rare: 2 hits" in result.stdout
        assert picture.stat().st_size > 0

    def test_damage_is_told_beside_the_report_with_exit_code_3(self, write):
        path = write("bad.ndjson", ndjson(ANN_AND_BOB) + "no\n" * 30)
        result = run("history", str(path), "--banner", "starter", "--json")
        assert result.returncode == 3
        assert json.loads(result.stdout)["pulls"] == 13
        lines = result.stderr.splitlines()
        assert lines[0].startswith(f"fairpull: {path}:14: no JSON: ")
        assert lines[-1] == "fairpull: and 10 more damaged rows"

    def test_what_can_not_be_read_exits_with_1(self, write):
        path = write("bad.csv", "x\n")
        result = run("history", str(path), "--banner", "starter")
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.startswith(f"fairpull: {path}: has no column player")

    def test_wrong_usage_exits_with_2(self, file):
        for wrong in (
            ["--rarity", "gold"],
            ["--confidence", "95"],
            ["--plot", "a.nothing"],
        ):
            assert run("history", file, "--banner", "starter", *wrong).returncode == 2
