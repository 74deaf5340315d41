"""Stores behind a Redis cache, on a server of the test's own."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import fairpull

# Long enough for a machine that is busy with other tests.
PATIENT_MS = 20_000


class RedisServer:
    """A Redis on a free port of loopback."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        assert program, "no Redis server: apt-get install redis-server"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        listen = ["--port", str(self.port), "--bind", "127.0.0.1"]
        keep = ["--save", "", "--dir", str(folder)]
        self.process = subprocess.Popen(
            [program, *listen, *keep], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 30
        while self.command("PING") != b"+PONG\r\n":
            assert time.monotonic() < deadline, "Redis does not answer"
            time.sleep(0.01)

    def command(self, *words: str) -> bytes:
        """The beginning of the reply, or nothing."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 10) as line:
                line.sendall(" ".join(words).encode() + b"\r\n")
                return line.recv(4096)
        except ConnectionError:
            return b""

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server() -> Iterator[RedisServer]:
    folder = Path(tempfile.mkdtemp(prefix="fairpull-redis-"))
    server = RedisServer(folder)
    try:
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


def play(wallet: fairpull.Wallet, id: str, left: int) -> None:
    wallet.spend(id, player="ann", currency="gems", amount=1, sink="adjustment")
    assert wallet.balance("ann", "gems").posted == left
    assert wallet.balance("ann", "gems").posted == left


def funded(store: fairpull.Store) -> fairpull.Wallet:
    wallet = fairpull.Wallet(store)
    wallet.open_account("ann", "gems")
    wallet.grant("buy", player="ann", currency="gems", amount=100, source="issuer:card")
    return wallet


def test_balances_come_from_the_cache_and_are_never_old(server, tmp_path):
    url = f"sqlite:///{tmp_path / 'game.db'}"
    with (
        fairpull.open_store(
            url, cache=server.url, cache_timeout_ms=PATIENT_MS
        ) as store,
        fairpull.open_store(
            url, cache=server.url, cache_timeout_ms=PATIENT_MS
        ) as beside,
    ):
        wallet = funded(store)
        other = fairpull.Wallet(beside)
        for i in range(10):
            play(wallet if i % 2 else other, f"d{i}", 99 - i)
            assert wallet.balance("ann", "gems") is not None
            assert other.balance("ann", "gems").posted == 99 - i
        counters = store.cache_counters()
        assert counters is not None
        assert counters.hits >= 10
        assert counters.errors == 0
        assert counters.last_error == ""
        assert fairpull.verify(store) == []


def test_the_game_goes_on_without_redis(server, tmp_path):
    with fairpull.open_store(
        f"sqlite:///{tmp_path / 'game.db'}",
        cache=server.url,
        cache_name="game",
        cache_timeout_ms=PATIENT_MS,
    ) as store:
        wallet = funded(store)
        play(wallet, "d0", 99)
        assert server.command("EXISTS", "fairpull:1:game:{p:ann}") == b":1\r\n"
        server.end()
        for i in range(1, 50):
            play(wallet, f"d{i}", 99 - i)
        counters = store.cache_counters()
        assert counters is not None
        assert counters.opened >= 1
        assert counters.skipped > counters.errors
        assert str(server.port) in counters.last_error


def test_databases_that_share_a_redis_do_not_mix(server, tmp_path):
    stores = [
        fairpull.open_store(f"sqlite:///{tmp_path / name}", cache=server.url)
        for name in ("one.db", "two.db")
    ]
    stores += [fairpull.open_store("memory:", cache=server.url) for _ in range(2)]
    for store in stores:
        funded(store).balance("ann", "gems")
    play(fairpull.Wallet(stores[0]), "d", 99)
    for store in stores[1:]:
        assert fairpull.Wallet(store).balance("ann", "gems").posted == 100
    for store in stores:
        store.close()


def test_what_cannot_be_is_refused():
    for url in ("rediss://h", "http://h", "redis://u:secret@h:x"):
        with pytest.raises(fairpull.InvalidArgumentError) as refused:
            fairpull.open_store("memory:", cache=url)
        assert "secret" not in str(refused.value)
    with pytest.raises(fairpull.InvalidArgumentError, match="name is 1 to 64"):
        fairpull.open_store("memory:", cache="redis://h", cache_name="a b")
    with pytest.raises(fairpull.InvalidArgumentError, match="no cache"):
        fairpull.open_store("memory:", cache_name="game")
    with fairpull.open_store("memory:") as store:
        assert store.cache_counters() is None
    with pytest.raises(fairpull.FailedPreconditionError):
        store.cache_counters()


def test_a_cache_url_that_is_wrong_leaves_no_database_behind(tmp_path):
    file = tmp_path / "game.db"
    with pytest.raises(fairpull.InvalidArgumentError):
        fairpull.open_store(f"sqlite:///{file}", cache="redis://")
    assert not file.exists()
