"""The name under which a database is cached, if none is given."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from urllib.parse import urlsplit

_LOOPBACK = (None, "", "localhost", "127.0.0.1", "::1")


def cache_name_of(url: str) -> str:
    """A name that no other database has, the same in all processes of one machine.

    On other machines it is the same where the URL names the database's host. Who
    logs in makes no difference.

    >>> one = cache_name_of("postgresql://ann:secret@db.local/game")
    >>> one == cache_name_of("postgresql://db.local/game")
    True
    >>> one == cache_name_of("postgresql://db.local/shop")
    False
    """
    if url.startswith("memory:"):
        return secrets.token_hex(16)
    if url.startswith("sqlite:///"):
        place = f"{socket.gethostname()} {os.path.realpath(url[len('sqlite:///') :])}"
    else:
        scheme, rest = url.partition("://")[::2]
        authority = rest.split("/", 1)[0]
        place = f"{scheme}://{rest[authority.rfind('@') + 1 :]}"
        try:
            host = urlsplit(place).hostname
        except ValueError:
            host = None  # opening it will say what is wrong with it
        if host in _LOOPBACK:
            place = f"{socket.gethostname()} {place}"
    return hashlib.sha256(place.encode()).hexdigest()[:32]
