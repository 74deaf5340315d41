"""How often the same one may do the same, and the 429 for who comes too often.

Counted in Redis, for all processes together, where there is one. While it is down each
process counts by itself: then more gets through, and no request fails or waits for it.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import limits
import structlog
from limits.storage import MemoryStorage, RedisClusterStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from structlog.typing import FilteringBoundLogger

from shared_http.problems import Problem
from shared_http.settings import Environment, SettingError

log: FilteringBoundLogger = structlog.get_logger()

OFF = "off"

# A Redis that is well answers in less than a millisecond.
_REDIS_LIMIT_S = 0.025
_ASKED_AGAIN_S = 1.0
_PREFIX = "fairpull-limits"


@dataclass(frozen=True)
class RateLimit:
    """How often something may be done by one player, name or address.

    `name` is for metrics and in Redis, `of` is for the one who is refused: "at most 10
    `of` in 60 s". Without an `item` there is no limit.
    """

    name: str
    of: str
    item: limits.RateLimitItem | None = None

    def set_by(
        self, environment: Environment, variable: str, *, default: str
    ) -> RateLimit:
        """Return it as the variable says: ``10/minute``, ``100/2 hours`` or ``off``."""
        text = environment.text(variable, default=default)
        if text == OFF:
            return replace(self, item=None)
        try:
            (item,) = limits.parse_many(text)
            if item.amount < 1 or item.get_expiry() < 1:
                raise ValueError
        except ValueError:
            raise SettingError(
                f"{variable} must be like '10/minute', '100/2 hours' or 'off', not "
                f"{text!r}"
            ) from None
        return replace(self, item=item)


class RateLimiter:
    """Counts, and refuses. Safe to use from several threads.

    Parameters
    ----------
    redis_url
        Where to count for all processes; None for each on its own.
    on_refusal
        Told the name of a limit each time it refuses.
    """

    def __init__(
        self,
        redis_url: str | None = None,
        *,
        on_refusal: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._on_refusal = on_refusal
        self._here = MovingWindowRateLimiter(MemoryStorage())
        # The storage in memory may count one too few where its expiry meets a hit.
        self._here_lock = threading.Lock()
        self._redis = None if redis_url is None else _RedisCounts(redis_url)

    def check(self, limit: RateLimit, identity: str) -> None:
        """Count one more of `identity`; past the limit a 429 `Problem` instead."""
        item = limit.item
        if item is None:
            return
        # Names and addresses are nobody's business in a cache, nor is their length.
        who = hashlib.sha256(identity.encode()).hexdigest()[:32]
        wait_s = self._seconds_to_wait(item, limit.name, who)
        if wait_s is None:
            return
        self._on_refusal(limit.name)
        window_s = item.get_expiry()
        raise Problem(
            429,
            "too-many-requests",
            "Too many requests",
            f"at most {item.amount} {limit.of} in {window_s} s; wait {wait_s} s",
            headers={
                "Retry-After": str(wait_s),
                "RateLimit-Limit": str(item.amount),
                "RateLimit-Remaining": "0",
                "RateLimit-Reset": str(wait_s),
                "RateLimit-Policy": f"{item.amount};w={window_s}",
            },
        )

    def close(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            self._redis.close()

    def _seconds_to_wait(
        self, item: limits.RateLimitItem, name: str, who: str
    ) -> int | None:
        """None if it was counted, else when the next may come."""
        there = None if self._redis is None else self._redis.usable()
        if there is not None and self._redis is not None:
            try:
                return _hit(there, item, name, who)
            except Exception as error:
                # Whatever it is, a limit is no reason to fail a request.
                self._redis.give_up(error)
        with self._here_lock:
            return _hit(self._here, item, name, who)


def _hit(
    counts: MovingWindowRateLimiter, item: limits.RateLimitItem, name: str, who: str
) -> int | None:
    if counts.hit(item, name, who):
        return None
    free_at_s = counts.get_window_stats(item, name, who).reset_time
    return max(1, math.ceil(free_at_s - time.time()))


class _RedisCounts:
    """Redis while it answers in time. After a failure a thread asks until it does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._counts: MovingWindowRateLimiter | None = None
        self._ask_until_it_answers()

    def usable(self) -> MovingWindowRateLimiter | None:
        return self._counts

    def give_up(self, error: Exception) -> None:
        with self._lock:
            if self._counts is None:
                return
            self._counts = None
        # Not the text of the error, which may hold the address with its password.
        log.warning("rate limits are counted here", error=type(error).__name__)
        self._ask_until_it_answers()

    def close(self) -> None:
        self._ended.set()
        self._counts = None

    def _ask_until_it_answers(self) -> None:
        threading.Thread(target=self._ask, name="rate limits", daemon=True).start()

    def _ask(self) -> None:
        while not self._ended.is_set():
            try:
                storage = _redis_storage(self._url)
                if storage.check():
                    self._counts = MovingWindowRateLimiter(storage)
                    log.info("rate limits are counted in Redis")
                    return
            except Exception as error:
                log.debug("Redis does not answer", error=type(error).__name__)
            self._ended.wait(_ASKED_AGAIN_S)


def _redis_storage(url: str) -> RedisStorage:
    # A tenth of a second, which a start without Redis need not take.
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    if "," in url:
        return RedisClusterStorage(
            url.replace("redis://", "redis+cluster://", 1),
            key_prefix=_PREFIX,
            socket_timeout=_REDIS_LIMIT_S,
            socket_connect_timeout=_REDIS_LIMIT_S,
        )
    pool = redis.ConnectionPool.from_url(
        url,
        socket_timeout=_REDIS_LIMIT_S,
        socket_connect_timeout=_REDIS_LIMIT_S,
        # It would be tried three times, each for the whole limit.
        retry=Retry(NoBackoff(), 0),
    )
    return RedisStorage("redis://", connection_pool=pool, key_prefix=_PREFIX)
