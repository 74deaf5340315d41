"""Tracing by OpenTelemetry; only imported where its packages are installed.

Spans say what was done and how long it took, and nothing of a player: errors are
named by their type alone, since their texts may have more in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared_http.tracing import SpanKind

_KINDS = {"internal": trace.SpanKind.INTERNAL, "client": trace.SpanKind.CLIENT}
_PROPAGATOR = TraceContextTextMapPropagator()
# A collector that is away must not keep a process from ending.
_EXPORT_LIMIT_S = 2.0


def exporting_provider(service: str) -> TracerProvider:
    """Return what sends spans to where the variables of OpenTelemetry say."""
    name = os.environ.get("OTEL_SERVICE_NAME") or f"fairpull-{service}"
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: name}))
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(timeout=_EXPORT_LIMIT_S))
    )
    return provider


class OpenTelemetry:
    """`shared_http.tracing.Tracing` with spans."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("fairpull.live_service")

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[None]:
        """Be a span of the trace that the headers name, or of a new one."""
        # Nothing of another request that this thread has left behind.
        parent = _PROPAGATOR.extract(headers, context=Context())
        attributes = {"http.request.method": method}
        with self._span(method, trace.SpanKind.SERVER, attributes, parent):
            yield

    def name_request(self, route: str, status: int) -> None:
        """Name the span of the request, if it is the one that goes on."""
        span = trace.get_current_span()
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        span.update_name(route)
        if status >= 500:
            span.set_status(trace.Status(trace.StatusCode.ERROR))

    @contextmanager
    def span(
        self, name: str, kind: SpanKind, attributes: Mapping[str, str | int]
    ) -> Iterator[None]:
        """Be a part of the span that goes on."""
        with self._span(name, _KINDS[kind], attributes, None):
            yield

    def headers(self) -> dict[str, str]:
        """Return the headers that name the span which goes on."""
        carried: dict[str, str] = {}
        _PROPAGATOR.inject(carried)
        return carried

    def trace_id(self) -> str | None:
        """Return the id of the trace, or None outside of any."""
        context = trace.get_current_span().get_span_context()
        return trace.format_trace_id(context.trace_id) if context.is_valid else None

    @contextmanager
    def _span(
        self,
        name: str,
        kind: trace.SpanKind,
        attributes: Mapping[str, str | int],
        parent: Context | None,
    ) -> Iterator[None]:
        with self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except Exception as error:
                span.set_status(
                    trace.Status(trace.StatusCode.ERROR, type(error).__name__)
                )
                raise
