"""The account service's public keys, fetched when needed and kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from structlog.typing import FilteringBoundLogger

from shared_http.problems import service_unavailable

log: FilteringBoundLogger = structlog.get_logger()

_LEAST_BETWEEN_FETCHES_S = 1.0
_FRESH_FOR_S = 300.0
_LEAST_BETWEEN_REFRESHES_S = 30.0


class SigningKeys:
    """Keys by id. An unknown id fetches them again, at most once a second.

    Keys that are known are fetched anew every five minutes, so that one which is
    published no more is forgotten; while the account service is away they serve on.
    Safe to use from several threads.
    """

    def __init__(
        self,
        url: str,
        *,
        transport: httpx.BaseTransport | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._client = httpx.Client(timeout=2.0, transport=transport, trust_env=False)
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    def find(self, key_id: str) -> Ed25519PublicKey | None:
        """Return the key of that id or None; a 503 `Problem` if none was ever got."""
        if key_id not in self._keys:
            self._fetch_for_unknown()
        elif self._clock_s() >= self._fetched_at + _FRESH_FOR_S:
            self._refresh()
        if not self._keys:
            raise service_unavailable("the account service's keys can't be reached")
        return self._keys.get(key_id)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _fetch_for_unknown(self) -> None:
        asked_at = self._clock_s()
        with self._lock:
            # Who waited for another's try goes by its result.
            if self._tried_at >= asked_at:
                return
            # Tokens with invented key ids must not become requests to account.
            soon = self._tried_at + _LEAST_BETWEEN_FETCHES_S
            if self._keys and self._clock_s() < soon:
                return
            self._fetch()

    def _refresh(self) -> None:
        # One request does it; the others go by what is known.
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._clock_s() >= self._tried_at + _LEAST_BETWEEN_REFRESHES_S:
                self._fetch()
        finally:
            self._lock.release()

    def _fetch(self) -> None:
        try:
            answer = self._client.get(self._url)
            answer.raise_for_status()
            self._keys = _ed25519_keys(answer.json())
            self._fetched_at = self._clock_s()
        except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
            log.warning("signing keys not fetched", error=repr(error))
        finally:
            self._tried_at = self._clock_s()


def _ed25519_keys(document: object) -> dict[str, Ed25519PublicKey]:
    if not isinstance(document, dict):
        raise ValueError("the key set must be a JSON object")
    keys = {}
    for jwk in jwt.PyJWKSet.from_dict(document).keys:
        if jwk.key_id is not None and isinstance(jwk.key, Ed25519PublicKey):
            keys[jwk.key_id] = jwk.key
    return keys
