"""One WebSocket on the event loop: messages in, messages out.

The protocol is that of `websockets`, which does no I/O of its own; the bytes are
asyncio's. A message is handled before the next is read, so that a client can't have
more than one thing done at a time.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import structlog
from structlog.typing import FilteringBoundLogger
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from gacha.sockets.limits import SocketLimits

log: FilteringBoundLogger = structlog.get_logger()

FLOOD = 4429

_READ_BYTES = 16 * 1024
_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class Connection:
    """A WebSocket whose handshake is done. To be used on its event loop only."""

    def __init__(
        self, handed_over: socket.socket, protocol: ServerProtocol, limits: SocketLimits
    ) -> None:
        self._socket = handed_over
        self._protocol = protocol
        self._limits = limits
        self._pace = _Pace(limits.burst, limits.frames_per_s)
        self._writer: asyncio.StreamWriter | None = None
        self._message = bytearray()
        self._heard = True

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent, as far as is known."""
        return (
            self._writer is not None
            and not self._writer.transport.is_closing()
            and self._protocol.state is OPEN
        )

    @property
    def close_code(self) -> int:
        """What it was closed with, by the side that said so first; 1006 if none did."""
        sent, received = self._protocol.close_sent, self._protocol.close_rcvd
        if received is not None and (
            sent is None or self._protocol.close_rcvd_then_sent
        ):
            return received.code
        return CloseCode.ABNORMAL_CLOSURE if sent is None else sent.code

    async def run(
        self,
        on_open: Callable[[], None],
        on_message: Callable[[str], Awaitable[None]],
    ) -> None:
        """Read until the connection has ended."""
        reader, self._writer = await asyncio.open_connection(sock=self._socket)
        pings = asyncio.create_task(self._ping())
        try:
            on_open()
            while data := await reader.read(_READ_BYTES):
                self._heard = True
                self._protocol.receive_data(data)
                await self._take(on_message)
            self._protocol.receive_eof()
            self._flush()
        except OSError:
            pass  # The client is gone, which is no more than an end.
        finally:
            pings.cancel()
            self._writer.transport.abort()

    def send(self, message: str) -> None:
        """Send it, or cut a client off that does not read what it was sent."""
        if not self.is_open:
            return
        self._protocol.send_text(message.encode())
        self._flush()

    def close(self, code: int, reason: str) -> None:
        """Say why, and cut the connection if the client does not end it in time."""
        if not self.is_open:
            return
        self._protocol.send_close(code, reason)
        self._flush()
        self._cut_later()

    def cut(self) -> None:
        """End it at once and without a word."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _take(self, on_message: Callable[[str], Awaitable[None]]) -> None:
        for event in self._protocol.events_received():
            if not isinstance(event, Frame) or not self.is_open:
                continue
            if not self._pace.allows_one_more():
                self.close(FLOOD, "too many frames; slow down")
            elif event.opcode is Opcode.BINARY:
                self.close(CloseCode.UNSUPPORTED_DATA, "messages are text")
            elif event.opcode in _DATA:
                self._message += event.data
                if event.fin:
                    whole, self._message = bytes(self._message), bytearray()
                    await self._hand_on(whole, on_message)
        self._flush()
        if self._protocol.close_expected():
            self._cut_later()

    async def _hand_on(
        self, message: bytes, on_message: Callable[[str], Awaitable[None]]
    ) -> None:
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self.close(CloseCode.INVALID_DATA, "messages are UTF-8")
        else:
            await on_message(text)

    def _flush(self) -> None:
        """Write what the protocol has to say; an empty one means that it is through."""
        assert self._writer is not None
        transport = self._writer.transport
        for data in self._protocol.data_to_send():
            if transport.is_closing():
                return
            if data:
                self._writer.write(data)
            else:
                self._writer.write_eof()
        if transport.get_write_buffer_size() > self._limits.most_unsent_bytes:
            log.info("socket dropped", reason="the client does not read")
            transport.abort()

    def _cut_later(self) -> None:
        asyncio.get_running_loop().call_later(self._limits.farewell_s, self.cut)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._limits.ping_every_s)
            if not self._heard:
                log.info("socket dropped", reason="no answer to a ping")
                self.cut()
                return
            self._heard = False
            if self.is_open:
                self._protocol.send_ping(b"")
                self._flush()


class _Pace:
    """A bucket of so many frames that fills up again by and by."""

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._left = float(burst)
        self._at = time.monotonic()

    def allows_one_more(self) -> bool:
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
