"""Keeps secrets out of log lines, should one have come so far.

No line is meant to have a password, a token or an e-mail address in it: headers, bodies
and queries are not logged, and database errors come without their parameters
(`account/users.py`). This is for what nobody thought of, like a token that a client has
put into a path.
"""

from __future__ import annotations

import re

from structlog.typing import EventDict

_SECRET_NAMES = re.compile(r"password|token|secret|authorization|e_?mail|birth", re.I)
_ATOM = r"[^\s@\"'<>(),;:=]+"
_SECRETS = (
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"\b[\w:-]{1,128}\.[0-9a-f]{32}\.[\w-]{43}"), "[refresh token]"),
    (re.compile(r"(?<=://)[^/\s@]*@"), ""),
    (re.compile(rf"{_ATOM}@{_ATOM}\.{_ATOM}"), "[e-mail]"),
)


def without_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Return the line with what looks like a secret taken out of it."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: object) -> object:
    if _SECRET_NAMES.search(name):
        return "[secret]"
    if isinstance(value, str):
        for pattern, instead in _SECRETS:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, dict):
        return {key: _clean(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", each) for each in value]
    return value
