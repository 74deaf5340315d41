"""The game in one process: both services, wired to each other without a network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LIVE_SERVICE = Path(__file__).parents[1]
sys.path.insert(0, str(LIVE_SERVICE))

from generate_stubs import ensure_stubs  # noqa: E402

ensure_stubs()

from game_in_process import CURRENCY, PAYMENT_SECRET, Game, Player  # noqa: E402
from payment_calls import TroubledProvider  # noqa: E402


@pytest.fixture
def provider() -> TroubledProvider:
    """Who takes the money in `game`."""
    return TroubledProvider(PAYMENT_SECRET.encode())


@pytest.fixture
def game(tmp_path: Path, provider: TroubledProvider) -> Iterator[Game]:
    """A new game with no players."""
    game = Game(tmp_path, provider=provider)
    yield game
    game.close()


@pytest.fixture(scope="module")
def shared_game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Game]:
    """A game that the tests of one file share: each leaves it as it was."""
    game = Game(tmp_path_factory.mktemp("shared"))
    yield game
    game.close()


@pytest.fixture(scope="module")
def victim(shared_game: Game) -> Player:
    """A player with 1000 in the shared game, whom no refused request may change."""
    player = shared_game.new_player(1000)
    player.history()
    return player


@pytest.fixture
def nothing_happens(victim: Player) -> Iterator[None]:
    """Fail if the test changed anything for `victim`."""
    yield
    assert victim.balance() == 1000
    assert victim.history()["pulls"] == []
    wallet = victim.game.account_service.wallet
    assert len(wallet.entries(victim.id, CURRENCY)) == 1
