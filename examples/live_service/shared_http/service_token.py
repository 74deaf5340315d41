"""The credential by which the services know each other.

It opens `/internal` and nothing else, and a player's token never does. The gateway
neither routes `/internal` nor lets this header through from outside.
"""

from __future__ import annotations

import hmac
from pathlib import Path

from flask import Blueprint, request

from shared_http.problems import Problem
from shared_http.settings import read_shared_secret

SERVICE_TOKEN_HEADER = "X-Service-Token"  # noqa: S105 - a name, no secret


def load_service_token(path: Path) -> str:
    """Return the token of the file; a `SettingError` if it is missing or guessable."""
    return read_shared_secret(path, what="SERVICE_TOKEN_FILE")


def require_service_token(routes: Blueprint, token: str) -> None:
    """Let only callers that know `token` reach any of `routes`."""

    def check() -> None:
        given = request.headers.get(SERVICE_TOKEN_HEADER, "")
        # Of constant time, so that answers don't tell how much of a guess was right.
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise Problem(
                401,
                "invalid-service-token",
                "Invalid service token",
                f"only the game's own services may call this ({SERVICE_TOKEN_HEADER})",
                headers={"WWW-Authenticate": "Bearer"},
            )

    routes.before_request(check)
