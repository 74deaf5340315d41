"""Bearer tokens of players: JWTs signed with Ed25519.

The account service issues them; each service checks them on its own against the
account service's public keys. One algorithm is accepted and the token has no say in
it, so neither `alg: none` nor a public key used as an HMAC secret gets anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from flask import request

from shared_http.problems import Problem

ALGORITHM = "EdDSA"
LIFETIME_S = 15 * 60
CLOCK_SKEW_S = 60
"""How far the issuer's clock may be ahead of a checker's, as the gateway has it."""
DEFAULT_ISSUER = "fairpull-account"
DEFAULT_AUDIENCE = "fairpull-game"

FindKey = Callable[[str], Ed25519PublicKey | None]
"""From a key's id to the key, or None if there is no such key."""


@dataclass(frozen=True)
class SigningKey:
    """A private key and the id by which tokens name it."""

    id: str
    key: Ed25519PrivateKey


@dataclass(frozen=True)
class TokenBearer:
    """Who a token was issued to, and until when (seconds since 1970) it is good."""

    player: str
    expires_at_s: int


class PlayerTokenIssuer:
    """Signs tokens by the key that counts when it does. Safe from several threads."""

    def __init__(
        self, signing_key: Callable[[], SigningKey], *, issuer: str, audience: str
    ) -> None:
        self._signing_key = signing_key
        self._issuer = issuer
        self._audience = audience

    def issue(self, player: str) -> str:
        """Return a token that lets its bearer be `player` for `LIFETIME_S` seconds."""
        now = int(time.time())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": player,
            "iat": now,
            "exp": now + LIFETIME_S,
        }
        signing = self._signing_key()
        return jwt.encode(
            claims, signing.key, algorithm=ALGORITHM, headers={"kid": signing.id}
        )


class PlayerTokenChecker:
    """Tells which player sent the current request. Safe from several threads."""

    def __init__(self, find_key: FindKey, *, issuer: str, audience: str) -> None:
        self._find_key = find_key
        self._issuer = issuer
        self._audience = audience

    def authenticated_player(self) -> str:
        """Return the player whose token came along; a 401 `Problem` without one."""
        return self.authenticated_bearer().player

    def authenticated_bearer(self) -> TokenBearer:
        """As `authenticated_player`, with the end of the token's life."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Problem(
                401,
                "missing-token",
                "Missing token",
                "log in and send the token as 'Authorization: Bearer <token>'",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return self.bearer_of(token)

    def bearer_of(self, token: str) -> TokenBearer:
        """Return whom `token` was issued to; a 401 `Problem` if it isn't valid."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = self._find_key(key_id) if isinstance(key_id, str) else None
            if key is None:
                raise invalid_token("the token names no key that is known here")
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                # A clock that is a little ahead issues tokens from the future.
                options={
                    "require": ["iss", "aud", "sub", "iat", "exp"],
                    "verify_iat": False,
                },
            )
            if not float(claims["iat"]) <= time.time() + CLOCK_SKEW_S:
                raise jwt.ImmatureSignatureError
        except jwt.ExpiredSignatureError:
            raise invalid_token("the token has expired; log in again") from None
        except jwt.InvalidAudienceError:
            raise invalid_token("the token is for another audience") from None
        except jwt.InvalidIssuerError:
            raise invalid_token("the token is from another issuer") from None
        except (jwt.PyJWTError, TypeError, ValueError, OverflowError):
            raise invalid_token("the token is not valid; log in again") from None
        return TokenBearer(str(claims["sub"]), int(claims["exp"]))


def invalid_token(detail: str) -> Problem:
    """Return the 401 for a token that proves nothing."""
    return Problem(
        401,
        "invalid-token",
        "Invalid token",
        detail,
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )
