"""Players' events in Redis, for all gacha processes together.

Each append numbers, keeps and publishes in one script, so that numbers come in order
whoever appends. While Redis does not answer, an event is told in this process only and
has no number; the game itself never waits for it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from gacha.redis_servers import FAILURES, loop_client, loop_listener
from gacha.sockets.player_events import MOST_KEPT, OnEvent, PlayerEvent, Stream

log: FilteringBoundLogger = structlog.get_logger()

_CHANNEL = "fairpull-events"
_SILENCE_S = 5.0
_PAUSE_S = 0.5
# A stream that nobody asks for and nothing is told in.
_KEPT_FOR_S = 3600

# KEYS: the head (name and last number) and the kept events of one player.
_NAME = """
local name = redis.call('HGET', KEYS[1], 'name')
if not name then
  name = ARGV[1]
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'name', name, 'last', 0)
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
"""
_APPEND = (
    _NAME
    + """
local last = redis.call('HINCRBY', KEYS[1], 'last', 1)
local entry = name .. ' ' .. last .. ' ' .. ARGV[3]
redis.call('RPUSH', KEYS[2], entry)
redis.call('LTRIM', KEYS[2], -tonumber(ARGV[4]), -1)
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('PUBLISH', ARGV[5], entry)
"""
)
_READ = (
    _NAME
    + """
return {name, redis.call('HGET', KEYS[1], 'last'), redis.call('LRANGE', KEYS[2], 0, -1)}
"""
)


class RedisEvents:
    """Events of all processes that share a Redis, or of this one while it is down."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Any = None
        self._on_event: OnEvent = lambda _: None
        self._ask_again_at = 0.0

    async def append(self, event: PlayerEvent) -> None:
        """Have it numbered and told everywhere, or else told here without a number."""
        spelled = json.dumps(
            {"player": event.player, "type": event.type, "data": event.data}
        )
        if time.monotonic() >= self._ask_again_at:
            try:
                await self._run(_APPEND, event.player, spelled, MOST_KEPT, _CHANNEL)
                return
            except FAILURES as error:
                log.warning("events told here only", error=type(error).__name__)
                # Or each of many would wait as long as this one did.
                self._ask_again_at = time.monotonic() + _PAUSE_S
        self._on_event(event)

    async def stream_of(self, player: str) -> Stream | None:
        """Return the player's stream; None while Redis does not answer."""
        try:
            name, last, entries = await self._run(_READ, player)
        except FAILURES as error:
            log.warning("events not read", error=type(error).__name__)
            return None
        return Stream(name, int(last), tuple(_read(entry) for entry in entries))

    async def listen(self, on_event: OnEvent, on_gap: Callable[[], None]) -> None:
        """Tell of events until cancelled; whenever it begins anew tell of a gap."""
        self._on_event = on_event
        while True:
            try:
                await self._subscribe(on_event, on_gap)
            except FAILURES as error:
                log.warning("no events from others", error=type(error).__name__)
            await asyncio.sleep(_PAUSE_S)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _subscribe(self, on_event: OnEvent, on_gap: Callable[[], None]) -> None:
        async with (
            loop_listener(self._url) as server,
            server.pubsub() as subscription,
        ):
            await subscription.subscribe(_CHANNEL)
            asked = False
            while True:
                told = await subscription.get_message(timeout=_SILENCE_S)
                if told is None:
                    # Nothing was told, or nothing can be any more: a ping finds out.
                    if asked:
                        raise TimeoutError
                    await subscription.ping()
                asked = told is None
                if told is None:
                    continue
                # The client subscribes by itself again, where its connection broke.
                if told["type"] == "subscribe":
                    log.info("events of all gacha processes are told here")
                    self._ask_again_at = 0.0
                    on_gap()
                elif told["type"] == "message":
                    on_event(_read(told["data"]))

    async def _run(self, script: str, player: str, *arguments: object) -> Any:
        if self._client is None:
            self._client = loop_client(self._url)
        keys = [f"fairpull-told:{{{player}}}:head", f"fairpull-told:{{{player}}}:kept"]
        new_name = secrets.token_hex(16)
        return await self._client.eval(
            script, 2, *keys, new_name, _KEPT_FOR_S, *arguments
        )


def _read(entry: str) -> PlayerEvent:
    name, seq, spelled = entry.split(" ", 2)
    told = json.loads(spelled)
    return PlayerEvent(told["player"], told["type"], told["data"], name, int(seq))
