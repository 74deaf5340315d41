"""The command `fairpull simulate`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from command import run, run_json

import fairpull


class TestCommand:
    ARGUMENTS = ("simulate", "starter", "--players", "700", "--pulls", "500")

    def test_prints_json(self, starter):
        got = run_json(*self.ARGUMENTS, "--seed", "7", "--threads", "2")
        want = fairpull.simulate(starter, players=700, pulls=500, rng=7, threads=1)
        assert got["pulls"] == 350_000
        assert got["rarities"] == want.rarities
        assert list(got["rarities"]) == ["ultra_rare", "super_rare", "rare"]
        assert got["featured"] == want.featured
        assert list(got["featured"]) == ["ultra_rare", "super_rare"]
        assert got["seconds"] > 0
        assert got["seed"] == 7
        assert got["interrupted"] is False
        assert "items" not in got

    def test_counts_items_and_stops_at_goals(self, starter):
        goal = ("--goal", "featured:ultra_rare", "--copies", "2", "--items")
        got = run_json(*self.ARGUMENTS, "--seed", "7", *goal)
        want = fairpull.simulate(
            starter,
            players=700,
            pulls=500,
            rng=7,
            goal="featured:ultra_rare",
            copies=2,
        )
        assert got["items"] == want.items
        assert got["pulls"] == want.pulls == sum(got["items"].values())
        assert got["goal"]["met"] + got["goal"]["not_met"] == 700
        assert sum(got["goal"]["pulls"].values()) == got["goal"]["met"]

    def test_prints_tables(self):
        result = run(*self.ARGUMENTS, "--seed", "7", "--items", "--goal", "rarity:rare")
        assert result.returncode == 0
        assert "ultra_rare" in result.stdout
        assert "rarity:rare x 1: met by 700 players, not by 0" in result.stdout
        assert "seed 7" in result.stderr

    def test_draws_by_chance_without_a_seed(self):
        seeds = {run_json(*self.ARGUMENTS)["seed"] for _ in range(2)}
        assert len(seeds) == 2

    @pytest.mark.parametrize(
        "wrong",
        [
            ("--players", "-5"),
            ("--pulls", str(2**64)),
            ("--seed", "-1"),
            ("--threads", "0"),
        ],
    )
    def test_says_what_is_wrong(self, wrong):
        result = run("simulate", "starter", *wrong)
        assert result.returncode == 2
        assert wrong[0] in result.stderr
        assert "than or equal to" in result.stderr

    def test_says_that_it_is_too_much(self):
        result = run(
            "simulate", "starter", "--players", str(2**40), "--pulls", str(2**40)
        )
        assert result.returncode == 1
        assert "more than 2^62 draws" in result.stderr

    def test_ctrl_c_prints_what_was_done(self):
        with subprocess.Popen(
            [
                *(sys.executable, "-m", "fairpull", "simulate", "box-300"),
                *("--players", "1000000", "--pulls", "1000000", "--json"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # NumPy's own threads would be taken for those that draw.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            # A shell that starts the tests in the background has it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            wait_until_busy(process.pid)
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=30)
        assert process.returncode == 130, errors
        printed = json.loads(output)
        assert printed["interrupted"] is True
        assert 0 < printed["pulls"] < 10**12
        assert sum(printed["rarities"].values()) == printed["pulls"]
        assert f"interrupted after {printed['pulls']} of 1000000000000" in errors


def wait_until_busy(pid: int) -> None:
    """Waits until a thread of a process beside the first has used some time."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                fields = (thread / "stat").read_text().rsplit(")", 1)[1].split()
                ticks_of_user_time = int(fields[11])
                if thread.name != str(pid) and ticks_of_user_time > 2:
                    return
        time.sleep(0.01)
    raise AssertionError("no worker began")
