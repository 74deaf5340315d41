"""`scripts/run --full`: the game on a PostgreSQL and a Redis that it starts itself."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

import postgres_server
import supervise
from account.users import Credentials, UsernameTaken, Users
from child_processes import Child, Pace, StartError
from child_processes_test import LIVE_SERVICE, runs
from game_processes import Client
from postgres_server import PostgresServer, prepare_postgres
from waiting import until

pytestmark = pytest.mark.timeout(180)


class FullGame:
    """The supervisor and all that it starts, on a data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.clients: list[Client] = []
        self.process = subprocess.Popen(
            [sys.executable, str(LIVE_SERVICE / "supervise.py"), "--full"],
            env={**os.environ, "PORT": "0", "FAIRPULL_DATA": str(data)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        greeting = self.process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:\d+", greeting)
        assert address, self.process.communicate(timeout=60)[1]
        self.address = address.group()

    def url(self, path: str) -> str:
        return self.address + path

    def children(self) -> dict[str, int]:
        ids: dict[str, int] = json.loads((self.data / "running.json").read_text())
        ids.pop("supervise")
        return ids

    def replaced(self, name: str, killed: int) -> None:
        """Wait until the supervisor has started a child again."""

        def is_replaced() -> bool:
            with contextlib.suppress(ValueError):  # being written just now
                return self.children().get(name, killed) != killed
            return False

        until(is_replaced, within_s=30, what=f"{name} started again")

    def redis(self, *command: str) -> str:
        """What redis-cli says."""
        conf = (self.data / "redis" / "redis.conf").read_text()
        port = re.search(r"^port (\d+)$", conf, re.MULTILINE)
        assert port
        password = (self.data / "redis-password").read_text().strip()
        return subprocess.run(
            ["redis-cli", "-h", "127.0.0.1", "-p", port.group(1), *command],
            env={**os.environ, "REDISCLI_AUTH": password},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def stop(self) -> tuple[int, str]:
        """Exit code and what it said, after a Ctrl-C."""
        for client in self.clients:
            client.close()
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=90)
        return self.process.returncode, said

    def end(self) -> None:
        """Leave nothing, whatever became of the test."""
        left = []
        with contextlib.suppress(OSError, ValueError):
            left = list(self.children().values())
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=90)
        for process_id in filter(runs, left):
            os.kill(process_id, signal.SIGKILL)


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder that the server's user can reach, unlike pytest's own for root."""
    folder = Path(tempfile.mkdtemp(prefix="fairpull-full-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A folder in which the servers were made ready, for tests that only look."""
    folder = Path(tempfile.mkdtemp(prefix="fairpull-full-"))
    supervise.full_storage(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_session_that_redis_and_postgresql_do_not_survive(data: Path) -> None:
    game = FullGame(data)
    try:
        first = game.children()
        servers = ["postgres", "redis", "discovery"]
        assert list(first) == [*servers, "account", "gacha", "gateway"]
        player = Client(game, "aster")  # type: ignore[arg-type]
        player.buy(16_000, "b1")
        assert player.balance() == 16_000
        one = player.pull("k1").json()
        assert one["newCurrencyBalance"] == 15_840

        def both_are_cached() -> bool:
            pulls = player.send("GET", "/gacha/history").json()["pulls"]
            assert [pull["item"] for pull in pulls] == [one["item"]]
            assert player.balance() == 15_840
            names = game.redis("--scan", "--pattern", f"*{{p:{player.id}}}").split()
            # The lease, and rows.
            return [int(game.redis("HLEN", name)) >= 2 for name in names] == [True] * 2

        # Not at once where the machine is so busy that Redis counts as slow.
        until(both_are_cached, within_s=30, what="a hash of each service's")

        # Killed, Redis costs nothing that a player would notice.
        os.kill(first["redis"], signal.SIGKILL)
        assert player.pull("k2", count=10).json()["newCurrencyBalance"] == 14_240
        assert player.balance() == 14_240
        assert len(player.send("GET", "/gacha/history").json()["pulls"]) == 11
        game.replaced("redis", first["redis"])

        # Nor does one that hangs.
        hung = game.children()["redis"]
        os.kill(hung, signal.SIGSTOP)
        assert player.pull("k3").json()["newCurrencyBalance"] == 14_080
        assert player.balance() == 14_080
        os.kill(hung, signal.SIGCONT)

        # A killed database is waited for; nothing that was told is lost.
        os.kill(first["postgres"], signal.SIGKILL)
        game.replaced("postgres", first["postgres"])
        until(
            lambda: player.send("GET", "/account/currency").status_code == 200,
            within_s=60,
            what="the account service on the database",
        )
        assert player.pull("k4").json()["newCurrencyBalance"] == 13_920
        children = game.children()
        code, said = game.stop()
    finally:
        game.end()
    assert code == 0, said
    assert said.endswith("fairpull: everything is stopped\n")
    assert "did not end in time" not in said
    assert not any(runs(process_id) for process_id in children.values())

    # Started again, everything is there.
    game = FullGame(data)
    try:
        again = httpx.post(
            game.url("/account/login"),
            json={"username": "aster", "password": "correct horse battery"},
            trust_env=False,
            timeout=30,
        )
        token = {"Authorization": f"Bearer {again.json()['token']}"}
        answer = httpx.get(
            game.url("/account/currency"), headers=token, trust_env=False, timeout=30
        )
        assert answer.json()["currencyBalance"] == 13_920
        assert game.stop()[0] == 0
    finally:
        game.end()


def test_what_it_keeps_is_its_owner_s(made: Path) -> None:
    data = made
    before = (data / "account.pgpass").read_text()
    storage = supervise.full_storage(data)
    for file in ("account.pgpass", "gacha.pgpass", "redis-password"):
        assert (data / file).stat().st_mode & 0o077 == 0
    assert (data / "redis" / "redis.conf").stat().st_mode & 0o077 == 0
    assert (data / "postgres").stat().st_mode & 0o077 == 0
    assert "GACHA_DATABASE_URL" not in storage.account
    assert storage.account["PGPASSFILE"] != storage.gacha["PGPASSFILE"]
    # No password in what a process list, a log or a traceback would show.
    password = (data / "redis-password").read_text().strip()
    secrets = [password] + [
        (data / f"{role}.pgpass").read_text().strip().rpartition(":")[2]
        for role in ("account", "gacha")
    ]
    shown = repr(storage) + " ".join(" ".join(p.command) for p in storage.servers)
    assert not any(secret in shown for secret in secrets)
    # Made once: the data of a second start is that of the first.
    assert (data / "account.pgpass").read_text() == before


def test_services_that_start_at_once_all_find_their_users_table(made: Path) -> None:
    server = prepare_postgres(
        made / "postgres", port=supervise.free_ports(1)[0], roles=("account", "gacha")
    )
    plan = server.plan()
    child = Child(plan, made, Pace(), ())
    child.start()
    try:
        until(child.is_ready, within_s=60, what="PostgreSQL ready")
        line = server.password_file("account").read_text().strip()
        password = line.rpartition(":")[2]
        # The ledger's own URL, here with the password in it.
        url = server.url("account").replace("@", f":{password}@")
        for _ in range(3):
            with ThreadPoolExecutor(8) as pool:
                opened = list(pool.map(Users, [url] * 8))
            opened[0].add(
                username="Ann",
                user_id="u-1",
                email="a@e.org",
                password_hash="hash",
                created_at_ms=1,
            )
            with pytest.raises(UsernameTaken):
                opened[1].add(
                    username="ann",
                    user_id="u-2",
                    email="b@e.org",
                    password_hash="hash",
                    created_at_ms=2,
                )
            assert opened[2].find("ANN") == Credentials("u-1", "hash")
            with opened[0]._engine.begin() as connection:
                connection.exec_driver_sql("DROP TABLE users")
            for users in opened:
                users.close()
    finally:
        assert child.stop()


def test_data_of_a_version_that_is_not_installed_is_left_alone(data: Path) -> None:
    data.chmod(0o711)
    made = data / "postgres" / "data"
    made.mkdir(parents=True)
    (made / "PG_VERSION").write_text("7.4\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "/nowhere")
        with pytest.raises(StartError, match=r"install postgresql-7\.4"):
            prepare_postgres(data / "postgres", port=1, roles=("account",))
    assert [path.name for path in made.iterdir()] == ["PG_VERSION"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run it as another user")
def test_where_the_server_s_user_cannot_come_the_data_is_elsewhere(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.chmod(0o711)
    monkeypatch.setattr(postgres_server, "_ELSEWHERE", data)

    def make(server: PostgresServer, roles: tuple[str, ...]) -> None:
        server.data.mkdir()
        server.password_file(roles[0]).write_text(str(len(makes)))
        makes.append(server)

    makes: list[PostgresServer] = []
    monkeypatch.setattr(postgres_server, "_make", make)
    game = tmp_path / "data"  # pytest keeps others out of what is above
    game.mkdir(mode=0o700)
    first = prepare_postgres(game / "postgres", port=1, roles=("account",))
    assert first.folder.parent == data
    assert (game / "postgres").resolve() == first.folder
    assert first.folder.stat().st_mode & 0o077 == 0
    assert first.password_file("account").parent == game
    again = prepare_postgres(game / "postgres", port=1, roles=("account",))
    assert again == first
    assert len(makes) == 1
    # A game of the same place, once this one is removed, is another.
    shutil.rmtree(game)
    game.mkdir(mode=0o700)
    assert prepare_postgres(game / "postgres", port=1, roles=("account",)) == first
    assert len(makes) == 2
    # What is there already, and whose, is not for it to move.
    other = tmp_path / "other"
    (other / "postgres" / "mine").mkdir(parents=True)
    with pytest.raises(StartError, match=r"can't reach .*FAIRPULL_DATA"):
        prepare_postgres(other / "postgres", port=1, roles=("account",))
    assert (other / "postgres" / "mine").exists()
    assert len(list(data.iterdir())) == 1


def test_an_unknown_option_is_refused() -> None:
    assert supervise.main(["--ful"]) == 2
