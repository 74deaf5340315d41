"""A standby that lacks the last commits takes the place of gacha's database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from books import check_books, wait_settled
from game_processes import Client, GameProcesses, Port
from postgres_process import PostgresProcess
from waiting import until

pytestmark = pytest.mark.timeout(180)


@dataclass
class Replicated:
    """A game whose gacha service has a primary and a standby that follows it."""

    game: GameProcesses
    primary: PostgresProcess
    standby: PostgresProcess

    def wait_followed(self) -> None:
        """Return when the standby has all that was committed so far."""
        with psycopg.connect(self.primary.url("gacha")) as connection:
            row = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
        assert row is not None

        def followed() -> bool:
            with psycopg.connect(self.standby.url("gacha")) as connection:
                asked = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
                answer = connection.execute(asked, row).fetchone()
            return answer == (True,)

        until(followed, within_s=20, what="the standby up to date")

    def fail_over(self) -> None:
        """Lose the primary; the standby goes on with what it has."""
        self.primary.kill()
        self.standby.start()
        self.standby.promote()


@pytest.fixture
def replicated(tmp_path: Path) -> Iterator[Replicated]:
    ports = Port(), Port()
    game = GameProcesses(tmp_path, RECOVERY_MS="50", HOLD_ASK_AFTER_MS="60000")
    primary = PostgresProcess(tmp_path / "primary", port=ports[0].number)
    servers = [primary]
    try:
        primary.start()
        standby = primary.standby(tmp_path / "standby", port=ports[1].number)
        servers.append(standby)
        standby.start()
        # As libpq takes it: whichever of the two can be written to.
        url = primary.url("gacha").replace(
            primary.address(), f"{primary.address()},{standby.address()}"
        )
        game.gacha_database = f"{url}&target_session_attrs=read-write"
        game.gacha.variables["GACHA_DATABASE_URL"] = game.gacha_database
        game.start()
        yield Replicated(game, primary, standby)
    finally:
        game.kill()
        for server in servers:
            server.remove()
        for port in ports:
            port.close()


def test_pulls_that_a_promoted_standby_lacks_are_drawn_again_alike(
    replicated: Replicated,
) -> None:
    """The client who asks again is answered as before, and has paid once."""
    game = replicated.game
    client = Client(game, "aster")
    assert client.buy(16000, "b1").status_code == 200
    kept = client.pull("kept", count=10)
    wait_settled(game)
    replicated.wait_followed()
    replicated.standby.kill()  # from here on it hears of nothing
    keys = [f"lost{number}" for number in range(3)]
    lost = {key: client.pull(key, count=10) for key in keys}
    wait_settled(game)

    replicated.fail_over()
    with psycopg.connect(replicated.standby.url("gacha")) as connection:
        left = connection.execute("SELECT count(*) FROM pulls").fetchone()
    assert left == (10,), "the standby had it all, and nothing was tried"
    for key, answer in lost.items():
        assert client.pull(key, count=10).content == answer.content
    assert client.pull("kept", count=10).content == kept.content
    assert client.pull("new").status_code == 200
    wait_settled(game)
    assert client.balance() == 16000 - 160 * 41
    assert game.stop() == [0, 0]
    check_books(game, [client])
