"""Three gacha instances behind discovery: what fails alone, fails alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from books import check_books, wait_settled
from child_processes import Child, Pace
from game_processes import Client, Port
from redis_server import prepare_redis
from scaled_game import LEASE_MS, ScaledGame
from waiting import until

pytestmark = pytest.mark.timeout(180)

INSTANCES = 3
# A lease, the sweep that ends it, and a machine that is busy with other tests.
EXPELLED_WITHIN_S = LEASE_MS / 1000 + 10


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Child, str]]:
    folder = tmp_path_factory.mktemp("redis")
    port = Port()
    server = prepare_redis(folder / "redis", port=port.number, password="p" * 32)
    child = Child(server.plan(), folder, Pace(), ())
    child.start()
    until(child.is_ready, within_s=30, what="Redis ready")
    yield child, server.url
    child.stop()
    port.close()


@pytest.fixture(scope="module")
def game(
    tmp_path_factory: pytest.TempPathFactory, redis: tuple[Child, str]
) -> Iterator[ScaledGame]:
    folder = tmp_path_factory.mktemp("game")
    game = ScaledGame(folder, gacha=INSTANCES, REDIS_URL=redis[1], RECOVERY_MS="50")
    try:
        game.start()
        wait_listed(game)
        yield game
    finally:
        game.kill()


def wait_listed(game: ScaledGame, count: int = INSTANCES) -> None:
    until(
        lambda: len(game.listed()) == count,
        within_s=EXPELLED_WITHIN_S,
        what=f"{count} instances are listed",
    )


def test_the_sweeper_asks_another_instance_where_its_own_is_dead(
    tmp_path: Path,
) -> None:
    """A hold that no gacha instance knows: who asks about it is the sweeper alone."""
    sweeping = {"HOLD_ASK_AFTER_MS": "300", "HOLD_SWEEP_MS": "100"}
    game = ScaledGame(tmp_path, gacha=2, **sweeping)
    try:
        game.start()
        wait_listed(game, 2)
        player = Client(game, "aster")
        player.buy(1_000, "b")
        place_hold(game, player, "pull:first")
        wait_balance(player, 1_000)

        # By then it is the one that is asked, and was from the start: GACHA_URL.
        asked = game.gachas[0]
        assert game.account.variables["GACHA_URL"] == asked.url
        asked.kill()
        place_hold(game, player, "pull:second")
        wait_balance(player, 1_000)

        # That other one dies as well, while discovery is away and tells nothing.
        asked.start()
        asked.wait_ready()
        game.discovery.kill()
        game.gachas[1].kill()
        place_hold(game, player, "pull:third")
        wait_balance(player, 1_000)
    finally:
        game.kill()


def place_hold(game: ScaledGame, player: Client, hold_id: str) -> None:
    """Place a hold as the gacha service does, and forget it."""
    answer = game.http.post(
        f"{game.account.url}/internal/holds",
        headers={"X-Service-Token": (game.folder / "token").read_text()},
        json={
            "holdId": hold_id,
            "playerId": player.id,
            "currency": "crystal",
            "amount": 160,
            "sink": "spend:starter",
        },
    )
    assert answer.status_code == 201, answer.text


def wait_balance(player: Client, balance: int) -> None:
    until(
        lambda: player.balance() == balance,
        within_s=20,
        what=f"a balance of {balance}",
    )


@contextmanager
def players(game: ScaledGame, prefix: str, count: int = 6) -> Iterator[list[Client]]:
    """Players who pull all the time; what they are answered is right in the end."""
    clients = [Client(game, f"{prefix}-{number}") for number in range(count)]
    for client in clients:
        client.buy(160_000, "b")
    over = threading.Event()

    def play(client: Client) -> int:
        pulls = 0
        while not over.is_set():
            assert client.pull(f"k{pulls}").status_code == 200
            pulls += 1
        return pulls

    with ThreadPoolExecutor(count) as pool:
        playing = [pool.submit(play, client) for client in clients]
        try:
            yield clients
        finally:
            over.set()
        assert all(player.result() > 0 for player in playing)
    wait_settled(game)
    check_books(game, clients)


def read(game: ScaledGame, path: str = "/gacha/items") -> int:
    return game.http.get(game.url(path)).status_code


def test_requests_spread_evenly(game: ScaledGame) -> None:
    before = game.answered()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: read(game), range(300)))
    assert statuses == [200] * 300
    after = game.answered()
    shares = [after[address] - before.get(address, 0) for address in after]
    assert len(shares) == INSTANCES
    assert sum(shares) == 300
    assert all(95 <= share <= 105 for share in shares), shares


def test_a_killed_instance_takes_no_pull_with_it(game: ScaledGame) -> None:
    victim = game.gachas[1]
    with players(game, "killed"):
        victim.kill()
        # It is listed for the rest of its lease, and nobody who reads notices.
        assert [read(game) for _ in range(60)] == [200] * 60
        wait_listed(game, INSTANCES - 1)
        victim.start()
        victim.wait_ready()
        wait_listed(game)


def test_a_drained_instance_loses_no_request(game: ScaledGame) -> None:
    victim = game.gachas[2]
    client = Client(game, "drainer")
    client.buy(160_000, "b")
    over = threading.Event()

    def come_and_go(number: int) -> list[int]:
        statuses = []
        while not over.is_set():
            body = {"currencySpent": 160}
            key = f"d{number}-{len(statuses)}"
            sent: dict[str, Any] = {"Idempotency-Key": key}
            statuses.append(
                client.send("POST", "/gacha/pull", body, **sent).status_code
            )
            statuses.append(read(game))
        return statuses

    tries_before = game.metric(r'gateway_retries_total\{service="gacha"\}')
    with ThreadPoolExecutor(6) as pool:
        coming = [pool.submit(come_and_go, number) for number in range(6)]
        try:
            victim.ask_to_end()
            assert victim.wait_ended() == 0
            wait_listed(game, INSTANCES - 1)
        finally:
            over.set()
        statuses = [status for each in coming for status in each.result()]
    assert len(statuses) > 10
    assert set(statuses) == {200}
    # It said goodbye before it refused anybody.
    tries = game.metric(r'gateway_retries_total\{service="gacha"\}')
    assert tries == tries_before
    victim.start()
    victim.wait_ready()
    wait_listed(game)


def test_without_the_account_service_what_needs_none_of_it_goes_on(
    game: ScaledGame,
) -> None:
    client = Client(game, "lonely")
    client.buy(1600, "b")
    first = client.pull("k1").json()
    # Each instance has the keys for tokens from here on.
    for _ in range(2 * INSTANCES):
        assert client.send("GET", "/gacha/history").status_code == 200
    game.account.kill()
    for _ in range(INSTANCES):
        assert read(game, "/gacha/items") == 200
        assert read(game, "/gacha/rarity-chances") == 200
        history = client.send("GET", "/gacha/history")
        assert [pull["item"] for pull in history.json()["pulls"]] == [first["item"]]
    refused = client.send(
        "POST", "/gacha/pull", {"currencySpent": 160}, **{"Idempotency-Key": "k2"}
    )
    assert refused.status_code == 503
    assert refused.json()["type"] == "/problems/pull-undecided"
    assert int(refused.headers["Retry-After"]) >= 1
    game.account.start()
    game.account.wait_ready()
    assert client.pull("k2").json()["newCurrencyBalance"] == 1600 - 2 * 160
    wait_settled(game)
    check_books(game, [client])


def test_discovery_may_go_and_come_back(game: ScaledGame) -> None:
    with players(game, "watched"):
        game.discovery.kill()
        until(
            lambda: game.metric("gateway_discovery_age_seconds") > 0,
            within_s=20,
            what="the gateway misses discovery",
        )
        assert [read(game) for _ in range(30)] == [200] * 30
        assert len(game.listed()) == INSTANCES
        game.discovery.start()
        game.discovery.wait_ready()
        # Four have registered again, and the time to do so is over: five changes.
        until(
            lambda: game.metric("gateway_discovery_revision") == INSTANCES + 2,
            within_s=EXPELLED_WITHIN_S,
            what="all are registered again",
        )
        assert game.metric("gateway_discovery_age_seconds") == 0
        assert len(game.listed()) == INSTANCES


def test_the_game_goes_on_without_redis(
    game: ScaledGame, redis: tuple[Child, str]
) -> None:
    with players(game, "cached", 3):
        redis[0].stop()
        assert [read(game) for _ in range(30)] == [200] * 30
        assert Client(game, "latecomer").balance() == 0
