"""What a service counts, for Prometheus: `GET /metrics` at its own address.

With several worker processes the numbers are those of all of them, through files in
`PROMETHEUS_MULTIPROC_DIR` (gunicorn.conf.py). Counters begin anew with the service:
they tell rates, and the ledger tells amounts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

import structlog
from flask import Blueprint, Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from structlog.typing import FilteringBoundLogger

from shared_http.tracing import name_request

log: FilteringBoundLogger = structlog.get_logger()

METRICS_PATH = "/metrics"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNMATCHED = "unmatched"
# To the time budgets of the gateway.
_DURATIONS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ServiceMetrics:
    """What both services count. Safe to use from several threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self.counter(
            "http_requests", "Answered requests.", "method", "route", "status"
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Time from a request to its answer.",
            ["method", "route"],
            buckets=_DURATIONS_S,
            registry=self.registry,
        )
        self._in_progress = self.gauge(
            "http_requests_in_progress", "Requests that run or wait for a worker."
        )
        self._store_errors = self.counter(
            "store_errors", "Requests that failed since a storage did."
        )
        self._refusals = self.counter(
            "rate_limit_refusals", "Requests that a rate limit refused.", "limit"
        )

    def counter(self, name: str, meaning: str, *labels: str) -> Counter:
        """Return a new counter; its name is shown with ``_total``."""
        return Counter(name, meaning, labels, registry=self.registry)

    def gauge(self, name: str, meaning: str) -> Gauge:
        """Return a new gauge; of several processes the sum is shown."""
        return Gauge(name, meaning, multiprocess_mode="livesum", registry=self.registry)

    def store_failed(self) -> None:
        """Count a request that failed since a storage did."""
        self._store_errors.inc()

    def refused(self, limit: str) -> None:
        """Count a request that the rate limit of this name refused."""
        self._refusals.labels(limit).inc()

    def install(self, app: Flask) -> None:
        """Count the requests of `app`; it comes after the request context."""

        def begin() -> None:
            g.in_progress = True
            self._in_progress.inc()

        def leave(_error: BaseException | None) -> None:
            if g.pop("in_progress", False):
                self._in_progress.dec()

        def end(response: Response) -> Response:
            rule = request.url_rule
            route = _UNMATCHED if rule is None else rule.rule
            # A client may invent methods, and each would be kept for ever.
            method = request.method if request.method in _METHODS else "other"
            self._requests.labels(method, route, str(response.status_code)).inc()
            self._durations.labels(method, route).observe(
                time.monotonic() - g.started_at
            )
            name_request(route, response.status_code)
            return response

        app.before_request(begin)
        app.after_request(end)
        app.teardown_request(leave)


Look = Callable[[], Iterable[tuple[str, str, float]]]
"""Looks at a store; gives name, meaning and value of each gauge."""


def metrics_routes(metrics: ServiceMetrics, look: Look) -> Blueprint:
    """Return the route; what `look` finds is shown besides what was counted.

    While the store can't be looked at, its gauges are left out and `store_up` is 0.
    """
    routes = Blueprint("metrics", __name__)

    @routes.get(METRICS_PATH)
    def show() -> Response:
        registry = CollectorRegistry()
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        else:
            registry.register(metrics.registry)
        registry.register(_Looked(look))
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return routes


class _Looked:
    def __init__(self, look: Look) -> None:
        self._look = look

    def collect(self) -> Iterable[GaugeMetricFamily]:
        try:
            gauges = list(self._look())
        except Exception as error:
            log.warning("the store can't be looked at", error=repr(error))
            gauges = []
        yield GaugeMetricFamily(
            "store_up", "Whether the store can be looked at.", float(bool(gauges))
        )
        for name, meaning, value in gauges:
            yield GaugeMetricFamily(name, meaning, value)
