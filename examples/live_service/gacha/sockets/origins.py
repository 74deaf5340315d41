"""Which web pages may open a socket.

A browser lets any page open one to any server and names the page's origin in the
handshake; it is for the server to refuse. Other programs name none, and could name any.
"""

from __future__ import annotations

import re

from werkzeug.datastructures import Headers

from shared_http.settings import Environment, SettingError

_ORIGIN = re.compile(
    r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?|https?://\[[0-9a-f:]+\](?::[0-9]{1,5})?"
)


def allowed_origins(environment: Environment) -> frozenset[str]:
    """Return the origins of ``SOCKET_ORIGINS``; none means that of the game itself."""
    origins = environment.words("SOCKET_ORIGINS", default=())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingError(
                f"SOCKET_ORIGINS: {origin!r} must be like https://game.example, in "
                "lower case and without a path"
            )
    return frozenset(origins)


def may_open(headers: Headers, allowed: frozenset[str]) -> bool:
    """Whether the page that `headers` name, if any, may open a socket.

    Without `allowed` it must come from where the socket is. Only host and port are
    compared: what ends TLS before the game leaves no trace of `https`.
    """
    origin = headers.get("Origin")
    if origin is None:
        return True
    if allowed:
        return origin in allowed
    scheme, _, place = origin.partition("://")
    # The gateway puts its own Host in the place of what the client called it.
    called = headers.get("X-Forwarded-Host") or headers.get("Host", "")
    return scheme in ("http", "https") and place.lower() == called.lower() != ""
