"""The socket of a gacha service under gunicorn: handshakes, tickets, pulls, its end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from banner_files import write_banner
from contract import check_answer
from forged_tokens import Forge
from game_processes import Client, GameProcesses
from socket_client import SocketClient
from socket_contract import check_message, socket_contract

pytestmark = pytest.mark.timeout(120)


class SocketGame:
    """The services, and sockets to the one that has them."""

    def __init__(self, folder: Path, **variables: str) -> None:
        banners = folder / "banners"
        banners.mkdir()
        write_banner(banners / "past.json", id="past", closes="2020-01-01T00:00:00Z")
        variables = {"DISPLAY_TIME_ZONE": "Asia/Tokyo", **variables}
        self.processes = GameProcesses(folder, banner_folder=banners, **variables)
        self.url = self.processes.url("/gacha/socket").removesuffix("/gacha/socket")
        self._open = ExitStack()

    def socket(self, query: str = "", **headers: str) -> SocketClient:
        client = SocketClient(self.url, query=query, headers=headers)
        return self._open.enter_context(client)

    def log_in(self, player: Client, **headers: str) -> SocketClient:
        client = self.socket(**headers)
        client.log_in(player.token)
        return client

    def close(self) -> None:
        self._open.close()
        self.processes.kill()


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SocketGame]:
    game = SocketGame(tmp_path_factory.mktemp("game"), SOCKETS_PER_PLAYER="40")
    try:
        game.processes.start()
        yield game
    finally:
        game.close()


@pytest.fixture(scope="module")
def player(game: SocketGame) -> Client:
    client = Client(game.processes, "aster")
    client.buy(16_000, "b1")
    return client


def ticket_of(player: Client) -> str:
    answer = player.send("POST", "/gacha/socket-ticket")
    assert answer.status_code == 201
    return str(answer.json()["ticket"])


def test_a_session_over_the_socket(game: SocketGame) -> None:
    player = Client(game.processes, "bryn")
    player.buy(16_000, "b1")
    socket = game.log_in(player)
    banners = socket.ask("list_banners", {}, expect="banners")["banners"]
    assert {each["id"]: each["open"] for each in banners} == {
        "past": False,
        "starter": True,
    }
    chosen = socket.ask("choose_banner", {"bannerId": "starter"}, expect="banner")
    http = player.send("GET", "/gacha/rarity-chances").json()
    items = player.send("GET", "/gacha/items").json()["items"]
    assert (chosen["chances"], chosen["odds"]) == (http["chances"], http["odds"])
    assert chosen["items"] == items
    assert chosen["banner"]["price"] == 160
    zones = {each["timeZone"] for each in (*banners, chosen["banner"])}
    assert zones == {"Asia/Tokyo"}
    assert {each["name"]: each["value"] for each in chosen["pity"]["counters"]} == {
        "pity:ultra_rare": 0,
        "guarantee:ultra_rare": 0,
        "pity:super_rare": 0,
        "guarantee:super_rare": 0,
    }
    one = player.pull("k1").json()
    ten = player.pull("k2", count=10).json()
    for seq, pull in enumerate((one, ten), start=1):
        told = socket.next()
        assert (told["type"], told["seq"]) == ("pulled", seq)
        for field in ("pullId", "bannerId", "item", "items"):
            assert told["data"][field] == pull[field]
    assert told["data"]["currencySpent"] == 1600
    again = socket.ask("choose_banner", {"bannerId": "starter"}, expect="banner")
    standing = player.send("GET", "/gacha/pity").json()
    assert again["pity"]["counters"] == standing["counters"]
    answer = socket.ask("choose_banner", {"bannerId": "sunset"}, expect="error")
    assert answer["type"] == "/problems/unknown-banner"


def test_a_repeated_pull_is_told_once(game: SocketGame, player: Client) -> None:
    socket = game.log_in(player)
    player.pull("once")
    player.pull("once")
    player.pull("twice")
    assert [socket.next()["data"]["pullId"] for _ in range(2)] == [
        "pull:once",
        "pull:twice",
    ]


def test_a_ticket_opens_one_socket(game: SocketGame, player: Client) -> None:
    ticket = ticket_of(player)
    socket = game.socket(f"?ticket={ticket}")
    assert socket.next()["data"]["userId"] == player.id
    assert game.socket(f"?ticket={ticket}").close_code() == 4401


@pytest.mark.parametrize("ticket", ["", "x", "x" * 43])
def test_a_ticket_that_never_was_opens_nothing(game: SocketGame, ticket: str) -> None:
    assert game.socket(f"?ticket={ticket}").close_code() == 4401


def test_a_ticket_needs_a_token(game: SocketGame, player: Client) -> None:
    answer = player.send("POST", "/gacha/socket-ticket", Authorization="Bearer x.y.z")
    assert answer.status_code == 401


@pytest.mark.parametrize("name", ["token", "access_token", "jwt"])
def test_a_token_in_the_address_is_refused(
    game: SocketGame, player: Client, name: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        game.socket(f"?{name}={player.token}")
    assert refused.value.response.status_code == 400
    assert b"never into the address" in refused.value.response.body
    assert player.token not in game.processes.gacha.log()


def test_a_token_that_ends_ends_the_socket(game: SocketGame, player: Client) -> None:
    forge = Forge(player.token, game.processes.folder / "signing-key.pem")
    expired, soon = (forge.signed(exp=int(time.time()) + left) for left in (-1, 2))
    refused = game.socket()
    refused.send("authenticate", {"token": expired})
    assert refused.close_code() == 4401
    socket = game.socket()
    socket.log_in(soon)
    assert socket.close_code() == 4401


def test_a_page_of_another_origin_is_refused(game: SocketGame, player: Client) -> None:
    own = game.url
    for origin in ("https://evil.example", "null", own + "0", own + ".evil.example"):
        socket = game.socket(Origin=origin)
        with suppress(ConnectionClosed):
            socket.send("authenticate", {"token": player.token})
        assert socket.close_code() == 4403, origin
    game.log_in(player, Origin=own)
    # As the gateway tells what the client called the game.
    forwarded = {"Origin": "https://game.example", "X-Forwarded-Host": "game.example"}
    game.log_in(player, **forwarded)


def test_an_oversized_frame_and_a_flood(game: SocketGame, player: Client) -> None:
    socket = game.log_in(player)
    socket.socket.send("x" * 5000)
    assert socket.close_code() == 1009
    socket = game.log_in(player)
    with suppress(ConnectionClosed):
        for _ in range(50):
            socket.send("list_banners", {})
    assert socket.close_code() == 4429


def test_open_sockets_leave_the_threads_to_requests(
    game: SocketGame, player: Client
) -> None:
    """More sockets than threads, and each of them answered, as are requests."""
    sockets = [game.log_in(player) for _ in range(30)]
    for _ in range(20):
        assert player.send("GET", "/gacha/banners").status_code == 200
    for socket in sockets:
        socket.ask("list_banners", {}, expect="banners")
        socket.socket.close()


HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Upgrade": None, "Connection": None}, 426),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Key": None}, 400),
        ({"Sec-WebSocket-Version": "8"}, 400),
    ],
)
def test_what_is_no_handshake_is_told_so(
    game: SocketGame, changes: dict[str, Any], status: int
) -> None:
    headers = {name: value for name, value in {**HANDSHAKE, **changes}.items() if value}
    url = game.url + "/gacha/socket"
    answer = httpx.get(url, headers=headers, trust_env=False)
    assert answer.status_code == status
    check_answer("GET", "/gacha/socket", status, answer.headers, answer.content)


def test_ending_the_service_ends_its_sockets(tmp_path: Path) -> None:
    game = SocketGame(tmp_path)
    try:
        game.processes.start()
        player = Client(game.processes, "aster")
        sockets = [game.log_in(player), game.socket()]
        before = time.monotonic()
        game.processes.gacha.ask_to_end()
        assert [socket.close_code() for socket in sockets] == [1001, 1001]
        assert game.processes.gacha.wait_ended() == 0
        # Requests that run have 8 s (gunicorn.conf.py); here none does.
        assert time.monotonic() - before < 6
    finally:
        game.close()


def examples() -> list[tuple[str, Any]]:
    messages = socket_contract()["components"]["messages"]
    return [
        (name, example["payload"])
        for name, message in messages.items()
        for example in message.get("examples", [])
    ]


@pytest.mark.parametrize(("name", "payload"), examples())
def test_the_examples_of_the_contract_obey_it(name: str, payload: Any) -> None:
    check_message(json.dumps(payload), of_client=True)
