"""The handshake of `/gacha/socket`, and the tickets that open one.

The server answers 101 as any other response; when it is written, the connection goes to
the hub, and the server is left with one that has ended.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from flask import Blueprint, Response, request
from websockets.datastructures import Headers
from websockets.http11 import Request as Handshake
from websockets.server import ServerProtocol

from gacha.sockets.conversation import FORBIDDEN, NOT_AUTHENTICATED
from gacha.sockets.hub import Arrival, SocketHub
from gacha.sockets.limits import LARGEST_MESSAGE_BYTES
from gacha.sockets.origins import may_open
from gacha.sockets.tickets import GOOD_FOR_S, Tickets
from shared_http.player_tokens import PlayerTokenChecker, TokenBearer
from shared_http.problems import Problem, malformed
from shared_http.request_context import current_request_id


def socket_routes(
    *,
    hub: SocketHub,
    tickets: Tickets,
    tokens: PlayerTokenChecker,
    origins: frozenset[str],
) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("sockets", __name__, url_prefix="/gacha")

    @routes.post("/socket-ticket")
    def issue_ticket() -> tuple[dict[str, Any], int]:
        bearer = tokens.authenticated_bearer()
        return {"ticket": tickets.issue(bearer), "expiresInSeconds": GOOD_FOR_S}, 201

    @routes.get("/socket")
    def refuse_plain_request() -> Response:
        raise _upgrade_required("this address is for WebSockets")

    @routes.get("/socket", websocket=True)
    def open_socket() -> Response:
        protocol, response = _shake_hands()
        server_socket = request.environ.get("gunicorn.socket")
        if server_socket is None:
            raise _upgrade_required("the server it runs on can't hand connections over")
        refusal, bearer = _look_at_visitor()
        request_id = current_request_id()

        # Called when the server has written the response and is done with it.
        @response.call_on_close
        def hand_over() -> None:
            hub.receive(
                Arrival(
                    connection=_take_over(server_socket),
                    protocol=protocol,
                    request_id=request_id,
                    refusal=refusal,
                    bearer=bearer,
                )
            )

        return response

    def _look_at_visitor() -> tuple[tuple[int, str] | None, TokenBearer | None]:
        """Return what to close with, if anything, and who has come with a ticket."""
        if not may_open(request.headers, origins):
            return (FORBIDDEN, "pages of this origin may not open a socket"), None
        ticket = request.args.get("ticket")
        if ticket is None:
            return None, None
        bearer = tickets.take(ticket)
        if bearer is None:
            reason = "the ticket is not good, or not any more"
            return (NOT_AUTHENTICATED, reason), None
        return None, bearer

    return routes


def _shake_hands() -> tuple[ServerProtocol, Response]:
    """Return the protocol after its handshake, and the 101 that it answers."""
    unknown = set(request.args) - {"ticket"}
    if unknown:
        raise malformed(
            "is not known here; a token goes into the first message, never into the "
            "address",
            where="query",
            name=sorted(unknown)[0],
        )
    protocol = ServerProtocol(max_size=LARGEST_MESSAGE_BYTES)
    handshake = Handshake(request.path, Headers(list(request.headers)))
    # It reads a handshake before anything else, though the server has read this one.
    protocol.receive_data(handshake.serialize())
    events = protocol.events_received()
    if not events or not isinstance(events[0], Handshake):
        raise malformed("is no handshake of RFC 6455", where="header")
    answer = protocol.accept(events[0])
    if answer.status_code != 101:
        said = (answer.body or b"").decode().strip()
        raise malformed(f"is no handshake of RFC 6455: {said}", where="header")
    protocol.send_response(answer)
    # The server writes it.
    protocol.data_to_send()
    response = Response(status=101)
    del response.headers["Content-Type"]
    for name, value in answer.headers.raw_items():
        if name != "Date":
            response.headers[name] = value
    return protocol, response


def _take_over(server_socket: socket.socket) -> socket.socket:
    """Return the connection, and leave the server with one that has ended.

    The server goes on to close its own, in whichever way it does that: on a copy of the
    descriptor a mere close would do no harm, but a shutdown would.
    """
    ours = server_socket.dup()
    ended, other_end = socket.socketpair()
    other_end.close()
    os.dup2(ended.fileno(), server_socket.fileno(), inheritable=False)
    ended.close()
    return ours


def _upgrade_required(detail: str) -> Problem:
    return Problem(
        426,
        "upgrade-required",
        "Upgrade required",
        f"{detail}; see api/asyncapi.yaml",
        headers={"Upgrade": "websocket", "Connection": "Upgrade"},
    )
