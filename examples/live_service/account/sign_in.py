"""Register, log in, and the public keys that tokens are checked against."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from flask import Blueprint
from pydantic import BeforeValidator

import fairpull
from account.passwords import Passwords
from account.rate_limits import AccountRateLimits
from account.refresh_tokens import RefreshTokens
from account.users import UsernameTaken, Users
from shared_http.client_address import client_network
from shared_http.clock import ClockMs
from shared_http.json_body import StrictBody, read_body, text, text_like
from shared_http.player_tokens import PlayerTokenIssuer
from shared_http.problems import Problem, malformed
from shared_http.rate_limits import RateLimiter

_OLDEST = 130

# Neither white space nor what is not seen or turns round what is: controls, zero-width
# and bidirectional marks, halves of surrogate pairs.
_EMAIL_PART = (
    r"[^@\s\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069"
    r"\ufeff\ud800-\udfff]"
)


def _date(value: object) -> date:
    # In one spelling; fromisoformat knows weeks and more.
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError("must be a date like 2001-02-28")


class Registration(StrictBody):
    """The body of a registration."""

    username: Annotated[
        str,
        text_like(r"[A-Za-z0-9_.-]{3,32}", "3 to 32 characters of A-Z a-z 0-9 _ . -"),
    ]
    password: Annotated[str, text(8, 128)]
    email: Annotated[
        str,
        text_like(
            rf"(?=.{{3,254}}$){_EMAIL_PART}+@{_EMAIL_PART}+\.{_EMAIL_PART}+",
            "an e-mail address of at most 254 visible characters, like "
            "name@example.com",
        ),
    ]
    birth_date: Annotated[date | None, BeforeValidator(_date)] = None


class Login(StrictBody):
    """The body of a login."""

    username: Annotated[str, text(1, 128)]
    password: Annotated[str, text(1, 128)]


def sign_in_routes(
    *,
    users: Users,
    passwords: Passwords,
    wallet: fairpull.Wallet,
    currency: str,
    tokens: PlayerTokenIssuer,
    refresh_tokens: RefreshTokens,
    published_keys: Callable[[], list[dict[str, str]]],
    rate_limiter: RateLimiter,
    limits: AccountRateLimits,
    clock_ms: ClockMs,
) -> Blueprint:
    """Return the routes by which a player becomes known."""
    routes = Blueprint("sign_in", __name__, url_prefix="/account")

    @routes.post("/register")
    def register() -> tuple[dict[str, str], int]:
        wanted = read_body(Registration)
        _require_lived(wanted.birth_date, clock_ms())
        # Also those whose name is taken: by them one could ask for all names.
        rate_limiter.check(limits.register_per_address, client_network())
        if users.find(wanted.username) is not None:
            raise _username_taken(wanted.username)
        user_id = f"u-{uuid.uuid4().hex}"
        password_hash = passwords.hash(wanted.password)
        # The empty account comes first: without its user it is never seen again,
        # while a user without an account could not buy.
        wallet.open_account(user_id, currency)
        try:
            users.add(
                username=wanted.username,
                user_id=user_id,
                email=wanted.email,
                password_hash=password_hash,
                created_at_ms=clock_ms(),
                birth_date=wanted.birth_date,
            )
        except UsernameTaken:
            raise _username_taken(wanted.username) from None
        return {"message": "User registered successfully", "userId": user_id}, 201

    @routes.post("/login")
    def login() -> dict[str, str]:
        given = read_body(Login)
        rate_limiter.check(limits.login_per_address, client_network())
        # Known or not, so that a refusal does not tell the two apart.
        rate_limiter.check(limits.login_per_user, given.username.lower())
        known = users.find(given.username)
        password_hash = known.password_hash if known else None
        # Checked for an unknown user as well: the time must not tell the two apart.
        right = passwords.check(password_hash, given.password)
        if known is None or not right:
            raise Problem(
                401,
                "wrong-credentials",
                "Wrong credentials",
                "the user name or the password is wrong",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return {
            "message": "Login successful",
            "token": tokens.issue(known.user_id),
            "refreshToken": refresh_tokens.begin(known.user_id),
        }

    @routes.get("/.well-known/jwks.json")
    def signing_keys() -> dict[str, list[dict[str, str]]]:
        return {"keys": published_keys()}

    return routes


def _require_lived(birth_date: date | None, now_ms: int) -> None:
    if birth_date is None:
        return
    # A day more, since it is tomorrow already for some.
    latest = datetime.fromtimestamp(now_ms // 1000, UTC).date() + timedelta(days=1)
    if birth_date > latest or birth_date.year < latest.year - _OLDEST:
        raise malformed(
            f"must be a date of the last {_OLDEST} years",
            where="body",
            name="/birthDate",
        )


def _username_taken(username: str) -> Problem:
    return Problem(
        409,
        "username-taken",
        "User name taken",
        f"the user name {username!r} is taken, whatever the case; choose another",
    )
