"""Calls from one service to the other: authenticated, and bounded in time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import httpx

from shared_http.request_context import REQUEST_ID_HEADER, current_request_id
from shared_http.service_token import SERVICE_TOKEN_HEADER
from shared_http.tasks import seconds_left
from shared_http.tracing import span, trace_headers

_ANSWER_LIMIT_S = 2.0
_CONNECT_LIMIT_S = 1.0
# Shorter than gunicorn keeps an idle connection (gunicorn.conf.py), so that a request
# is not written into one that is being closed.
_LIMITS = httpx.Limits(max_connections=64, keepalive_expiry=2.0)
_FIRST_PAUSE_S = 0.05


class NoAnswer(Exception):
    """Whether the call had its effect is unknown; it may be made again."""


@dataclass(frozen=True)
class ServiceAnswer:
    """What another service answered: a status below 500 and a JSON object."""

    status: int
    body: dict[str, Any]


class ServiceCalls:
    """Posts JSON to another service. Safe to use from several threads.

    Parameters
    ----------
    base_url
        Where the other service listens, for instance ``http://127.0.0.1:8001``.
    service_token
        The credential for its `/internal`.
    transport
        In place of the network, for tests.
    """

    def __init__(
        self,
        base_url: str,
        service_token: str,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            headers={SERVICE_TOKEN_HEADER: service_token},
            limits=_LIMITS,
            transport=transport,
            trust_env=False,
        )

    def post(self, path: str, body: object = None) -> ServiceAnswer:
        """Return the other service's answer; `NoAnswer` if it gave none of its own."""
        # Without the ids that are further on in the path.
        name = "POST " + "/".join(path.split("/")[:3])
        try:
            with span(name, "client"):
                answer = self._client.post(
                    path,
                    json=body,
                    headers={
                        REQUEST_ID_HEADER: current_request_id(),
                        **trace_headers(),
                    },
                    timeout=httpx.Timeout(
                        seconds_left(_ANSWER_LIMIT_S), connect=_CONNECT_LIMIT_S
                    ),
                )
            document = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise NoAnswer(f"{path}: {error!r}") from error
        # A 401 is about the service token: the call itself was never looked at.
        if answer.status_code >= 500 or answer.status_code == 401:
            raise NoAnswer(f"{path}: status {answer.status_code}")
        if not isinstance(document, dict):
            raise NoAnswer(f"{path}: the answer is no JSON object")
        return ServiceAnswer(answer.status_code, document)

    def post_within(self, seconds: float, path: str, body: object) -> ServiceAnswer:
        """As `post`, but tries again until it is answered or the time is over.

        For calls that may be repeated. The last try may overrun by a time limit.
        """
        deadline = time.monotonic() + seconds
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return self.post(path, body)
            except NoAnswer:
                if time.monotonic() + pause >= deadline:
                    raise
            time.sleep(pause)
            pause *= 2

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
