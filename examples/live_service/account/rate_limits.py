"""How often the account service lets the same one come."""

from __future__ import annotations

from dataclasses import dataclass

from shared_http.rate_limits import RateLimit
from shared_http.settings import Environment

_NAME = RateLimit("login_per_user", "logins with one user name")
_LOGIN = RateLimit("login_per_address", "logins from one address")
_REGISTRATION = RateLimit("register_per_address", "registrations from one address")
_PURCHASE = RateLimit("purchase_per_player", "purchases of one player")


@dataclass(frozen=True, kw_only=True)
class AccountRateLimits:
    """The limits; without settings there are none."""

    login_per_user: RateLimit = _NAME
    login_per_address: RateLimit = _LOGIN
    register_per_address: RateLimit = _REGISTRATION
    purchase_per_player: RateLimit = _PURCHASE

    @classmethod
    def from_environment(cls, environment: Environment) -> AccountRateLimits:
        """Return the limits that the environment sets, or the defaults."""
        return cls(
            login_per_user=_NAME.set_by(
                environment, "LOGIN_RATE_PER_USER", default="10/minute"
            ),
            login_per_address=_LOGIN.set_by(
                environment, "LOGIN_RATE_PER_ADDRESS", default="120/minute"
            ),
            register_per_address=_REGISTRATION.set_by(
                environment, "REGISTER_RATE_PER_ADDRESS", default="60/minute"
            ),
            purchase_per_player=_PURCHASE.set_by(
                environment, "PURCHASE_RATE_PER_PLAYER", default="60/minute"
            ),
        )
