"""What is said on one socket.

A client logs in by its first message, or came with a ticket; then it asks for banners
and is told what happens. Until the player's stream has been read, events that come in
are put aside, so that they follow what was missed in the right order.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog
from structlog.typing import FilteringBoundLogger
from websockets.frames import CloseCode

from gacha.showcase import rfc3339
from gacha.sockets.connection import FLOOD, Connection
from gacha.sockets.frames import (
    Authenticate,
    ChooseBanner,
    ListBanners,
    Request,
    read_data,
    read_request,
    spell,
)
from gacha.sockets.player_events import PlayerEvent, Stream
from shared_http.player_tokens import TokenBearer
from shared_http.problems import Problem, problem_document, service_unavailable

if TYPE_CHECKING:
    from gacha.sockets.hub import SocketHub

log: FilteringBoundLogger = structlog.get_logger()

NOT_AUTHENTICATED = 4401
FORBIDDEN = 4403

# Handlers read a store, which bounds itself; this bounds what may queue before them.
_HANDLER_LIMIT_S = 5.0


class Conversation:
    """One client's. To be used on the hub's event loop only."""

    def __init__(
        self, connection: Connection, hub: SocketHub, *, request_id: str
    ) -> None:
        self.player: str | None = None
        self._connection = connection
        self._hub = hub
        self._request_id = request_id
        self._deadline: asyncio.TimerHandle | None = None
        self._stream: str | None = None
        self._seq: int | None = None
        # Events that came while the stream was read; None once it has been.
        self._aside: list[PlayerEvent] | None = []

    def begin(self) -> None:
        """Wait for the client to log in, though not for ever."""
        self._close_after(
            self._hub.limits.login_within_s, "authenticate by the first message"
        )

    async def begin_as(self, bearer: TokenBearer) -> None:
        """Begin with who has come with a ticket."""
        await self._log_in(bearer, answers=None, resume=(None, None))

    def end(self) -> None:
        """Forget the timer; the connection has ended."""
        if self._deadline is not None:
            self._deadline.cancel()

    def close(self, code: int, reason: str) -> None:
        """End it, and say why."""
        self._connection.close(code, reason)

    def tell(self, type_: str, data: dict[str, Any]) -> None:
        """Tell what everyone is told, once the player is known."""
        if self.player is not None:
            self._connection.send(spell(type_, data))

    def tell_player(self, event: PlayerEvent) -> None:
        """Tell what only this player is told, each number once."""
        if self._aside is not None:
            self._aside.append(event)
            return
        if event.seq is not None:
            if event.stream != self._stream:
                self._resync(event.stream, event.seq - 1)
            if event.seq <= (self._seq or 0):
                return
            self._seq = event.seq
        self._connection.send(spell(event.type, event.data, seq=event.seq))

    async def catch_up(self) -> None:
        """Tell what was told elsewhere while this process did not hear it."""
        if self.player is None or self._aside is not None:
            return
        self._aside = []
        stream = await self._hub.events.stream_of(self.player)
        if stream is None:  # another gap is told when it can be reached again
            self._tell_missed([])
        else:
            self._resume(stream, self._stream, self._seq)

    async def take(self, message: str) -> None:
        """Answer a message."""
        answers = None
        try:
            request = read_request(message)
            answers = request.id
            if self.player is None and request.type != "authenticate":
                self.close(NOT_AUTHENTICATED, "authenticate by the first message")
                return
            await asyncio.wait_for(self._answer(request), _HANDLER_LIMIT_S)
        except Problem as problem:
            self._tell_problem(problem, answers)
        except TimeoutError:
            if self._aside is not None:  # a login that is half done is none
                self.close(CloseCode.TRY_AGAIN_LATER, "logging in took too long")
                return
            self._tell_problem(service_unavailable("this took too long"), answers)
        except Exception:
            log.exception("socket message failed", request_id=self._request_id)
            self._tell_problem(
                Problem(500, "internal-error", "Internal error", "the message failed"),
                answers,
            )

    async def _answer(self, request: Request) -> None:
        if request.type == "authenticate":
            await self._authenticate(request)
        elif request.type == "list_banners":
            read_data(request, ListBanners)
            banners = self._hub.showcase.shown()
            self._send("banners", {"banners": banners}, answers=request.id)
        else:
            chosen = read_data(request, ChooseBanner)
            assert self.player is not None
            player = self.player
            banner = await self._hub.work(
                lambda: self._hub.look_at_banner(player, chosen.banner_id)
            )
            self._send("banner", banner, answers=request.id)

    async def _authenticate(self, request: Request) -> None:
        given = read_data(request, Authenticate)
        try:
            bearer = await self._hub.work(lambda: self._hub.bearer_of(given.token))
        except Problem as problem:
            if problem.status != 401:
                raise
            self.close(NOT_AUTHENTICATED, problem.detail)
            return
        if self.player is None:
            resume = given.stream, request.seq
            await self._log_in(bearer, answers=request.id, resume=resume)
        elif bearer.player != self.player:
            self.close(FORBIDDEN, "this socket is another player's")
        else:
            self._good_until(bearer)
            self._welcome(bearer, request.id)

    async def _log_in(
        self,
        bearer: TokenBearer,
        *,
        answers: str | None,
        resume: tuple[str | None, int | None],
    ) -> None:
        if not self._connection.is_open or not self._good_until(bearer):
            return
        if not self._hub.admit(self, bearer.player):
            self.close(FLOOD, "too many sockets of one player")
            return
        self.player = bearer.player
        stream = await self._hub.events.stream_of(bearer.player)
        if stream is not None:
            self._stream, self._seq = stream.name, stream.last
        self._welcome(bearer, answers)
        name, seq = resume
        if name is None:
            self._tell_missed([])
        else:
            self._resume(stream, name, seq)

    def _welcome(self, bearer: TokenBearer, answers: str | None) -> None:
        self._send(
            "welcome",
            {
                "userId": bearer.player,
                "stream": self._stream,
                "lastSeq": self._seq,
                "expiresAt": rfc3339(bearer.expires_at_s * 1000),
            },
            answers=answers,
        )

    def _resume(self, stream: Stream | None, name: str | None, seq: int | None) -> None:
        """Tell what came after `seq`; if that is not known any more, say so."""
        missed = None if stream is None else stream.after(name, seq)
        if missed is None:
            name_now, last = (stream.name, stream.last) if stream else (None, None)
            self._resync(name_now, last)
        else:
            self._stream, self._seq = name, seq
        self._tell_missed(missed or [])

    def _tell_missed(self, missed: list[PlayerEvent]) -> None:
        aside, self._aside = self._aside or [], None
        for event in (*missed, *aside):
            self.tell_player(event)

    def _resync(self, stream: str | None, seq: int | None) -> None:
        self._stream, self._seq = stream, seq
        self._send("resync", {"stream": stream, "lastSeq": seq})

    def _good_until(self, bearer: TokenBearer) -> bool:
        left_s = bearer.expires_at_s - time.time()
        if left_s <= 0:
            self.close(NOT_AUTHENTICATED, "the token has expired; log in again")
            return False
        self._close_after(left_s, "the token has expired; log in again")
        return True

    def _close_after(self, seconds: float, reason: str) -> None:
        self.end()
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(seconds, self.close, NOT_AUTHENTICATED, reason)

    def _tell_problem(self, problem: Problem, answers: str | None) -> None:
        document = problem_document(problem, self._request_id)
        self._send("error", document, answers=answers)

    def _send(
        self, type_: str, data: dict[str, Any], *, answers: str | None = None
    ) -> None:
        self._connection.send(spell(type_, data, answers=answers))
