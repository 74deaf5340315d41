"""Requests that Schemathesis makes up from the contract, through the gateway."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fairpull
from books import wait_settled
from game_processes import Client, GameProcesses

CONTRACT = Path(__file__).parents[1] / "api" / "openapi.yaml"
SECONDS = 600 if os.environ.get("FAIRPULL_FULL") else 40
# Not held against the game: that a schema can't tell the price of a pull, or a cursor
# of the game's from one that was made up (positive_data_acceptance); and that whoever
# has a token need not send it where none is needed (ignored_auth).
LEFT_OUT = "positive_data_acceptance,ignored_auth"


@pytest.fixture
def game(tmp_path: Path) -> Iterator[GameProcesses]:
    game = GameProcesses(tmp_path, with_gateway=True)
    try:
        game.start()
        yield game
    finally:
        game.kill()


@pytest.mark.timeout(SECONDS + 120)
def test_no_request_breaks_the_contract(game: GameProcesses, tmp_path: Path) -> None:
    client = Client(game, "aster")
    assert client.buy(1_000_000, "b1").status_code == 200
    assert game.gateway is not None
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(CONTRACT)),
            *("--url", game.gateway.url, "--max-time", str(SECONDS)),
            *("-H", f"Authorization: Bearer {client.token}"),
            *("--exclude-checks", LEFT_OUT, "--exclude-path", "/gacha/socket"),
            *("--generation-database", "none", "--no-color", "--warnings", "off"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    print(ran.stdout[-10_000:])
    assert ran.returncode == 0, ran.stderr
    assert "Tested: 22" in ran.stdout
    # What was made up did what it says, and nothing else.
    wait_settled(game)
    assert all(code == 0 for code in game.stop())
    for database in (game.account_database, game.gacha_database):
        store = fairpull.open_store(database)
        assert fairpull.verify(store) == []
        store.close()
