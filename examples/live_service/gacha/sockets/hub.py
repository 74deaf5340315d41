"""The sockets of one process, all on one event loop in one thread.

A socket is open for hours and mostly silent: a worker thread of the server for each
would be taken from requests. So the server's part ends with the handshake; what comes
after it is here, where a socket costs some kilobytes. What may block (the store, the
analysis) is done by a few threads of the hub's own.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from structlog.typing import FilteringBoundLogger
from websockets.frames import CloseCode
from websockets.server import ServerProtocol

from gacha.showcase import Showcase
from gacha.sockets.banner_watch import watch_banners
from gacha.sockets.connection import FLOOD, Connection
from gacha.sockets.conversation import Conversation
from gacha.sockets.limits import SocketLimits
from gacha.sockets.player_events import PlayerEvent, PlayerEvents
from shared_http.player_tokens import TokenBearer

log: FilteringBoundLogger = structlog.get_logger()

_THREADS = 4
_MOST_EVENTS_WAITING = 10_000

T = TypeVar("T")

LookAtBanner = Callable[[str, str], dict[str, Any]]
"""From a player and a banner's id to what the player is shown of it."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A connection whose handshake is done, and what the handshake has told.

    `refusal` is what it is to be closed with at once; `bearer` who came with a ticket.
    """

    connection: socket.socket
    protocol: ServerProtocol
    request_id: str
    refusal: tuple[int, str] | None = None
    bearer: TokenBearer | None = None


class SocketHub:
    """Keeps sockets, and tells them what happens.

    `receive` and `tell_player` may be called from any thread; all else is for the
    sockets on the loop. `on_opened` is called for each socket, and `on_closed` with the
    code that it was closed with.
    """

    def __init__(
        self,
        *,
        showcase: Showcase,
        events: PlayerEvents,
        bearer_of: Callable[[str], TokenBearer],
        look_at_banner: LookAtBanner,
        limits: SocketLimits,
        on_opened: Callable[[], None] = lambda: None,
        on_closed: Callable[[int], None] = lambda _code: None,
    ) -> None:
        self.showcase = showcase
        self.events = events
        self.bearer_of = bearer_of
        self.look_at_banner = look_at_banner
        self.limits = limits
        self._on_opened = on_opened
        self._on_closed = on_closed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()
        # A daemon, as BackgroundLoop's: stop() ends it in order.
        self._thread = threading.Thread(target=self._run, name="sockets", daemon=True)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="socket work")
        self._events: asyncio.Queue[PlayerEvent] = asyncio.Queue(_MOST_EVENTS_WAITING)
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[Conversation] = set()
        self._players: defaultdict[str, set[Conversation]] = defaultdict(set)

    def start(self) -> None:
        """Begin; returns when sockets can be received."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Tell every client that this process goes away (1001), and end."""
        if self._stopping is not None:
            self._on_loop(self._stopping.set)
        if self._thread.is_alive():
            self._thread.join(self.limits.farewell_s + 2.0)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def receive(self, arrival: Arrival) -> None:
        """Take a connection over."""
        if not self._on_loop(lambda: self._spawn(self._serve(arrival))):
            arrival.connection.close()

    def tell_player(self, player: str, type_: str, data: dict[str, Any]) -> None:
        """Tell a player of something, wherever the player is; doesn't wait for it."""
        event = PlayerEvent(player, type_, data)
        self._on_loop(lambda: self._put(event))

    async def work(self, job: Callable[[], T]) -> T:
        """Do something that blocks, in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, job)

    def admit(self, conversation: Conversation, player: str) -> bool:
        """Put a socket under its player; False where there are too many."""
        of_player = self._players[player]
        if len(of_player) >= self.limits.sockets_per_player:
            return False
        of_player.add(conversation)
        return True

    def _on_loop(self, job: Callable[[], object]) -> bool:
        """Have it done on the loop; False if that has ended."""
        if self._loop is None:
            return False
        try:
            self._loop.call_soon_threadsafe(job)
        except RuntimeError:
            return False
        return True

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        background = [
            asyncio.create_task(self.events.listen(self._on_event, self._on_gap)),
            asyncio.create_task(self._append_events()),
            asyncio.create_task(watch_banners(self.showcase, self._tell_all)),
        ]
        self._started.set()
        await self._stopping.wait()
        for task in background:
            task.cancel()
        for conversation in list(self._open):
            conversation.close(CloseCode.GOING_AWAY, "the server goes away")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self.limits.farewell_s + 0.5)
        await self.events.close()

    def _put(self, event: PlayerEvent) -> None:
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("event dropped", player=event.player, event_type=event.type)

    async def _append_events(self) -> None:
        """One after the other, so that a player is told in the order of events."""
        while True:
            await self.events.append(await self._events.get())

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("socket failed", exc_info=error)

    async def _serve(self, arrival: Arrival) -> None:
        """See to one connection from its arrival to its end."""
        connection = Connection(arrival.connection, arrival.protocol, self.limits)
        conversation = Conversation(connection, self, request_id=arrival.request_id)

        def begin() -> None:
            refusal = arrival.refusal or self._no_room(arrival)
            self._open.add(conversation)
            self._on_opened()
            if refusal is not None:
                conversation.close(*refusal)
            elif arrival.bearer is not None:
                self._spawn(conversation.begin_as(arrival.bearer))
            else:
                conversation.begin()

        try:
            await connection.run(begin, conversation.take)
        finally:
            conversation.end()
            if conversation in self._open:
                self._open.remove(conversation)
                self._on_closed(connection.close_code)
            self._forget(conversation)

    def _no_room(self, arrival: Arrival) -> tuple[int, str] | None:
        assert self._stopping is not None
        if self._stopping.is_set():
            return CloseCode.GOING_AWAY, "the server goes away"
        strangers = sum(each.player is None for each in self._open)
        if len(self._open) >= self.limits.sockets:
            return FLOOD, "too many sockets; try again later"
        if arrival.bearer is None and strangers >= self.limits.strangers:
            return FLOOD, "too many sockets wait to log in; try again later"
        return None

    def _forget(self, conversation: Conversation) -> None:
        player = conversation.player
        if player is None:
            return
        self._players[player].discard(conversation)
        if not self._players[player]:
            del self._players[player]

    def _tell_all(self, type_: str, banner: dict[str, Any]) -> None:
        for conversation in list(self._open):
            conversation.tell(type_, {"banner": banner})

    def _on_event(self, event: PlayerEvent) -> None:
        for conversation in list(self._players.get(event.player, ())):
            conversation.tell_player(event)

    def _on_gap(self) -> None:
        for conversation in list(self._open):
            self._spawn(conversation.catch_up())
