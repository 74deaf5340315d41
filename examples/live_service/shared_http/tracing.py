"""Which trace a request belongs to (W3C Trace Context), and what took how long in it.

Where OpenTelemetry is installed and set up (README.md, "Metrics, traces and logs"),
requests and the steps in them are spans. Otherwise a trace id that came along is logged
and passed on to the other service, and spans are nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal, Protocol

import structlog
from structlog.typing import FilteringBoundLogger

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log: FilteringBoundLogger = structlog.get_logger()

SpanKind = Literal["internal", "client"]
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_HEX = "[0-9a-f]"
_TRACEPARENT = re.compile(
    rf"(?!ff){_HEX}{{2}}-(?!0{{32}})({_HEX}{{32}})-(?!0{{16}}){_HEX}{{16}}-{_HEX}{{2}}"
)
_HEADERS = ("traceparent", "tracestate")
_carried: ContextVar[Mapping[str, str] | None] = ContextVar("carried", default=None)


class Tracing(Protocol):
    """What a way of tracing can do; the functions below are the words for it."""

    def request(
        self, method: str, headers: Mapping[str, str]
    ) -> AbstractContextManager[object]:
        """Be in the trace that the headers name while the request is answered."""
        ...

    def name_request(self, route: str, status: int) -> None:
        """Say what the request turned out to be."""
        ...

    def span(
        self, name: str, kind: SpanKind, attributes: Mapping[str, str | int]
    ) -> AbstractContextManager[object]:
        """Take the time of the block."""
        ...

    def headers(self) -> dict[str, str]:
        """Return what makes another service go on with this trace."""
        ...

    def trace_id(self) -> str | None:
        """Return the id of the trace, 32 hex digits, or None outside of any."""
        ...


class PassingOn:
    """Tracing without spans: the trace that came along is passed on."""

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[None]:
        """Remember the headers, if they are well-formed."""
        good = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
        before = _carried.set(headers if good else None)
        try:
            yield
        finally:
            _carried.reset(before)

    def name_request(self, route: str, status: int) -> None:
        """Nobody asks."""

    def span(
        self, name: str, kind: SpanKind, attributes: Mapping[str, str | int]
    ) -> AbstractContextManager[object]:
        """Take no time."""
        return nullcontext()

    def headers(self) -> dict[str, str]:
        """Return the headers as they came."""
        return dict(_carried.get() or {})

    def trace_id(self) -> str | None:
        """Return the id that came along, or None."""
        match = _TRACEPARENT.fullmatch(self.headers().get("traceparent", ""))
        return match[1] if match else None


_tracing: Tracing = PassingOn()


def use_tracing(tracing: Tracing) -> None:
    """Trace in this way from now on, in the whole process."""
    global _tracing
    _tracing = tracing


def tracing_from_environment(
    service: str, variables: Mapping[str, str] = os.environ
) -> Tracing:
    """Return OpenTelemetry where it is installed and told where to send spans."""
    if not any(variables.get(name) for name in _ENDPOINTS):
        return PassingOn()
    try:
        from shared_http.open_telemetry import OpenTelemetry, exporting_provider
    except ImportError as error:
        log.warning(
            "no traces: install requirements-tracing.txt", missing=str(error.name)
        )
        return PassingOn()
    return OpenTelemetry(exporting_provider(service))


def span(
    name: str, kind: SpanKind = "internal", **attributes: str | int
) -> AbstractContextManager[object]:
    """Take the time of the block as a part of what goes on around it."""
    return _tracing.span(name, kind, attributes)


def name_request(route: str, status: int) -> None:
    """Say which route the present request took and how it was answered."""
    _tracing.name_request(route, status)


def trace_headers() -> dict[str, str]:
    """Return the headers by which a call to another service goes on with the trace."""
    return _tracing.headers()


def current_trace_id() -> str | None:
    """Return the id of the present trace, or None."""
    return _tracing.trace_id()


class TracedApp:
    """A WSGI application whose requests are parts of traces."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer the request within its trace."""
        with _tracing.request(environ["REQUEST_METHOD"], _trace_of(environ)):
            return self._app(environ, start_response)


def _trace_of(environ: Mapping[str, Any]) -> dict[str, str]:
    found = {name: environ.get(f"HTTP_{name.upper()}") for name in _HEADERS}
    return {name: value for name, value in found.items() if value}
