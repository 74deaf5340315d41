"""`Idempotency-Key`: the client's name for one purchase or pull it means.

What happened under a key is stored by fairpull under an id made from it. Here is only
the reading of the header, and the refusal of a repeat while the first still runs.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, after_this_request, request

from shared_http.problems import Problem, malformed

IDEMPOTENCY_KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def idempotency_key() -> str:
    """Return the request's key, or a new one; a 400 `Problem` if it is ill-formed.

    The answer names it, be it an error or not, so that a client who gave none can
    repeat a request whose outcome it doesn't know.
    """
    key = request.headers.get(IDEMPOTENCY_KEY_HEADER, str(uuid.uuid4()))
    if not _KEY.fullmatch(key):
        raise malformed(
            "must be 1 to 100 characters of A-Z a-z 0-9 . _ : -",
            where="header",
            name=IDEMPOTENCY_KEY_HEADER,
        )

    @after_this_request
    def name_key(response: Response) -> Response:
        response.headers[IDEMPOTENCY_KEY_HEADER] = key
        return response

    return key


def key_reused(field: str) -> Problem:
    """Return the 422 for a key that belongs to a body with another `field`."""
    return Problem(
        422,
        "idempotency-key-reused",
        "Idempotency key reused",
        f"the key was used with another {field}; use a new key for a new request",
    )


class RunningRequests:
    """The player's requests that this process is working on, by key.

    It saves work and tells clients early; that nothing happens twice is the store's
    doing and holds across processes too. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[tuple[str, str]] = set()

    @contextmanager
    def alone(self, player: str, key: str) -> Iterator[None]:
        """Run the block unless one of the same key runs; then a 409 `Problem`."""
        with self._lock:
            if (player, key) in self._running:
                raise Problem(
                    409,
                    "request-in-progress",
                    "Request in progress",
                    "a request with this Idempotency-Key is still running",
                    headers={"Retry-After": "1"},
                )
            self._running.add((player, key))
        try:
            yield
        finally:
            with self._lock:
                self._running.discard((player, key))

    def __contains__(self, request_key: tuple[str, str]) -> bool:
        with self._lock:
            return request_key in self._running
