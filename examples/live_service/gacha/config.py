"""What the gacha service reads from its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gacha.sockets.limits import SocketLimits
from gacha.sockets.origins import allowed_origins
from shared_http.crash_points import CrashPoints
from shared_http.player_tokens import DEFAULT_AUDIENCE, DEFAULT_ISSUER
from shared_http.rate_limits import RateLimit
from shared_http.registration import DiscoverySettings
from shared_http.service_token import load_service_token
from shared_http.settings import (
    DEFAULT_CURRENCY,
    Environment,
    SettingError,
    read_secret,
    time_zone,
)
from shared_http.tasks import TaskLimits

PULLS_PER_PLAYER = RateLimit("pull_per_player", "pulls of one player")


@dataclass(frozen=True, kw_only=True)
class GachaConfig:
    """Settings of the gacha service; README.md explains each variable."""

    database_url: str = field(repr=False)
    server_seed: bytes = field(repr=False)
    service_token: str = field(repr=False)
    account_url: str
    jwks_url: str
    crash_points: CrashPoints
    redis_url: str | None = field(default=None, repr=False)
    database_wait_ms: int = 20_000
    task_limits: TaskLimits = field(default_factory=TaskLimits)
    discovery: DiscoverySettings | None = None
    banner_folder: Path | None = None
    currency: str = DEFAULT_CURRENCY
    display_time_zone: str = "UTC"
    token_issuer: str = DEFAULT_ISSUER
    token_audience: str = DEFAULT_AUDIENCE
    pulls_per_player: RateLimit = PULLS_PER_PLAYER
    recovery_every_ms: int = 250
    socket_limits: SocketLimits = field(default_factory=SocketLimits)
    socket_origins: frozenset[str] = frozenset()

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> GachaConfig:
        """Return the settings, or a `SettingError` that names the variable."""
        environment = Environment(variables)
        account_url = environment.required(
            "ACCOUNT_URL", example="http://127.0.0.1:8001"
        )
        return cls(
            database_url=environment.required(
                "GACHA_DATABASE_URL", example="sqlite:////var/lib/fairpull/gacha.db"
            ),
            server_seed=load_server_seed(
                environment.path(
                    "SERVER_SEED_FILE", example="/var/lib/fairpull/server-seed"
                )
            ),
            service_token=load_service_token(
                environment.path(
                    "SERVICE_TOKEN_FILE", example="/var/lib/fairpull/service-token"
                )
            ),
            account_url=account_url,
            jwks_url=environment.text(
                "JWKS_URL", default=f"{account_url}/account/.well-known/jwks.json"
            ),
            crash_points=CrashPoints.from_environment(environment),
            redis_url=environment.redis_url("REDIS_URL"),
            task_limits=TaskLimits.from_environment(environment, default_ms=8_000),
            database_wait_ms=environment.milliseconds(
                "DATABASE_WAIT_MS", default=20_000
            ),
            discovery=DiscoverySettings.from_environment(environment),
            banner_folder=environment.optional_path("BANNER_PATH"),
            currency=environment.text("GAME_CURRENCY", default=DEFAULT_CURRENCY),
            display_time_zone=time_zone(
                environment.text("DISPLAY_TIME_ZONE", default="UTC"),
                what="DISPLAY_TIME_ZONE",
            ).key,
            token_issuer=environment.text("JWT_ISSUER", default=DEFAULT_ISSUER),
            token_audience=environment.text("JWT_AUDIENCE", default=DEFAULT_AUDIENCE),
            pulls_per_player=PULLS_PER_PLAYER.set_by(
                environment, "PULL_RATE_PER_PLAYER", default="300/minute"
            ),
            recovery_every_ms=environment.milliseconds("RECOVERY_MS", default=250),
            socket_limits=SocketLimits.from_environment(environment),
            socket_origins=allowed_origins(environment),
        )


def load_server_seed(path: Path) -> bytes:
    """Return the 32 bytes that every draw is made from."""
    digits = read_secret(path, what="SERVER_SEED_FILE")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        raise SettingError(f"SERVER_SEED_FILE: {path} must hold 64 hex digits")
    return bytes.fromhex(digits)
