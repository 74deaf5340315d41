"""Tickets that open one socket each, within half a minute.

For clients that can't send a first message, or should not have the token: it never
stands in an address, where logs would keep it. In Redis, where there is one, a ticket
opens a socket at any gacha process; else at the one that issued it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
from typing import Protocol

import structlog
from structlog.typing import FilteringBoundLogger

from gacha.redis_servers import FAILURES, threads_client
from shared_http.player_tokens import TokenBearer
from shared_http.problems import service_unavailable

log: FilteringBoundLogger = structlog.get_logger()

GOOD_FOR_S = 30
_MOST_TICKETS = 10_000


class Tickets(Protocol):
    """Issues tickets and takes each once. Safe to use from several threads."""

    def issue(self, bearer: TokenBearer) -> str:
        """Return a ticket for `bearer`."""

    def take(self, ticket: str) -> TokenBearer | None:
        """Return whom it was issued to; None if it is not good, or not any more."""

    def close(self) -> None:
        """Close the connections."""


class LocalTickets:
    """Tickets of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._issued: dict[str, tuple[float, TokenBearer]] = {}

    def issue(self, bearer: TokenBearer) -> str:
        """Return a ticket; a 503 `Problem` where too many are out."""
        ticket, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            self._forget_old(now)
            if len(self._issued) >= _MOST_TICKETS:
                raise service_unavailable("too many tickets are out")
            self._issued[_name(ticket)] = now + GOOD_FOR_S, bearer
        return ticket

    def take(self, ticket: str) -> TokenBearer | None:
        """Return its bearer, and forget it."""
        with self._lock:
            good_until, bearer = self._issued.pop(_name(ticket), (0.0, None))
        return bearer if time.monotonic() < good_until else None

    def close(self) -> None:
        """Nothing is open."""

    def _forget_old(self, now: float) -> None:
        # In the order in which they were issued, hence in that of their ends.
        while self._issued:
            oldest = next(iter(self._issued))
            if now < self._issued[oldest][0]:
                return
            del self._issued[oldest]


class RedisTickets:
    """Tickets of all processes that share a Redis, or of this one while it is down."""

    def __init__(self, url: str) -> None:
        self._redis = threads_client(url)
        self._here = LocalTickets()

    def issue(self, bearer: TokenBearer) -> str:
        """Return a ticket."""
        ticket = secrets.token_urlsafe(32)
        spelled = json.dumps([bearer.player, bearer.expires_at_s])
        try:
            self._redis.set(_key(ticket), spelled, ex=GOOD_FOR_S)
        except FAILURES as error:
            log.warning("ticket good here only", error=type(error).__name__)
            return self._here.issue(bearer)
        return ticket

    def take(self, ticket: str) -> TokenBearer | None:
        """Return its bearer, and forget it."""
        if (bearer := self._here.take(ticket)) is not None:
            return bearer
        try:
            spelled = self._redis.getdel(_key(ticket))
        except FAILURES as error:
            log.warning("ticket not looked up", error=type(error).__name__)
            return None
        return None if spelled is None else TokenBearer(*json.loads(str(spelled)))

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def _name(ticket: str) -> str:
    # What is kept opens nothing.
    return hashlib.sha256(ticket.encode()).hexdigest()


def _key(ticket: str) -> str:
    return f"fairpull-ticket:{_name(ticket)}"
