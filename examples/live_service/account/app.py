"""Puts the account service together: `gunicorn "account.app:create_app()"`."""

from __future__ import annotations

import os
from dataclasses import dataclass

import httpx
from flask import Flask
from sqlalchemy.exc import OperationalError, SQLAlchemyError

import fairpull
from account.config import AccountConfig
from account.currency import currency_routes
from account.holds import hold_routes
from account.key_ring import KeyRing
from account.metrics import AccountMetrics, look_at_holds
from account.passwords import Passwords, hashes_at_once
from account.payment_provider import PaymentProvider
from account.payment_routes import refund_routes, webhook_routes
from account.payments import Payments
from account.purchases import Purchases
from account.refresh_tokens import RefreshTokens
from account.sandbox_provider import SandboxProvider
from account.sessions import session_routes
from account.sign_in import sign_in_routes
from account.spending import Spending, spending_routes
from account.sweeper import Sweeper
from account.users import Users
from shared_http.background import BackgroundLoop, run_until_exit
from shared_http.clock import ClockMs, now_ms
from shared_http.discovery import DiscoveryClient, ListedInstances
from shared_http.health import HEALTH_PATHS, health_routes
from shared_http.instance_calls import InstanceCalls
from shared_http.metrics import METRICS_PATH, metrics_routes
from shared_http.player_tokens import PlayerTokenChecker, PlayerTokenIssuer
from shared_http.problems import install_problem_funnel
from shared_http.rate_limits import RateLimiter
from shared_http.registration import keep_registered
from shared_http.request_context import configure_logs, install_request_context
from shared_http.service_calls import ServiceCalls
from shared_http.startup import open_store_within, refusing_in_a_sentence
from shared_http.tasks import TaskFlask


@dataclass(frozen=True)
class AccountService:
    """The parts behind the routes: `app.extensions["account"]`."""

    store: fairpull.Store
    users: Users
    passwords: Passwords
    refresh_tokens: RefreshTokens
    keys: KeyRing
    rate_limiter: RateLimiter
    metrics: AccountMetrics
    wallet: fairpull.Wallet
    purchases: Purchases
    spending: Spending
    payments: Payments
    gacha: InstanceCalls
    sweeper: Sweeper

    def close(self) -> None:
        """Close the databases and the connections."""
        self.gacha.close()
        self.rate_limiter.close()
        self.users.close()
        self.store.close()


def create_app(
    config: AccountConfig | None = None,
    *,
    sweeping: bool = True,
    gacha_transport: httpx.BaseTransport | None = None,
    provider: PaymentProvider | None = None,
    clock_ms: ClockMs = now_ms,
) -> Flask:
    """Return the account service as a WSGI application.

    Parameters
    ----------
    config
        By default read from the environment; what is wrong with it then ends the
        process with a sentence.
    sweeping
        Whether to ask about old holds, to finish purchases that were left lying and
        to remove expired logins, in threads until the process ends.
    gacha_transport
        In place of the network to the gacha service, for tests.
    provider
        Who takes the money; by default the sandbox, which takes none.
    clock_ms
        What time it is for refresh tokens, signing keys and spending limits.
    """
    if config is None:
        with refusing_in_a_sentence("account", storage_errors=(SQLAlchemyError,)):
            config = AccountConfig.from_environment(os.environ)
            return create_app(
                config,
                sweeping=sweeping,
                gacha_transport=gacha_transport,
                provider=provider,
                clock_ms=clock_ms,
            )
    configure_logs("account")
    service = _open_service(config, gacha_transport, provider, clock_ms)
    app = TaskFlask(
        "account", limits=config.task_limits, at_once=HEALTH_PATHS | {METRICS_PATH}
    )
    app.extensions["account"] = service
    app.json.sort_keys = False  # type: ignore[attr-defined]
    install_request_context(app)
    service.metrics.install(app)
    install_problem_funnel(
        app,
        storage_errors=(OperationalError,),
        on_storage_error=service.metrics.store_failed,
    )
    _register_routes(app, service, config, clock_ms)
    loops = []
    if sweeping:
        pause_s = config.sweep_every_ms / 1000
        loops.append(BackgroundLoop("sweeper", service.sweeper.sweep, pause_s=pause_s))
        loops.append(_payment_recovery(service.payments, config.payment_recovery_ms))
        remove_expired = service.refresh_tokens.remove_expired
        loops.append(BackgroundLoop("logins", remove_expired, pause_s=60))
    run_until_exit(loops, close=service.close)
    keep_registered("account", config.discovery, config.service_token)
    return app


def _payment_recovery(payments: Payments, every_ms: int) -> BackgroundLoop:
    def recover() -> None:
        # What is touched now is in the hands of a request, most probably.
        payments.recover(idle_ms=every_ms)

    return BackgroundLoop("payment recovery", recover, pause_s=every_ms / 1000)


def _gacha_calls(
    config: AccountConfig, transport: httpx.BaseTransport | None
) -> InstanceCalls:
    """Return calls to any gacha instance: all have the same database behind them."""

    def connect(address: str) -> ServiceCalls:
        return ServiceCalls(address, config.service_token, transport=transport)

    if config.discovery is None:
        return InstanceCalls(config.gacha_url, connect=connect, listed=list)
    client = DiscoveryClient(config.discovery.target, config.service_token)
    listed = ListedInstances("gacha", client).addresses
    return InstanceCalls(config.gacha_url, connect=connect, listed=listed)


def _open_service(
    config: AccountConfig,
    gacha_transport: httpx.BaseTransport | None,
    provider: PaymentProvider | None,
    clock_ms: ClockMs,
) -> AccountService:
    metrics = AccountMetrics()
    keys = KeyRing(config.key_file, clock_ms=clock_ms)
    store = open_store_within(
        config.database_wait_ms / 1000, config.database_url, cache=config.redis_url
    )
    wallet = fairpull.Wallet(store)
    gacha = _gacha_calls(config, gacha_transport)
    sweeper = Sweeper(
        wallet,
        gacha,
        alarm_after_ms=config.alarm_after_ms,
        crash_points=config.crash_points,
    )
    users = Users(config.users_url)
    purchases = Purchases(users.engine, on_state=metrics.purchase_became)
    spending = Spending(users, config.spending_limits, clock_ms=clock_ms)
    payments = Payments(
        wallet,
        purchases,
        provider or SandboxProvider(config.payment_secret.encode()),
        spending=spending,
        currency=config.currency,
        metrics=metrics,
        crash_points=config.crash_points,
    )
    return AccountService(
        store=store,
        users=users,
        passwords=Passwords(
            hashes_at_once(config.processes),
            at_the_door=metrics.hashing.track_inprogress,
        ),
        refresh_tokens=RefreshTokens(
            users.engine,
            lifetime_ms=config.refresh_token_days * 24 * 60 * 60 * 1000,
            grace_ms=config.refresh_grace_ms,
            clock_ms=clock_ms,
        ),
        keys=keys,
        rate_limiter=RateLimiter(config.redis_url, on_refusal=metrics.refused),
        metrics=metrics,
        wallet=wallet,
        purchases=purchases,
        spending=spending,
        payments=payments,
        gacha=gacha,
        sweeper=sweeper,
    )


def _register_routes(
    app: Flask, service: AccountService, config: AccountConfig, clock_ms: ClockMs
) -> None:
    keys = service.keys
    issuer = PlayerTokenIssuer(
        keys.signing_key, issuer=config.token_issuer, audience=config.token_audience
    )
    checker = PlayerTokenChecker(
        keys.find, issuer=config.token_issuer, audience=config.token_audience
    )
    wallet = service.wallet
    app.register_blueprint(health_routes(lambda: wallet.pending_holds(0, limit=1)))
    open_holds = look_at_holds(wallet, alarm_after_ms=config.alarm_after_ms)
    app.register_blueprint(metrics_routes(service.metrics, open_holds))
    app.register_blueprint(
        sign_in_routes(
            users=service.users,
            passwords=service.passwords,
            wallet=wallet,
            currency=config.currency,
            tokens=issuer,
            refresh_tokens=service.refresh_tokens,
            published_keys=keys.published,
            rate_limiter=service.rate_limiter,
            limits=config.rate_limits,
            clock_ms=clock_ms,
        )
    )
    app.register_blueprint(
        session_routes(refresh_tokens=service.refresh_tokens, tokens=issuer)
    )
    app.register_blueprint(
        currency_routes(
            wallet=wallet,
            payments=service.payments,
            currency=config.currency,
            price=config.price,
            payment_methods=config.payment_methods,
            spending_zone=service.spending.zone,
            tokens=checker,
            rate_limiter=service.rate_limiter,
            limit=config.rate_limits.purchase_per_player,
        )
    )
    app.register_blueprint(
        spending_routes(
            spending=service.spending,
            purchases=service.purchases,
            price_currency=config.price.currency,
            tokens=checker,
        )
    )
    app.register_blueprint(webhook_routes(service.payments))
    app.register_blueprint(refund_routes(service.payments, config.service_token))
    app.register_blueprint(
        hold_routes(
            wallet=wallet,
            ask_after_ms=config.ask_after_ms,
            service_token=config.service_token,
            crash_points=config.crash_points,
        )
    )
