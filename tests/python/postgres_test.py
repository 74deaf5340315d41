"""The wallet, pulls and the command on a PostgreSQL server of the test's own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import run

import fairpull

SEED = b"\xab" * 32


def server_programs() -> Path:
    """The folder of the newest PostgreSQL server, which scripts/test installs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    assert found, "no PostgreSQL server: apt-get install postgresql"
    return found[-1].parent


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    programs = server_programs()
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    as_user = ["runuser", "-u", user, "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="fairpull-pg-"))
    if as_user:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = [programs / "initdb", "-D", data, "-U", "game", "-A", "trust", "-N"]
    subprocess.run([*as_user, *map(str, initdb)], check=True, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listen = ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder)]
    server = subprocess.Popen(
        [*as_user, str(programs / "postgres"), "-D", str(data), *listen],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ready = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
        for _ in range(300):
            if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)
        yield f"postgresql://game@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_wallet_and_pulls(url):
    banner = fairpull.Banner.load("starter")
    with fairpull.open_store(url) as store:
        wallet = fairpull.Wallet(store)
        wallet.open_account("ann", banner.price_currency)
        wallet.grant(
            "buy",
            player="ann",
            currency=banner.price_currency,
            amount=banner.price_amount * 12,
            source="issuer:card",
        )
        pulls = fairpull.PullService(
            store,
            fairpull.Catalog([banner]),
            fairpull.ServerSeeds({1: SEED}, current=1),
        )
        receipt = pulls.pull("ten", player="ann", banner="starter", count=10)
        assert len(receipt.pulls) == 10
        again = pulls.pull("ten", player="ann", banner="starter", count=10)
        assert [p.item for p in again.pulls] == [p.item for p in receipt.pulls]
        assert wallet.balance("ann", banner.price_currency).posted == (
            2 * banner.price_amount
        )
        wallet.reverse("ten", player="ann")
        assert fairpull.verify(store) == []
    with fairpull.open_store(url) as store:
        assert fairpull.verify(store) == []


def test_the_command(url):
    assert run("migrate", "--store", url).returncode == 0
    verified = run("ledger", "verify", "--store", url)
    assert verified.returncode == 0, verified.stderr
    assert "the books are sound" in verified.stderr


def test_where_citus_is_missing_the_command_says_what_to_do(url):
    result = run("migrate", "--citus", "--store", url)
    assert result.returncode == 1
    assert "CREATE EXTENSION citus" in result.stderr
    assert "Traceback" not in result.stderr
    with pytest.raises(fairpull.InvalidArgumentError):
        fairpull.distribute_by_player("sqlite:///game.db")


def test_a_server_that_is_not_there_is_an_error_without_the_password():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(fairpull.StoreUnavailableError) as caught:
        fairpull.open_store(f"postgresql://game:secret@127.0.0.1:{port}/none")
    assert "secret" not in str(caught.value)
