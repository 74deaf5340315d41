"""The commands `fairpull export` and `fairpull history`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command import run, run_json
from histories import ANN_AND_BOB, ndjson, rate

import fairpull


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
