"""Whose computer a request comes from."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from flask import request

_HEADER = "X-Forwarded-For"
_IPV6_PREFIX = 64


def client_network() -> str:
    """Return the client's IPv4 address or, as one customer has 2^64, its IPv6 /64.

    The gateway names the address that called it in `X-Forwarded-For`, which it lets
    nobody else set (`gateway/src/headers.js`). It is believed from where the gateway
    can be, a private or loopback address or a socket file, and there the last one
    counts: what is before that was not written by who called here.
    """
    peer = _address(request.remote_addr or "")
    if peer is None or peer.is_private:
        told = request.headers.get(_HEADER, "").rpartition(",")[2].strip()
        peer = _address(told) or peer
    if peer is None:
        return "unknown"
    if isinstance(peer, IPv6Address):
        return str(IPv6Network((peer, _IPV6_PREFIX), strict=False))
    return str(peer)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        # Without the zone of a link-local address.
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
