"""The start script: settings, secrets, the folder's lock, signals, the session."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import supervise
from child_processes_test import FAKE, LIVE_SERVICE, runs, until
from first_session import first_session

# The supervisor as it is, but over fake children.
DRIVER = f"""
import os, sys
sys.path.insert(0, {str(LIVE_SERVICE)!r})
import supervise
from child_processes import ChildPlan

def fake_plans(settings, variables):
    ports = [*supervise.free_ports(2), settings.port]
    return [
        ChildPlan(
            name=name, folder=settings.data, environment=dict(variables),
            command=[
                sys.executable, {str(FAKE)!r}, name, str(port),
                str(settings.data / "journal"), *variables.get("HABITS", "").split(),
            ],
            ready_url=f"http://127.0.0.1:{{port}}/readyz",
        )
        for name, port in zip(["account", "gacha", "gateway"], ports)
    ]

supervise.game_plans = fake_plans
supervise.check_installed = lambda: None
sys.exit(supervise.main())
"""


class Game:
    """A supervisor in a process of its own."""

    def __init__(self, data: Path, **variables: str) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            env={**os.environ, "PORT": "0", "FAIRPULL_DATA": str(data), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> str:
        """What it prints first, once the children are ready."""
        assert self.process.stdout
        return self.process.stdout.readline()

    def outcome(self) -> tuple[int, str]:
        """Exit code and what it said on the standard error."""
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said

    def children(self) -> dict[str, int]:
        ids: dict[str, int] = json.loads((self.data / "running.json").read_text())
        assert ids.pop("supervise") == self.process.pid
        return ids

    def end(self) -> None:
        """Stop it, and whatever a failed test may have left of it."""
        left = []
        with contextlib.suppress(OSError, ValueError):
            left = list(json.loads((self.data / "running.json").read_text()).values())
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=60)
        for process_id in filter(runs, left):
            os.kill(process_id, signal.SIGKILL)


StartGame = Callable[..., Game]


@pytest.fixture
def start_game(tmp_path: Path) -> Iterator[StartGame]:
    """Starts games on one data folder; ends them after the test."""
    games: list[Game] = []

    def start(**variables: str) -> Game:
        games.append(Game(tmp_path / "data", **variables))
        return games[-1]

    yield start
    for game in games:
        game.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_with_exit_code_0(
    start_game: StartGame, number: signal.Signals
) -> None:
    game = start_game()
    assert game.wait_until_ready().startswith("the game answers at http://127.0.0.1:")
    children = game.children()
    assert list(children) == ["account", "gacha", "gateway"]
    game.process.send_signal(number)
    code, said = game.outcome()
    assert code == 0
    assert said.endswith("fairpull: everything is stopped\n")
    assert not any(runs(process_id) for process_id in children.values())
    ended = (game.data / "journal").read_text().split()
    assert ended == ["gateway", "gacha", "account"]
    assert (game.data / "running.json").read_text() == ""


def test_a_start_that_fails_ends_with_1_and_the_log(start_game: StartGame) -> None:
    code, said = start_game(HABITS="dies").outcome()
    assert code == 1
    assert "ended with exit code 3 before the game was ready" in said
    assert said.endswith("out of luck\n")


def test_a_folder_is_one_games_as_long_as_a_child_lives(
    start_game: StartGame,
) -> None:
    game = start_game()
    game.wait_until_ready()
    children = game.children()
    code, said = start_game().outcome()
    assert code == 1
    assert f"a game already runs on {game.data}" in said
    assert str(children["gacha"]) in said
    assert "FAIRPULL_DATA" in said

    game.process.kill()
    game.process.communicate(timeout=60)
    assert start_game().outcome()[0] == 1
    for process_id in children.values():
        os.kill(process_id, signal.SIGTERM)
    until(lambda: not any(map(runs, children.values())), "the orphans end")
    later = start_game()
    assert later.wait_until_ready().startswith("the game answers")
    later.end()
    assert later.process.returncode == 0


def test_a_taken_port_is_named_with_the_way_out(
    start_game: StartGame, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = start_game(PORT=str(port)).outcome()
    assert code == 1
    assert f"port {port} can't be used (Address already in use)" in said
    assert "choose another, for instance PORT=" in said
    assert list((tmp_path / "data" / "logs").iterdir()) == [], "nothing was started"


def test_free_ports_are_not_for_the_kernel_to_give_away() -> None:
    told = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    first, last = map(int, told.split())
    ports = supervise.free_ports(100)
    assert len(set(ports)) == 100
    assert not any(first <= port <= last for port in ports)


@pytest.mark.parametrize("port", ["65536", "-1", "80a", "1e3", "٣"])
def test_a_port_that_is_none_is_refused(
    start_game: StartGame, tmp_path: Path, port: str
) -> None:
    code, said = start_game(PORT=port).outcome()
    assert code == 1
    assert said == (
        f"fairpull: PORT must be an integer from 0 to 65535, not {port!r}\n"
    )
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_is_a_file_is_refused(
    start_game: StartGame, tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("mine")
    code, said = start_game().outcome()
    assert code == 1
    assert f"{tmp_path / 'data'} can't hold the game's data" in said
    assert (tmp_path / "data").read_text() == "mine"


def test_settings_have_defaults() -> None:
    settings = supervise.Settings.from_environment({"PORT": "", "FAIRPULL_DATA": ""})
    assert settings.port == 8080
    assert settings.data == LIVE_SERVICE.parent.parent / ".data"


@pytest.mark.parametrize("mark", "?%#")
def test_a_folder_that_a_url_can_t_name_is_refused(tmp_path: Path, mark: str) -> None:
    variables = {"FAIRPULL_DATA": str(tmp_path / f"a{mark}b")}
    with pytest.raises(supervise.SetupError, match=rf"FAIRPULL_DATA: .* has \{mark} "):
        supervise.Settings.from_environment(variables)
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_may_read_what_the_game_keeps(start_game: StartGame) -> None:
    game = start_game()
    game.wait_until_ready()
    kept = [game.data, *game.data.rglob("*")]
    assert {"running.json", "logs", "gacha.log", "journal.gacha"} <= {
        path.name for path in kept
    }
    for path in kept:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_secrets_are_made_once_for_the_owner_only(tmp_path: Path) -> None:
    settings = supervise.Settings(port=1, data=tmp_path)
    supervise.game_plans(settings, {})
    first = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert sorted(first) == ["payment-secret", "server-seed", "service-token"]
    assert len(bytes.fromhex(first["server-seed"])) == 32
    assert len(first["service-token"].strip()) >= 32
    assert len(first["payment-secret"].strip()) >= 32
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    supervise.game_plans(settings, {})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == first
    (tmp_path / "other").mkdir()
    supervise.game_plans(supervise.Settings(port=1, data=tmp_path / "other"), {})
    assert (tmp_path / "other" / "server-seed").read_text() != first["server-seed"]


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    seed = tmp_path / "server-seed"
    seed.write_text("0" * 64)
    seed.chmod(0o640)
    with pytest.raises(supervise.SetupError, match=r"mode 640\); chmod 600"):
        supervise.game_plans(supervise.Settings(port=1, data=tmp_path), {})


def test_the_processes_are_told_of_each_other(tmp_path: Path) -> None:
    settings = supervise.Settings(port=8123, data=tmp_path)
    plans = {p.name: p for p in supervise.game_plans(settings, {"LANG": "C"})}
    assert list(plans) == ["discovery", "account", "gacha", "gateway"]
    discovery, account, gacha, gateway = plans.values()
    at = {name: plan.ready_url.removesuffix("/readyz") for name, plan in plans.items()}
    assert at["gateway"] == "http://127.0.0.1:8123"
    watching = {
        "LANG": "C",
        "DISCOVERY_URL": f"grpc://127.0.0.1:{discovery.environment['PORT']}",
        "SERVICE_TOKEN_FILE": f"{tmp_path}/service-token",
    }
    assert len({*at.values(), watching["DISCOVERY_URL"]}) == 5
    assert account.command[:3] == [sys.executable, "-m", "gunicorn"]
    assert account.command[3:] == [
        "-b",
        at["account"].removeprefix("http://"),
        "account.app:create_app()",
    ]
    assert gacha.command[-1] == "gacha.app:create_app()"
    assert account.folder == gacha.folder == LIVE_SERVICE
    assert account.environment == {
        **watching,
        "INSTANCE_URL": at["account"],
        "ACCOUNT_DATABASE_URL": f"sqlite:////{str(tmp_path)[1:]}/account.db",
        "ACCOUNT_KEY_FILE": f"{tmp_path}/account-signing-key.pem",
        "PAYMENT_SECRET_FILE": f"{tmp_path}/payment-secret",
        "GACHA_URL": at["gacha"],
    }
    assert gacha.environment == {
        **watching,
        "INSTANCE_URL": at["gacha"],
        "GACHA_DATABASE_URL": f"sqlite:////{str(tmp_path)[1:]}/gacha.db",
        "SERVER_SEED_FILE": f"{tmp_path}/server-seed",
        "ACCOUNT_URL": at["account"],
        "JWKS_URL": f"{at['account']}/account/.well-known/jwks.json",
    }
    assert gateway.environment == {**watching, "HOST": "127.0.0.1", "PORT": "8123"}
    assert discovery.environment == {
        "LANG": "C",
        "HOST": "127.0.0.1",
        "PORT": discovery.environment["PORT"],
        "OPERATION_PORT": at["discovery"].rpartition(":")[2],
        "SERVICE_TOKEN_FILE": f"{tmp_path}/service-token",
    }


def test_instances_of_gacha_differ_in_nothing_but_their_address(tmp_path: Path) -> None:
    settings = supervise.Settings(port=8123, data=tmp_path, gacha=3)
    plans = {p.name: p for p in supervise.game_plans(settings, {})}
    names = ["gacha", "gacha-2", "gacha-3"]
    assert list(plans) == ["discovery", "account", *names, "gateway"]
    own = [dict(plans[name].environment) for name in names]
    addresses = [environment.pop("INSTANCE_URL") for environment in own]
    assert len(set(addresses)) == 3
    assert [f"{address}/readyz" for address in addresses] == [
        plans[name].ready_url for name in names
    ]
    assert own[0] == own[1] == own[2]


@pytest.mark.parametrize("count", [0, -1, 33])
def test_there_are_1_to_32_instances_of_gacha(count: int) -> None:
    with pytest.raises(supervise.SetupError, match=f"1 to 32 instances, not {count}"):
        supervise.Settings.from_environment({}, gacha=count)
    assert supervise.main([f"--gacha={count}"]) == 1
    assert supervise.main(["--gacha", "many"]) == 2


@pytest.fixture
def noted_game() -> Iterator[tuple[str, list[tuple[str, str | None, object]]]]:
    """The address of a server that notes path, token and body of what is asked."""
    seen: list[tuple[str, str | None, object]] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sent = json.loads(body) if body else None
            seen.append((self.path, self.headers.get("Authorization"), sent))
            message = {"message": "Login successful", "token": "aa.b-b.c_c"}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(message).encode())

        do_GET = do_POST = answer

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_first_session_works_when_pasted(
    noted_game: tuple[str, list[tuple[str, str | None, object]]], shell: str
) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    address, seen = noted_game
    done = subprocess.run(
        [shell],
        check=False,
        input=first_session(address),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 7
    token = "Bearer aa.b-b.c_c"
    player = seen[0][2]["username"]  # type: ignore[index]
    credentials = {"username": player, "password": "correct horse"}
    assert seen == [
        (
            "/account/register",
            None,
            {**credentials, "email": f"{player}@example.com"},
        ),
        ("/account/login", None, credentials),
        (
            "/account/buy-currency",
            token,
            {"amount": 16000, "paymentMethod": "card"},
        ),
        ("/gacha/rarity-chances", None, None),
        ("/gacha/pull", token, {"currencySpent": 160}),
        ("/gacha/pull", token, {"currencySpent": 1600, "count": 10}),
        ("/gacha/history?limit=11", token, None),
        ("/account/currency", token, None),
    ]
