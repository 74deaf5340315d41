"""The game in containers; `scripts/test --containers` builds them and runs this."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from game_processes import LIVE_SERVICE, Client
from supervise import free_ports
from waiting import until

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        "FAIRPULL_CONTAINERS" not in os.environ,
        reason="scripts/test --containers runs it, with the images that it needs",
    ),
]

COMPOSE_FILE = LIVE_SERVICE / "compose.yaml"
GACHA_INSTANCES = 3
LONG_LIVED = {"account": 1, "account-db": 1, "discovery": 1, "gacha-db": 1, "redis": 1}
SERVICES = {**LONG_LIVED, "gacha": GACHA_INSTANCES, "gateway": 1}


def podman(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["podman", *arguments], capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, f"{arguments}: {done.stderr}"
    return done


class ComposedGame:
    """All of compose.yaml, in a project of its own."""

    def __init__(self) -> None:
        self.project = f"fairpull-test-{secrets.token_hex(4)}"
        self.port = free_ports(1)[0]
        self.clients: list[Client] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def compose(self, *arguments: str) -> None:
        program = ["podman-compose", "-p", self.project, "-f", str(COMPOSE_FILE)]
        done = subprocess.run(
            [*program, *arguments],
            env={**os.environ, "PORT": str(self.port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:]

    def up(self) -> None:
        """Start it, and return when every container says that it is healthy."""
        self.compose("up", "-d", "--scale", f"gacha={GACHA_INSTANCES}")
        (maker,) = self.containers("secrets")
        assert podman("wait", maker).stdout.strip() == "0"
        for service, count in SERVICES.items():
            names = self.containers(service)
            assert len(names) == count, names
            for name in names:
                # No systemd, no timer: so it is asked here.
                until(
                    lambda name=name: self.is_healthy(name),
                    within_s=120,
                    what=f"{name} healthy",
                )

    def containers(self, service: str) -> list[str]:
        named = ("--filter", f"label=com.docker.compose.service={service}")
        asked = podman("ps", "-a", *self._ours(), *named, "--format=json")
        return sorted(each["Names"][0] for each in json.loads(asked.stdout))

    def is_healthy(self, name: str) -> bool:
        return podman("healthcheck", "run", name, check=False).returncode == 0

    def run_in(self, service: str, *command: str) -> str:
        return podman("exec", self.containers(service)[0], *command).stdout

    def instances(self) -> dict[str, float]:
        """The gacha instances that the gateway knows, and what each has answered."""
        shown = httpx.get(self.url("/metrics"), trust_env=False).text
        known = re.findall(
            r'^gateway_breaker_state\{service="gacha",instance="([^"]+)"', shown, re.M
        )
        answered = dict.fromkeys(known, 0.0)
        for instance, count in re.findall(
            r'^gateway_upstream_requests_total\{service="gacha",instance="([^"]+)"'
            r"[^}]*\} (\d+)",
            shown,
            re.M,
        ):
            if instance in answered:
                answered[instance] += float(count)
        return answered

    def stop(self) -> dict[str, int]:
        """End what runs and remove all containers; how each ended. Volumes stay."""
        # podman-compose forgets those that were scaled up.
        running = podman("ps", *self._ours(), "--format={{.Names}}").stdout.split()
        podman("stop", "-t", "20", *running)
        codes = {
            name: int(podman("inspect", "-f", "{{.State.ExitCode}}", name).stdout)
            for name in running
        }
        podman("rm", "-f", "--depend", *self.containers("secrets"))
        return codes

    def _ours(self) -> tuple[str, str]:
        return "--filter", f"label=io.podman.compose.project={self.project}"

    def remove(self) -> None:
        """Leave nothing, whatever became of the test."""
        for client in self.clients:
            client.close()
        podman("pod", "rm", "-f", f"pod_{self.project}", check=False)
        podman("network", "rm", "-f", f"{self.project}_default", check=False)
        named = ("--filter", f"name={self.project}")
        if names := podman("volume", "ls", "-q", *named).stdout.split():
            podman("volume", "rm", *names)


@pytest.fixture(scope="module")
def game() -> Iterator[ComposedGame]:
    game = ComposedGame()
    try:
        game.up()
        yield game
    except BaseException:
        for service in SERVICES:
            for name in game.containers(service):
                print(name, podman("logs", "--tail", "30", name, check=False))
        raise
    finally:
        game.remove()


@pytest.fixture(scope="module")
def player(game: ComposedGame) -> Client:
    """A player who has bought currency."""
    player = Client(game, "aster")  # type: ignore[arg-type]
    player.buy(160_000, "b1")
    assert player.balance() == 160_000
    return player


def history(player: Client) -> list[Any]:
    answer = player.send("GET", "/gacha/history?limit=100")
    assert answer.status_code == 200
    pulls: list[Any] = answer.json()["pulls"]
    return pulls


def test_a_session_through_the_gateway_reaches_every_instance(
    game: ComposedGame, player: Client
) -> None:
    until(
        lambda: len(game.instances()) == GACHA_INSTANCES,
        within_s=30,
        what="every instance of gacha known to the gateway",
    )
    one = player.pull("k1").json()
    assert one["newCurrencyBalance"] == 159_840
    ten = player.pull("k2", count=10).json()
    assert ten["newCurrencyBalance"] == 158_240
    assert len(ten["items"]) == 10
    told = [*reversed(ten["items"]), one["item"]]
    for _ in range(GACHA_INSTANCES):
        assert [pull["item"] for pull in history(player)] == told
    assert all(game.instances().values())


def test_browsers_get_the_page_and_all_that_it_loads(game: ComposedGame) -> None:
    with httpx.Client(base_url=game.url(""), trust_env=False) as client:
        page = client.get("/", headers={"Accept": "text/html"}).text
        loaded = re.findall(r'(?:src|href)="(/?web/[^"]+)"', page)
        assert any(path.endswith(".js") for path in loaded)
        for path in loaded:
            assert client.get(f"/{path.lstrip('/')}").status_code == 200, path


@pytest.mark.parametrize(
    ("service", "user", "secrets"),
    [
        ("gateway", "10001", ["redis-password", "service-token"]),
        ("discovery", "10001", ["service-token"]),
        (
            "account",
            "10001",
            ["payment-secret", "pgpass", "redis-password", "service-token"],
        ),
        (
            "gacha",
            "10001",
            ["pgpass", "redis-password", "server-seed", "service-token"],
        ),
        ("account-db", "999", ["password"]),
        ("gacha-db", "999", ["password"]),
        ("redis", "999", ["password", "redis.conf"]),
    ],
)
def test_a_container_has_no_more_than_it_needs(
    game: ComposedGame, service: str, user: str, secrets: list[str]
) -> None:
    assert game.run_in(service, "id", "-u").strip() == user
    assert game.run_in(service, "ls", "/run/game").split() == secrets
    modes = game.run_in(service, "sh", "-c", "stat -Lc '%a %u' /run/game/*")
    assert set(modes.splitlines()) == {f"600 {user}"}
    written = podman(
        "exec", game.containers(service)[0], "touch", "/srv/there", check=False
    )
    assert "Read-only" in written.stderr or "Permission denied" in written.stderr
    rights = game.run_in(service, "grep", "CapEff", "/proc/self/status")
    assert rights.split() == ["CapEff:", "0" * 16]


def test_the_game_goes_on_without_an_instance_that_was_killed(
    game: ComposedGame, player: Client
) -> None:
    before = len(history(player))
    podman("kill", game.containers("gacha")[1])
    for n in range(6):
        assert (
            player.insist(
                "/gacha/pull", {"currencySpent": 160}, f"after-{n}"
            ).status_code
            == 200
        )
    assert len(history(player)) == before + 6


def test_nothing_is_lost_when_all_of_it_is_made_anew(
    game: ComposedGame, player: Client
) -> None:
    pulls, balance = history(player), player.balance()
    codes = game.stop()
    # Each was told to end, and did so in order.
    assert len(codes) >= sum(SERVICES.values()) - 1
    assert set(codes.values()) == {0}, codes
    assert not game.containers("gateway")
    game.up()
    until(
        lambda: player.send("GET", "/gacha/history").status_code == 200,
        within_s=30,
        what="the token of before still good, as the signing key is kept",
    )
    assert history(player) == pulls
    assert player.balance() == balance
