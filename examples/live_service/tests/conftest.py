"""The game in one process: both services, wired to each other without a network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LIVE_SERVICE = Path(__file__).parents[1]
sys.path.insert(0, str(LIVE_SERVICE))

from game_in_process import Game  # noqa: E402


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Game]:
    """A new game with no players."""
    game = Game(tmp_path)
    yield game
    game.close()
