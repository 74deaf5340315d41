"""Calls to discovery, and what it lists.

Discovery is a convenience of those who look for a service. That it is away, or
refuses, is for the caller to bear.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import grpc
import structlog
from google.protobuf.message import Message
from structlog.typing import FilteringBoundLogger

from generated import discovery_pb2 as messages
from shared_http.service_token import SERVICE_TOKEN_HEADER

log: FilteringBoundLogger = structlog.get_logger()

_SERVICE = "/fairpull.discovery.v1.Discovery/"
_CALL_LIMIT_S = 1.0
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A proxy for the outside world knows nothing of the game's own network.
    ("grpc.enable_http_proxy", 0),
)

Reply = TypeVar("Reply", bound=Message)


class DiscoveryClient:
    """A connection to discovery. Safe to use from several threads."""

    def __init__(self, target: str, service_token: str) -> None:
        self._metadata = ((SERVICE_TOKEN_HEADER.lower(), service_token),)
        self._channel = grpc.insecure_channel(target, _CHANNEL_OPTIONS)

    # The generated client class has no types, and this is all that it would do.
    def call(self, method: str, request: Message, reply: type[Reply]) -> Reply:
        """Return what it answers; a `grpc.RpcError` if it does not within a second."""
        call = self._channel.unary_unary(
            f"{_SERVICE}{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=reply.FromString,
        )
        answer: Reply = call(
            request,
            timeout=_CALL_LIMIT_S,
            metadata=self._metadata,
            wait_for_ready=False,
        )
        return answer


class ListedInstances:
    """The instances of one service, for one thread to ask for."""

    def __init__(self, service: str, client: DiscoveryClient) -> None:
        self._service = service
        self._client = client
        self._last: list[str] = []

    def addresses(self) -> Sequence[str]:
        """Return those that are listed, and after them those that were the last time.

        Discovery that was started anew knows nobody at first, and one that is away
        tells nothing: neither means that nobody is there.
        """
        request = messages.ListRequest(service=self._service)
        try:
            reply = self._client.call("List", request, messages.ListReply)
        except grpc.RpcError as error:
            log.warning("discovery failed", code=status_of(error)[0].name)
            return self._last
        listed = [each.address for each in reply.instances]
        before = [each for each in self._last if each not in listed]
        self._last = listed or self._last
        return [*listed, *before]


def status_of(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    """Return the status and the details of a call that failed."""
    if isinstance(error, grpc.Call):
        return error.code(), error.details() or ""
    return grpc.StatusCode.UNKNOWN, str(error)
