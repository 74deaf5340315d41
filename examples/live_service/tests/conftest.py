"""The game in one process: both services, wired to each other without a network."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

LIVE_SERVICE = Path(__file__).parents[1]
sys.path.insert(0, str(LIVE_SERVICE))

from generate_stubs import ensure_stubs  # noqa: E402

ensure_stubs()

from account.users import Users  # noqa: E402
from game_in_process import CURRENCY, PAYMENT_SECRET, Game, Player  # noqa: E402
from payment_calls import TroubledProvider  # noqa: E402
from postgres_process import PostgresProcess  # noqa: E402
from redis_of_tests import LocalRedis  # noqa: E402
from supervise import free_ports  # noqa: E402


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


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database of an empty PostgreSQL, for all tests of this process."""
    # One that the server's user can reach, unlike pytest's own for root.
    folder = Path(tempfile.mkdtemp(prefix="fairpull-postgres-"))
    server = PostgresProcess(folder, port=free_ports(1)[0])
    try:
        server.start()
        yield server.url("account")
    finally:
        server.remove()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRedis]:
    """A Redis that runs, for the tests of one file."""
    server = LocalRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def users(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Users]:
    """The users' database, on each that there is."""
    url = f"sqlite:///{tmp_path}/users.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    users = Users(url)
    yield users
    users.close()
