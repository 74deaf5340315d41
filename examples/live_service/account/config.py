"""What the account service reads from its environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from account.price import Price
from account.rate_limits import AccountRateLimits
from account.spending_limits import SpendingLimits
from shared_http.crash_points import CrashPoints
from shared_http.player_tokens import DEFAULT_AUDIENCE, DEFAULT_ISSUER
from shared_http.registration import DiscoverySettings
from shared_http.service_token import load_service_token
from shared_http.settings import (
    DEFAULT_CURRENCY,
    Environment,
    SettingError,
    read_shared_secret,
)
from shared_http.tasks import TaskLimits

DEFAULT_PAYMENT_METHODS = (
    "card",
    "credit_card",
    "debit_card",
    "paypal",
    "bank_transfer",
    "test",
)
_PAYMENT_METHOD = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class AccountConfig:
    """Settings of the account service; README.md explains each variable."""

    database_url: str = field(repr=False)
    users_url: str = field(repr=False)
    key_file: Path
    service_token: str = field(repr=False)
    payment_secret: str = field(repr=False)
    gacha_url: str
    crash_points: CrashPoints
    redis_url: str | None = field(default=None, repr=False)
    database_wait_ms: int = 20_000
    task_limits: TaskLimits = field(default_factory=lambda: TaskLimits(seconds=6.0))
    discovery: DiscoverySettings | None = None
    currency: str = DEFAULT_CURRENCY
    token_issuer: str = DEFAULT_ISSUER
    token_audience: str = DEFAULT_AUDIENCE
    payment_methods: tuple[str, ...] = DEFAULT_PAYMENT_METHODS
    price: Price = field(default_factory=Price)
    spending_limits: SpendingLimits = field(default_factory=SpendingLimits)
    rate_limits: AccountRateLimits = field(default_factory=AccountRateLimits)
    processes: int = 1
    refresh_token_days: int = 30
    refresh_grace_ms: int = 30_000
    payment_recovery_ms: int = 1_000
    ask_after_ms: int = 60_000
    sweep_every_ms: int = 5_000
    alarm_after_ms: int = 600_000

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> AccountConfig:
        """Return the settings, or a `SettingError` that names the variable."""
        environment = Environment(variables)
        database_url = environment.required(
            "ACCOUNT_DATABASE_URL", example="sqlite:////var/lib/fairpull/account.db"
        )
        price = Price.from_environment(environment)
        return cls(
            database_url=database_url,
            users_url=environment.text("ACCOUNT_USERS_URL", default="")
            or users_url_beside(database_url),
            key_file=environment.path(
                "ACCOUNT_KEY_FILE", example="/var/lib/fairpull/signing-key.pem"
            ),
            service_token=load_service_token(
                environment.path(
                    "SERVICE_TOKEN_FILE", example="/var/lib/fairpull/service-token"
                )
            ),
            payment_secret=read_shared_secret(
                environment.path(
                    "PAYMENT_SECRET_FILE", example="/var/lib/fairpull/payment-secret"
                ),
                what="PAYMENT_SECRET_FILE",
            ),
            gacha_url=environment.required(
                "GACHA_URL", example="http://127.0.0.1:8002"
            ),
            crash_points=CrashPoints.from_environment(environment),
            redis_url=environment.redis_url("REDIS_URL"),
            task_limits=TaskLimits.from_environment(environment, default_ms=6_000),
            database_wait_ms=environment.milliseconds(
                "DATABASE_WAIT_MS", default=20_000
            ),
            discovery=DiscoverySettings.from_environment(environment),
            currency=environment.text("GAME_CURRENCY", default=DEFAULT_CURRENCY),
            token_issuer=environment.text("JWT_ISSUER", default=DEFAULT_ISSUER),
            token_audience=environment.text("JWT_AUDIENCE", default=DEFAULT_AUDIENCE),
            payment_methods=_payment_methods(environment),
            price=price,
            spending_limits=SpendingLimits.from_environment(
                environment, currency=price.currency
            ),
            rate_limits=AccountRateLimits.from_environment(environment),
            processes=environment.count("WEB_CONCURRENCY", default=1),
            refresh_token_days=environment.count("REFRESH_TOKEN_DAYS", default=30),
            refresh_grace_ms=environment.milliseconds(
                "REFRESH_GRACE_MS", default=30_000
            ),
            payment_recovery_ms=environment.milliseconds(
                "PAYMENT_RECOVERY_MS", default=1_000
            ),
            ask_after_ms=environment.milliseconds("HOLD_ASK_AFTER_MS", default=60_000),
            sweep_every_ms=environment.milliseconds("HOLD_SWEEP_MS", default=5_000),
            alarm_after_ms=environment.milliseconds(
                "HOLD_ALARM_AFTER_MS", default=600_000
            ),
        )


def _payment_methods(environment: Environment) -> tuple[str, ...]:
    methods = environment.words("PAYMENT_METHODS", default=DEFAULT_PAYMENT_METHODS)
    for method in methods:
        if not _PAYMENT_METHOD.fullmatch(method):
            raise SettingError(
                f"PAYMENT_METHODS: {method!r} must be 1 to 32 characters of "
                "a-z 0-9 _ - that begin with a letter"
            )
    return methods


def users_url_beside(database_url: str) -> str:
    """Where the users are kept if nothing else is said.

    SQLite gets a file of its own: the ledger's file is opened by fairpull's copy of
    the SQLite library, and two copies in one process undo each other's file locks.

    >>> users_url_beside("sqlite:////srv/account.db")
    'sqlite:////srv/account-users.db'
    """
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise SettingError(
            f"ACCOUNT_USERS_URL is not set and can't be told from {database_url!r}; "
            "set it, for instance to sqlite:////var/lib/fairpull/users.db"
        ) from None
    if url.get_backend_name() != "sqlite" or not url.database:
        return database_url
    path = Path(url.database)
    beside = path.with_name(f"{path.stem}-users{path.suffix}")
    return f"sqlite:///{beside}"
