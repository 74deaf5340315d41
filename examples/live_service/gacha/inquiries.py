"""`/internal/pulls`: the account service asks what became of a pull."""

from __future__ import annotations

from flask import Blueprint

import fairpull
from shared_http.crash_points import CrashPoints
from shared_http.json_body import check_identifier
from shared_http.service_token import require_service_token


def inquiry_routes(
    *,
    desk: fairpull.SplitPullService,
    service_token: str,
    crash_points: CrashPoints,
) -> Blueprint:
    """Return the route; only callers with the service's credential get in."""
    routes = Blueprint("inquiries", __name__, url_prefix="/internal/pulls")
    require_service_token(routes, service_token)

    @routes.post("/<player>/<pull_id>/inquiry")
    def inquire(player: str, pull_id: str) -> dict[str, str]:
        check_identifier(player)
        check_identifier(pull_id)
        crash_points.reach("gacha:before_inquiry")
        # A pull that is not drawn by now never will be: the verdict is written
        # before it is told, so it can't change.
        verdict = desk.inquire(pull_id, player=player)
        crash_points.reach("gacha:after_inquiry")
        return {"verdict": verdict}

    return routes
