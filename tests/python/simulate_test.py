"""Simulations: the same for any way to run them, and polite while they run."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from typing import Any, ClassVar

import numpy as np
import pytest

import fairpull
from fairpull import _simulation_tasks as tasks

# Waits, columns, budgets and a goal: all that parts of a simulation add up to.
EVERYTHING: dict[str, Any] = {
    "players": 1500,
    "pulls": np.arange(1500) % 1201,
    "rng": 7,
    "waits": True,
    "outcomes": True,
    "states": True,
    "ends": True,
    "goal": "featured:ultra_rare",
    "copies": 9,
}


def assert_same(a: fairpull.SimulationResult, b: fairpull.SimulationResult) -> None:
    for name in ("seed", "players", "pulls", "rarities", "featured", "items"):
        assert getattr(a, name) == getattr(b, name), name
    assert a.not_met == b.not_met
    np.testing.assert_array_equal(a.pulls_to_goal, b.pulls_to_goal)
    for name in ("waits", "pity_at_hit"):
        for rarity, counts in getattr(a, name).items():
            np.testing.assert_array_equal(counts, getattr(b, name)[rarity])
    assert a.outcomes is not None
    assert b.outcomes is not None
    np.testing.assert_array_equal(a.outcomes, b.outcomes)
    assert a.states is not None
    assert b.states is not None
    for counter, values in a.states.items():
        np.testing.assert_array_equal(values, b.states[counter])
    for column, same in ((a.drawn, b.drawn), (a.got, b.got)):
        assert column is not None
        assert same is not None
        np.testing.assert_array_equal(column, same)


def processes() -> ProcessPoolExecutor:
    """Two workers; not forked, since this process has threads."""
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


@pytest.fixture
def many_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes tasks for executors as small as a chunk."""
    monkeypatch.setattr(tasks, "SECOND_OF_VECTORS", 1)
    monkeypatch.setattr(tasks, "SECOND_OF_SCALARS", 1)


@pytest.fixture
def expected(starter: fairpull.Banner) -> fairpull.SimulationResult:
    return fairpull.simulate(starter, threads=1, **EVERYTHING)


class TestSameResult:
    @pytest.mark.parametrize("threads", [2, 5])
    def test_on_any_number_of_threads(self, starter, expected, threads):
        assert_same(fairpull.simulate(starter, threads=threads, **EVERYTHING), expected)

    def test_in_processes(self, starter, expected, many_tasks):
        with processes() as executor:
            got = fairpull.simulate(starter, executor=executor, **EVERYTHING)
        assert_same(got, expected)

    def test_in_a_pool_of_threads(self, starter, expected, many_tasks):
        with ThreadPoolExecutor(2) as executor:
            got = fairpull.simulate(starter, executor=executor, **EVERYTHING)
        assert_same(got, expected)

    def test_on_a_cluster_of_dask(self, starter, expected, many_tasks, tmp_path):
        import dask
        from distributed import Client, LocalCluster

        dask.config.set(temporary_directory=str(tmp_path))
        with (
            LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address=None,
            ) as cluster,
            Client(cluster) as client,
            client.get_executor() as executor,
        ):
            got = fairpull.simulate(starter, executor=executor, **EVERYTHING)
        assert_same(got, expected)

    def test_from_each_players_own_state(self, starter, many_tasks):
        pity = np.arange(1500) % 90
        options = {**EVERYTHING, "state": {"pity:ultra_rare": pity}}
        alone = fairpull.simulate(starter, threads=1, **options)
        with ThreadPoolExecutor(2) as executor:
            assert_same(fairpull.simulate(starter, executor=executor, **options), alone)
        assert alone.outcomes is not None
        # Who stands at 89 has the next one for certain.
        first = [starter.items[i].rarity for i in alone.outcomes[pity == 89, 0]]
        assert set(first) == {"ultra_rare"}

    def test_of_a_banner_that_needs_the_scalar_engine(self, many_tasks):
        banner = fairpull.Banner.load("box-300")
        alone = fairpull.simulate(banner, players=300, pulls=500, rng=1, threads=1)
        assert "box" in alone.why_scalar
        with processes() as executor:
            spread = fairpull.simulate(
                banner, players=300, pulls=500, rng=1, executor=executor
            )
        assert spread.items == alone.items


class Losing(Executor):
    """Runs everything at once, but loses some workers on the way."""

    def __init__(self, losses: int, *, broken: bool = False) -> None:
        self.losses = losses
        self.broken = broken
        self.submitted = 0

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.submitted += 1
        future: Future[Any] = Future()
        if self.losses > 0:
            self.losses -= 1
            future.set_exception(BrokenExecutor("a worker died"))
        elif self.broken:
            raise BrokenExecutor("the pool takes no more")
        else:
            future.set_result(fn(*args, **kwargs))
        return future


class TestLostWorkers:
    def test_their_players_are_run_again(self, starter, expected, many_tasks):
        executor = Losing(3)
        got = fairpull.simulate(starter, executor=executor, **EVERYTHING)
        assert_same(got, expected)
        assert executor.submitted > 3

    def test_or_here_if_the_executor_is_broken(self, starter, expected, many_tasks):
        executor = Losing(2, broken=True)
        got = fairpull.simulate(starter, executor=executor, **EVERYTHING)
        assert_same(got, expected)

    def test_a_process_that_is_killed(self, starter, many_tasks):
        # Without columns: a worker that dies in the middle of writing a large
        # result leaves Python's own pool waiting for the rest of it.
        counts: dict[str, Any] = {"players": 1500, "pulls": 1200, "rng": 7}
        alone = fairpull.simulate(starter, threads=1, **counts)
        with processes() as executor:
            killed = []

            def kill(done: int, total: int) -> None:
                if not killed:
                    killed.extend(executor._processes)
                    os.kill(killed[0], signal.SIGKILL)

            got = fairpull.simulate(starter, executor=executor, progress=kill, **counts)
        assert killed
        assert got.items == alone.items

    def test_a_task_that_is_lost_again_and_again_is_an_error(self, starter):
        with pytest.raises(BrokenExecutor, match="a worker died"):
            fairpull.simulate(starter, players=10, pulls=10, executor=Losing(1 << 20))


class TestWrongArguments:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"players": -1}, "players is -1; it must be from 1 to"),
            ({"players": 0}, "players is 0; it must be from 1 to"),
            ({"pulls": 0}, "pulls is 0"),
            ({"pulls": 2**64}, "pulls is 18446744073709551616; it must be from 1 to"),
            ({"players": 2**40, "pulls": 2**40}, r"more than 2\^62 draws"),
            ({"rng": -1}, "rng is -1; it must be from 0 to"),
            ({"rng": 2**64}, "rng is 18446744073709551616"),
            ({"threads": 0}, "threads is 0; it must be from 1 to 1024"),
            ({"batch": 3}, "it sells 1, 10"),
            ({"batch": -3}, "batch is -3"),
            ({"batch": 10}, "12 pulls are no whole number of batches of 10"),
            ({"goal": "rarity:mythic"}, "mythic"),
            ({"goal": "all:wren,finn"}, "item"),
            ({"goal": "rarity:rare", "copies": 0}, "copies is 0"),
            ({"exchange": "at once"}, "without a goal"),
            ({"goal": "rarity:rare", "exchange": "soon"}, "one of 'never', 'at once'"),
            (
                {"goal": "featured:ultra_rare", "exchange": "at once"},
                "not sold for points on banner",
            ),
            ({"pulls": [1, 2]}, r"pulls is of shape \(2,\); .* each of 3 players"),
            ({"pulls": [1, -1, 3]}, "pulls is -1; it must be from 0 to"),
            ({"state": {"pity": 1}}, "no counter 'pity'.*there are pity:ultra_rare"),
            ({"state": {"pity:ultra_rare": 90}}, "is 90; it must be from 0 to 89"),
            ({"state": {"pity:ultra_rare": [1, -1, 3]}}, "is -1; it must be from 0"),
            ({"state": {"pity:ultra_rare": [1, 2]}}, r"shape \(2,\)"),
        ],
    )
    def test_are_told(self, starter, arguments, message):
        with pytest.raises(fairpull.InvalidArgumentError, match=message):
            fairpull.simulate(starter, **{"players": 3, "pulls": 12, **arguments})

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"players": 1.5}, "players is of type float"),
            ({"pulls": True}, "pulls is True"),
            ({"pulls": [1.0, 2.0, 3.0]}, "pulls is of type float64"),
            ({"rng": "seven"}, "rng is 'seven'"),
            ({"executor": 3}, "executor is of type int; it must be a concurrent"),
            ({"state": {"pity:ultra_rare": 0.5}}, "must be integers"),
        ],
    )
    def test_of_the_wrong_kind_too(self, starter, arguments, message):
        with pytest.raises(TypeError, match=message):
            fairpull.simulate(starter, **{"players": 3, "pulls": 12, **arguments})

    def test_threads_beside_an_executor(self, starter):
        with (
            ThreadPoolExecutor(1) as executor,
            pytest.raises(fairpull.InvalidArgumentError, match="leave one out"),
        ):
            fairpull.simulate(starter, players=1, pulls=1, threads=2, executor=executor)

    def test_no_banner(self):
        with pytest.raises(TypeError, match="banner is of type str"):
            fairpull.simulate("starter", players=1, pulls=1)  # type: ignore[arg-type]


class TestPlayersWhoStop:
    def test_each_row_ends_where_its_player_did(self, starter):
        result = fairpull.simulate(starter, threads=2, **EVERYTHING)
        assert result.outcomes is not None
        assert result.drawn is not None
        assert result.got is not None
        assert result.states is not None
        featured = np.array(
            [i.featured and i.rarity == "ultra_rare" for i in starter.items]
        )
        for player in range(0, 1500, 7):
            row = result.outcomes[player]
            drawn = int(result.drawn[player])
            assert np.all(row[drawn:] == fairpull.NOT_DRAWN)
            copies = np.cumsum(featured[row[:drawn]])
            got = int(copies[-1]) if drawn else 0
            assert got == result.got[player]
            budget = EVERYTHING["pulls"][player]
            assert drawn == budget or (got == 9 and copies[-2] == 8)
            # What the player holds is what these draws leave, by hand.
            hits = [starter.items[i].rarity == "ultra_rare" for i in row[:drawn]]
            since = hits[::-1].index(True) if any(hits) else drawn
            assert result.states["pity:ultra_rare"][player] == since
        assert result.pulls == result.drawn.sum()
        assert result.not_met == np.count_nonzero(result.got < 9)

    def test_players_go_on_where_they_stopped(self, starter):
        """Half of the pulls and then the other half are as many hits as at once."""
        half: dict[str, Any] = {"players": 20_000, "pulls": 45, "states": True}
        first = fairpull.simulate(starter, rng=1, **half)
        then = fairpull.simulate(starter, rng=2, state=first.states, **half)
        hits = first.rarities["ultra_rare"] + then.rarities["ultra_rare"]
        exact = starter.hits_in(90, "rarity:ultra_rare")
        error = 6.4 * np.sqrt(20_000 * exact.variance)
        assert abs(hits - 20_000 * exact.mean) < error

    @pytest.mark.parametrize("when", ["at once", "at the end"])
    def test_points_are_exchanged(self, when):
        banner = fairpull.Banner.load("bluearchive-pickup")
        budgets = np.array([199, 200, 400] * 200)
        result = fairpull.simulate(
            banner,
            players=600,
            pulls=budgets,
            rng=3,
            goal="item:mashiro",
            copies=2,
            exchange=when,
            ends=True,
            states=True,
        )
        assert result.drawn is not None
        assert result.got is not None
        assert result.states is not None
        points = result.states["spark"]
        exchanges = (result.drawn - points) // 200
        assert exchanges.sum() == result.exchanged > 0
        assert np.all(exchanges <= budgets // 200)
        # 400 pulls have points for both.
        assert np.all(result.got[budgets == 400] == 2)
        if when == "at the end":
            assert np.all(result.drawn[exchanges > 0] == budgets[exchanges > 0])


class TestPityAtHit:
    # By rarity: its hard pity, and the rarities whose hits begin it anew.
    RULES: ClassVar[dict[str, dict[str, tuple[int, set[str]]]]] = {
        "wuwa-character": {
            "5-star": (79, {"5-star"}),
            "4-star": (10, {"5-star", "4-star"}),
        },
        "starter": {
            "ultra_rare": (90, {"ultra_rare"}),
            "super_rare": (10, {"super_rare"}),
        },
    }

    @pytest.mark.parametrize("name", RULES)
    @pytest.mark.parametrize("budgets", [False, True])
    def test_is_what_each_players_counter_stood_at(self, name, budgets):
        banner = fairpull.Banner.load(name)
        starts = {
            f"pity:{rarity}": np.arange(200) % hard_pity
            for rarity, (hard_pity, _) in self.RULES[name].items()
        }
        result = fairpull.simulate(
            banner,
            players=200,
            pulls=np.full(200, 300) if budgets else 300,
            rng=7,
            state=starts,
            waits=True,
            outcomes=True,
        )
        rarities = np.array([item.rarity for item in banner.items])
        for rarity, (hard_pity, begun_by) in self.RULES[name].items():
            counts = np.zeros(hard_pity + 1, np.uint64)
            for player, drawn in enumerate(rarities[result.outcomes]):
                pity = player % hard_pity
                for each in drawn:
                    # A pity that is due stays so until it is met.
                    pity = min(pity + 1, hard_pity)
                    counts[pity] += each == rarity
                    pity = 0 if each in begun_by else pity
            got = result.pity_at_hit[rarity]
            np.testing.assert_array_equal(got, counts[: len(got)])
            assert not counts[len(got) :].any()
            assert got[hard_pity] > 0
            assert not np.array_equal(got, result.waits[rarity])

    def test_of_a_rarity_without_pity_is_empty(self, starter):
        result = fairpull.simulate(starter, players=64, pulls=100, waits=True)
        assert result.waits["rare"].sum() == result.rarities["rare"]
        assert len(result.pity_at_hit["rare"]) == 0


class TestSeeds:
    def test_a_generator_moves_on(self, starter):
        generator = np.random.default_rng(5)
        first = fairpull.simulate(starter, players=64, pulls=100, rng=generator)
        second = fairpull.simulate(starter, players=64, pulls=100, rng=generator)
        assert first.seed != second.seed
        again = fairpull.simulate(
            starter, players=64, pulls=100, rng=np.random.default_rng(5)
        )
        assert again.items == first.items

    def test_without_one_each_simulation_is_another(self, starter):
        seeds = {fairpull.simulate(starter, players=1, pulls=1).seed for _ in range(3)}
        assert len(seeds) == 3


class TestWhileItRuns:
    def test_progress_is_told_and_other_threads_run(self, starter):
        told = []
        ticks = []
        done = threading.Event()

        def tick() -> None:
            while not done.wait(0.005):
                ticks.append(time.monotonic())

        ticker = threading.Thread(target=tick)
        ticker.start()

        def tell(made: int, total: int) -> None:
            told.append(made)
            assert total == 640 * 2_000_000
            if len(told) > 2:
                raise StopIteration

        with pytest.raises(StopIteration):
            fairpull.simulate(
                starter, players=640, pulls=2_000_000, waits=True, progress=tell
            )
        done.set()
        ticker.join()
        assert told == sorted(told)
        assert 0 < told[-1] < 640 * 2_000_000
        assert len(ticks) > 3

    @pytest.mark.parametrize("name", ["starter", "box-300"])
    def test_ctrl_c_is_answered_within_200_ms(self, name):
        # Asked three times, since the machine may be busy with something else.
        assert min(seconds_to_answer_ctrl_c(name) for _ in range(3)) < 0.2

    def test_a_billion_pulls_take_little_memory(self):
        code = """
import resource, fairpull
banner = fairpull.Banner.load("genshin-character")
fairpull.simulate(banner, players=1, pulls=1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = fairpull.simulate(banner, players=100_000, pulls=10_000, rng=1)
assert result.pulls == 10**9
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
        kibibytes = int(
            subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, text=True
            ).stdout
        )
        assert kibibytes <= 64 << 10


INTERRUPTED = """
import sys, time, fairpull
banner = fairpull.Banner.load(sys.argv[1])
def tell(done, total):
    if done:
        print(flush=True)
try:
    fairpull.simulate(banner, players=10**6, pulls=10**6, progress=tell)
except fairpull.SimulationInterrupted as stopped:
    now = time.monotonic()
    result = stopped.result
    assert sum(result.rarities.values()) == result.pulls > 0
    print(now, file=sys.stderr)
"""


def seconds_to_answer_ctrl_c(banner: str) -> float:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, banner],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        answered = float(process.stderr.read())
    assert process.returncode == 0
    return answered - sent


class TestBannersGoToOtherProcesses:
    def test_by_the_text_of_their_file(self, starter):
        copy = pickle.loads(pickle.dumps(starter))
        assert copy.odds_version == starter.odds_version

    def test_unless_it_is_not_known(self, starter):
        with pytest.raises(TypeError, match=r"load it by Banner\.load"):
            pickle.dumps(fairpull.Banner(starter._core))


class TestTables:
    def test_rows_are_the_draws_of_each_player(self, starter):
        pyarrow = pytest.importorskip("pyarrow")
        result = fairpull.simulate(
            starter, players=5, pulls=[3, 0, 2, 4, 1], rng=7, outcomes=True
        )
        table = result.to_arrow()
        assert table.column_names == ["player", "seq", "item", "rarity"]
        rows = table.to_pylist()
        assert [(row["player"], row["seq"]) for row in rows] == [
            *((0, 1), (0, 2), (0, 3), (2, 1), (2, 2)),
            *((3, 1), (3, 2), (3, 3), (3, 4), (4, 1)),
        ]
        assert result.outcomes is not None
        for row in rows:
            item = starter.items[result.outcomes[row["player"], row["seq"] - 1]]
            assert (row["item"], row["rarity"]) == (item.id, item.rarity)
        assert isinstance(table, pyarrow.Table)

    def test_indices_of_items_are_not_copied(self, starter):
        result = fairpull.simulate(starter, players=70, pulls=30, rng=7, outcomes=True)
        items = result.to_arrow().column("item").chunk(0)
        assert result.outcomes is not None
        assert items.indices.buffers()[1].address == result.outcomes.ctypes.data

    def test_a_file_is_read_as_a_history(self, starter, tmp_path, monkeypatch):
        monkeypatch.setattr("fairpull._simulation_table.ROWS_AT_ONCE", 1000)
        result = fairpull.simulate(
            starter, players=300, pulls=200, rng=7, outcomes=True
        )
        result.write_parquet(tmp_path / "drawn.parquet")
        with fairpull.read_history(tmp_path / "drawn.parquet", starter) as history:
            rates = {rate.name: rate for rate in history.rates()}
        for rarity, hits in result.rarities.items():
            assert rates[f"rarity:{rarity}"].hits == hits
            assert rates[f"rarity:{rarity}"].of == result.pulls

    def test_a_file_that_is_not_finished_is_not_there(
        self, starter, tmp_path, monkeypatch
    ):
        result = fairpull.simulate(starter, players=300, pulls=20, outcomes=True)
        result.write_parquet(tmp_path / "drawn.parquet")
        before = (tmp_path / "drawn.parquet").read_bytes()

        def fails(self, table):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", fails)
        for name in ("drawn.parquet", "other.parquet"):
            with pytest.raises(OSError, match="No space left"):
                result.write_parquet(tmp_path / name)
        assert [file.name for file in tmp_path.iterdir()] == ["drawn.parquet"]
        assert (tmp_path / "drawn.parquet").read_bytes() == before

    def test_without_outcomes_it_says_how_to_get_them(self, starter, tmp_path):
        result = fairpull.simulate(starter, players=1, pulls=1)
        with pytest.raises(fairpull.InvalidArgumentError, match="outcomes=True"):
            result.to_arrow()
        with pytest.raises(fairpull.InvalidArgumentError, match="outcomes=True"):
            result.write_parquet(tmp_path / "none.parquet")
        assert not (tmp_path / "none.parquet").exists()

    def test_without_pyarrow_it_says_what_to_install(self, starter, monkeypatch):
        result = fairpull.simulate(starter, players=1, pulls=1, outcomes=True)
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(fairpull.MissingExtraError, match=r"fairpull\[arrow\]"):
            result.to_arrow()
