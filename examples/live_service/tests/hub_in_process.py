"""The sockets' hub in the test's process, its clients at other ends of socketpairs."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from gacha.showcase import Showcase, load_banners
from gacha.sockets.hub import Arrival, SocketHub
from gacha.sockets.limits import LARGEST_MESSAGE_BYTES, SocketLimits
from gacha.sockets.player_events import LocalEvents, PlayerEvents
from shared_http.player_tokens import TokenBearer, invalid_token
from socket_client import PATIENCE_S, SocketClient, open_socket

HOUR_S = 3600


def bearer_of(token: str) -> TokenBearer:
    """A token of these tests is a player's name and how long it is good."""
    player, _, seconds = token.partition("/")
    if player == "forged":
        raise invalid_token("the token is not valid; log in again")
    return TokenBearer(player, int(time.time() + float(seconds or HOUR_S)))


def look_at_nothing(_player: str, _banner_id: str) -> dict[str, Any]:
    return {}


class Hub:
    """A hub that clients can be joined to."""

    def __init__(
        self,
        limits: SocketLimits | None = None,
        *,
        events: PlayerEvents | None = None,
        banner_folder: Path | None = None,
        look_at_banner: Any = look_at_nothing,
    ) -> None:
        self.opened = 0
        self.close_codes: list[int] = []
        self.hub = SocketHub(
            showcase=Showcase(load_banners(banner_folder), currency="crystal"),
            events=events or LocalEvents(),
            bearer_of=bearer_of,
            look_at_banner=look_at_banner,
            limits=limits or SocketLimits(),
            on_opened=self._count,
            on_closed=self.close_codes.append,
        )
        self.hub.start()

    def _count(self) -> None:
        self.opened += 1

    def connect(
        self, *, ticket: TokenBearer | None = None, **options: Any
    ) -> JoinedClient:
        return JoinedClient(self, ticket, **options)

    def log_in(self, token: str, **options: Any) -> JoinedClient:
        client = self.connect(**options)
        client.log_in(token)
        return client

    def tell(self, player: str, number: int) -> None:
        """Tell of a pull that no one made."""
        self.hub.tell_player(player, "pulled", pull_data(number))


def pull_data(number: int) -> dict[str, Any]:
    """What is told of a pull that no one made."""
    item = {"id": "i", "name": "I", "type": "item", "rarity": "rare"}
    return {
        "pullId": f"pull:{number}",
        "bannerId": "starter",
        "item": item,
        "items": [item],
        "pulledAt": "2026-11-22T09:30:00.125Z",
        "currencySpent": 160,
    }


@contextmanager
def running_hub(*args: Any, **kwargs: Any) -> Iterator[Hub]:
    hub = Hub(*args, **kwargs)
    try:
        yield hub
    finally:
        hub.hub.stop()


class JoinedClient(SocketClient):
    """A client whose handshake the test answers, in place of a server."""

    def __init__(
        self,
        hub: Hub,
        ticket: TokenBearer | None,
        *,
        receive_buffer: int | None = None,
    ) -> None:
        ours, theirs = socket.socketpair()
        if receive_buffer is not None:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, receive_buffer)
        self._hub = hub
        self._ticket = ticket
        self._theirs = theirs
        self._ids = itertools.count(1)
        answer = threading.Thread(target=self._shake_hands)
        answer.start()
        self.socket = open_socket(
            "ws://game/gacha/socket",
            sock=ours,
            compression=None,
            ping_interval=None,
            close_timeout=PATIENCE_S,
            max_queue=1,
        )
        answer.join()

    def _shake_hands(self) -> None:
        protocol = ServerProtocol(max_size=LARGEST_MESSAGE_BYTES)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._theirs.recv(1024)
        protocol.receive_data(head)
        (handshake,) = protocol.events_received()
        assert isinstance(handshake, Handshake)
        protocol.send_response(protocol.accept(handshake))
        self._theirs.sendall(b"".join(protocol.data_to_send()))
        self._hub.hub.receive(
            Arrival(
                connection=self._theirs,
                protocol=protocol,
                request_id="r1",
                bearer=self._ticket,
            )
        )
