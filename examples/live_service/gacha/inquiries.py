"""`/internal/pulls`: the account service asks what became of a pull."""

from __future__ import annotations

from flask import Blueprint

import fairpull
from shared_http.json_body import check_identifier
from shared_http.service_token import require_service_token


def inquiry_routes(*, desk: fairpull.SplitPullService, service_token: str) -> Blueprint:
    """Return the route; only callers with the service's credential get in."""
    routes = Blueprint("inquiries", __name__, url_prefix="/internal/pulls")
    require_service_token(routes, service_token)

    @routes.post("/<player>/<pull_id>/inquiry")
    def inquire(player: str, pull_id: str) -> dict[str, str]:
        check_identifier(player)
        check_identifier(pull_id)
        # A pull that is not drawn by now never will be: the verdict is written
        # before it is told, so it can't change.
        return {"verdict": desk.inquire(pull_id, player=player)}

    return routes
