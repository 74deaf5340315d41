"""The account service's public keys, fetched when needed and kept."""

from __future__ import annotations

import threading
import time

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from structlog.typing import FilteringBoundLogger

from shared_http.problems import service_unavailable

log: FilteringBoundLogger = structlog.get_logger()

_LEAST_BETWEEN_FETCHES_S = 1.0


class SigningKeys:
    """Keys by id. An unknown id fetches them again, at most once a second.

    Known keys serve on while the account service is away. Safe to use from several
    threads.
    """

    def __init__(
        self, url: str, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url
        self._client = httpx.Client(timeout=2.0, transport=transport, trust_env=False)
        self._lock = threading.Lock()
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched_at = float("-inf")

    def find(self, key_id: str) -> Ed25519PublicKey | None:
        """Return the key of that id or None; a 503 `Problem` if none was ever got."""
        if key_id not in self._keys:
            self._fetch()
        if not self._keys:
            raise service_unavailable("the account service's keys can't be reached")
        return self._keys.get(key_id)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _fetch(self) -> None:
        with self._lock:
            # Tokens with invented key ids must not become requests to account.
            if time.monotonic() < self._fetched_at + _LEAST_BETWEEN_FETCHES_S:
                return
            try:
                answer = self._client.get(self._url)
                answer.raise_for_status()
                keys = _ed25519_keys(answer.json())
            except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
                log.warning("signing keys not fetched", error=repr(error))
                return
            finally:
                if self._keys:
                    self._fetched_at = time.monotonic()
            self._keys = keys
            self._fetched_at = time.monotonic()


def _ed25519_keys(document: object) -> dict[str, Ed25519PublicKey]:
    if not isinstance(document, dict):
        raise ValueError("the key set must be a JSON object")
    keys = {}
    for jwk in jwt.PyJWKSet.from_dict(document).keys:
        if jwk.key_id is not None and isinstance(jwk.key, Ed25519PublicKey):
            keys[jwk.key_id] = jwk.key
    return keys
