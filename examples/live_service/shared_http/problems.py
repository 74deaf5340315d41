"""Errors as RFC 9457 problem documents, through one funnel.

A route raises `Problem` (or lets fairpull's own errors pass) and the funnel answers
`application/problem+json` with the request id. Nothing else in the services builds an
error answer, so all of them look the same:

    raise Problem(404, "unknown-banner", "Unknown banner", "no banner is called 'x'")

The kinds that a client can meet are listed in `api/openapi.yaml`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Literal

import structlog
from flask import Flask, Response
from structlog.typing import FilteringBoundLogger
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

import fairpull
from shared_http.request_context import current_request_id

log: FilteringBoundLogger = structlog.get_logger()

MAX_BODY_BYTES = 64 * 1024


class Problem(Exception):
    """An answer that is an error.

    Parameters
    ----------
    status
        The HTTP status.
    kind
        Last part of the problem's `type`, for instance ``wrong-price``.
    title
        What kind of problem this is; the same for every occurrence.
    detail
        What was wrong this time and what would have been right.
    headers
        Headers to send along, for instance ``Retry-After``.
    members
        Further members of the document, for instance ``price``.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


def malformed(
    message: str, *, where: Literal["body", "query", "header", "path"], name: str = ""
) -> Problem:
    """Return the 400 for one field, parameter or header that is not as it should be.

    `name` is a JSON Pointer in a body, where the empty one means the whole body.
    """
    return malformed_fields([{"in": where, "name": name, "message": message}])


def malformed_fields(errors: list[dict[str, str]]) -> Problem:
    """Return the 400 for several; each has the members `in`, `name` and `message`."""
    detail = "; ".join(
        " ".join(part for part in (error["name"], error["message"]) if part)
        for error in errors
    )
    return Problem(400, "malformed-request", "Malformed request", detail, errors=errors)


def service_unavailable(detail: str) -> Problem:
    """Return the 503 for a request that is right and may be sent again."""
    return Problem(
        503,
        "service-unavailable",
        "Service unavailable",
        detail,
        headers={"Retry-After": "1"},
    )


def install_problem_funnel(
    app: Flask,
    *,
    storage_errors: tuple[type[Exception], ...] = (),
    on_storage_error: Callable[[], None] = lambda: None,
) -> None:
    """Have every error of `app` answered as a problem document.

    It comes before the routes. `storage_errors` are further exceptions that mean what
    `fairpull.StoreError` does: the storage failed, and nothing is half-done. Each is
    told to `on_storage_error`.
    """

    def answer_storage_error(error: Exception) -> Response:
        on_storage_error()
        return _answer_storage_error(error)

    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # The contract has no OPTIONS; Flask's own answer to it would be no problem.
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.register_error_handler(Problem, answer_problem)
    app.register_error_handler(HTTPException, _answer_http_exception)
    failures: tuple[type[Exception], ...] = (fairpull.StoreError, *storage_errors)
    for error in failures:
        app.register_error_handler(error, answer_storage_error)
    app.register_error_handler(Exception, _answer_defect)


def answer_problem(problem: Problem) -> Response:
    """Return the HTTP answer that tells of `problem`."""
    document: dict[str, Any] = {
        "type": f"/problems/{problem.kind}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "requestId": current_request_id(),
        **problem.members,
    }
    return Response(
        json.dumps(document, ensure_ascii=False),
        status=problem.status,
        headers=problem.headers,
        content_type="application/problem+json",
    )


def _answer_http_exception(error: HTTPException) -> Response:
    """Flask's own errors: no such path, wrong method, a body that is too large."""
    if isinstance(error, RequestEntityTooLarge):
        return answer_problem(
            Problem(
                413,
                "body-too-large",
                "Body too large",
                f"a body has at most {MAX_BODY_BYTES} bytes",
            )
        )
    status = error.code or 500
    if status == 400:
        return answer_problem(malformed("could not be read", where="body"))
    # Allow on a 405 has to reach the client; the content headers describe the
    # HTML page that is not sent.
    headers = {
        name: value
        for name, value in error.get_headers()
        if not name.lower().startswith("content-")
    }
    title = HTTPStatus(status).phrase.capitalize()
    kind = title.lower().replace(" ", "-")
    detail = error.description or title
    return answer_problem(Problem(status, kind, title, detail, headers=headers))


def _answer_storage_error(error: Exception) -> Response:
    log.error("storage failed", error=str(error))
    return answer_problem(
        service_unavailable(
            "the storage did not answer; what was asked for is done wholly or not at "
            "all, so send the same again, under the Idempotency-Key of this answer "
            "if it has one"
        )
    )


def _answer_defect(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return answer_problem(
        Problem(
            500,
            "internal-error",
            "Internal error",
            "the request failed; its id is in the log",
        )
    )
