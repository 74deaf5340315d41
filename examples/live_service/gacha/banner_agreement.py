"""Whether all processes of the service have the same banners at hand.

Each tells Redis what it has, with every look at its folder, and is forgotten when it
has told nothing for some seconds. So banners that come to the folders one after the
other, or that one process refuses, are served by all or by none.
"""

from __future__ import annotations

import secrets
from typing import Protocol

import structlog
from structlog.typing import FilteringBoundLogger

from gacha.redis_servers import FAILURES, threads_client

log: FilteringBoundLogger = structlog.get_logger()

LASTS_MS = 10_000
"""How long what a process told counts; it tells again each second."""

# One slot of a cluster has all of it.
_WHO = "fairpull:{banners}:who"
_HAS = "fairpull:{banners}:has:"


class BannerAgreement(Protocol):
    """Asked by one thread."""

    def agreed_on(self, digest: str) -> bool:
        """Tell that this process has these banners; whether all others have them."""

    def close(self) -> None:
        """Close the connections."""


class NobodyElse:
    """The agreement of a process that knows of no others."""

    def agreed_on(self, digest: str) -> bool:
        """Return True."""
        del digest
        return True

    def close(self) -> None:
        """Do nothing."""


class RedisAgreement:
    """The agreement of all processes that use one Redis.

    While it can't be asked, each process goes by its own folder.
    """

    def __init__(self, url: str) -> None:
        self._redis = threads_client(url)
        self._me = secrets.token_hex(8)
        self._is_away = False

    def agreed_on(self, digest: str) -> bool:
        """As told; True as well while Redis does not answer."""
        try:
            agreed = self._ask(digest)
        except FAILURES as error:
            if not self._is_away:
                log.warning("banners are not agreed on", error=type(error).__name__)
            self._is_away = True
            return True
        self._is_away = False
        return agreed

    def close(self) -> None:
        """Be forgotten at once, where Redis can be told, and close the connections."""
        try:
            self._redis.delete(_HAS + self._me)
        except FAILURES:
            log.info("it will be forgotten", within_ms=LASTS_MS)
        self._redis.close()

    def _ask(self, digest: str) -> bool:
        tell = self._redis.pipeline(transaction=False)
        tell.set(_HAS + self._me, digest, px=LASTS_MS)
        tell.sadd(_WHO, self._me)
        tell.smembers(_WHO)
        who = sorted(tell.execute()[-1])
        have = self._redis.mget([_HAS + each for each in who])
        gone = [each for each, has in zip(who, have, strict=True) if has is None]
        if gone:
            self._redis.srem(_WHO, *gone)
        return all(has in (None, digest) for has in have)
