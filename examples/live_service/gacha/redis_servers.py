"""Clients of the Redis that `REDIS_URL` names, which do not wait long for it.

``redis://[user[:password]@]host[:port][/database]``; more hosts after commas are nodes
of one cluster.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import redis
import redis.asyncio
import redis.asyncio.cluster
import redis.asyncio.retry
import redis.cluster
import redis.retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

# What a call raises when Redis does not do as it should. Its text may hold the address
# with the password, so that only its type is logged.
FAILURES = (RedisError, OSError)

# A connection may have ended since it was last used. More tries are not waited for.
_RETRIES = 1

_LIMITS: dict[str, Any] = {
    # A Redis that is well answers in less than a millisecond.
    "socket_timeout": 0.25,
    "socket_connect_timeout": 0.25,
    "decode_responses": True,
}


def threads_client(url: str) -> Any:
    """Return a client for threads."""
    if "," in url:
        node: Any = redis.cluster.ClusterNode
        nodes = [node(*host) for host in _hosts(url)]
        return redis.RedisCluster(startup_nodes=nodes, **_login(url), **_LIMITS)
    retry = redis.retry.Retry(NoBackoff(), _RETRIES)
    return redis.Redis.from_url(url, retry=retry, **_LIMITS)


def loop_client(url: str) -> Any:
    """Return a client for an event loop."""
    if "," in url:
        nodes = [redis.asyncio.cluster.ClusterNode(*host) for host in _hosts(url)]
        return redis.asyncio.RedisCluster(startup_nodes=nodes, **_login(url), **_LIMITS)
    return _loop_client_of_one(url)


def loop_listener(url: str) -> Any:
    """Return a client to subscribe by; a cluster tells all of its nodes the same."""
    if "," in url:
        host, port = _hosts(url)[0]
        user, at, _ = url.rpartition("@")
        url = f"{user}{at or 'redis://'}{host}:{port}"
    return _loop_client_of_one(url)


def _loop_client_of_one(url: str) -> Any:
    retry = redis.asyncio.retry.Retry(NoBackoff(), _RETRIES)
    return redis.asyncio.Redis.from_url(url, retry=retry, **_LIMITS)


def _hosts(url: str) -> list[tuple[str, int]]:
    places = url.removeprefix("redis://").rpartition("@")[2].partition("/")[0]
    pairs = (place.partition(":") for place in places.split(","))
    return [(host, int(port or 6379)) for host, _, port in pairs]


def _login(url: str) -> dict[str, Any]:
    login = url.removeprefix("redis://").rpartition("@")[0]
    user, _, password = login.partition(":")
    return {
        "username": unquote(user) or None,
        "password": unquote(password) or None,
    }
