"""What each player was told, numbered, so that a client can catch up after a gap.

A player's events form a stream: it has a name of its own and numbers from 1. Only the
last of them are kept. A stream that was lost begins anew under another name, and who
asks for the old one is told to look for itself (`resync`).
"""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

MOST_KEPT = 64
_MOST_PLAYERS = 10_000


@dataclass(frozen=True)
class PlayerEvent:
    """Something that one player is told; without a stream it can't be told again."""

    player: str
    type: str
    data: dict[str, Any]
    stream: str | None = None
    seq: int | None = None


@dataclass(frozen=True)
class Stream:
    """The name, the number of the last event, and the last events, oldest first."""

    name: str
    last: int
    kept: tuple[PlayerEvent, ...]

    def after(self, name: str | None, seq: int | None) -> list[PlayerEvent] | None:
        """Return what came after number `seq`; None if that can't be told any more."""
        if name != self.name or seq is None or seq > self.last:
            return None
        if self.last - seq > len(self.kept):
            return None
        return [event for event in self.kept if (event.seq or 0) > seq]


OnEvent = Callable[[PlayerEvent], None]


class PlayerEvents(Protocol):
    """Where events are numbered and kept, and where they come from.

    To be used on one event loop.
    """

    async def append(self, event: PlayerEvent) -> None:
        """Number the event, keep it, and have it told wherever the player is."""

    async def stream_of(self, player: str) -> Stream | None:
        """Return the player's stream; None if it can't be reached now."""

    async def listen(self, on_event: OnEvent, on_gap: Callable[[], None]) -> None:
        """Tell of events until cancelled; after a gap say so, as some may be missed."""

    async def close(self) -> None:
        """Close the connections."""


@dataclass
class _Kept:
    name: str = field(default_factory=lambda: secrets.token_hex(16))
    last: int = 0
    events: deque[PlayerEvent] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))


class LocalEvents:
    """Events of this process alone; the players that nothing happens to are forgotten.

    What it was told before `listen` is called, nobody hears.
    """

    def __init__(self) -> None:
        self._players: OrderedDict[str, _Kept] = OrderedDict()
        self._on_event: OnEvent = lambda _: None

    async def append(self, event: PlayerEvent) -> None:
        """Number it, keep it, tell it."""
        kept = self._kept(event.player)
        kept.last += 1
        numbered = PlayerEvent(
            event.player, event.type, event.data, kept.name, kept.last
        )
        kept.events.append(numbered)
        self._on_event(numbered)

    async def stream_of(self, player: str) -> Stream | None:
        """Return the player's stream."""
        kept = self._kept(player)
        return Stream(kept.name, kept.last, tuple(kept.events))

    async def listen(self, on_event: OnEvent, on_gap: Callable[[], None]) -> None:
        """Tell of events as they are appended."""
        self._on_event = on_event

    async def close(self) -> None:
        """Nothing is open."""

    def _kept(self, player: str) -> _Kept:
        kept = self._players.setdefault(player, _Kept())
        self._players.move_to_end(player)
        if len(self._players) > _MOST_PLAYERS:
            self._players.popitem(last=False)
        return kept
