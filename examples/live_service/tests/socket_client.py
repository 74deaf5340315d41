"""A player's program that holds a socket open, and checks each message."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from socket_contract import check_message

PATIENCE_S = 10.0


def open_socket(url: str, **options: Any) -> ClientConnection:
    # Closed by the client's own methods, as a socket outlives the block it is made in.
    return connect(url, **options).__enter__()


class SocketClient:
    """One socket to the game."""

    def __init__(
        self,
        http_url: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        url = http_url.replace("http://", "ws://", 1) + "/gacha/socket" + query
        self._ids = itertools.count(1)
        self.socket: ClientConnection = open_socket(
            url,
            additional_headers=headers,
            proxy=None,
            compression=None,
            ping_interval=None,
            open_timeout=PATIENCE_S,
            close_timeout=PATIENCE_S,
        )

    def __enter__(self) -> SocketClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, type_: str, data: Any, *, seq: int | None = None) -> str:
        """Send a request; its id."""
        request_id = f"r{next(self._ids)}"
        request = {"v": 1, "type": type_, "id": request_id, "data": data}
        if seq is not None:
            request["seq"] = seq
        self.socket.send(json.dumps(request))
        return request_id

    def next(self) -> dict[str, Any]:
        """The next message, which the contract has."""
        message = self.socket.recv(timeout=PATIENCE_S)
        assert isinstance(message, str)
        return check_message(message)

    def ask(
        self, type_: str, data: Any, *, expect: str, seq: int | None = None
    ) -> dict[str, Any]:
        """Send a request; the data of the answer, which comes next."""
        request_id = self.send(type_, data, seq=seq)
        answer = self.next()
        assert (answer["type"], answer["id"]) == (expect, request_id), answer
        data_of_answer: dict[str, Any] = answer["data"]
        return data_of_answer

    def log_in(self, token: str) -> dict[str, Any]:
        """What the welcome says."""
        return self.ask("authenticate", {"token": token}, expect="welcome")

    def close_code(self) -> int | None:
        """Read until the server closes; its code, None if it closed without one."""
        try:
            while True:
                check_message(str(self.socket.recv(timeout=PATIENCE_S)))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
