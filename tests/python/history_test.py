"""Recorded histories: waits, rates, luck, worked out by hand and by brute force."""

from __future__ import annotations

import gzip
import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from histories import ANN_AND_BOB, LETTERS, dated, ndjson, rate, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

import fairpull
from fairpull.history import History, interval


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
