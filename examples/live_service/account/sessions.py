"""Staying logged in, and logging out."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint

from account.refresh_tokens import InvalidRefreshToken, RefreshTokens
from shared_http.json_body import StrictBody, read_body, text
from shared_http.player_tokens import PlayerTokenIssuer
from shared_http.problems import Problem


class RefreshTokenBody(StrictBody):
    """The body of both: the login that is meant, named by its last token."""

    refresh_token: Annotated[str, text(1, 512)]


def session_routes(
    *, refresh_tokens: RefreshTokens, tokens: PlayerTokenIssuer
) -> Blueprint:
    """Return the routes that need a refresh token and nothing else."""
    routes = Blueprint("sessions", __name__, url_prefix="/account")

    @routes.post("/refresh")
    def refresh() -> dict[str, str]:
        given = read_body(RefreshTokenBody).refresh_token
        try:
            refreshed = refresh_tokens.refresh(given)
        except InvalidRefreshToken as error:
            raise Problem(
                401,
                "invalid-refresh-token",
                "Invalid refresh token",
                str(error),
                headers={"WWW-Authenticate": "Bearer"},
            ) from None
        return {
            "message": "Token refreshed",
            "token": tokens.issue(refreshed.player),
            "refreshToken": refreshed.successor,
        }

    @routes.post("/logout")
    def logout() -> dict[str, str]:
        # Who is logged out already, or never was logged in, is logged out as well.
        refresh_tokens.end(read_body(RefreshTokenBody).refresh_token)
        return {"message": "Logged out"}

    return routes
