"""Request ids, and JSON logs with one line a request.

The id comes from the gateway (`X-Request-Id`) or is made here; it is in every log
line, in every problem document and in the answer's header, so that a player's report
leads to the log.
"""

from __future__ import annotations

import re
import sys
import time
import uuid

import structlog
from flask import Flask, Response, g, has_request_context, request
from structlog.typing import FilteringBoundLogger

from shared_http.log_secrets import without_secrets
from shared_http.tracing import (
    TracedApp,
    current_trace_id,
    tracing_from_environment,
    use_tracing,
)

REQUEST_ID_HEADER = "X-Request-Id"
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log: FilteringBoundLogger = structlog.get_logger()


def current_request_id() -> str:
    """Return the id of the request being answered, or a new one outside of any."""
    if has_request_context() and hasattr(g, "request_id"):
        return str(g.request_id)
    return uuid.uuid4().hex


def configure_logs(service: str) -> None:
    """Write log lines as JSON objects to stderr, each naming `service`.

    No line carries a header or a body: those hold passwords and tokens. Lines of a
    request name its trace, if it has one.
    """

    def name_service(
        _logger: object, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["service"] = service
        if (trace_id := current_trace_id()) is not None:
            event["trace_id"] = trace_id
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            name_service,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
    )


def install_request_context(app: Flask) -> None:
    """Give each request of `app` an id, a log line and its place in a trace."""
    use_tracing(tracing_from_environment(app.name))
    app.wsgi_app = TracedApp(app.wsgi_app)  # type: ignore[method-assign]
    app.before_request(_begin_request)
    app.after_request(_end_request)


def _begin_request() -> None:
    given = request.headers.get(REQUEST_ID_HEADER, "")
    g.request_id = given if _SANE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    g.started_at = time.monotonic()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end_request(response: Response) -> Response:
    response.headers[REQUEST_ID_HEADER] = g.request_id
    response.headers.setdefault("Cache-Control", "no-store")
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        duration_ms=round((time.monotonic() - g.started_at) * 1000, 1),
    )
    structlog.contextvars.unbind_contextvars("request_id")
    return response
